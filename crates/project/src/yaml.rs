//! YAML text as a tree of nodes that know their place, within limits: configuration and TODO lists read it.
//!
//! The tree is built from the parser's events with a stack of our own, so that neither deep nesting nor
//! aliases that multiply can cost more than [`Limits`] allows. Nodes keep the text of a scalar as it was
//! written, because to a TODO list `007` is a text while to the configuration it is a number.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

/// What a text may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep sequences and mappings may nest.
    pub depth: usize,
    /// How many nodes the whole tree may have, copies made by aliases included.
    pub nodes: usize,
    /// How much aliases may copy: one for each node, and one more for every 64 bytes of its text.
    pub copied: usize,
}

impl Limits {
    /// Enough for any list or configuration that a person keeps, and for 100,000 tasks with their fields.
    pub const USUAL: Limits = Limits { depth: 128, nodes: 4_000_000, copied: 100_000 };
}

/// One value and the place where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What it is.
    pub kind: Kind,
    /// `line` and `column` of the text itself: where an alias stands, of what it names.
    source: (u32, u32),
    /// Where the first key or item stands, of the text itself.
    first: (u32, u32),
    /// For a key: it came through a merge key (`<<`), and its text belongs to another mapping.
    merged: bool,
    /// The text of a scalar that was read as something else than a text (`Null`, `Bool`, `Int`, `Float`).
    raw: Option<Box<str>>,
}

/// What a node holds. Plain scalars follow the core schema of YAML 1.2.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number, also one too long for `Int`.
    Float(f64),
    /// A text.
    Str(String),
    /// A list.
    Seq(Vec<Node>),
    /// Keys and values in the order of the file. A key may occur twice: the reader decides what that means.
    Map(Vec<(Node, Node)>),
}

/// Why a text is no YAML that we take, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct YamlError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The parser's words, in English.
    #[error("{0}")]
    Syntax(String),
    /// A tab in the indentation (which YAML does not allow) or after a colon (which the parser does not take).
    #[error("a tab stands where YAML wants spaces")]
    Tab,
    /// Nested deeper than [`Limits::depth`].
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// More nodes than [`Limits::nodes`].
    #[error("more than {0} values")]
    TooManyNodes(usize),
    /// Aliases copy more than [`Limits::copied`].
    #[error("aliases (`*name`) copy too much")]
    AliasesCopyTooMuch,
    /// An alias stands inside the value that it names.
    #[error("an alias (`*name`) names the value that it stands in")]
    AliasOfItself,
    /// A second document begins.
    #[error("a second document begins here (`---`)")]
    SecondDocument,
}

/// Reads one document within [`Limits::USUAL`]. An empty text is [`Kind::Null`].
///
/// # Errors
/// [`YamlError`] with the place of what is wrong.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    parse_within(text, Limits::USUAL)
}

/// Reads one document within the limits given.
///
/// # Errors
/// [`YamlError`] with the place of what is wrong.
pub fn parse_within(text: &str, limits: Limits) -> Result<Node, YamlError> {
    let mut builder = Builder::new(limits);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax_error(text, &error))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or_else(|| Node::new(1, 1, Kind::Null)))
}

impl Node {
    fn new(line: u32, column: u32, kind: Kind) -> Node {
        let place = (line, column);
        Node { line, column, kind, source: place, first: place, merged: false, raw: None }
    }

    /// A node without a file, for values that come from elsewhere.
    #[must_use]
    pub fn text_at(line: u32, column: u32, text: &str) -> Node {
        Node::new(line, column, Kind::Str(text.to_owned()))
    }

    /// A list of texts without a file.
    #[must_use]
    pub fn list_of(texts: &[String]) -> Node {
        let items = texts.iter().map(|text| Node::text_at(1, 1, text)).collect();
        Node::new(1, 1, Kind::Seq(items))
    }

    /// What a plain scalar with this text would be.
    #[must_use]
    pub fn plain_at(line: u32, column: u32, text: &str) -> Node {
        let kind = plain_kind(text);
        let raw = if matches!(kind, Kind::Str(_)) { None } else { Some(text.into()) };
        Node { raw, ..Node::new(line, column, kind) }
    }

