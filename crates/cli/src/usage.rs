//! What is wrong with a command line, as sentences of the catalogue.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use codeagent_project::harmless::one_line;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;

use crate::exit::Exit;
use crate::failure::Failure;

/// Longest piece of the command line that is repeated in an error.
const SHOWN: usize = 100;

/// The sentence and the hint for a command line that clap refused; `command` is the one whose help says more.
pub(crate) fn explain(error: &clap::Error, command: &str, say: &Catalogue) -> Failure {
    let seen = Seen(error);
    let mut failure = Failure::new(Exit::Usage, sentence(&seen, say));
    if let Some(valid) =
        seen.many(ContextKind::ValidValue).or_else(|| seen.many(ContextKind::ValidSubcommand))
    {
        failure = failure.detail(msg!(say, "cli-usage-possible", values = valid));
    }
    failure.hint(hint(&seen, command, say))
}

fn sentence(seen: &Seen<'_>, say: &Catalogue) -> String {
    let arg = || seen.one(ContextKind::InvalidArg);
    let value = || seen.one(ContextKind::InvalidValue);
    match seen.0.kind() {
        ErrorKind::UnknownArgument => msg!(say, "cli-usage-unknown-argument", arg = arg()),
        ErrorKind::InvalidSubcommand => {
            msg!(say, "cli-usage-unknown-command", command = seen.one(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => {
            msg!(say, "cli-usage-missing-command", command = seen.one(ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue if value().is_empty() => msg!(say, "cli-usage-missing-value", arg = arg()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            msg!(say, "cli-usage-invalid-value", value = value(), arg = arg())
        }
        ErrorKind::MissingRequiredArgument => msg!(say, "cli-usage-missing-argument", args = arg()),
        ErrorKind::ArgumentConflict => conflict(seen, say),
        ErrorKind::TooManyValues => msg!(say, "cli-usage-too-many-values", value = value(), arg = arg()),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            msg!(say, "cli-usage-missing-value", arg = arg())
        }
        ErrorKind::InvalidUtf8 => say.text("cli-usage-not-utf8"),
        // Kinds that this command line can't lead to; clap's own words are better than none.
        _ => one_line(&seen.0.to_string(), 4 * SHOWN).into_owned(),
    }
}

fn conflict(seen: &Seen<'_>, say: &Catalogue) -> String {
    let (arg, other) = (seen.one(ContextKind::InvalidArg), seen.one(ContextKind::PriorArg));
    if arg == other || other.is_empty() {
        msg!(say, "cli-usage-twice", arg = arg)
    } else {
        msg!(say, "cli-usage-conflict", arg = arg, other = other)
    }
}

/// The nearest right word, else where to read on.
fn hint(seen: &Seen<'_>, command: &str, say: &Catalogue) -> String {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    match kinds.into_iter().find_map(|kind| seen.last(kind)) {
        Some(word) => msg!(say, "cli-usage-did-you-mean", word = word),
        None => msg!(say, "cli-usage-see-help", command = command),
    }
}

/// What clap says about an error.
struct Seen<'e>(&'e clap::Error);

impl Seen<'_> {
    fn one(&self, kind: ContextKind) -> String {
        self.many(kind).unwrap_or_default()
    }

    fn many(&self, kind: ContextKind) -> Option<String> {
        let text = match self.0.get(kind)? {
            ContextValue::String(text) => text.clone(),
            ContextValue::Strings(texts) if !texts.is_empty() => texts.join(", "),
            _ => return None,
        };
        Some(one_line(&text, SHOWN).into_owned())
    }

    /// Of several suggestions, the one that is nearest.
    fn last(&self, kind: ContextKind) -> Option<String> {
        match self.0.get(kind)? {
            ContextValue::Strings(texts) => texts.last().map(|text| one_line(text, SHOWN).into_owned()),
            _ => self.many(kind),
        }
    }
}

/// The command that the words name: `codeagent checkpoint export`.
pub(crate) fn named<'a>(root: &'a clap::Command, words: impl Iterator<Item = &'a str>) -> String {
    let mut at = root;
    let mut path = vec![root.get_name()];
    for word in words {
        if let Some(sub) = at.find_subcommand(word) {
            at = sub;
            path.push(sub.get_name());
        }
    }
    path.join(" ")
}
