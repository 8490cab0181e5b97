//! Values of others: kept as their text, on one line.
use std::borrow::Cow;

use codeagent_core::RawJson;

use super::{
    DocumentError,
    error::{ErrorKind, Fault, Scanned},
    scan::Scanner,
    text,
};

/// Checks a JSON value of a caller and brings it onto one line, as a document holds it.
///
/// # Errors
/// [`ErrorKind::NotJson`], [`ErrorKind::TooDeep`].
pub fn raw_json(text: &str) -> Result<RawJson, DocumentError> {
    let value = valid(text).map_err(|fault| fault.locate(text.as_bytes()))?;
    Ok(RawJson::new(one_line(value)))
}

/// The value that the text consists of, white space around it taken away.
pub(super) fn valid(text: &str) -> Scanned<&str> {
    let mut scanner = Scanner::new(text);
    let value = scanner.raw()?;
    scanner.end().map(|()| value)
}

/// Checks a task's metadata: a JSON object. An empty one says nothing.
///
/// # Errors
/// As [`raw_json`], and [`ErrorKind::BadValue`] for any other value.
pub fn metadata(text: &str) -> Result<Option<RawJson>, DocumentError> {
    let value = raw_json(text)?;
    if !value.as_str().starts_with('{') {
        return Err(Fault::new(ErrorKind::BadValue("an object"), 0).locate(text.as_bytes()));
    }
    Ok(Some(value).filter(|value| !is_empty_object(value.as_str())))
}

/// Whether a valid value is `{}`.
pub(super) fn is_empty_object(value: &str) -> bool {
    let inside = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.trim().is_empty())
}

/// A valid value on one line: as it is where it is so already, else with Python's separators.
pub(super) fn one_line(value: &str) -> Cow<'_, str> {
    // Inside of strings these bytes can't stand.
    if !value.bytes().any(|b| matches!(b, b'\n' | b'\r' | b'\t')) {
        return Cow::Borrowed(value);
    }
    let mut line = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let length = if c == '"' { string_length(rest) } else { c.len_utf8() };
        match c {
            ' ' | '\n' | '\r' | '\t' => {}
            ',' => line.push_str(", "),
            ':' => line.push_str(": "),
            _ => line.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    Cow::Owned(line)
}

/// The length of the string that `text` starts with, quotes included.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(rest) = bytes.get(at..) {
        at += text::plain_len(rest);
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(_) => return at + 1,
            None => break,
        }
    }
    bytes.len()
}
