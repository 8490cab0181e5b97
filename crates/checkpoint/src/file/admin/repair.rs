//! `checkpoint repair`: goes on with what can still be read, where an open refuses.
use std::{path::Path, sync::Arc};

use codeagent_core::{
    Event, Now, State, TaskId, TaskState,
    task::{AfterFailure, FinalReason, Phase},
};

use super::Held;
use crate::{
    file::{
        disk::Disk,
        open::{FileStoreOptions, fresh},
        real_disk::RealDisk,
        recover::{self, Recovered},
        report::{AsideReason, StoreNotice},
    },
    store::StoreError,
};

/// What a repair did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RepairReport {
    /// False where the store opens without a repair: nothing was done.
    pub was_needed: bool,
    /// Tasks that the new checkpoint holds.
    pub tasks: usize,
    /// Events that were read from journals.
    pub events: u64,
    /// Tasks that may have gone on in what can't be read. They are `failed`, and run again only by `retry`.
    pub uncertain: Vec<TaskId>,
    /// What became of the files.
    pub notices: Vec<StoreNotice>,
}

/// Salvages what is readable into a new checkpoint; the originals are kept under other names.
///
/// # Errors
/// [`StoreError::Damaged`] where no task and no completion can be read any more: a reset would make the same of it,
/// [`StoreError::Newer`] where a newer version wrote a file, [`StoreError::InUse`], [`StoreError::Network`]:
/// nothing was changed. [`StoreError::Io`].
pub fn repair(path: &Path, now: Now, options: FileStoreOptions) -> Result<RepairReport, StoreError> {
    repair_on(Arc::new(RealDisk), path, now, options)
}

/// The same on any disk.
///
/// # Errors
/// As [`repair`].
pub fn repair_on(
    disk: Arc<dyn Disk>,
    path: &Path,
    now: Now,
    options: FileStoreOptions,
) -> Result<RepairReport, StoreError> {
    let mut held = Held::lock(disk, path, options)?;
    let found = held.gather()?;
    let damage = match recover::decide(found, held.names()) {
        Ok(_) => {
            held.leave();
            return Ok(RepairReport::default());
        }
        Err(error @ StoreError::Damaged(_)) => error,
        Err(error) => {
            held.leave();
            return Err(error);
        }
    };
    let salvage = held.salvage()?;
    if salvage.is_empty() {
        held.leave();
        return Err(damage);
    }
    let uncertain: Vec<TaskId> =
        salvage.uncertain().into_iter().filter(|id| is_open(&salvage.state, id)).collect();
    let (events, mut state) = (salvage.events, salvage.state);
    uncertain.iter().for_each(|id| give_up(&mut state, id, now));
    let tasks = state.counts().total();
    let report = held.begin_anew(Recovered { state, ..fresh() }, AsideReason::Repaired)?;
    Ok(RepairReport { was_needed: true, tasks, events, uncertain, notices: report.notices })
}

fn is_open(state: &State, id: &TaskId) -> bool {
    state.task(id).is_some_and(|task| !matches!(task.phase, Phase::Failed(AfterFailure::Final(_))))
}

fn give_up(state: &mut State, id: &TaskId, now: Now) {
    debug_assert!(state.task(id).is_some_and(|task| task.state() != TaskState::Completed));
    let then = AfterFailure::Final(FinalReason::Uncertain);
    let error = FinalReason::Uncertain.as_str().into();
    state.apply(&Event::TaskFailed { id: id.clone(), error, then, at: now.local });
}
