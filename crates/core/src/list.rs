//! The TODO list as the rules see it: lines with boxes, without files or formats.
use alloc::{string::String, vec::Vec};

use hashbrown::{HashMap, HashSet};

use crate::id::{Lineage, TaskId};

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

impl Line {
    /// The parent of the line at `index`, were this that line. A parent that does not come first is none.
    fn parent_of(&self, index: usize) -> Option<usize> {
        self.parent.filter(|parent| *parent < index)
    }
}

/// The identity of the line at `index`: the given id, else one derived from its parents' texts and its own.
/// Panics where there is no such line.
pub fn identity(lines: &[Line], index: usize) -> TaskId {
    let line = &lines[index];
    match &line.given_id {
        Some(id) => id.clone(),
        None => TaskId::derive(parents(lines, index), &line.text),
    }
}

/// The id that each line has, or would have without a given one, by its parents' texts and its own. Costs each
/// byte of the list once, however deep its lines are nested.
pub fn derived_ids(lines: &[Line]) -> Vec<TaskId> {
    let is_parent: HashSet<usize> = lines.iter().filter_map(|line| line.parent).collect();
    let mut lineages: HashMap<usize, Lineage> = HashMap::with_capacity(is_parent.len());
    let root = Lineage::default();
    let mut ids = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let above = line.parent_of(index).and_then(|parent| lineages.get(&parent)).unwrap_or(&root);
        let (id, lineage) = above.child(&line.text);
        if is_parent.contains(&index) {
            lineages.insert(index, lineage);
        }
        ids.push(id);
    }
    ids
}

/// The texts of a line's parents, outermost first. Panics where there is no such line.
pub fn parents(lines: &[Line], index: usize) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut at = lines[index].parent_of(index);
    while let Some(parent) = at {
        texts.push(lines[parent].text.as_str());
        at = lines[parent].parent_of(parent);
    }
    texts.reverse();
    texts
}
