//! What the readers of the three formats have in common: the tasks of one file, and where their marks stand.

use codeagent_core::TaskId;
use codeagent_core::list::Mark;

use super::error::NoticeKind;

/// How deep tasks may nest; deeper ones become children of the last level, so that the length of a chain of
/// parents is bounded.
pub(super) const MAX_DEPTH: usize = 64;

/// One task of one file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) given_id: Option<TaskId>,
    /// Trimmed, never empty.
    pub(super) text: String,
    /// Index in the same file, smaller than this entry's own.
    pub(super) parent: Option<usize>,
    /// Index in [`Parsed::headings`].
    pub(super) heading: Option<usize>,
    pub(super) mark: Mark,
    /// From 1.
    pub(super) line: usize,
    pub(super) site: Site,
}

/// Where in the file the mark of an entry stands. All positions are byte offsets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Site {
    /// The character between the brackets; where the line goes on after the box, and where it ends without
    /// trailing blanks.
    Box { mark_at: usize, from: usize, end: usize },
    /// A line of text without a box: where one would go, and the end of the line without trailing blanks.
    NoBox { at: usize, end: usize },
    /// A YAML item.
    Yaml(super::yaml::YamlSite),
}

/// The tasks of one file.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) entries: Vec<Entry>,
    pub(super) headings: Vec<String>,
    /// Line (from 1) and kind.
    pub(super) notices: Vec<(usize, NoticeKind)>,
}
