//! The head of a task log: what a person wants to know first, and what we read back.

use std::io::{self, Read};
use std::path::Path;

use codeagent_core::TaskId;
use codeagent_core::id::Fingerprint;

use super::LogHeader;
use crate::fs::open_regular;
use crate::harmless::harmless_lines;

const RULE: &str = "================================================================================";

/// Further lines of a text stand under its first.
const CONTINUED: &str = "\n      ";

/// Longer ids are cut and get their digest, so that the lines that are read back stay within [`READ_BACK`].
const LONGEST_ID: usize = 512;

/// How much of a log is read to find id and attempt; these lines stand before the text, which may be long.
const READ_BACK: u64 = 4096;

/// The head as text; the task's text is made harmless, so that it steers no terminal and forges no line, and cut at
/// `text_limit` bytes.
pub(super) fn write(header: &LogHeader<'_>, text_limit: usize) -> String {
    let (id, attempt_id) = (one_line(header.task_id), one_line(header.attempt_id));
    let (attempt, started) = (header.attempt, header.started.strftime("%Y-%m-%d %H:%M:%S"));
    let text = harmless_lines(header.text);
    let mut cut = text_limit.min(text.len());
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let more = if cut < text.len() { "…" } else { "" };
    let text = text[..cut].replace('\n', CONTINUED);
    format!(
        "{RULE}\nTask ID: {id}\nAttempt: {attempt} {attempt_id}\nStarted: {started}\nTask: {text}{more}\n{RULE}\n"
    )
}

/// What the head of a log says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    /// As [`one_line`] wrote it.
    pub(super) id: String,
    pub(super) attempt: u32,
    /// As [`one_line`] wrote it.
    pub(super) attempt_id: String,
}

/// Reads a head back; `None` where the file has none.
pub(super) fn read(path: &Path) -> io::Result<Option<Known>> {
    let mut start = Vec::new();
    open_regular(path)?.take(READ_BACK).read_to_end(&mut start)?;
    Ok(parse(&String::from_utf8_lossy(&start)))
}

fn parse(text: &str) -> Option<Known> {
    let mut lines = text.lines().skip(1);
    let id = lines.next()?.strip_prefix("Task ID: ")?.to_owned();
    let (attempt, attempt_id) = lines.next()?.strip_prefix("Attempt: ")?.split_once(' ')?;
    Some(Known { id, attempt: attempt.parse().ok()?, attempt_id: attempt_id.to_owned() })
}

/// An id on one line, two different ones as two different lines.
pub(super) fn one_line(id: &str) -> String {
    let escape = |c: char| {
        let plain = !c.is_control() && c != '\\';
        if plain { c.to_string() } else { c.escape_default().to_string() }
    };
    if id.len() <= LONGEST_ID {
        return id.chars().map(escape).collect();
    }
    let start: String = id.chars().take(100).map(escape).collect();
    format!("{start}… {:02x?}", Fingerprint::of_id(&TaskId::new(id)).0)
}
