//! What a key can hold, and how a YAML value becomes one.

use std::path::PathBuf;
use std::time::Duration;

use super::error::Problem;
use crate::yaml::{Kind as Yaml, Node};

/// The longest time that can be set: a hundred years, so that no sum of times overflows.
const MAX_SECONDS: f64 = 100.0 * 365.25 * 86_400.0;

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false` (also `yes`, `no`, `on`, `off`, which Python's reader takes).
    Bool,
    /// A whole number within these bounds.
    Count {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A size in bytes, at least 1.
    Bytes,
    /// A time in seconds, 0 or more.
    Seconds,
    /// A time in seconds, more than 0.
    Limit,
    /// A text.
    Text,
    /// A file or folder; not empty.
    Path,
    /// A program and its arguments.
    Argv,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A template of a log line.
    LogFormat,
}

/// A value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing (only where the key may be null).
    Null,
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Count`] and [`Kind::Bytes`].
    Count(u64),
    /// Of [`Kind::Seconds`] and [`Kind::Limit`].
    Seconds(Duration),
    /// Of [`Kind::Text`], [`Kind::Path`], [`Kind::Choice`] and [`Kind::LogFormat`].
    Text(String),
    /// Of [`Kind::Argv`].
    List(Vec<String>),
}

impl Kind {
    /// The key of the catalogue's text that says what is expected (`a whole number`).
    pub(super) fn expected(self) -> &'static str {
        match self {
            Kind::Bool => "config-expected-bool",
            Kind::Count { .. } => "config-expected-count",
            Kind::Bytes => "config-expected-bytes",
            Kind::Seconds => "config-expected-seconds",
            Kind::Limit => "config-expected-limit",
            Kind::Text | Kind::LogFormat => "config-expected-text",
            Kind::Path => "config-expected-path",
            Kind::Argv => "config-expected-argv",
            Kind::Choice(_) => "config-expected-choice",
        }
    }

    /// Reads a value that is not null.
    pub(super) fn read(self, node: &Node) -> Result<Value, Problem> {
        match self {
            Kind::Bool => self.read_bool(node),
            Kind::Count { min, max } => self.read_count(node, min, max),
            Kind::Bytes => self.read_count(node, 1, i64::MAX as u64),
            Kind::Seconds | Kind::Limit => self.read_seconds(node),
            Kind::Text | Kind::LogFormat => Ok(Value::Text(self.scalar(node)?.to_owned())),
            Kind::Path => match self.scalar(node)? {
                "" => Err(Problem::Empty),
                path if path.contains('\0') => Err(self.wrong(node)),
                path => Ok(Value::Text(path.to_owned())),
            },
            Kind::Argv => self.read_argv(node),
            Kind::Choice(words) => {
                let text = self.scalar(node)?;
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                word.map(|word| Value::Text((*word).to_owned()))
                    .ok_or_else(|| Problem::NotAChoice { found: text.to_owned(), words })
            }
        }
    }

    fn read_bool(self, node: &Node) -> Result<Value, Problem> {
        let text = self.scalar(node)?.to_ascii_lowercase();
        match text.as_str() {
            "true" | "yes" | "on" => Ok(Value::Bool(true)),
            "false" | "no" | "off" => Ok(Value::Bool(false)),
            _ => Err(self.wrong(node)),
        }
    }

    fn read_count(self, node: &Node, min: u64, max: u64) -> Result<Value, Problem> {
        match node.kind {
            Yaml::Int(n) => match u64::try_from(n) {
                Ok(n) if (min..=max).contains(&n) => Ok(Value::Count(n)),
                _ => Err(Problem::OutOfRange { found: n.to_string(), min, max }),
            },
            _ => Err(self.wrong(node)),
        }
    }

    fn read_seconds(self, node: &Node) -> Result<Value, Problem> {
        #[expect(clippy::cast_precision_loss, reason = "times of that length are refused below")]
        let seconds = match node.kind {
            Yaml::Int(n) => n as f64,
            Yaml::Float(n) if !n.is_nan() => n,
            _ => return Err(self.wrong(node)),
        };
        let found = || node.scalar_text().unwrap_or_default().to_owned();
        if seconds < 0.0 {
            return Err(Problem::NegativeTime { found: found() });
        }
        if seconds > MAX_SECONDS {
            return Err(Problem::TimeTooLong { found: found() });
        }
        if self == Kind::Limit && seconds == 0.0 {
            return Err(Problem::ZeroLimit);
        }
        Ok(Value::Seconds(Duration::from_secs_f64(seconds)))
    }

    fn read_argv(self, node: &Node) -> Result<Value, Problem> {
        let Some(items) = node.as_seq() else { return Err(self.wrong(node)) };
        let words: Result<Vec<_>, _> =
            items.iter().map(|item| self.scalar(item).map(str::to_owned)).collect();
        let words = words?;
        match words.first() {
            None => Err(Problem::Empty),
            Some(program) if program.is_empty() => Err(Problem::Empty),
            Some(_) if words.iter().any(|word| word.contains('\0')) => Err(self.wrong(node)),
            Some(_) => Ok(Value::List(words)),
        }
    }

    fn scalar(self, node: &Node) -> Result<&str, Problem> {
        node.scalar_text().ok_or_else(|| self.wrong(node))
    }

    fn wrong(self, node: &Node) -> Problem {
        Problem::WrongType { expected: self, found: described(node) }
    }
}