    /// The text of a scalar as it was written (without quotes); `None` for lists and mappings.
    #[must_use]
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            Kind::Seq(_) | Kind::Map(_) => None,
            _ => self.raw.as_deref(),
        }
    }

    /// True for nothing, `~` and `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// The elements of a list.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let Kind::Seq(items) = &self.kind { Some(items) } else { None }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        if let Kind::Map(entries) = &self.kind { Some(entries) } else { None }
    }

    /// The value of a key of a mapping; of a key that occurs twice, the last (as Python's reader does).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key of a mapping and its value, as [`Node::get`] finds them.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.as_map()?.iter().rev().find(|(k, _)| k.scalar_text() == Some(key))
    }

    /// Line and column of the text itself: where an alias stands, of the value that it names. An anchor or a tag of the
    /// value comes first.
    #[must_use]
    pub fn source(&self) -> (u32, u32) {
        self.source
    }

    /// Line and column of the first key or item of the text itself, with its anchor or tag. A merge key (`<<`) is one.
    #[must_use]
    pub fn first(&self) -> (u32, u32) {
        self.first
    }

    /// Whether a key came through a merge key (`<<`).
    #[must_use]
    pub fn is_merged(&self) -> bool {
        self.merged
    }

    /// Whether both mean the same, wherever they stand.
    #[must_use]
    pub fn is_like(&self, other: &Node) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Seq(a), Kind::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_like(b)),
            (Kind::Map(a), Kind::Map(b)) => {
                let same = |(a, b): (&(Node, Node), &(Node, Node))| a.0.is_like(&b.0) && a.1.is_like(&b.1);
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            // By their text, for no number is like `.nan`.
            (a, b) => {
                std::mem::discriminant(a) == std::mem::discriminant(b)
                    && self.scalar_text() == other.scalar_text()
            }
        }
    }
}

/// A list or mapping that is not finished yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Node>,
}

struct Builder {
    limits: Limits,
    nodes: usize,
    copied: usize,
    documents: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

impl Builder {
    fn new(limits: Limits) -> Builder {
        Builder {
            limits,
            nodes: 0,
            copied: 0,
            documents: 0,
            open: vec![],
            anchors: HashMap::new(),
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let (line, column) = place(span.start.line(), span.start.col());
        let fail = |kind| Err(YamlError { line, column, kind });
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return fail(ErrorKind::SecondDocument);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar(line, column, &text, style, tag.as_deref());
                self.finish(node, anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(span, Kind::Seq(vec![]), anchor)?,
            Event::MappingStart(anchor, _) => self.begin(span, Kind::Map(vec![]), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.finish(merged(open.node), open.anchor)?;
                }
            }
            Event::Alias(anchor) => self.copy(line, column, anchor)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, span: Span, kind: Kind, anchor: usize) -> Result<(), YamlError> {
        let (line, column) = place(span.start.line(), span.start.col());
        if self.open.len() >= self.limits.depth {
            return Err(YamlError { line, column, kind: ErrorKind::TooDeep(self.limits.depth) });
        }
        // It ends where the next token begins.
        let first = place(span.end.line(), span.end.col());
        self.open.push(Open { node: Node { first, ..Node::new(line, column, kind) }, anchor, key: None });
        Ok(())
    }

    /// Puts a finished node where it belongs, and keeps it for aliases when it has an anchor.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        self.count(&node, 1)?;
        if anchor != 0 {
            self.charge_copy(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.place(node);
        Ok(())
    }

    fn copy(&mut self, line: u32, column: u32, anchor: usize) -> Result<(), YamlError> {
        let Some(source) = self.anchors.get(&anchor) else {
            // The parser refuses names that it never saw, so this one is still being read.
            return Err(YamlError { line, column, kind: ErrorKind::AliasOfItself });
        };
        let mut node = source.clone();
        (node.line, node.column) = (line, column);
        let nodes = self.charge_copy(&node)?;
        self.count(&node, nodes)?;
        self.place(node);
        Ok(())
    }

    fn place(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match (&mut open.node.kind, open.key.take()) {
            (Kind::Map(entries), Some(key)) => entries.push((key, node)),
            (Kind::Map(_), None) => open.key = Some(node),
            (Kind::Seq(items), _) => items.push(node),
            _ => {}
        }
    }

    fn count(&mut self, node: &Node, nodes: usize) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes {
            let kind = ErrorKind::TooManyNodes(self.limits.nodes);
            return Err(YamlError { line: node.line, column: node.column, kind });
        }
        Ok(())
    }

    /// Pays for one copy of a node before it is used, and returns its number of nodes.
    fn charge_copy(&mut self, node: &Node) -> Result<usize, YamlError> {
        let (nodes, bytes) = weight(node);
        self.copied = self.copied.saturating_add(nodes + bytes / 64);
        if self.copied > self.limits.copied {
            let kind = ErrorKind::AliasesCopyTooMuch;
            return Err(YamlError { line: node.line, column: node.column, kind });
        }
        Ok(nodes)
    }
}

/// Nodes and bytes of text in a tree. Recursion is bounded by [`Limits::depth`] times what aliases add,
/// and aliases are paid for before they are placed.
fn weight(node: &Node) -> (usize, usize) {
    let children = |sum: (usize, usize), child: &Node| {
        let (nodes, bytes) = weight(child);
        (sum.0 + nodes, sum.1 + bytes)
    };
    match &node.kind {
        Kind::Seq(items) => items.iter().fold((1, 0), children),
        Kind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).fold((1, 0), children),
        _ => (1, node.scalar_text().map_or(0, str::len)),
    }
}

/// Resolves the merge key `<<`, which Python's reader knows: its entries count where the mapping has none of
/// its own.
fn merged(mut node: Node) -> Node {
    let Kind::Map(entries) = &mut node.kind else { return node };
    if !entries.iter().any(|(key, _)| key.scalar_text() == Some("<<")) {
        return node;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) =
        entries.drain(..).partition(|(key, value)| key.scalar_text() == Some("<<") && is_mergeable(value));
    let name = |key: &Node| key.scalar_text().map(str::to_owned);
    let mut known: HashSet<Option<String>> = own.iter().map(|(key, _)| name(key)).collect();
    for (_, value) in merges {
        let sources = if let Kind::Seq(items) = value.kind { items } else { vec![value] };
        for (key, value) in sources.into_iter().filter_map(into_map).flatten() {
            if known.insert(name(&key)) {
                own.push((Node { merged: true, ..key }, value));
            }
        }
    }
    node.kind = Kind::Map(own);
    node
}

fn is_mergeable(value: &Node) -> bool {
    match &value.kind {
        Kind::Map(_) => true,
        Kind::Seq(items) => items.iter().all(|item| item.as_map().is_some()),
        _ => false,
    }
}

fn into_map(node: Node) -> Option<Vec<(Node, Node)>> {
    if let Kind::Map(entries) = node.kind { Some(entries) } else { None }
}

fn scalar(line: u32, column: u32, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Node {
    let is_text = match tag {
        Some(tag) if tag.is_yaml_core_schema() => tag.suffix == "str" || tag.suffix == "binary",
        Some(tag) => tag.handle.is_empty() && tag.suffix == "!",
        None => false,
    };
    if is_text || style != ScalarStyle::Plain {
        return Node::text_at(line, column, text);
    }
    Node::plain_at(line, column, text)
}

/// The core schema of YAML 1.2 (section 10.3).
fn plain_kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    if let Some(number) = whole_number(text) {
        return Kind::Int(number);
    }
    decimal_number(text).map_or_else(|| Kind::Str(text.to_owned()), Kind::Float)
}

fn whole_number(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").filter(|d| !d.starts_with(['+', '-'])) {
        return i64::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|d| !d.starts_with(['+', '-'])) {
        return i64::from_str_radix(digits, 8).ok();
    }
    text.parse().ok()
}

