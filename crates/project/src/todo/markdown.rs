//! Markdown lists: which lines are tasks, how they nest, and where their boxes and comments stand.
//!
//! Follows CommonMark where it decides what a reader of the rendered page sees (fences, comments, headings) and is
//! more lenient in nesting: a line is nested under an item when it is indented by two columns more.

use codeagent_core::TaskId;

use super::edit::{Edits, Lines, RawLine, bom_length, comment_on_one_line, read_box, split_stamp};
use super::entry::{Entry, MAX_DEPTH, Parsed, Site};
use super::error::NoticeKind;
use super::lookalike;

/// A list item that further lines may be nested under.
struct Item {
    /// Column of the bullet.
    indent: usize,
    /// The task that children of this item belong to: its own, else that of the items around it.
    task: Option<usize>,
    /// How many tasks stand above its children.
    depth: usize,
}

/// How much deeper than an item its children are indented at least.
const NESTING: usize = 2;

/// What the next line is part of.
enum Block {
    Prose,
    /// A fenced code block: its character, its length, the column below which its container ends, its line.
    Fence {
        mark: u8,
        length: usize,
        container: usize,
        line: usize,
    },
    /// An HTML comment, and the line where it began.
    Comment {
        line: usize,
    },
}

struct Reader<'a> {
    text: &'a str,
    parsed: Parsed,
    block: Block,
    items: Vec<Item>,
    heading: Option<usize>,
    /// Where the paragraph began that the line before belongs to, if it was one outside of lists.
    paragraph: Option<usize>,
    after_blank: bool,
}

/// Where we are in a line: byte offset, and the column that it is displayed at.
#[derive(Clone, Copy)]
struct Cursor {
    at: usize,
    column: usize,
}

