//! The definition of the command line in a language: every text of it is a key of the catalogue before.

use clap::builder::StyledStr;
use clap::builder::styling::{AnsiColor, Style, Styles};
use clap::{Command, CommandFactory};
use codeagent_project::messages::Catalogue;

use crate::args::Cli;

/// Keys of the command line begin so; anything else is left as it is.
const PREFIX: &str = "cli-";

/// The whole command line, with texts in the catalogue's language.
pub(crate) fn command(say: &Catalogue) -> Command {
    let mut command = Cli::command();
    // Built first, so that global flags stand in every command and are translated there, too.
    command.build();
    localize(command, say).styles(styles())
}

fn localize(command: Command, say: &Catalogue) -> Command {
    let about = command.get_about().map(|text| speak(text, say));
    let examples = command.get_after_help().map(|text| speak(text, say));
    let heading = command.get_subcommand_help_heading().map(|key| word(key, say));
    let mut command = command
        .help_template(template(say))
        .mut_args(|arg| {
            let help = arg.get_help().map(|text| speak(text, say));
            let heading = arg.get_help_heading().map(|key| word(key, say));
            let arg = match help {
                Some(help) => arg.help(help),
                None => arg,
            };
            match heading {
                Some(heading) => arg.help_heading(heading),
                None => arg,
            }
        })
        .mut_subcommands(|sub| localize(sub, say));
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(examples) = examples {
        command = command.after_help(examples);
    }
    if let Some(heading) = heading {
        command = command.subcommand_help_heading(heading);
    }
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim_start();
    command.override_usage(
        usage
            .replace("[OPTIONS]", &say.text("cli-usage-options"))
            .replace("<COMMAND>", &say.text("cli-usage-command")),
    )
}

fn template(say: &Catalogue) -> String {
    let heading = styles().get_usage().to_owned();
    let usage = say.text("cli-heading-usage");
    format!("{{about-with-newline}}\n{heading}{usage}:{heading:#} {{usage}}\n\n{{all-args}}{{after-help}}")
}

fn speak(text: &StyledStr, say: &Catalogue) -> String {
    word(&text.to_string(), say)
}

fn word(key: &str, say: &Catalogue) -> String {
    if key.starts_with(PREFIX) { say.text(key) } else { key.to_owned() }
}

fn styles() -> Styles {
    let bold = Style::new().bold();
    Styles::plain()
        .header(bold)
        .usage(bold)
        .literal(AnsiColor::Cyan.on_default())
        .error(AnsiColor::Red.on_default())
}

/// The text that `args` ask for by `--help` or `--version`, or by naming no command.
pub(crate) fn render(error: &clap::Error, color: bool) -> String {
    let text = error.render();
    if color { text.ansi().to_string() } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeagent_project::messages::Lang;

    fn check(command: &Command, path: &str) {
        let texts = [command.get_about(), command.get_after_help()];
        for text in texts {
            let text = text.unwrap_or_else(|| panic!("`{path}` lacks a text")).to_string();
            assert!(!text.is_empty() && !text.starts_with(PREFIX), "{path}: {text}");
        }
        for arg in command.get_arguments() {
            let help = arg.get_help().unwrap_or_else(|| panic!("`{path}`: {} lacks a help", arg.get_id()));
            assert!(!help.to_string().starts_with(PREFIX), "{path}: {help}");
            let heading =
                arg.get_help_heading().unwrap_or_else(|| panic!("{path}: {} lacks a heading", arg.get_id()));
            assert!(!heading.starts_with(PREFIX), "{path}: {heading}");
        }
        for sub in command.get_subcommands() {
            check(sub, &format!("{path} {}", sub.get_name()));
        }
    }

    #[test]
    fn every_text_is_spoken_in_both_languages() {
        for lang in Lang::ALL {
            check(&command(&Catalogue::new(lang)), "codeagent");
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
