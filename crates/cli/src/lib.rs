//! The command line: parse, choose the language, hand over to one file of `commands/`, end with an exit code.

mod args;
mod commands;
mod context;
mod exit;
mod explain;
mod failure;
mod progress;
mod speech;
mod text;
mod usage;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use codeagent_project::config::{ConfigRequest, Env, load};
use codeagent_project::messages::{Catalogue, Lang};

use crate::args::Cli;
use crate::context::{Context, complain};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::paint::{ColorWhen, Ink, Paint};

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let env = Env::of_process();
    // The common case never builds a help text: only a refused command line is parsed again, in a language.
    match Cli::try_parse_from(&args) {
        Ok(cli) => dispatch(cli, env),
        Err(_) => refuse(&args, &env),
    }
    .into()
}

/// The definition of the command line, with all its texts in a language: for man pages and tests.
#[must_use]
pub fn command(lang: Lang) -> clap::Command {
    speech::command(&Catalogue::new(lang))
}

fn dispatch(cli: Cli, env: Env) -> Exit {
    let mut context = Context::new(cli.global, env);
    let result = commands::run(cli.verb, &mut context);
    let result = result.and_then(|exit| context.out.flush().map(|()| exit).map_err(Into::into));
    match result {
        Ok(exit) => exit,
        Err(error) => context.tell(&error),
    }
}

/// Help that was asked for, or a command line that makes no sense.
fn refuse(args: &[OsString], env: &Env) -> Exit {
    let peeked = Peeked::at(args);
    let say = Catalogue::new(peeked.language(env));
    let mut command = speech::command(&say);
    let Err(error) = command.try_get_matches_from_mut(args) else { return Exit::Usage };
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if help {
        let text = speech::render(&error, peeked.color.on(io::stdout().is_terminal(), env));
        let written = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        return match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Disk,
            _ => Exit::Done,
        };
    }
    let color = peeked.color.on(io::stderr().is_terminal(), env);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        complain(speech::render(&error, color).trim_end());
        return Exit::Usage;
    }
    let named = usage::named(&command, args.iter().skip(1).filter_map(|word| word.to_str()));
    show(&usage::explain(&error, &named, &say), &say, Paint::new(color))
}

fn show(failure: &Failure, say: &Catalogue, paint: Paint) -> Exit {
    for (i, line) in failure.lines(say).into_iter().enumerate() {
        match line.split_once(": ") {
            Some((label, rest)) if i == 0 => {
                complain(&format!("{} {rest}", paint.ink(Ink::Bad, format!("{label}:"))))
            }
            _ => complain(&line),
        }
    }
    failure.exit
}

/// What must be known of a command line before it is parsed, because its errors are told by it.
#[derive(Default)]
struct Peeked {
    lang: Option<Lang>,
    color: ColorWhen,
    project: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Peeked {
    fn at(args: &[OsString]) -> Self {
        let mut peeked = Self::default();
        let words: Vec<&str> =
            args.iter().map_while(|arg| arg.to_str()).take_while(|arg| *arg != "--").collect();
        for (i, word) in words.iter().enumerate() {
            let next = || words.get(i + 1).copied();
            let value = |name: &str| match word.strip_prefix(name)? {
                "" => next(),
                rest => rest.strip_prefix('='),
            };
            if let Some(lang) = value("--lang") {
                peeked.lang = lang.parse().ok().or(peeked.lang);
            }
            for (name, path) in [("--project", &mut peeked.project), ("--config", &mut peeked.config)] {
                if let Some(value) = value(name) {
                    *path = Some(value.into());
                }
            }
            if let Some(color) = value("--color") {
                peeked.color = clap::ValueEnum::from_str(color, true).unwrap_or_default();
            }
        }
        peeked
    }

    /// That of the configuration, too, as far as one can be read.
    fn language(&self, env: &Env) -> Lang {
        let configured = || {
            let request = ConfigRequest {
                project_flag: self.project.clone(),
                config_flag: self.config.clone(),
                env: env.clone(),
                current_dir: std::env::current_dir().ok()?,
                ..ConfigRequest::default()
            };
            load(&request).ok()?.config.locale
        };
        Lang::detect(self.lang, self.lang.is_none().then(configured).flatten(), env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peek(line: &str) -> Peeked {
        Peeked::at(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_language_is_known_before_parsing() {
        assert_eq!(peek("codeagent --lang ru --no-such").lang, Some(Lang::Ru));
        assert_eq!(peek("codeagent run --lang=en").lang, Some(Lang::En));
        assert_eq!(peek("codeagent --lang").lang, None);
        assert_eq!(peek("codeagent --lang de").lang, None);
        assert_eq!(peek("codeagent --language ru").lang, None);
        assert_eq!(peek("codeagent add -- --lang ru").lang, None);
        assert_eq!(peek("codeagent --color=never").color, ColorWhen::Never);
    }
}
