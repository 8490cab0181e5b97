//! Colours, where they are wanted.

use std::fmt;

use codeagent_core::TaskState;
use codeagent_project::config::Env;
use codeagent_project::messages::Catalogue;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    // On a terminal, unless NO_COLOR is set. (No doc comments: they would show in completions, in English.)
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    /// Whether a stream is coloured. `NO_COLOR` counts if it is not empty (no-color.org).
    pub(crate) fn on(self, terminal: bool, env: &Env) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let no_color = env.get_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                terminal && !no_color && env.get("TERM") != Some("dumb")
            }
        }
    }
}

/// A way to colour pieces of text, or to leave them alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Headings, names.
    Bold,
    /// Less important.
    Dim,
    /// Done.
    Good,
    /// Failed.
    Bad,
    /// Wants to be seen.
    Warning,
    /// At work.
    Active,
}

impl Ink {
    /// The colour of a state.
    pub(crate) fn of(state: TaskState) -> Self {
        match state {
            TaskState::Pending => Self::Bold,
            TaskState::InProgress => Self::Active,
            TaskState::Completed => Self::Good,
            TaskState::Failed => Self::Bad,
            TaskState::RolledBack => Self::Warning,
        }
    }

    /// SGR parameters.
    fn sgr(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Warning => "33",
            Self::Active => "36",
        }
    }
}

impl Paint {
    /// Colours, or none.
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    /// The text in a colour.
    pub(crate) fn ink(self, ink: Ink, text: impl fmt::Display) -> String {
        if self.on { format!("\x1b[{}m{text}\x1b[0m", ink.sgr()) } else { text.to_string() }
    }
}

/// The sign of a state and its name, in the language of the catalogue.
pub(crate) fn signed(state: TaskState, say: &Catalogue) -> String {
    format!("{} {}", sign(state), name(state, say))
}

/// The name of a state. JSON and `--state` have the guide's names instead.
pub(crate) fn name(state: TaskState, say: &Catalogue) -> String {
    say.text(&format!("core-state-{}", state.as_str()))
}

/// The sign of a state.
pub(crate) fn sign(state: TaskState) -> &'static str {
    match state {
        TaskState::Pending => "·",
        TaskState::InProgress => "▶",
        TaskState::Completed => "✓",
        TaskState::Failed => "✗",
        TaskState::RolledBack => "↩",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_flags() {
        let none = Env::default();
        let no_color = Env::from_pairs([("NO_COLOR", "1")]);
        let empty = Env::from_pairs([("NO_COLOR", "")]);
        let dumb = Env::from_pairs([("TERM", "dumb")]);
        assert!(ColorWhen::Auto.on(true, &none));
        assert!(!ColorWhen::Auto.on(false, &none));
        assert!(!ColorWhen::Auto.on(true, &no_color));
        assert!(ColorWhen::Auto.on(true, &empty));
        assert!(!ColorWhen::Auto.on(true, &dumb));
        assert!(ColorWhen::Always.on(false, &no_color));
        assert!(!ColorWhen::Never.on(true, &none));
    }

    #[test]
    fn paint_that_is_off_leaves_text_alone() {
        assert_eq!(Paint::new(false).ink(Ink::Bad, "x"), "x");
        assert_eq!(Paint::new(true).ink(Ink::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
