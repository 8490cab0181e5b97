//! The TODO list as the rules see it: lines with boxes, without files or formats.
use alloc::{string::String, vec::Vec};

use crate::id::TaskId;

/// What stands in a line's box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// `[ ]`: to do.
    Open,
    /// `[x]`: done.
    Done,
    /// `[-]`: skipped.
    Skipped,
}

/// One task of the TODO list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The id that the list gives (`<!-- id: NAME -->`, YAML `id:`).
    pub given_id: Option<TaskId>,
    /// The task's own text, trimmed; never empty.
    pub text: String,
    /// The line that this one is nested under: an index smaller than this line's own.
    pub parent: Option<usize>,
    /// The last heading above the line, if any.
    pub heading: Option<String>,
    /// What stands in the box.
    pub mark: Mark,
}

/// The identity of the line at `index`: the given id, else one derived from its parents' texts and its own.
pub fn identity(lines: &[Line], index: usize) -> TaskId {
    let line = &lines[index];
    match &line.given_id {
        Some(id) => id.clone(),
        None => TaskId::derive(parents(lines, index), &line.text),
    }
}

/// The texts of a line's parents, outermost first.
pub fn parents(lines: &[Line], index: usize) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut at = lines[index].parent;
    while let Some(parent) = at {
        texts.push(lines[parent].text.as_str());
        at = lines[parent].parent;
    }
    texts.reverse();
    texts
}
