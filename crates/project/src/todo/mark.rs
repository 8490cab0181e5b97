//! Setting marks in the files: each file is read again, only the lines asked for change, and a file that someone
//! else writes meanwhile is read again instead of being overwritten with an old copy.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use codeagent_core::TaskId;
use codeagent_core::list::Mark;

use super::edit::{Edits, box_char};
use super::entry::{Entry, Parsed, Site};
use super::error::{NoticeKind, TodoError, TodoNotice};
use super::find::Format;
use super::find::{ListFile, io_error, read_all};
use super::sameness::same_but_marks;
use super::{TodoPlaces, markdown, merge, text, yaml};
use crate::fs::{FolderLock, Keep, ReadOutcome, read_regular, replace_holding};
use crate::yaml::Node;

/// How often files that keep changing are read again before we give up.
const TRIES: usize = 8;

/// A mark that a task shall have in all places where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRequest {
    /// The identity of the task.
    pub id: TaskId,
    /// What shall stand in its box.
    pub mark: Mark,
    /// With [`Mark::Done`]: what is noted beside it, such as `codeagent - 2026-01-18 10:35:00`.
    pub comment: Option<String>,
}

/// What became of the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkReport {
    /// Tasks of which at least one place was changed.
    pub changed: Vec<TaskId>,
    /// Tasks whose places all had the mark already.
    pub already: Vec<TaskId>,
    /// Tasks that stand in no list any more.
    pub gone: Vec<TaskId>,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Places that could not be edited ([`NoticeKind::CannotEdit`]); their tasks are in none of the lists above
    /// unless they stand elsewhere too.
    pub notices: Vec<TodoNotice>,
}

/// Sets marks in the lists. A task keeps every byte of its lines but the mark and, when it is done, a comment that
/// is added; a file in which nothing is to change is not written. Can be repeated. Of two requests for one task the
/// later counts.
///
/// # Errors
/// [`TodoError`]; files before the one that failed may have been written.
pub fn set_marks(places: &TodoPlaces, requests: &[MarkRequest]) -> Result<MarkReport, TodoError> {
    let mut marking = Marking::default();
    let mut path = PathBuf::new();
    // From the second reading on, others who tick boxes wait until we have written: they could be quicker each time.
    let mut lock = None;
    for _ in 0..TRIES {
        match marking.pass(places, requests, lock.as_ref())? {
            None => return Ok(marking.report(requests)),
            Some(changed) => {
                path = changed.found;
                drop(lock.take());
                lock = Some(FolderLock::take(&changed.real));
            }
        }
    }
    Err(TodoError::KeepsChanging { path })
}

/// A file that someone else wrote meanwhile.
struct ChangedMeanwhile {
    /// As it was found.
    found: PathBuf,
    /// Without symbolic links.
    real: PathBuf,
}

/// What was done so far; a pass that found a file changed is followed by another.
#[derive(Default)]
struct Marking {
    changed: HashSet<TaskId>,
    already: HashSet<TaskId>,
    refused: HashSet<TaskId>,
    written: Vec<PathBuf>,
    notices: Vec<TodoNotice>,
}

impl Marking {
    /// Reads all files and writes those in which a mark is missing. Returns a file that changed meanwhile.
    fn pass(
        &mut self,
        places: &TodoPlaces,
        requests: &[MarkRequest],
        lock: Option<&FolderLock>,
    ) -> Result<Option<ChangedMeanwhile>, TodoError> {
        let wanted: HashMap<&TaskId, &MarkRequest> = requests.iter().map(|r| (&r.id, r)).collect();
        self.notices.clear();
        let found = read_all(places)?;
        let parsed = found.files.iter().map(ListFile::parse).collect::<Result<Vec<_>, _>>()?;
        let merged = merge::merge(&parsed, |_, _, _| {});
        for (number, file) in found.files.iter().enumerate() {
            let mut changes = Vec::new();
            for (entry, &line) in merged.line_of[number].iter().enumerate() {
                let Some(request) = wanted.get(&merged.ids[line]) else { continue };
                if parsed[number].entries[entry].mark == request.mark {
                    self.already.insert(request.id.clone());
                } else {
                    changes.push(Change { entry, request });
                }
            }
            if let Some(real) = self.change(places, file, &parsed[number], changes, lock)? {
                return Ok(Some(ChangedMeanwhile { found: file.path.clone(), real }));
            }
        }
        Ok(None)
    }

