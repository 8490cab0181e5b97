//! YAML lists: `tasks:`, `todo:` or a bare list of texts and mappings; and marks set by touching single tokens.
//!
//! Nothing is ever written out anew from the tree. A mark is a token that is replaced or a key that is put before the
//! first key of its item; whoever applies the edits reads the result again and refuses what changed anything else.
//! What an item has through a merge key is not its own: it gets a key that overrides it.

use codeagent_core::TaskId;
use codeagent_core::list::Mark;

use super::edit::{Edits, comment_on_one_line, split_stamp};
use super::entry::{Entry, MAX_DEPTH, Parsed, Site};
use super::error::NoticeKind;
use super::mark::MarkRequest;
use crate::config::closest;
use crate::yaml::{Kind, Node, YamlError};

/// The keys that lists stand under.
pub(super) const LISTS: [&str; 2] = ["tasks", "todo"];

/// Line and column (in characters), from 1.
type Place = (u32, u32);

/// Where the marks of an item stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct YamlSite {
    item: Place,
    /// `None` for an item that is only a text.
    map: Option<MapSite>,
}

impl YamlSite {
    /// Where the item's own text stands. Items that aliases make of one text share it, and every edit of it.
    pub(super) fn source(&self) -> Place {
        self.map.as_ref().map_or(self.item, |map| map.source)
    }
}

#[derive(Debug, Clone, PartialEq)]
struct MapSite {
    source: Place,
    first_key: Place,
    done: Option<Token>,
    skipped: Option<Token>,
    comment: Option<Token>,
}

/// A scalar: where it stands and what it says.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    at: Place,
    text: String,
    /// It stands in another mapping, that of a merge key.
    is_merged: bool,
}

impl Token {
    fn of((key, value): &(Node, Node)) -> Self {
        let text = value.scalar_text().unwrap_or_default().to_owned();
        Self { at: place(value), text, is_merged: key.is_merged() }
    }
}

fn place(node: &Node) -> Place {
    (node.line, node.column)
}

/// Reads the tasks of a YAML file.
pub(super) fn parse(text: &str) -> Result<Parsed, YamlError> {
    Ok(read(&crate::yaml::parse(text)?))
}

/// Reads the tasks of a YAML file that was parsed.
pub(super) fn read(root: &Node) -> Parsed {
    let mut parsed = Parsed::default();
    if let Some(items) = root.as_seq() {
        add_items(&mut parsed, items, None, 0);
        return parsed;
    }
    let lists: Vec<&Node> = LISTS.iter().filter_map(|key| root.get(key)).collect();
    if lists.is_empty() && !root.is_null() {
        parsed.notices.push((line_of(root), NoticeKind::NoTasks));
    }
    for list in lists {
        match list.as_seq() {
            Some(items) => add_items(&mut parsed, items, None, 0),
            None if list.is_null() => {}
            None => parsed.notices.push((line_of(list), NoticeKind::NoTasks)),
        }
    }
    parsed
}

fn line_of(node: &Node) -> usize {
    usize::try_from(node.line).unwrap_or(0)
}

fn add_items(parsed: &mut Parsed, items: &[Node], parent: Option<usize>, depth: usize) {
    for item in items {
        let own = add_item(parsed, item, parent);
        notice_lost_keys(parsed, item);
        let Some(children) = item.get("children").and_then(Node::as_seq) else { continue };
        if depth >= MAX_DEPTH {
            parsed.notices.push((line_of(item), NoticeKind::TooDeep));
            add_items(parsed, children, parent, depth);
        } else {
            add_items(parsed, children, own.or(parent), depth + 1);
        }
    }
}

/// Tells of tasks under a task that stand under another key, or are no list, and of keys that seem to say `done`.
fn notice_lost_keys(parsed: &mut Parsed, item: &Node) {
    for (key, value) in item.as_map().unwrap_or_default() {
        if key.scalar_text().is_some_and(means_flag) {
            parsed.notices.push((line_of(key), NoticeKind::MeansFlag));
        }
        let is_lost = match key.scalar_text() {
            Some("children") => value.as_seq().is_none() && !value.is_null(),
            Some(name) => means_children(name) && value.as_seq().is_some_and(|tasks| !tasks.is_empty()),
            None => false,
        };
        if is_lost {
            parsed.notices.push((line_of(key), NoticeKind::MeansChildren));
        }
    }
}

