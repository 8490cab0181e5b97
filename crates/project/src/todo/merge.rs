//! Several files, one list: each identity once, in the order of the files.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use codeagent_core::TaskId;
use codeagent_core::id::Lineage;
use codeagent_core::list::{Line, Mark};

use super::entry::{Entry, Parsed};
use super::error::NoticeKind;

/// All files as one list.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) lines: Vec<Line>,
    /// The identity of each line.
    pub(super) ids: Vec<TaskId>,
    pub(super) index: HashMap<TaskId, usize>,
    /// File and line number of the first place of each line.
    pub(super) places: Vec<(usize, usize)>,
    /// For each file, the line (an index) that each of its entries became.
    pub(super) line_of: Vec<Vec<usize>>,
    lineages: Vec<Lineage>,
}

/// Merges the files; `notice` is told file, line number and kind.
pub(super) fn merge(files: &[Parsed], mut notice: impl FnMut(usize, usize, NoticeKind)) -> Merged {
    let mut merged = Merged::default();
    let total = files.iter().map(|file| file.entries.len()).sum();
    merged.lines.reserve(total);
    merged.index.reserve(total);
    for (number, file) in files.iter().enumerate() {
        let mut line_of = Vec::with_capacity(file.entries.len());
        for entry in &file.entries {
            let parent = entry.parent.map(|parent: usize| line_of[parent]);
            let line = entry.line;
            let (at, differs) = merged.add(entry, parent, &file.headings, number);
            differs.into_iter().for_each(|kind| notice(number, line, kind));
            line_of.push(at);
        }
        merged.line_of.push(line_of);
    }
    merged.lineages = Vec::new();
    merged
}

impl Merged {
    /// Adds an entry, or finds the line that it repeats; tells in what they differ.
    fn add(
        &mut self,
        entry: &Entry,
        parent: Option<usize>,
        headings: &[String],
        file: usize,
    ) -> (usize, Vec<NoticeKind>) {
        let above = parent.map_or_else(Lineage::default, |parent| self.lineages[parent].clone());
        let (derived, lineage) = above.child(&entry.text);
        let id = entry.given_id.clone().unwrap_or(derived);
        match self.index.entry(id.clone()) {
            Slot::Occupied(slot) => {
                let line = &mut self.lines[*slot.get()];
                let marks = (line.mark != entry.mark).then_some(NoticeKind::MarksDiffer);
                let is_same_file = self.places[*slot.get()].0 == file;
                let texts = match &entry.given_id {
                    Some(_) => (line.text != entry.text).then_some(NoticeKind::SameId),
                    // In another file it is the same list in another form.
                    None => is_same_file.then_some(NoticeKind::SameText),
                };
                line.mark = stronger(line.mark, entry.mark);
                (*slot.get(), marks.into_iter().chain(texts).collect())
            }
            Slot::Vacant(slot) => {
                let at = self.lines.len();
                slot.insert(at);
                self.ids.push(id);
                self.lineages.push(lineage);
                self.places.push((file, entry.line));
                let heading = entry.heading.map(|heading| headings[heading].clone());
                let Entry { given_id, text, mark, .. } = entry.clone();
                self.lines.push(Line { given_id, text, parent, heading, mark });
                (at, Vec::new())
            }
        }
    }
}

/// What counts where one task stands twice: work that someone calls done is never repeated, whatever the order of
/// the files, and also when a crash came between the ticks of two places.
fn stronger(a: Mark, b: Mark) -> Mark {
    let rank = |mark| match mark {
        Mark::Open => 0,
        Mark::Skipped => 1,
        Mark::Done => 2,
    };
    if rank(b) > rank(a) { b } else { a }
}
