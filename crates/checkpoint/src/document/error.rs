//! Why a file can't be read as a document, and where in it the reason stands.
use std::fmt;

use codeagent_core::TaskId;

/// Why a document can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Which value is wrong, such as `tasks[3].attempts`; empty for the document as a whole.
    pub path: String,
    /// Where it stands, if that is known.
    pub place: Option<Place>,
}

/// A place in a file, for an editor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// What is wrong with a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Not JSON, not even in Python's dialect; says what was expected.
    NotJson(&'static str),
    /// JSON, but not a checkpoint document; says what it is or lacks.
    NotADocument(&'static str),
    /// Made by a newer version: the value of `version`, or of the `format` of our own part.
    NewerVersion(String),
    /// Two tasks have this id.
    DuplicateId(TaskId),
    /// No task state has this name.
    UnknownState(String),
    /// A known member has a value that it can't have; says what was expected.
    BadValue(&'static str),
    /// Nested deeper than [`super::MAX_DEPTH`].
    TooDeep,
    /// The file is not UTF-8.
    InvalidUtf8,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(expected) => write!(f, "invalid JSON: expected {expected}"),
            Self::NotADocument(what) => write!(f, "not a checkpoint document: {what}"),
            Self::NewerVersion(version) => write!(f, "made by a newer version: {version:?}"),
            Self::DuplicateId(id) => write!(f, "two tasks have the id {:?}", id.as_str()),
            Self::UnknownState(name) => write!(f, "no task state has the name {name:?}"),
            Self::BadValue(expected) => write!(f, "expected {expected}"),
            Self::TooDeep => f.write_str("nested too deeply"),
            Self::InvalidUtf8 => f.write_str("not UTF-8"),
        }
    }
}

impl fmt::Display for DocumentError {
    /// For logs and tests; people read the catalogue's sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "line {}, column {}: ", place.line, place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.escape_debug())?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for DocumentError {}

impl DocumentError {
    pub(super) fn duplicate(id: TaskId, index: usize) -> Self {
        let path = format!("tasks[{index}].task_id");
        Self { kind: ErrorKind::DuplicateId(id), path, place: None }
    }
}

/// An error on its way up: where it is by offset, and the path as far as it is known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    at: usize,
    path: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Segment {
    Key(Box<str>),
    Index(usize),
}

/// Small, so that the way without errors is fast.
pub(super) type Scanned<T> = Result<T, Box<Fault>>;

impl Fault {
    pub(super) fn new(kind: ErrorKind, at: usize) -> Box<Self> {
        Box::new(Self { kind, at, path: Vec::new() })
    }

    /// Adds the step that leads to where the fault is; the innermost comes first.
    pub(super) fn under(mut self: Box<Self>, segment: Segment) -> Box<Self> {
        self.path.push(segment);
        self
    }

    pub(super) fn locate(self, bytes: &[u8]) -> DocumentError {
        let place = Some(Place::of(bytes, self.at));
        DocumentError { path: render(&self.path), kind: self.kind, place }
    }
}

impl Place {
    pub(super) fn of(bytes: &[u8], at: usize) -> Self {
        let before = &bytes[..at.min(bytes.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        // Continuation bytes of UTF-8 start no character.
        let column = 1 + before[line_start..].iter().filter(|&&b| b & 0xC0 != 0x80).count();
        Self { line, column }
    }
}

fn render(innermost_first: &[Segment]) -> String {
    let mut path = String::new();
    for segment in innermost_first.iter().rev() {
        match segment {
            Segment::Index(index) => path.push_str(&format!("[{index}]")),
            Segment::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
        }
    }
    path
}
