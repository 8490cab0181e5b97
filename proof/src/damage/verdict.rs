//! What is asked of a store that finds ruined files: the decision table, and what a repair may make of a refusal.
use std::path::Path;

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, OpenReport, StoreError, StoreNotice,
    crash::{MAIN, open, options},
    document::{self, Digest, StoreId},
    file::{
        admin,
        twin::{Fate, Op, Twin},
    },
    store::ReadState as _,
};
use codeagent_core::{Phase, State, TaskState, invariants, task::AfterFailure, testkit::at};

use super::{
    ruin::{Case, Ruin, used},
    sample::{Files, Part, Sample, disk_of},
};
use crate::campaign::Broken;

pub(super) type Verdict = Result<End, (Broken, String)>;

/// How an open ended, all being well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Whole,
    Refused,
    /// Both snapshots were gone: the guide's reset.
    Reset,
    /// A mark and the end of its journal were lost together: the tail can't be missed.
    Shorter,
}

/// A sample, and one ruin of it.
pub(super) struct Trial<'s> {
    pub(super) sample: &'s Sample,
    case: &'s Case,
    files: Files,
    /// Parts that are not what they were.
    touched: Vec<Part>,
}

/// A repair begins a new store.
fn repair_options() -> FileStoreOptions {
    FileStoreOptions { new_store_id: Some(StoreId([8; 16])), ..options() }
}

fn wrong<T>(broken: Broken, story: impl Into<String>) -> Result<T, (Broken, String)> {
    Err((broken, story.into()))
}

/// Whether the first is an older snapshot of the second's store.
fn is_older(now: Option<&Vec<u8>>, before: Option<&Vec<u8>>) -> bool {
    let meta = |bytes: &Vec<u8>| document::read(bytes).ok().filter(|it| it.digest == Digest::Matches)?.meta;
    let both = now.and_then(meta).zip(before.and_then(meta));
    both.is_some_and(|(now, before)| now.store_id == before.store_id && now.epoch < before.epoch)
}

impl<'s> Trial<'s> {
    pub(super) fn new(sample: &'s Sample, other: &Sample, case: &'s Case) -> Self {
        let files = case.files(sample, other);
        let is_touched = |part: &Part| files.get(&part.path()) != sample.files.get(&part.path());
        let touched = Part::ALL.into_iter().filter(is_touched).collect();
        Self { sample, case, files, touched }
    }

    fn is_touched(&self, part: Part) -> bool {
        self.touched.contains(&part)
    }

    fn is_gone(&self, part: Part) -> bool {
        !self.files.contains_key(&part.path())
    }

    pub(super) fn disk(&self) -> Result<Twin, (Broken, String)> {
        disk_of(&self.files).map_err(|error| (Broken::Wrong, error))
    }

    /// Opens it.
    pub(super) fn open(&self) -> Verdict {
        let twin = self.disk()?;
        let opened = FileStore::open_on(twin.disk(), Path::new(MAIN), options());
        match opened {
            Ok((store, report)) => {
                let found = store.view(State::clone);
                store.abandon();
                let found = found.map_err(|error| (Broken::Wrong, error.to_string()))?;
                self.judge_opened(&twin, &found, &report)
            }
            Err(error) => self.judge_refused(&twin, &error),
        }
    }

    fn judge_refused(&self, twin: &Twin, error: &StoreError) -> Verdict {
        if twin.files() != self.files {
            return wrong(Broken::Wrong, format!("refused ({error}), and changed something"));
        }
        match error {
            StoreError::Damaged(_) if self.may_refuse() => Ok(End::Refused),
            StoreError::Newer { .. } if self.says_newer() => Ok(End::Refused),
            _ => wrong(Broken::NeedsHand, format!("refused: {error}")),
        }
    }

    /// Whether too much is ruined.
    fn may_refuse(&self) -> bool {
        let active = self.sample.files.get(&Part::Active.path()).map_or(&[][..], Vec::as_slice);
        let end = used(active);
        let begins_alike = self
            .files
            .get(&Part::Active.path())
            .is_some_and(|now| now.len() >= end && now[..end] == active[..end]);
        let main_only = !self.is_touched(Part::Backup) && !self.is_touched(Part::Sealed);
        // A file that was put there without its journals.
        let is_of_other =
            self.case.0.iter().any(|(part, ruin)| *part == Part::Main && matches!(ruin, Ruin::OfOther));
        !begins_alike || is_of_other || (self.is_touched(Part::Main) && !main_only)
    }

    /// A version is a byte like any other.
    fn says_newer(&self) -> bool {
        let text = |part: Part| {
            String::from_utf8_lossy(self.files.get(&part.path()).map_or(&[][..], Vec::as_slice)).into_owned()
        };
        let lacks = |part: Part| {
            self.is_touched(part)
                && !(text(part).contains("\"version\": \"1.0\"") && text(part).contains("\"format\": 1,"))
        };
        lacks(Part::Main) || (self.is_touched(Part::Main) && lacks(Part::Backup))
    }