/// Reads the tasks of a Markdown file.
pub(super) fn parse(text: &str) -> Parsed {
    let mut reader = Reader {
        text,
        parsed: Parsed::default(),
        block: Block::Prose,
        items: vec![],
        heading: None,
        paragraph: None,
        after_blank: true,
    };
    let skip = bom_length(text);
    for (number, line) in Lines::new(text.as_bytes()).enumerate() {
        let start = line.start.max(skip.min(line.end));
        reader.line(number + 1, RawLine { start, ..line });
    }
    match reader.block {
        Block::Prose => {}
        Block::Fence { line, .. } => reader.parsed.notices.push((line, NoticeKind::UnclosedFence)),
        Block::Comment { line } => reader.parsed.notices.push((line, NoticeKind::UnclosedComment)),
    }
    reader.parsed
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: RawLine) {
        let start = self.skip_blanks(Cursor { at: line.start, column: 0 }, line.end);
        let blank = start.at == line.end;
        match self.block {
            Block::Comment { .. } => {
                if self.text[line.start..line.end].contains("-->") {
                    self.block = Block::Prose;
                }
                return;
            }
            // A line that is indented less than the list item around the fence ends both.
            Block::Fence { container, .. } if !blank && start.column < container => {
                self.block = Block::Prose;
            }
            Block::Fence { mark, length, container, .. } => {
                let content = &self.text[start.at..line.end];
                if start.column < container + 4 && closes_fence(content, mark, length) {
                    self.block = Block::Prose;
                }
                return;
            }
            Block::Prose => {}
        }
        if blank {
            self.paragraph = None;
        } else {
            self.prose(number, line, start);
        }
        self.after_blank = blank;
    }

    /// A line that is neither blank nor part of a fence or comment.
    fn prose(&mut self, number: usize, line: RawLine, start: Cursor) {
        let paragraph = self.paragraph.take();
        if start.column < 4 && self.is_underline(paragraph, start, line) {
            return;
        }
        let mut cursor = start;
        let mut in_item = false;
        while let Some(content) = self.list_marker(cursor, line.end) {
            self.close_items(cursor.column);
            let box_at = self.skip_blanks(content, line.end);
            let ordered = self.text.as_bytes()[cursor.at].is_ascii_digit();
            if !ordered && self.task(number, line, cursor, box_at) {
                return;
            }
            if lookalike::after_marker(&self.text[box_at.at..line.end], ordered) {
                self.parsed.notices.push((number, NoticeKind::LooksLikeTask));
            }
            self.open_item(cursor.column, None);
            in_item = true;
            cursor = box_at;
        }
        self.leaf(number, line, cursor, in_item, paragraph);
    }

    /// What a line holds besides list markers: a heading, the start of a fence or comment, or prose.
    fn leaf(&mut self, number: usize, line: RawLine, at: Cursor, in_item: bool, paragraph: Option<usize>) {
        let content = &self.text[at.at..line.end];
        if let Some(title) = heading_title(content).filter(|_| at.column < 4 || in_item) {
            self.close_items(at.column);
            self.set_heading(title.to_owned());
        } else if let Some((mark, length)) = opens_fence(content) {
            self.close_items(at.column);
            let container = self.items.last().map_or(0, |item| item.indent + NESTING);
            self.block = Block::Fence { mark, length, container, line: number };
        } else if let Some(comment) = content.strip_prefix("<!--") {
            if !comment.contains("-->") {
                self.block = Block::Comment { line: number };
            }
        } else {
            if lookalike::without_marker(content) {
                self.parsed.notices.push((number, NoticeKind::LooksLikeTask));
            }
            if self.after_blank && !in_item {
                self.close_items(at.column);
            }
            if self.items.is_empty() && !is_thematic_break(content) {
                self.paragraph = paragraph.or(Some(at.at));
            }
            self.inline_comment(number, at.at, line.end);
        }
    }

    /// Takes a line as a task if a box follows its bullet and a text the box.
    fn task(&mut self, number: usize, line: RawLine, bullet: Cursor, at: Cursor) -> bool {
        let Some((mark, after)) = read_box(&self.text[at.at..line.end]) else { return false };
        let from = at.at + after;
        let until = self.inline_comment(number, from, line.end);
        let raw = self.text[from..until].trim_end();
        let (text, id) = strip_comments(raw);
        if text.is_empty() {
            return false;
        }
        let given_id = id.and_then(|id| self.given_id(number, id));
        let entry = Entry {
            given_id,
            text: text.to_owned(),
            parent: self.items.last().and_then(|item| item.task),
            heading: self.heading,
            mark,
            line: number,
            site: Site::Box { mark_at: at.at + 1, from, end: from + raw.len() },
        };
        self.parsed.entries.push(entry);
        self.open_item(bullet.column, Some(self.parsed.entries.len() - 1));
        true
    }

    fn given_id(&mut self, line: usize, id: &str) -> Option<TaskId> {
        let id = TaskId::parse_given(id);
        if id.is_err() {
            self.parsed.notices.push((line, NoticeKind::BadId));
        }
        id.ok()
    }

    fn open_item(&mut self, indent: usize, task: Option<usize>) {
        let (above, depth) = self.items.last().map_or((None, 0), |item| (item.task, item.depth));
        let (task, depth) = match task {
            Some(_) if depth >= MAX_DEPTH => {
                self.notice_once(NoticeKind::TooDeep);
                (above, depth)
            }
            Some(task) => (Some(task), depth + 1),
            None => (above, depth),
        };
        self.items.push(Item { indent, task, depth });
    }

    fn notice_once(&mut self, kind: NoticeKind) {
        if self.parsed.notices.iter().all(|(_, known)| *known != kind) {
            let line = self.parsed.entries.last().map_or(0, |entry| entry.line);
            self.parsed.notices.push((line, kind));
        }
    }

    /// Ends the items that something at this column is not nested under.
    fn close_items(&mut self, column: usize) {
        while self.items.last().is_some_and(|item| column < item.indent + NESTING) {
            self.items.pop();
        }
    }

    fn set_heading(&mut self, title: String) {
        self.parsed.headings.push(title);
        self.heading = Some(self.parsed.headings.len() - 1);
    }

    /// Whether the line is the underline of a heading; its text is the paragraph above.
    fn is_underline(&mut self, paragraph: Option<usize>, start: Cursor, line: RawLine) -> bool {
        let Some(from) = paragraph else { return false };
        let content = self.text[start.at..line.end].trim_end();
        let underlines = |c| content.bytes().all(|b| b == c);
        if !underlines(b'=') && !underlines(b'-') {
            return false;
        }
        let title: Vec<&str> = self.text[from..line.start].split_whitespace().collect();
        self.set_heading(title.join(" "));
        true
    }

    /// The place after a bullet or number and one blank, if the line has one at the cursor.
    fn list_marker(&self, cursor: Cursor, end: usize) -> Option<Cursor> {
        let content = &self.text.as_bytes()[cursor.at..end];
        let digits = content.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let length = match (digits, content.get(digits)?) {
            (0, b'-' | b'*' | b'+') => 1,
            (1..=9, b'.' | b')') => digits + 1,
            _ => return None,
        };
        let followed = content.get(length).is_none_or(|b| matches!(b, b' ' | b'\t'));
        (followed && !is_thematic_break(&self.text[cursor.at..end]))
            .then_some(Cursor { at: cursor.at + length, column: cursor.column + length })
    }

    fn skip_blanks(&self, mut cursor: Cursor, end: usize) -> Cursor {
        for byte in &self.text.as_bytes()[cursor.at..end] {
            match byte {
                b' ' => cursor.column += 1,
                b'\t' => cursor.column += 4 - cursor.column % 4,
                _ => break,
            }
            cursor.at += 1;
        }
        cursor
    }

    /// Looks for a comment that begins in the line and ends in a later one, and returns where what counts of the
    /// line ends. A comment that is never closed, or not before the next begins, is taken as the characters that
    /// it is: a stray `<!--` must not hide all tasks below it.
    fn inline_comment(&mut self, number: usize, from: usize, end: usize) -> usize {
        let Some(at) = unclosed_comment(&self.text[from..end]) else { return end };
        if !closes_before_next(&self.text[end..]) {
            return end;
        }
        self.block = Block::Comment { line: number };
        from + at
    }
}

