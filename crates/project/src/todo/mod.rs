//! The TODO list: found in the project folder, read from Markdown, text and YAML, merged into one list of lines;
//! and boxes ticked in the files without touching another byte.
//!
//! surroundings.md "TODO list" and contract.md "Tasks" are the source. `find` knows where lists are; `markdown`,
//! `text` and `yaml` read one file each into entries and know how to set a mark; `merge` makes one list of them;
//! `mark` writes; `watch` wakes who waits for a change; `generated` handles lists that a command wrote.

mod edit;
mod entry;
mod error;
mod find;
pub mod generated;
mod lookalike;
mod mark;
mod markdown;
mod merge;
#[cfg(test)]
mod properties;
mod render;
mod sameness;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_aliases;
mod text;
mod watch;
mod yaml;

use std::path::{Path, PathBuf};

use codeagent_core::TaskId;
use codeagent_core::list::Line;

pub use error::{NoticeKind, TodoError, TodoNotice};
pub use find::Stamp;
pub use mark::{MarkReport, MarkRequest, set_marks};
pub use watch::Watch;

/// Where lists are looked for, and how large one may be.
#[derive(Clone, Debug)]
pub struct TodoPlaces {
    /// The project folder.
    pub project_dir: PathBuf,
    /// `project.todo_format`: `todo.<format>` comes first.
    pub format: String,
    /// `project.todo_max_bytes`: larger files are refused.
    pub max_bytes: u64,
    /// Lists besides the usual ones, after them: the `CURRENT.md` of an unusual `auto_todo_generation.output_dir`.
    pub extra: Vec<PathBuf>,
}

impl TodoPlaces {
    /// The usual places of a project folder.
    pub fn new(project_dir: impl Into<PathBuf>, format: impl Into<String>, max_bytes: u64) -> Self {
        Self { project_dir: project_dir.into(), format: format.into(), max_bytes, extra: vec![] }
    }
}

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// The file, as it was found.
    pub path: &'a Path,
    /// The line, from 1.
    pub line: usize,
}

/// All lists of a project, merged.
#[derive(Debug)]
pub struct TodoList {
    merged: merge::Merged,
    files: Vec<PathBuf>,
    places: TodoPlaces,
    stamp: Stamp,
    notices: Vec<TodoNotice>,
}

impl TodoList {
    /// Finds and reads all lists. No list at all is an empty one, with [`TodoList::files`] empty.
    ///
    /// # Errors
    /// A list that is there and cannot be read, is too large, not UTF-8 or no YAML: [`TodoError`].
    pub fn load(places: &TodoPlaces) -> Result<Self, TodoError> {
        let stamp = Stamp::take(places);
        let found = find::read_all(places)?;
        let mut notices = found.notices;
        let mut parsed = Vec::with_capacity(found.files.len());
        for file in &found.files {
            let mut list = file.parse()?;
            let told = error::briefly(std::mem::take(&mut list.notices));
            notices.extend(told.into_iter().map(|(line, kind)| file.notice(line, kind)));
            parsed.push(list);
        }
        let mut repeated = vec![Vec::new(); found.files.len()];
        let merged = merge::merge(&parsed, |file, line, kind| repeated[file].push((line, kind)));
        for (file, repeated) in found.files.iter().zip(repeated) {
            let told = error::briefly(repeated);
            notices.extend(told.into_iter().map(|(line, kind)| file.notice(line, kind)));
        }
        let files = found.files.into_iter().map(|file| file.path).collect();
        Ok(Self { merged, files, places: places.clone(), stamp, notices })
    }

    /// The tasks, in the order of the files; each identity once.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.merged.lines
    }

    /// The identity of each line, as [`codeagent_core::list::identity`] gives it.
    #[must_use]
    pub fn ids(&self) -> &[TaskId] {
        &self.merged.ids
    }

    /// The index of the line with this identity.
    #[must_use]
    pub fn find(&self, id: &TaskId) -> Option<usize> {
        self.merged.index.get(id).copied()
    }

    /// The files that were read, in order.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The first place where the line at `index` stands.
    #[must_use]
    pub fn place(&self, index: usize) -> Place<'_> {
        let (file, line) = self.merged.places[index];
        Place { path: &self.files[file], line }
    }

    /// What the user should know about the lists.
    #[must_use]
    pub fn notices(&self) -> &[TodoNotice] {
        &self.notices
    }

    /// The state of the files when they were read.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Whether a list was written, added or removed since. Costs one `stat` for each possible name.
    #[must_use]
    pub fn changed(&self) -> bool {
        Stamp::take(&self.places) != self.stamp
    }
}
