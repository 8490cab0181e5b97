//! A configuration file as text: read with a limit, checked for what no reader could use.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::error::{ConfigError, Place, Problem};
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
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Problem::Missing,
        _ => Problem::Unreadable(error.to_string()),
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(Problem::IsAFolder);
    }
    // Opening a pipe would wait for whoever writes into it.
    if kind.is_fifo() || kind.is_socket() || kind.is_block_device() {
        return Err(Problem::NotUsable);
    }
    let mut bytes = vec![];
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Problem::TooLarge(MAX_BYTES));
    }
    Ok(bytes)
}

/// The place behind these bytes, which are good UTF-8.
fn after(path: &Path, good: &[u8]) -> Place {
    let text = String::from_utf8_lossy(good);
    let lines = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place::File { path: path.to_owned(), line: clamp(lines), column: clamp(column) }
}