    /// Changes one file; returns its path if it was written by someone else meanwhile.
    fn change(
        &mut self,
        places: &TodoPlaces,
        file: &ListFile,
        parsed: &Parsed,
        changes: Vec<Change<'_>>,
        lock: Option<&FolderLock>,
    ) -> Result<Option<PathBuf>, TodoError> {
        let wanted = changes.len();
        let (text, made) = marked(file, parsed, changes.clone());
        if made.len() < wanted {
            self.refuse(file, parsed, &changes, &made);
        }
        if made.is_empty() {
            return Ok(None);
        }
        for path in &file.real_paths {
            let written = write(path, places.max_bytes, &file.text, &text, lock);
            if !written.map_err(|error| io_error(path, error))? {
                return Ok(Some(path.clone()));
            }
        }
        self.changed.extend(made.iter().map(|change| change.request.id.clone()));
        if !self.written.contains(&file.path) {
            self.written.push(file.path.clone());
        }
        Ok(None)
    }

    fn refuse(&mut self, file: &ListFile, parsed: &Parsed, changes: &[Change<'_>], made: &[Change<'_>]) {
        let made: HashSet<usize> = made.iter().map(|change| change.entry).collect();
        for change in changes.iter().filter(|change| !made.contains(&change.entry)) {
            self.refused.insert(change.request.id.clone());
            self.notices.push(file.notice(parsed.entries[change.entry].line, NoticeKind::CannotEdit));
        }
    }

    fn report(self, requests: &[MarkRequest]) -> MarkReport {
        let mut report = MarkReport { written: self.written, notices: self.notices, ..MarkReport::default() };
        let mut seen = HashSet::new();
        for id in requests.iter().map(|request| &request.id).filter(|id| seen.insert(*id)) {
            if self.changed.contains(id) {
                report.changed.push(id.clone());
            } else if self.already.contains(id) {
                report.already.push(id.clone());
            } else if !self.refused.contains(id) {
                report.gone.push(id.clone());
            }
        }
        report
    }
}

/// One mark to set in one file.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// Index of the entry in its file.
    pub(super) entry: usize,
    pub(super) request: &'a MarkRequest,
}

impl Change<'_> {
    /// The edits that set the mark; `None` where no safe ones are known.
    fn edits(
        &self,
        file: &ListFile,
        parsed: &Parsed,
        places: Option<&mut yaml::Places<'_>>,
    ) -> Option<Edits> {
        let mut edits = Edits::default();
        let comment = self.request.comment.as_deref().filter(|_| self.request.mark == Mark::Done);
        let (from, end) = match &parsed.entries[self.entry].site {
            Site::Yaml(site) => return yaml::mark_edits(site, self.request, places?),
            Site::Box { mark_at, from, end } => {
                edits.replace(*mark_at..mark_at + 1, box_char(self.request.mark));
                (*from, *end)
            }
            Site::NoBox { at, end } => {
                edits.insert(*at, format!("[{}] ", box_char(self.request.mark)));
                (*at, *end)
            }
        };
        match (comment, file.format) {
            (Some(comment), Format::Markdown) => markdown::note(&file.text, from, end, comment, &mut edits),
            (Some(comment), _) => text::note(&file.text, from, end, comment, &mut edits),
            (None, _) => {}
        }
        Some(edits)
    }
}

/// The file with the changes made, and those that could be.
pub(super) fn marked<'a>(
    file: &ListFile,
    parsed: &Parsed,
    changes: Vec<Change<'a>>,
) -> (String, Vec<Change<'a>>) {
    if file.format == Format::Yaml {
        return edit_checked(file, parsed, changes);
    }
    let edits = changes.iter().map(|change| change.edits(file, parsed, None)).collect();
    match apply(file, edits) {
        Some(text) => (text, changes),
        None => (file.text.clone(), Vec::new()),
    }
}