/// What stands in the file, for "expected …, found …".
fn described(node: &Node) -> super::error::Found {
    use super::error::Found;
    match &node.kind {
        Yaml::Null => Found::Nothing,
        Yaml::Seq(_) => Found::List,
        Yaml::Map(_) => Found::Section,
        Yaml::Str(text) => Found::Text(text.clone()),
        _ => Found::Plain(node.scalar_text().unwrap_or_default().to_owned()),
    }
}

impl Value {
    /// As JSON, for `config show --json` and the schema's defaults.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(on) => (*on).into(),
            Value::Count(n) => (*n).into(),
            Value::Seconds(time) if time.subsec_nanos() == 0 => time.as_secs().into(),
            Value::Seconds(time) => time.as_secs_f64().into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(words) => words.as_slice().into(),
        }
    }
}

// The setters of the table take what the key's kind gives. A mismatch is a mistake in the table, which the
// tests of `keys.rs` find by reading every default.
impl Value {
    pub(super) fn bool(&self) -> bool {
        debug_assert!(matches!(self, Value::Bool(_)), "{self:?}");
        *self == Value::Bool(true)
    }

    pub(super) fn count<T: TryFrom<u64> + Default>(&self) -> T {
        self.optional_count().unwrap_or_default()
    }

    pub(super) fn optional_count<T: TryFrom<u64>>(&self) -> Option<T> {
        debug_assert!(matches!(self, Value::Count(_) | Value::Null), "{self:?}");
        if let Value::Count(n) = self { T::try_from(*n).ok() } else { None }
    }

    pub(super) fn seconds(&self) -> Duration {
        self.optional_seconds().unwrap_or_default()
    }

    pub(super) fn optional_seconds(&self) -> Option<Duration> {
        debug_assert!(matches!(self, Value::Seconds(_) | Value::Null), "{self:?}");
        if let Value::Seconds(time) = self { Some(*time) } else { None }
    }

    pub(super) fn text(&self) -> &str {
        self.optional_text().unwrap_or_default()
    }

    pub(super) fn optional_text(&self) -> Option<&str> {
        debug_assert!(matches!(self, Value::Text(_) | Value::Null), "{self:?}");
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.text().into()
    }

    pub(super) fn optional_path(&self) -> Option<PathBuf> {
        self.optional_text().map(PathBuf::from)
    }

    pub(super) fn words(&self) -> Vec<String> {
        debug_assert!(matches!(self, Value::List(_) | Value::Null), "{self:?}");
        if let Value::List(words) = self { words.clone() } else { vec![] }
    }
}
