//! The server's own record: starts, stops, iterations, upkeep.
use codeagent_core::{Command, Event, TaskId, TaskState};

use super::{CheckpointManager, Outcome};
use crate::store::{ReadState, StoreError};

impl CheckpointManager {
    /// `mark_server_start`: a server begins; until it says good-bye, `clean_shutdown` is false.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn mark_server_start(&self, session_id: &str) -> Result<(), StoreError> {
        self.act(Command::StartServer { session_id: session_id.into() }).map(drop)
    }

    /// `mark_server_stop`: it says good-bye.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn mark_server_stop(&self, clean: bool) -> Result<(), StoreError> {
        self.act(Command::StopServer { clean }).map(drop)
    }

    /// `increment_iteration`: another pass over the list.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn increment_iteration(&self) -> Result<(), StoreError> {
        self.act(Command::CountIteration).map(drop)
    }

    /// `reset_interrupted_task`: what was cut off goes back to pending; step progress is kept.
    ///
    /// That is the current task, as in the guide, and whatever else an earlier process left running.
    /// Says which tasks were reset.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn reset_interrupted_task(&self) -> Result<Vec<TaskId>, StoreError> {
        let ids = self.store.view(|state| {
            let current = state.header().current_task.as_ref();
            let running = state.running();
            let interrupted = running.filter(|task| Some(&task.id) == current || self.was_left_running(task));
            interrupted.map(|task| task.id.clone()).collect::<Vec<_>>()
        })?;
        let reset = |id: &TaskId| Command::ResetInterrupted { id: id.clone(), max_crashes: None };
        let decided = self.act_all(ids.iter().map(reset).collect())?;
        Ok(ids.into_iter().zip(decided).filter_map(|(id, decided)| decided.is_ok().then_some(id)).collect())
    }

    /// `clear_old_tasks`: completed tasks beyond the newest `keep_last_n` leave the document, and stay known as
    /// completed. Says how many left.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn clear_old_tasks(&self, keep_last_n: usize) -> Result<usize, StoreError> {
        let pruned = |event: &Event| match event {
            Event::TasksPruned { ids, .. } => ids.len(),
            _ => 0,
        };
        let decided = self.store.execute(Command::Prune { keep_last_n }, self.clock.now())?;
        Ok(decided.map_or(0, |events| events.iter().map(pruned).sum()))
    }

    /// Whether the task still runs as an earlier process left it.
    pub(super) fn was_left_running(&self, task: &codeagent_core::Task) -> bool {
        task.state() == TaskState::InProgress && self.left_running.get(&task.id) == Some(&task.attempts)
    }

    /// Resets the task first if an earlier process left it running: the commands that begin it again.
    pub(super) fn reset_if_left_running(&self, id: &TaskId) -> Result<Option<Command>, StoreError> {
        let left = self.store.view(|state| state.task(id).is_some_and(|task| self.was_left_running(task)))?;
        Ok(left.then(|| Command::ResetInterrupted { id: id.clone(), max_crashes: None }))
    }
}

/// What a batch that ends in the wish itself came to.
pub(super) fn last(decided: Vec<crate::store::Decided>) -> Outcome {
    decided.into_iter().next_back().map_or(Outcome::Done, Outcome::of)
}
