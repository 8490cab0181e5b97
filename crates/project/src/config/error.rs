//! What can be wrong with a configuration, as data, and its words in both languages.

use std::fmt;
use std::path::PathBuf;

use super::value::Kind;
use crate::harmless::one_line;
use crate::messages::{Catalogue, Lang};
use crate::msg;
use crate::yaml::ErrorKind;

/// Longest piece of a foreign value that is shown in an error.
const SHOWN: usize = 60;

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// The key with its sections (`server.check_interval`), if it is about one.
    pub key: Option<String>,
    /// What is wrong there.
    pub problem: Problem,
}

/// Where a value or a mistake stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file or folder as a whole.
    Path(PathBuf),
    /// A place in a file; line and column from 1.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// A variable of the environment.
    Env(String),
    /// A variable that the `.env` file sets.
    EnvFile {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u32,
    },
    /// A flag of the command line.
    Flag(String),
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The system's words.
    Unreadable(String),
    /// No such file or folder.
    Missing,
    /// A folder stands where a file should be.
    IsAFolder,
    /// Something else stands where a folder should be.
    NotAFolder,
    /// A pipe, a socket or a device stands where a file should be.
    NotUsable,
    /// More bytes than a configuration may have.
    TooLarge(u64),
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// No YAML that we take.
    Yaml(ErrorKind),
    /// The same key twice.
    Duplicate {
        /// Where it stood first.
        first_line: u32,
    },
    /// A value of another kind.
    WrongType {
        /// What the key takes.
        expected: Kind,
        /// What stands there.
        found: Found,
    },
    /// Something else than keys under a section.
    NotASection,
    /// A number beyond its bounds.
    OutOfRange {
        /// As written.
        found: String,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A time below zero.
    NegativeTime {
        /// As written.
        found: String,
    },
    /// A time of more than a hundred years.
    TimeTooLong {
        /// As written.
        found: String,
    },
    /// A limit of zero seconds, which nothing could keep.
    ZeroLimit,
    /// None of the words that the key takes.
    NotAChoice {
        /// As written.
        found: String,
        /// What it takes.
        words: &'static [&'static str],
    },
    /// An empty path, or a command without a program.
    Empty,
    /// `${NAME}` without a value.
    NoVariable(String),
    /// `${` without its end, or without a name.
    BadExpansion,
    /// An override of a key that does not exist.
    UnknownKey,
    /// A `{word}` that looks like a placeholder and is none.
    UnknownPlaceholder {
        /// As written, with its braces.
        found: String,
        /// The placeholder that it looks like.
        known: String,
    },
}

/// What stands where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing at all.
    Nothing,
    /// A list.
    List,
    /// Keys and values.
    Section,
    /// A text.
    Text(String),
    /// A number, `true` or `false`.
    Plain(String),
}

/// Something that the user should know, while the configuration is usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Sections and keys that we don't know: all in one notice. Not a warning.
    Unknown {
        /// Their names, with their sections where these are ours.
        names: Vec<String>,
        /// The configuration.
        path: PathBuf,
    },
    /// A key that looks like one of ours.
    DidYouMean {
        /// As written.
        key: String,
        /// Ours.
        known: String,
        /// Where.
        place: Place,
    },
    /// A variable `CODEAGENT_…__…` that sets nothing.
    UnknownVariable {
        /// Its name.
        name: String,
        /// One that it looks like.
        known: Option<String>,
    },
    /// A line of the `.env` file that sets nothing.
    BadEnvLine(Place),
    /// The `.env` file cannot be read.
    EnvFileUnreadable(ConfigError),
    /// `project.base_dir` of a configuration that was found in another folder counts only with `--config`.
    BaseDirIgnored(Place),
    /// Fields of `logging.format` that we don't know.
    UnknownLogFields(Vec<String>),
    /// A `{word}` that is no placeholder, nor looks like one: it is handed on as it is.
    UnknownPlaceholder {
        /// As written, with its braces.
        found: String,
        /// The key.
        key: &'static str,
        /// Where.
        place: Place,
    },
    /// `logging.format` does not show the message.
    NoMessageInLogFormat,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Catalogue::new(Lang::En)))
    }
}

impl ConfigError {
    /// Place, key and what is wrong, on one line.
    #[must_use]
    pub fn render(&self, catalogue: &Catalogue) -> String {
        let what = self.problem.render(catalogue);
        match &self.key {
            Some(key) => format!("{}: {}: {what}", self.place, one_line(key, SHOWN)),
            None => format!("{}: {what}", self.place),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self, catalogue: &Catalogue) -> Option<String> {
        let key = match &self.problem {
            Problem::Yaml(ErrorKind::Tab) => "config-hint-tab",
            Problem::WrongType { expected: Kind::Argv, found: Found::Text(_) } => "config-hint-argv",
            Problem::WrongType { expected, found: Found::Text(text) } if expected.is_unquoted(text) => {
                "config-hint-quotes"
            }
            Problem::NoVariable(_) => "config-hint-variable",
            Problem::BadExpansion => "config-hint-expansion",
            Problem::ZeroLimit => "config-hint-no-limit",
            Problem::UnknownKey => "config-hint-keys",
            _ => return None,
        };
        Some(catalogue.text(key))
    }
}

impl Kind {
    /// True if the text without its quotes would be taken.
    fn is_unquoted(self, text: &str) -> bool {
        self.read(&crate::yaml::Node::plain_at(1, 1, text)).is_ok()
    }
}

impl fmt::Display for Place {
    /// `config/config.yaml:3:19`, `$NAME`, `.env:2`, `--flag`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &PathBuf| crate::harmless::harmless(&path.to_string_lossy()).into_owned();
        match self {
            Place::Path(path) => f.write_str(&shown(path)),
            Place::File { path, line, column } => write!(f, "{}:{line}:{column}", shown(path)),
            Place::Env(name) => write!(f, "${name}"),
            Place::EnvFile { path, line } => write!(f, "{}:{line}", shown(path)),
            Place::Flag(name) => f.write_str(name),
        }
    }
}

