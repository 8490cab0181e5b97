//! What a start does after the last server's end: end its survivors, reset what it was working on, and know what to tell.
use std::{path::Path, time::Duration};

use codeagent_checkpoint::{Store, StoreError, store::ReadState};
use codeagent_core::{Command, LocalTime, Now, State, Task, TaskId, TaskState};
use codeagent_runner::{
    ProcessIdentity,
    survivors::{self, SurvivorEnded, SurvivorQuery},
};

use crate::{agents::Agents, api::RecoveredView};

/// Unfinished tasks that the report lists besides the interrupted ones (contract, "Messages").
const LISTED: usize = 10;

/// What a start found, and what it did about it.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    /// Nothing was ever done here: there is nothing to report.
    pub is_new: bool,
    /// Whether the last server said good-bye.
    pub was_clean: bool,
    /// When the last server started.
    pub last_start: Option<LocalTime>,
    /// When the last one stopped.
    pub last_stop: Option<LocalTime>,
    /// Its session.
    pub session_id: Option<String>,
    /// Passes over the list so far.
    pub iterations: u64,
    /// The tasks that were being worked on.
    pub interrupted: Vec<Interrupted>,
    /// Unfinished tasks, the interrupted ones included.
    pub incomplete: usize,
    /// The first of them besides the interrupted ones.
    pub listed: Vec<Unfinished>,
    /// Failed tasks.
    pub failed: usize,
    /// Processes of the dead server that were still there.
    pub survivors: Vec<SurvivorEnded>,
}

/// A task that was being worked on.
#[derive(Clone, Debug)]
pub(crate) struct Interrupted {
    /// The task as it was found.
    pub task: Task,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an interrupted task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits to be run again.
    Reset,
    /// It was cut off too often and is given up.
    GivenUp,
    /// A process of it could not be ended: it is not started again before that is gone.
    StillThere,
}

/// An unfinished task in the report.
#[derive(Clone, Debug)]
pub(crate) struct Unfinished {
    /// Its text.
    pub text: String,
    /// Its state.
    pub state: TaskState,
}

/// What decides about a recovery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// The project folder: only processes that ran for it are ended.
    pub project_dir: &'a Path,
    /// Between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// `max_task_crashes`.
    pub max_crashes: u32,
}

/// Looks at what the last server left, ends its survivors, and makes the reset of its tasks durable.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn recover(
    store: &dyn Store,
    agents: &mut dyn Agents,
    rules: Rules<'_>,
    now: Now,
) -> Result<Recovery, StoreError> {
    let mut recovery = store.view(look)?;
    let recorded = recovery.interrupted.iter().filter_map(|found| query(&found.task, rules.project_dir));
    let recorded: Vec<_> = recorded.collect();
    // Also where nothing is recorded: a checkpoint that was reset, replaced or deleted says nothing of who lives.
    recovery.survivors = agents.end_survivors(rules.project_dir, &recorded, rules.kill_grace);
    for interrupted in &mut recovery.interrupted {
        interrupted.fate = reset(store, &interrupted.task, &recovery.survivors, rules, now)?;
    }
    Ok(recovery)
}

/// Ends what still works on one task of a dead server.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn end_survivors_of(
    store: &dyn Store,
    id: &TaskId,
    project_dir: &Path,
    kill_grace: Duration,
) -> Result<Vec<SurvivorEnded>, StoreError> {
    let query = store.view(|state| state.task(id).and_then(|task| query(task, project_dir)))?;
    Ok(query.map_or_else(Vec::new, |query| survivors::end_survivors(&[query], kill_grace)))
}

/// Ends what still works on any task that a dead server's state calls running: for who throws that state away, and
/// with it what tells these processes from others. Not to be called while a server lives.
pub fn end_survivors_in(state: &State, project_dir: &Path, kill_grace: Duration) -> Vec<SurvivorEnded> {
    let queries: Vec<_> = state.running().filter_map(|task| query(task, project_dir)).collect();
    survivors::end_survivors(&queries, kill_grace)
}

fn look(state: &State) -> Recovery {
    let (header, counts) = (state.header(), state.counts());
    let mut recovery = Recovery {
        is_new: header.last_start_time.is_none() && counts.total() == 0 && header.iteration_count == 0,
        was_clean: header.clean_shutdown,
        last_start: header.last_start_time,
        last_stop: header.last_stop_time,
        session_id: header.session_id.as_deref().map(str::to_owned),
        iterations: header.iteration_count,
        incomplete: counts.of(TaskState::Pending) + counts.of(TaskState::InProgress),
        failed: counts.of(TaskState::Failed),
        ..Recovery::default()
    };
    if counts.of(TaskState::InProgress) > 0 {
        let running = state.running();
        recovery.interrupted =
            running.map(|task| Interrupted { task: task.clone(), fate: Fate::Reset }).collect();
    }
    let pending = state.tasks().filter(|task| task.state() == TaskState::Pending);
    recovery.listed = pending
        .take(LISTED)
        .map(|task| Unfinished { text: task.text.to_string(), state: task.state() })
        .collect();
    recovery
}

/// The recorded child of a task that was being worked on.
fn query(task: &Task, project_dir: &Path) -> Option<SurvivorQuery> {
    let running = task.running()?;
    let identity = running.child.as_ref().and_then(|child| {
        Some(ProcessIdentity {
            pid: i32::try_from(child.pid).ok()?,
            start_ticks: child.start_ticks,
            boot_id: child.boot_id.to_string(),
        })
    });
    let attempt_id = running.attempt_id.as_ref()?.0.to_string();
    Some(SurvivorQuery { identity, attempt_id, dir: project_dir.to_owned() })
}

fn reset(
    store: &dyn Store,
    task: &Task,
    survivors: &[SurvivorEnded],
    rules: Rules<'_>,
    now: Now,
) -> Result<Fate, StoreError> {
    let attempt_id = task.running().and_then(|running| running.attempt_id.as_ref());
    let is_of_task = |s: &&SurvivorEnded| attempt_id.is_some_and(|id| *id.0 == *s.attempt_id);
    if survivors.iter().filter(is_of_task).any(|survivor| !survivor.gone) {
        return Ok(Fate::StillThere);
    }
    let reset = Command::ResetInterrupted { id: task.id.clone(), max_crashes: Some(rules.max_crashes) };
    let _ = store.execute(reset, now)?;
    let state = store.view(|state| state.task(&task.id).map(Task::state))?;
    Ok(if state == Some(TaskState::Pending) { Fate::Reset } else { Fate::GivenUp })
}

impl Recovery {
    /// Whether the report of the guide is due.
    pub(crate) fn is_due(&self) -> bool {
        !self.is_new && (!self.was_clean || !self.interrupted.is_empty())
    }

    /// Whether processes were left that the checkpoint knew nothing of, since it is new or says that all was well.
    pub(crate) fn is_contradicted(&self) -> bool {
        !self.is_due() && !self.survivors.is_empty()
    }

    /// For `status`; none where nothing was recovered.
    pub(crate) fn view(&self) -> Option<RecoveredView> {
        self.is_due().then(|| RecoveredView {
            interrupted: self.ids(),
            survivors_ended: self.survivors.len(),
            incomplete_tasks: self.incomplete,
            failed_tasks: self.failed,
        })
    }

    fn ids(&self) -> Vec<TaskId> {
        self.interrupted.iter().map(|interrupted| interrupted.task.id.clone()).collect()
    }
}