fn decimal_number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    // Rust also reads `inf`, `nan` and `infinity`, which are texts in YAML.
    let looks_like_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if looks_like_number { text.parse().ok() } else { None }
}

/// Line and column from 1 (the parser counts columns from 0).
fn place(line: usize, column: usize) -> (u32, u32) {
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (clamp(line.max(1)), clamp(column).saturating_add(1))
}

/// The parser says many things about a tab in the indentation, none of them "tab".
fn syntax_error(text: &str, error: &ScanError) -> YamlError {
    let (line, column) = place(error.marker().line(), error.marker().col());
    let info = error.info();
    // An error about a tab is placed where the scalar began that the tab ends; others one line late.
    let last = if info.contains("tab") { u32::MAX } else { line };
    let tab = tab_at(text, line, column).or_else(|| indenting_tab(text, line.saturating_sub(1).max(1), last));
    if let Some((line, column)) = tab {
        return YamlError { line, column, kind: ErrorKind::Tab };
    }
    let kind = if info.contains("recursion limit") {
        ErrorKind::TooDeep(Limits::USUAL.depth)
    } else {
        ErrorKind::Syntax(info.to_owned())
    };
    YamlError { line, column, kind }
}

/// The place itself, or the one before it, if a tab stands there.
fn tab_at(text: &str, line: u32, column: u32) -> Option<(u32, u32)> {
    let content = text.lines().nth(line as usize - 1)?;
    let is_tab = |column: &u32| content.chars().nth(*column as usize - 1) == Some('\t');
    [column, column.saturating_sub(1).max(1)].into_iter().find(is_tab).map(|column| (line, column))
}

/// The first tab in the indentation of these lines.
fn indenting_tab(text: &str, first: u32, last: u32) -> Option<(u32, u32)> {
    let skip = usize::try_from(first - 1).unwrap_or(0);
    for (line, content) in (first..=last).zip(text.lines().skip(skip)) {
        let mut indent = content.chars().take_while(|c| matches!(c, ' ' | '\t'));
        if let Some(column) = indent.position(|c| c == '\t') {
            return Some(place(line as usize, column));
        }
    }
    None
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
