//! Text lists: one task a line, with or without a bullet and a box, and `# comment` after it.
//!
//! A line without a box is open. Ticking it puts a box before its text: `write tests` becomes `[x] write tests`.

use codeagent_core::list::Mark;

use super::edit::{Edits, Lines, bom_length, comment_on_one_line, read_box, split_stamp};
use super::entry::{Entry, Parsed, Site};

/// Reads the tasks of a text file.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let skip = bom_length(text);
    for (number, line) in Lines::new(text.as_bytes()).enumerate() {
        let start = line.start.max(skip.min(line.end));
        parsed.entries.extend(task(text, number + 1, start, line.end));
    }
    parsed
}

fn task(text: &str, line: usize, start: usize, end: usize) -> Option<Entry> {
    let raw = text[start..end].trim_end();
    let end = start + raw.len();
    let indent = raw.len() - raw.trim_start().len();
    if raw[indent..].starts_with('#') {
        return None;
    }
    let at = start + indent + bullet_length(&raw[indent..]);
    let (mark, from, site) = match read_box(&text[at..end]) {
        Some((mark, after)) => (mark, at + after, Site::Box { mark_at: at + 1, from: at + after, end }),
        None => (Mark::Open, at, Site::NoBox { at, end }),
    };
    let body = &text[from..end];
    let task = body[..comment_start(body).unwrap_or(body.len())].trim();
    if task.is_empty() {
        return None;
    }
    Some(Entry { given_id: None, text: task.to_owned(), parent: None, heading: None, mark, line, site })
}

/// The length of a bullet and the blanks after it.
fn bullet_length(text: &str) -> usize {
    match text.as_bytes() {
        [b'-' | b'*' | b'+', b' ' | b'\t', ..] => {
            1 + text[1..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()
        }
        _ => 0,
    }
}

/// Where `# comment` begins: a `#` between blanks, so that `#12` and `C#` are text.
fn comment_start(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let is_blank = |byte: Option<&u8>| byte.is_none_or(|b| matches!(b, b' ' | b'\t'));
    memchr::memchr_iter(b'#', bytes)
        .find(|&at| is_blank(at.checked_sub(1).map(|before| &bytes[before])) && is_blank(bytes.get(at + 1)))
}

/// Notes a comment at the end of a task's line; one that the same author left there is renewed.
pub(super) fn note(text: &str, from: usize, end: usize, comment: &str, edits: &mut Edits) {
    let comment = comment_on_one_line(comment);
    let line = &text[from..end];
    if let Some(last) = line.rfind(" # ") {
        let author = split_stamp(&comment);
        if author.is_some() && split_stamp(&line[last + 3..]) == author {
            edits.replace(from + last + 3..end, comment);
            return;
        }
    }
    edits.insert(end, format!(" # {comment}"));
}
