//! Stores of any size, as lists of real projects fill them.
use std::path::Path;

use codeagent_checkpoint::{Clock, FileStore, FileStoreOptions, Store, SystemClock};
use codeagent_core::{Command, Header, LocalTime, Origin, Phase, StartAgain, State, Task, TaskId};

use crate::measure::Result;

/// Tasks in one record: a list is read in one go, and a list of a million is rare.
const BATCH: usize = 10_000;

pub(crate) fn id(n: usize) -> TaskId {
    TaskId::new(format!("task_{n:012x}"))
}

pub(crate) fn text(n: usize) -> String {
    format!("Реализовать часть {n} of the parser, with tests and a page in the manual")
}

/// A state in which two of three tasks are done.
pub(crate) fn state(tasks: usize) -> Result<State> {
    let time = |n: usize| LocalTime::from_micros(1_768_732_200_000_000 + n as i64 * 1_234_567);
    let task = |n: usize| {
        let task = Task::new(id(n), text(n), Origin::List);
        if n.is_multiple_of(3) {
            return task;
        }
        let (start_time, end_time) = (Some(time(n)), Some(time(n + 1)));
        Task { phase: Phase::Completed, attempts: 1, start_time, end_time, ..task }
    };
    let state = State::from_parts(Header::default(), (0..tasks).map(task), []);
    state.map_err(|duplicate| format!("{duplicate:?}").into())
}

/// A store with so many pending tasks and a snapshot of them.
pub(crate) fn store(folder: &Path, tasks: usize, snapshots_beside: bool) -> Result<FileStore> {
    let options = FileStoreOptions { snapshots_beside, ..FileStoreOptions::default() };
    let (store, _) = FileStore::open(&folder.join("list.json"), options)?;
    for from in (0..tasks).step_by(BATCH) {
        let batch = from..tasks.min(from + BATCH);
        let adds = batch.map(|n| Command::AddTask {
            id: id(n),
            text: text(n),
            metadata: None,
            origin: Origin::List,
        });
        store.execute_all(adds.collect(), SystemClock.now())?;
    }
    store.checkpoint()?;
    Ok(store)
}

pub(crate) fn start(n: usize) -> Command {
    Command::StartTask { id: id(n), attempt_id: None, anew: StartAgain::Always }
}

pub(crate) fn reset(n: usize) -> Command {
    Command::ResetInterrupted { id: id(n), max_crashes: None }
}

pub(crate) fn complete(n: usize) -> Command {
    Command::CompleteTask { id: id(n), result: None }
}

pub(crate) fn act(store: &FileStore, command: Command) -> Result<()> {
    let decided = store.execute(command, SystemClock.now())?;
    Ok(decided.map(drop).map_err(|refusal| format!("{refusal:?}"))?)
}