fn means_flag(name: &str) -> bool {
    ["skip", "status", "state", "completed", "complete", "finished", "checked"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

fn means_children(name: &str) -> bool {
    closest(name, ["children"]).is_some()
        || ["subtask", "subtasks", "sub_tasks", "sub-tasks", "child", "items", "tasks", "todo", "steps"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
}

fn said(item: &Node) -> Option<&Node> {
    match &item.kind {
        Kind::Map(_) => item.get("text").or_else(|| item.get("task")),
        _ => Some(item),
    }
}

/// The text of an item; one that has none is no task.
pub(super) fn text_of(item: &Node) -> Option<&str> {
    let text = said(item).filter(|said| !said.is_null()).and_then(Node::scalar_text)?.trim();
    (!text.is_empty()).then_some(text)
}

fn add_item(parsed: &mut Parsed, item: &Node, parent: Option<usize>) -> Option<usize> {
    let Some(text) = text_of(item) else {
        let kind = match (said(item), &item.kind) {
            (None, _) => NoticeKind::NoTextKey,
            (_, Kind::Seq(_)) => NoticeKind::ListInList,
            _ => NoticeKind::NoText,
        };
        parsed.notices.push((line_of(item), kind));
        return None;
    };
    for flag in ["done", "skipped"].iter().filter_map(|key| item.get(key)).filter(|flag| !is_flag(flag)) {
        parsed.notices.push((line_of(flag), NoticeKind::BadFlag));
    }
    let given_id = item.get("id").and_then(|id| given_id(parsed, id));
    let mark = if is_true(item.get("done")) {
        Mark::Done
    } else if is_true(item.get("skipped")) {
        Mark::Skipped
    } else {
        Mark::Open
    };
    let site = Site::Yaml(YamlSite { item: place(item), map: map_site(item) });
    let (text, line) = (text.to_owned(), line_of(item));
    parsed.entries.push(Entry { given_id, text, parent, heading: None, mark, line, site });
    Some(parsed.entries.len() - 1)
}

fn map_site(item: &Node) -> Option<MapSite> {
    item.as_map()?;
    let [done, skipped, comment] = ["done", "skipped", "comment"].map(|key| item.entry(key).map(Token::of));
    Some(MapSite { source: item.source(), first_key: item.first(), done, skipped, comment })
}

fn given_id(parsed: &mut Parsed, id: &Node) -> Option<TaskId> {
    if id.is_null() {
        return None;
    }
    let given = TaskId::parse_given(id.scalar_text().unwrap_or_default());
    if given.is_err() {
        parsed.notices.push((line_of(id), NoticeKind::BadId));
    }
    given.ok()
}

/// `true`, or one of the words that Python's reader (YAML 1.1) takes for it.
fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::scalar_text).is_some_and(means_true)
}

fn means_true(text: &str) -> bool {
    says(text, &["true", "yes", "on"])
}

/// Whether it is clear what it says.
fn is_flag(node: &Node) -> bool {
    let means_false = |text: &str| says(text, &["false", "no", "off", ""]);
    node.is_null() || is_true(Some(node)) || node.scalar_text().is_some_and(means_false)
}

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Byte offsets of places; quick where they are asked for in the order of the file.
pub(super) struct Places<'a> {
    text: &'a str,
    starts: Vec<usize>,
    last: (Place, usize),
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let starts = super::edit::Lines::new(text.as_bytes()).map(|line| line.start).collect();
        Self { text, starts, last: ((0, 0), 0) }
    }

    fn byte(&mut self, (line, column): Place) -> Option<usize> {
        let ((last_line, last_column), last_byte) = self.last;
        let (from, characters) = if line == last_line && column >= last_column {
            (last_byte, column - last_column)
        } else {
            let start = *self.starts.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
            (start + super::edit::bom_length(&self.text[start..]), column.checked_sub(1)?)
        };
        let rest = &self.text[from..];
        let characters = usize::try_from(characters).ok()?;
        let offset = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(characters)?;
        self.last = ((line, column), from + offset);
        Some(from + offset)
    }

    /// The line ending of the line that holds this byte.
    fn ending(&self, at: usize) -> &'static str {
        let rest = &self.text.as_bytes()[at..];
        match memchr::memchr2(b'\n', b'\r', rest).map(|end| &rest[end..]) {
            Some([b'\r', b'\n', ..]) => "\r\n",
            Some([b'\r', ..]) => "\r",
            _ => "\n",
        }
    }

    /// The last byte before `at` that is neither blank nor a line ending, and whether it is in the same line.
    fn before(&self, at: usize) -> (Option<u8>, bool) {
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let trimmed = before.trim_end();
        (
            trimmed.bytes().last().filter(|_| trimmed.len() > super::edit::bom_length(self.text)),
            trimmed == before,
        )
    }
}

