//! Levels by the names that Python gives them.

use std::str::FromStr;

/// How grave a line is. `tracing`'s `TRACE` counts as `Debug`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARNING`
    Warning,
    /// `ERROR`
    Error,
    /// `CRITICAL`: as a threshold it silences all that is less, which today is everything.
    Critical,
}

impl Level {
    /// All levels, the least grave first.
    pub const ALL: [Level; 5] = [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical];

    /// The name as Python writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        }
    }

    /// The number that Python's `%(levelno)s` shows.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Level::Debug => 10,
            Level::Info => 20,
            Level::Warning => 30,
            Level::Error => 40,
            Level::Critical => 50,
        }
    }

    /// The colour of the name on a terminal (SGR parameters).
    pub(super) fn color(self) -> &'static str {
        match self {
            Level::Debug => "36",
            Level::Info => "32",
            Level::Warning => "33",
            Level::Error => "31",
            Level::Critical => "1;31",
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Level {
        match level {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        }
    }
}

/// A name that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log level (DEBUG, INFO, WARNING, ERROR, CRITICAL)")]
pub struct UnknownLevel(pub String);

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a name in any case; `WARN` and `FATAL` are Python's short forms.
    fn from_str(text: &str) -> Result<Level, UnknownLevel> {
        let name = match text.to_ascii_uppercase().as_str() {
            "WARN" => "WARNING".to_owned(),
            "FATAL" => "CRITICAL".to_owned(),
            other => other.to_owned(),
        };
        Level::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for level in Level::ALL {
            assert_eq!(level.name().to_lowercase().parse(), Ok(level));
        }
        assert_eq!("Warn".parse(), Ok(Level::Warning));
        assert_eq!("fatal".parse(), Ok(Level::Critical));
        assert_eq!("loud".parse::<Level>(), Err(UnknownLevel("loud".into())));
        assert!(Level::Debug < Level::Info && Level::Error < Level::Critical);
    }
}