/// The title of a heading such as `## Title ##`.
fn heading_title(content: &str) -> Option<&str> {
    let title = content.trim_start_matches('#');
    let level = content.len() - title.len();
    if !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t'])) {
        return None;
    }
    let title = title.trim();
    let open = title.trim_end_matches('#');
    Some(if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end() } else { title })
}

/// The character and length of a fence that opens a code block.
fn opens_fence(content: &str) -> Option<(u8, usize)> {
    let mark = content.bytes().next().filter(|b| matches!(b, b'`' | b'~'))?;
    let length = content.bytes().take_while(|b| *b == mark).count();
    let is_code_span = mark == b'`' && content[length..].contains('`');
    (length >= 3 && !is_code_span).then_some((mark, length))
}

fn closes_fence(content: &str, mark: u8, length: usize) -> bool {
    let run = content.bytes().take_while(|b| *b == mark).count();
    run >= length && content[run..].bytes().all(|b| matches!(b, b' ' | b'\t'))
}

/// `---`, `* * *` and the like.
fn is_thematic_break(content: &str) -> bool {
    let Some(mark) = content.bytes().next().filter(|b| matches!(b, b'-' | b'*' | b'_')) else { return false };
    let mut marks = 0;
    for byte in content.bytes() {
        match byte {
            b' ' | b'\t' => {}
            byte if byte == mark => marks += 1,
            _ => return false,
        }
    }
    marks >= 3
}

/// Where a `<!--` stands outside of code spans that no `-->` follows.
fn unclosed_comment(content: &str) -> Option<usize> {
    if !content.contains("<!--") {
        return None;
    }
    let spans = code_spans(content);
    let mut spans = spans.iter().peekable();
    let mut at = 0;
    while let Some(found) = content[at..].find("<!--") {
        let open = at + found;
        while spans.next_if(|(_, end)| *end <= open).is_some() {}
        if let Some((_, end)) = spans.peek().filter(|(start, _)| *start < open) {
            at = *end;
            continue;
        }
        match content[open + 4..].find("-->") {
            Some(length) => at = open + 4 + length + 3,
            None => return Some(open),
        }
    }
    None
}

/// The code spans of a line: a run of backticks up to the next run of the same length.
fn code_spans(content: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in content.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    // For each run the next of its length, from the back, so that many unmatched runs cost no more than their number.
    let mut latest = std::collections::HashMap::new();
    let mut partner = vec![None; runs.len()];
    for (index, (_, length)) in runs.iter().enumerate().rev() {
        partner[index] = latest.insert(*length, index);
    }
    let mut spans = Vec::new();
    let mut index = 0;
    while index < runs.len() {
        if let Some(close) = partner[index] {
            spans.push((runs[index].0, runs[close].0 + runs[close].1));
            index = close;
        }
        index += 1;
    }
    spans
}

/// Whether the next comment delimiter is `-->`.
fn closes_before_next(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    for at in memchr::memmem::find_iter(bytes, b"--") {
        if bytes.get(at + 2) == Some(&b'>') {
            return true;
        }
        if at >= 2 && &bytes[at - 2..at] == b"<!" {
            return false;
        }
    }
    false
}

/// The comment at the end of a text: where it begins, and what it says.
fn trailing_comment(text: &str) -> Option<(usize, &str)> {
    let body = text.strip_suffix("-->")?;
    let start = body.rfind("<!--")?;
    let inner = &body[start + 4..];
    (!inner.contains("-->")).then_some((start, inner))
}

/// Takes ids and done comments off the end of a task's text.
fn strip_comments(raw: &str) -> (&str, Option<&str>) {
    let mut text = raw;
    let mut id = None;
    while let Some((start, inner)) = trailing_comment(text) {
        if let Some(given) = inner.trim().strip_prefix("id:") {
            id = id.or(Some(given.trim()));
        } else if split_stamp(inner).is_none() {
            break;
        }
        text = text[..start].trim_end();
    }
    (text.trim(), id)
}

/// Notes a comment at the end of a task's line; one that the same author left there is renewed.
pub(super) fn note(text: &str, from: usize, end: usize, comment: &str, edits: &mut Edits) {
    let comment = format!("<!-- {} -->", comment_on_one_line(comment));
    let author = split_stamp(&comment[4..comment.len() - 3]);
    let mut line = &text[from..end];
    while let Some((start, inner)) = trailing_comment(line) {
        if author.is_some() && split_stamp(inner) == author {
            edits.replace(from + start..from + line.len(), comment);
            return;
        }
        line = line[..start].trim_end();
    }
    edits.insert(end, format!(" {comment}"));
}
