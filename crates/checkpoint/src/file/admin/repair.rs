//! `checkpoint repair`: goes on with what can still be read, where an open refuses.
use std::{path::Path, sync::Arc};

use codeagent_core::{
    Event, Now, State, TaskId, TaskState,
    task::{AfterFailure, FinalReason, Phase},
};

use super::{Held, salvage::Salvage};
use crate::{
    file::{
        disk::Disk,
        gather::Found,
        names::Names,
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
    match recover::decide(found, held.names()) {
        Ok(_) => {
            held.leave();
            return Ok(RepairReport::default());
        }
        Err(StoreError::Damaged(_)) => {}
        Err(error) => {
            held.leave();
            return Err(error);
        }
    }
    let (salvage, uncertain) = {
        let mut found = held.gather()?;
        salvage(&*held.opening.disk, held.names(), &mut found)
    };
    let (events, mut state) = (salvage.events, salvage.state);
    uncertain.iter().for_each(|id| give_up(&mut state, id, now));
    let tasks = state.counts().total();
    let report = held.begin_anew(Recovered { state, ..fresh() }, AsideReason::Repaired)?;
    Ok(RepairReport { was_needed: true, tasks, events, uncertain, notices: report.notices })
}

fn salvage(disk: &dyn Disk, names: &Names, found: &mut Found) -> (Salvage, Vec<TaskId>) {
    let texts: Vec<Vec<u8>> = [names.backup(), names.main().to_owned()]
        .iter()
        .filter_map(|path| disk.read(path).ok().flatten())
        .map(|(bytes, _)| bytes)
        .collect();
    let salvage = Salvage::of(found, &texts);
    let uncertain = salvage.uncertain();
    let is_open = |id: &TaskId| {
        let task = salvage.state.task(id);
        task.is_some_and(|task| !matches!(task.phase, Phase::Failed(AfterFailure::Final(_))))
    };
    let uncertain = uncertain.into_iter().filter(is_open).collect();
    (salvage, uncertain)
}

fn give_up(state: &mut State, id: &TaskId, now: Now) {
    debug_assert!(state.task(id).is_some_and(|task| task.state() != TaskState::Completed));
    let then = AfterFailure::Final(FinalReason::Uncertain);
    let error = FinalReason::Uncertain.as_str().into();
    state.apply(&Event::TaskFailed { id: id.clone(), error, then, at: now.local });
}
