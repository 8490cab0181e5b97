//! JSON that belongs to others: kept as text, so that nothing of it is lost or changed.
use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

/// One JSON value as compact text, possibly with Python's `NaN` and `Infinity` or very long numbers in it.
///
/// Whoever makes one answers for its being valid: the rules only carry it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(pub Box<str>);

impl RawJson {
    /// Wraps the text of one valid JSON value.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