    fn judge_opened(&self, twin: &Twin, found: &State, report: &OpenReport) -> Verdict {
        let violations = invariants::violations(found);
        if !violations.is_empty() {
            return wrong(Broken::Wrong, violations.join(", "));
        }
        self.nothing_is_destroyed(twin)?;
        let again = open(twin).and_then(|store| {
            let again = store.view(State::clone);
            store.abandon();
            again
        });
        if again.as_ref().ok() != Some(found) {
            return wrong(Broken::Lost, "opened again, it is another state");
        }
        self.judge_state(found, report)
    }

    fn judge_state(&self, found: &State, report: &OpenReport) -> Verdict {
        let is_foreign = |notice: &StoreNotice| {
            matches!(notice, StoreNotice::SavedByOtherProgram { .. } | StoreNotice::ImportedForeign)
        };
        if report.notices.iter().any(is_foreign) != self.case.is_saved_by_python() {
            return wrong(Broken::Wrong, format!("taken for what it is not: {:?}", report.notices));
        }
        if self.case.is_saved_by_python() {
            return self.judge_foreign(found);
        }
        if found == self.sample.last() {
            return Ok(End::Whole);
        }
        if self.is_gone(Part::Main) && self.is_gone(Part::Backup) && found.counts().total() == 0 {
            return Ok(End::Reset);
        }
        let tail_may_lack = self.is_touched(Part::Active) && self.is_touched(Part::ActiveMark);
        if tail_may_lack && self.sample.history.contains(found) {
            return Ok(End::Shorter);
        }
        wrong(
            Broken::Lost,
            format!("{} tasks, changed {:?}", found.counts().total(), found.header().last_update),
        )
    }

    /// Python knows less than our journals: what is completed stays so.
    fn judge_foreign(&self, found: &State) -> Verdict {
        let lacks = |task: &&codeagent_core::Task| {
            let there = found.task(&task.id).map(|task| task.state());
            task.state() == TaskState::Completed
                && there != Some(TaskState::Completed)
                && (there.is_some() || !found.is_text_completed(&task.text))
        };
        match self.sample.last().tasks().find(lacks) {
            // Without our own history, nothing says what was completed after the file was loaded.
            Some(task) => wrong(Broken::Repeated, format!("task {} was completed", task.id)),
            None => Ok(End::Whole),
        }
    }

    /// Both snapshots are whole, the backup is not an older one, and whatever was damaged is still there.
    fn nothing_is_destroyed(&self, twin: &Twin) -> Result<(), (Broken, String)> {
        let now = twin.files();
        let is_whole = |bytes: &Vec<u8>| document::read(bytes).is_ok_and(|it| it.digest == Digest::Matches);
        for part in [Part::Main, Part::Backup] {
            if !now.get(&part.path()).is_some_and(is_whole) {
                return wrong(Broken::Wrong, format!("{part:?} is not whole after the open"));
            }
            let before = self.files.get(&part.path());
            if part == Part::Backup && is_older(now.get(&part.path()), before) {
                return wrong(Broken::Lost, "an older file was linked over the backup");
            }
            let is_kept = |bytes: &Vec<u8>| now.values().any(|kept| kept == bytes);
            if before.is_some_and(|bytes| !is_whole(bytes) && !is_kept(bytes))
                && !self.case.is_saved_by_python()
            {
                return wrong(Broken::Wrong, format!("{part:?} was damaged, and is nowhere any more"));
            }
        }
        Ok(())
    }

    /// Repairs what was refused.
    pub(super) fn repair(&self) -> Result<(), (Broken, String)> {
        let twin = self.disk()?;
        let report = match admin::repair_on(twin.disk(), Path::new(MAIN), at(99), repair_options()) {
            Ok(report) => report,
            Err(StoreError::Newer { .. }) => return Ok(()),
            Err(StoreError::Damaged(_)) if !self.may_be_salvaged() => {
                return if twin.files() == self.files {
                    Ok(())
                } else {
                    wrong(Broken::Wrong, "nothing to repair, and something was changed")
                };
            }
            Err(error) => return wrong(Broken::NeedsHand, format!("not repaired: {error}")),
        };
        let now = twin.files();
        let parts = Part::ALL.iter().filter_map(|part| self.files.get(&part.path()));
        if parts.into_iter().any(|bytes| !now.values().any(|kept| kept == bytes)) {
            return wrong(Broken::Wrong, "a file is gone after its repair");
        }
        self.every_record_is_salvaged(report.events)?;
        self.repaired_is_safe(&twin, "repaired")
    }