/// The edits that give an item its mark; `None` where no safe ones are known.
pub(super) fn mark_edits(site: &YamlSite, request: &MarkRequest, places: &mut Places<'_>) -> Option<Edits> {
    let mut edits = Edits::default();
    let (mut fresh, done, skipped) = (Vec::new(), request.mark == Mark::Done, request.mark == Mark::Skipped);
    let none = MapSite { source: site.item, first_key: site.item, done: None, skipped: None, comment: None };
    let map = site.map.as_ref().unwrap_or(&none);
    // First what comes first: places are quick to find in their order.
    let source = places.byte(map.source)?;
    set_flag("done", map.done.as_ref(), done, places, &mut edits, &mut fresh)?;
    set_flag("skipped", map.skipped.as_ref(), skipped, places, &mut edits, &mut fresh)?;
    if let Some(comment) = request.comment.as_deref().filter(|_| done) {
        set_comment(map.comment.as_ref(), comment, places, &mut edits, &mut fresh);
    }
    if fresh.is_empty() {
        return Some(edits);
    }
    match (&site.map, places.before(source)) {
        (Some(map), _) => match behind_brace(places.text, source) {
            Some(inside) => edits.insert(inside, format!("{}, ", fresh.join(", "))),
            None => insert_keys(map.first_key, &fresh, "", places, &mut edits)?,
        },
        (None, (Some(b'-'), true)) => insert_keys(site.item, &fresh, "text: ", places, &mut edits)?,
        (None, (Some(b'[' | b','), _)) => {
            edits.insert(source, format!("{{{}, text: ", fresh.join(", ")));
            edits.insert(source + flow_scalar_length(&places.text[source..])?, "}");
        }
        _ => return None,
    }
    Some(edits)
}

/// Where the contents of a mapping in braces begin, if it is one; anchors and tags come before the brace.
fn behind_brace(text: &str, source: usize) -> Option<usize> {
    let mut rest = &text[source..];
    while rest.starts_with(['&', '!']) {
        rest = rest.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    }
    Some(text.len() - rest.strip_prefix('{')?.len())
}

/// Puts lines before a key (or a text) of a block, which keep its indentation.
fn insert_keys(
    at: Place,
    fresh: &[String],
    then: &str,
    places: &mut Places<'_>,
    edits: &mut Edits,
) -> Option<()> {
    let byte = places.byte(at)?;
    // Something else before it, such as an anchor or a tag, would come to stand before our key.
    let (before, same_line) = places.before(byte);
    if same_line && before.is_some_and(|b| b != b'-') {
        return None;
    }
    let indent = " ".repeat(usize::try_from(at.1).ok()?.checked_sub(1)?);
    let ending = places.ending(byte);
    let mut lines = String::new();
    for key in fresh {
        lines.extend([key, ending, indent.as_str()]);
    }
    edits.insert(byte, lines + then);
    Some(())
}

fn set_flag(
    key: &str,
    token: Option<&Token>,
    value: bool,
    places: &mut Places<'_>,
    edits: &mut Edits,
    fresh: &mut Vec<String>,
) -> Option<()> {
    let Some(token) = token.filter(|token| !token.is_merged) else {
        if token.is_some_and(|token| means_true(&token.text)) != value {
            fresh.push(format!("{key}: {value}"));
        }
        return Some(());
    };
    let at = places.byte(token.at)?;
    let rest = &places.text[at..];
    let length = match rest.strip_prefix('*') {
        Some(_) if means_true(&token.text) == value => return Some(()),
        Some(name) => {
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
            1 + name.find(ends).unwrap_or(name.len())
        }
        None if !token.text.is_empty() && rest.starts_with(&token.text) => token.text.len(),
        None => return None,
    };
    edits.replace(at..at + length, value.to_string());
    Some(())
}

/// Notes a comment where there is none; one that the same author left is renewed, others are left alone.
fn set_comment(
    token: Option<&Token>,
    comment: &str,
    places: &mut Places<'_>,
    edits: &mut Edits,
    fresh: &mut Vec<String>,
) {
    let comment = comment_on_one_line(comment);
    let quoted = format!("\"{}\"", comment.replace('\\', "\\\\").replace('"', "\\\""));
    let Some(token) = token else {
        fresh.push(format!("comment: {quoted}"));
        return;
    };
    let author = split_stamp(&comment);
    if author.is_none() || split_stamp(&token.text) != author {
        return;
    }
    if token.is_merged {
        fresh.push(format!("comment: {quoted}"));
        return;
    }
    let old = format!("\"{}\"", token.text);
    if let Some(at) = places.byte(token.at).filter(|at| places.text[*at..].starts_with(&old)) {
        edits.replace(at..at + old.len(), quoted);
    }
}

/// The length of a text inside `[…]`, if it is on one line.
fn flow_scalar_length(rest: &str) -> Option<usize> {
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    match line.bytes().next()? {
        b'"' => quoted_length(line, '"', '\\'),
        b'\'' => quoted_length(line, '\'', '\''),
        _ => {
            let end = line.find([',', ']', '}']).unwrap_or(line.len());
            let text = &line[..end];
            Some(text.find(" #").map_or(text, |comment| &text[..comment]).trim_end().len())
        }
    }
}

fn quoted_length(line: &str, quote: char, escape: char) -> Option<usize> {
    let mut characters = line.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        let escaped =
            c == escape && (escape == '\\' || characters.peek().is_some_and(|(_, next)| *next == quote));
        if escaped {
            characters.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}