fn apply(file: &ListFile, edits: Vec<Option<Edits>>) -> Option<String> {
    let mut all = Edits::default();
    edits.into_iter().flatten().for_each(|edits| all.extend(edits));
    all.apply(&file.text)
}

/// Makes the changes of which the file, read again, shows that they changed nothing else; in YAML a text may mean
/// more than it seems. What is left out is found by halving, so that few bad items among many cost few readings.
fn edit_checked<'a>(file: &ListFile, parsed: &Parsed, changes: Vec<Change<'a>>) -> (String, Vec<Change<'a>>) {
    // Only an alias makes one text mean two things; the tasks alone are quicker to compare.
    let shared = file.text.contains('*').then(|| crate::yaml::parse(&file.text).ok()).flatten();
    let mut made: Vec<Change<'a>> = Vec::new();
    let mut text = file.text.clone();
    let mut left = units(parsed, changes);
    loop {
        let (before, mut refused) = (made.len(), Vec::new());
        let mut pending = vec![left];
        while let Some(mut batch) = pending.pop() {
            let all: Vec<Change<'a>> = made.iter().chain(batch.iter().flatten()).copied().collect();
            if let Some(edited) = try_edit(file, parsed, shared.as_ref(), &all) {
                (text, made) = (edited, all);
            } else if batch.len() > 1 {
                let half = batch.split_off(batch.len() / 2);
                pending.extend([half, batch]);
            } else {
                refused.extend(batch);
            }
        }
        // What would have changed another item's mark may be free to, now that this one has a mark of its own.
        if refused.is_empty() || made.len() == before || shared.is_none() {
            return (text, made);
        }
        left = refused;
    }
}

/// Changes of items that share one text, which are made together or not at all. Items that share it and shall not get
/// the same mark with the same comment are different tasks, and are left out.
fn units<'a>(parsed: &Parsed, changes: Vec<Change<'a>>) -> Vec<Vec<Change<'a>>> {
    let mut units: Vec<Vec<Change<'a>>> = Vec::with_capacity(changes.len());
    let mut unit_of = HashMap::with_capacity(changes.len());
    for change in changes {
        let Site::Yaml(site) = &parsed.entries[change.entry].site else { continue };
        let unit = *unit_of.entry(site.source()).or_insert(units.len());
        match units.get_mut(unit) {
            Some(unit) => unit.push(change),
            None => units.push(vec![change]),
        }
    }
    units.retain(|unit| unit.iter().all(|change| change.request == unit[0].request));
    units
}

fn try_edit(
    file: &ListFile,
    parsed: &Parsed,
    shared: Option<&Node>,
    changes: &[Change<'_>],
) -> Option<String> {
    let mut places = yaml::Places::new(&file.text);
    let edits = changes.iter().map(|change| change.edits(file, parsed, Some(&mut places)));
    let edits: Vec<_> = edits.map(|edits| edits.map(Some)).collect::<Option<_>>()?;
    let edited = apply(file, edits)?;
    let root = crate::yaml::parse(&edited).ok()?;
    let again = yaml::read(&root);
    let marks: HashMap<usize, Mark> = changes.iter().map(|c| (c.entry, c.request.mark)).collect();
    let same = |(index, (old, new)): (usize, (&Entry, &Entry))| {
        let mark = marks.get(&index).copied().unwrap_or(old.mark);
        new.mark == mark && (&new.given_id, &new.text, new.parent) == (&old.given_id, &old.text, old.parent)
    };
    let equal = again.entries.len() == parsed.entries.len()
        && parsed.entries.iter().zip(&again.entries).enumerate().all(same)
        && shared.is_none_or(|old| same_but_marks(old, &root, |entry| marks.contains_key(&entry)));
    equal.then_some(edited)
}

/// Replaces a file that still holds `old`; `false` if it does not.
pub(super) fn write(
    path: &Path,
    limit: u64,
    old: &str,
    new: &str,
    lock: Option<&FolderLock>,
) -> std::io::Result<bool> {
    // A rename needs no permission on the file itself: who made it read-only is respected.
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?;
    replace_holding(lock, path, new.as_bytes(), Keep::ModeAndOwner, || match read_regular(path, limit) {
        Ok(ReadOutcome::Read(contents)) => Ok(contents.bytes == old.as_bytes()),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    })
}
