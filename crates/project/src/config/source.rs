//! A configuration file as text: read with a limit, checked for what no reader could use.

use std::io::ErrorKind;
use std::path::Path;

use super::error::{ConfigError, Place, Problem};
use crate::fs::{ReadOutcome, read_regular};
use crate::yaml::{self, Node};

/// A configuration of more bytes is a mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads and parses a configuration.
pub(super) fn read_tree(path: &Path) -> Result<Node, ConfigError> {
    let text = read_text(path)?;
    yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(|error| ConfigError {
        place: Place::File { path: path.to_owned(), line: error.line, column: error.column },
        key: None,
        problem: Problem::Yaml(error.kind),
    })
}

/// Reads a small text file.
pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = read_bytes(path).map_err(|problem| ConfigError {
        place: Place::Path(path.to_owned()),
        key: None,
        problem,
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ConfigError { place: after(path, good), key: None, problem: Problem::NotUtf8 }
    })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    match read_regular(path, MAX_BYTES) {
        Ok(ReadOutcome::Read(contents)) => Ok(contents.bytes),
        Ok(ReadOutcome::TooLarge(_)) => Err(Problem::TooLarge(MAX_BYTES)),
        Ok(ReadOutcome::NotRegular) if path.is_dir() => Err(Problem::IsAFolder),
        Ok(ReadOutcome::NotRegular) => Err(Problem::NotUsable),
        Err(error) => Err(match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Problem::Missing,
            _ => Problem::Unreadable(error.to_string()),
        }),
    }
}

/// The place behind these bytes, which are good UTF-8.
fn after(path: &Path, good: &[u8]) -> Place {
    let text = String::from_utf8_lossy(good);
    let lines = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place::File { path: path.to_owned(), line: clamp(lines), column: clamp(column) }
}