    /// Whether a task can be read anywhere: a line of a snapshot, or a journal that is as it was.
    fn may_be_salvaged(&self) -> bool {
        let originals = [Part::Main, Part::Backup].map(|part| self.sample.files.get(&part.path()));
        let lines: Vec<&[u8]> = originals
            .into_iter()
            .flatten()
            .flat_map(|bytes| bytes.split(|byte| *byte == b'\n'))
            .filter(|line| line.trim_ascii().starts_with(b"{\"task_id\""))
            .collect();
        let has_line = |bytes: &Vec<u8>| bytes.split(|byte| *byte == b'\n').any(|line| lines.contains(&line));
        [Part::Main, Part::Backup].iter().any(|part| self.files.get(&part.path()).is_some_and(has_line))
            || [Part::Sealed, Part::Active].iter().any(|part| !self.is_touched(*part))
    }

    /// One flipped bit costs one record.
    fn every_record_is_salvaged(&self, events: u64) -> Result<(), (Broken, String)> {
        let snapshots_stand = !self.is_touched(Part::Main);
        let is_flip = |(part, ruin): &(Part, Ruin)| {
            *part == Part::Active && matches!(ruin, Ruin::Flipped { .. }) || *part == Part::Sealed
        };
        let all: usize = self.sample.records.iter().sum();
        let largest = self.sample.records.iter().max().copied().unwrap_or(0);
        if snapshots_stand && self.case.0.iter().all(is_flip) && (events as usize) + largest < all {
            return wrong(Broken::Lost, format!("a repair has found {events} events of {all}"));
        }
        Ok(())
    }

    /// Nothing that may have run is run again unasked, and nothing is called done that is not.
    fn repaired_is_safe(&self, twin: &Twin, when: &str) -> Result<(), (Broken, String)> {
        let found = open(twin).and_then(|store| {
            let found = store.view(State::clone);
            store.abandon();
            found
        });
        let found = found.map_err(|error| (Broken::NeedsHand, format!("{when}: {error}")))?;
        let violations = invariants::violations(&found);
        if !violations.is_empty() {
            return wrong(Broken::Wrong, format!("{when}: {}", violations.join(", ")));
        }
        for task in found.tasks() {
            let before = self.sample.last().task(&task.id).map(|task| task.state());
            let runs = !matches!(
                task.phase,
                Phase::Completed | Phase::RolledBack | Phase::Failed(AfterFailure::Final(_))
            );
            if runs && before != Some(task.state()) {
                return wrong(
                    Broken::Repeated,
                    format!("{when}: task {} was {before:?}, is {:?}", task.id, task.phase),
                );
            }
            // (A single line of a ruined snapshot has no digest: its id may be one that never was.)
            let is_other = before.is_some_and(|before| before != TaskState::Completed);
            if task.state() == TaskState::Completed && is_other {
                return wrong(Broken::Wrong, format!("{when}: task {} is called completed", task.id));
            }
        }
        Ok(())
    }

    /// The repair cut off at each operation: it can be done again, or was done.
    pub(super) fn repair_cut_off(&self) -> Result<u64, (Broken, String)> {
        let repaired = self.disk()?;
        // Newer: nothing is repaired.
        let Ok(_) = admin::repair_on(repaired.disk(), Path::new(MAIN), at(99), repair_options()) else {
            return Ok(0);
        };
        let whole = open(&repaired).and_then(|store| store.view(State::clone));
        let tasks = whole.map_or(0, |state| state.counts().total());
        let log = repaired.log();
        let mut disks = 0;
        for upto in 0..=log.ops.len() {
            let names_lost =
                |_, op: &Op| if matches!(op, Op::Write { .. }) { Fate::Kept } else { Fate::Lost };
            let bytes_lost =
                |_, op: &Op| if matches!(op, Op::Write { .. }) { Fate::Lost } else { Fate::Kept };
            for twin in [
                log.killed(upto),
                log.image(upto, |_, _| Fate::Lost),
                log.image(upto, names_lost),
                log.image(upto, bytes_lost),
                log.image(upto, |at, _| if at % 2 == 0 { Fate::Lost } else { Fate::Kept }),
            ] {
                disks += 1;
                let when = format!("repair cut off after {upto} of {}", log.ops.len());
                if open(&twin).map(FileStore::abandon).is_err() {
                    let again = admin::repair_on(twin.disk(), Path::new(MAIN), at(99), repair_options());
                    again.map_err(|error| (Broken::NeedsHand, format!("{when}: {error}")))?;
                }
                self.repaired_is_safe(&twin, &when)?;
                let found = open(&twin).and_then(|store| store.view(|state| state.counts().total()));
                if found.as_ref().ok() != Some(&tasks) {
                    return wrong(Broken::Lost, format!("{when}: {found:?} of {tasks} tasks"));
                }
            }
        }
        Ok(disks)
    }
}