impl Problem {
    fn render(&self, c: &Catalogue) -> String {
        match self {
            Problem::Unreadable(why) => msg!(c, "config-error-unreadable", why = why),
            Problem::Missing => c.text("config-error-missing"),
            Problem::IsAFolder => c.text("config-error-is-a-folder"),
            Problem::NotAFolder => c.text("config-error-not-a-folder"),
            Problem::NotUsable => c.text("config-error-not-usable"),
            Problem::TooLarge(max) => msg!(c, "config-error-too-large", max = *max),
            Problem::NotUtf8 => c.text("config-error-not-utf8"),
            Problem::Yaml(kind) => yaml_text(c, kind),
            Problem::Duplicate { first_line } => msg!(c, "config-error-duplicate", line = *first_line),
            Problem::WrongType { expected, found } => {
                let expected = c.text(expected.expected());
                msg!(c, "config-error-wrong-type", expected = expected, found = found.render(c))
            }
            Problem::NotASection => c.text("config-error-not-a-section"),
            Problem::OutOfRange { found, min, max } => {
                msg!(
                    c,
                    "config-error-out-of-range",
                    found = found,
                    min = min.to_string(),
                    max = max.to_string()
                )
            }
            Problem::NegativeTime { found } => msg!(c, "config-error-negative-time", found = found),
            Problem::TimeTooLong { found } => msg!(c, "config-error-time-too-long", found = found),
            Problem::ZeroLimit => c.text("config-error-zero-limit"),
            Problem::NotAChoice { found, words } => {
                msg!(c, "config-error-not-a-choice", found = one_line(found, SHOWN), words = words.join(", "))
            }
            Problem::Empty => c.text("config-error-empty"),
            Problem::NoVariable(name) => msg!(c, "config-error-no-variable", name = one_line(name, SHOWN)),
            Problem::BadExpansion => c.text("config-error-bad-expansion"),
            Problem::UnknownKey => c.text("config-error-unknown-key"),
            Problem::UnknownPlaceholder { found, known } => {
                msg!(c, "config-error-placeholder", found = one_line(found, SHOWN), known = known)
            }
        }
    }
}

/// What is wrong with a YAML text. (The parser's own words are English in both languages.)
#[must_use]
pub fn yaml_text(c: &Catalogue, kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Syntax(info) => msg!(c, "config-yaml-syntax", info = one_line(info, 200)),
        ErrorKind::Tab => c.text("config-yaml-tab"),
        ErrorKind::TooDeep(limit) => msg!(c, "config-yaml-too-deep", limit = *limit),
        ErrorKind::TooManyNodes(limit) => msg!(c, "config-yaml-too-many", limit = *limit),
        ErrorKind::AliasesCopyTooMuch => c.text("config-yaml-aliases"),
        ErrorKind::AliasOfItself => c.text("config-yaml-alias-of-itself"),
        ErrorKind::SecondDocument => c.text("config-yaml-second-document"),
    }
}

impl Found {
    fn render(&self, c: &Catalogue) -> String {
        match self {
            Found::Nothing => c.text("config-found-nothing"),
            Found::List => c.text("config-found-list"),
            Found::Section => c.text("config-found-section"),
            Found::Text(text) => msg!(c, "config-found-text", text = one_line(text, SHOWN)),
            Found::Plain(text) => one_line(text, SHOWN).into_owned(),
        }
    }
}

impl Notice {
    /// True for what is probably a mistake; false for what is only good to know.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !matches!(self, Notice::Unknown { .. })
    }

    /// The sentence about it, on one line.
    #[must_use]
    pub fn render(&self, c: &Catalogue) -> String {
        match self {
            Notice::Unknown { names, path } => {
                let place = Place::Path(path.clone()).to_string();
                let names = one_line(&names.join(", "), 1000).into_owned();
                msg!(c, "config-notice-unknown", place = place, names = names)
            }
            Notice::DidYouMean { key, known, place } => {
                let (place, key) = (place.to_string(), one_line(key, SHOWN));
                msg!(c, "config-notice-did-you-mean", place = place, key = key, known = known)
            }
            Notice::UnknownVariable { name, known: Some(known) } => {
                msg!(c, "config-notice-variable-did-you-mean", name = one_line(name, 100), known = known)
            }
            Notice::UnknownVariable { name, known: None } => {
                msg!(c, "config-notice-variable-unknown", name = one_line(name, 100))
            }
            Notice::BadEnvLine(place) => msg!(c, "config-notice-bad-env-line", place = place.to_string()),
            Notice::EnvFileUnreadable(error) => {
                msg!(c, "config-notice-env-unreadable", error = error.render(c))
            }
            Notice::BaseDirIgnored(place) => {
                msg!(c, "config-notice-base-dir-ignored", place = place.to_string())
            }
            Notice::UnknownLogFields(names) => {
                msg!(c, "config-notice-log-fields", names = one_line(&names.join(", "), 200))
            }
            Notice::UnknownPlaceholder { found, key, place } => {
                let (place, found) = (place.to_string(), one_line(found, SHOWN));
                msg!(c, "config-notice-placeholder", place = place, key = *key, found = found)
            }
            Notice::NoMessageInLogFormat => c.text("config-notice-log-without-message"),
        }
    }
}
