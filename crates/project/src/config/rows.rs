//! What `config show` shows: every key with its value and where that comes from.

use std::fmt;

use super::error::Place;
use super::value::Value;
use crate::harmless::harmless;
use crate::task_log::secret_values;

/// One key of `config show`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `server.check_interval`
    pub key: &'static str,
    /// Its value, secrets masked.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file, a variable or a flag.
    Set(Place),
}

impl fmt::Display for Origin {
    /// `default`, `config/config.yaml:3:19`, `$CODEAGENT_SERVER__TASK_DELAY`, `.env:2`, `--exec`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Set(place) => place.fmt(f),
        }
    }
}

impl Row {
    /// The value as one line for people: texts as they are, lists as JSON.
    #[must_use]
    pub fn value_text(&self) -> String {
        match &self.value {
            Value::Text(text) => harmless(text).into_owned(),
            other => harmless(&other.to_json().to_string()).into_owned(),
        }
    }
}

/// Takes the values of secret variables (`…_KEY`, `…_TOKEN`) out of what is shown: people paste it into reports.
pub(super) fn mask_secrets(rows: &mut [Row], variables: impl IntoIterator<Item = (String, String)>) {
    let mut secrets = secret_values(variables);
    // Of two secrets the longer one first, or its rest would stay readable.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mask = |text: &mut String| {
        for secret in &secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "***");
            }
        }
    };
    for row in rows {
        match &mut row.value {
            Value::Text(text) => mask(text),
            Value::List(words) => words.iter_mut().for_each(mask),
            Value::Null | Value::Bool(_) | Value::Count(_) | Value::Seconds(_) => {}
        }
    }
}
