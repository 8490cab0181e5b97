//! What a manager tells: tasks, progress, statistics, the document itself.
use codeagent_core::{
    Phase, RecoveryInfo, State, Statistics, Task, TaskId, TaskState,
    task::{AfterFailure, Steps},
};

use super::CheckpointManager;
use crate::{
    document,
    store::{ReadState, StoreError},
};

/// Every question fails as [`Store::read`](crate::Store::read) does, and in no other way.
impl CheckpointManager {
    /// `get_iteration_count`.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_iteration_count(&self) -> Result<u64, StoreError> {
        self.store.view(|state| state.header().iteration_count)
    }

    /// `was_clean_shutdown`: whether the last server said good-bye; true in a brand-new document.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn was_clean_shutdown(&self) -> Result<bool, StoreError> {
        self.store.view(|state| state.header().clean_shutdown)
    }

    /// `get_current_task`: the task that was started last and is not ended.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_current_task(&self) -> Result<Option<Task>, StoreError> {
        self.store.view(|state| state.current_task().cloned())
    }

    /// `get_incomplete_tasks`: pending and running.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_incomplete_tasks(&self) -> Result<Vec<Task>, StoreError> {
        self.store.view(|state| in_states(state, &[TaskState::Pending, TaskState::InProgress]))
    }

    /// `get_failed_tasks`.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_failed_tasks(&self) -> Result<Vec<Task>, StoreError> {
        self.store.view(|state| in_states(state, &[TaskState::Failed]))
    }

    /// `should_retry_task`: whether another attempt is left of `max_attempts` (the guide's default is 3). Never
    /// for what is completed, taken back, given up or unknown.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn should_retry_task(&self, id: &TaskId, max_attempts: u32) -> Result<bool, StoreError> {
        self.store.view(|state| state.task(id).is_some_and(|task| may_retry(task, max_attempts)))
    }

    /// `is_task_completed`: whether the latest attempt at that text was completed, also if it was cleared since.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn is_task_completed(&self, text: &str) -> Result<bool, StoreError> {
        self.store.view(|state| state.is_text_completed(text))
    }

    /// `_find_task`.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn find_task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.store.view(|state| state.task(id).cloned())
    }

    /// `get_instruction_progress`: none for an unknown task, zeros for one without steps.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_instruction_progress(&self, id: &TaskId) -> Result<Option<Steps>, StoreError> {
        self.store.view(|state| state.task(id).map(|task| task.steps().cloned().unwrap_or_default()))
    }

    /// `get_recovery_info`.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_recovery_info(&self) -> Result<RecoveryInfo, StoreError> {
        self.store.view(RecoveryInfo::of)
    }

    /// `get_statistics`.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn get_statistics(&self) -> Result<Statistics, StoreError> {
        self.store.view(Statistics::of)
    }

    /// `checkpoint_data`: the document as it would be exported.
    ///
    /// # Errors
    /// As [`Store::read`](crate::Store::read).
    pub fn checkpoint_data(&self) -> Result<String, StoreError> {
        // Written after the store was let go: others go on meanwhile.
        self.store.view(State::freeze).map(|frozen| document::to_string(&frozen))
    }
}

fn in_states(state: &State, states: &[TaskState]) -> Vec<Task> {
    state.tasks().filter(|task| states.contains(&task.state())).cloned().collect()
}

fn may_retry(task: &Task, max_attempts: u32) -> bool {
    let open = match &task.phase {
        Phase::Pending(_) | Phase::InProgress(_) | Phase::Failed(AfterFailure::Retry(_)) => true,
        Phase::Failed(AfterFailure::Final(_)) | Phase::Completed | Phase::RolledBack => false,
    };
    open && task.counted_attempts() < max_attempts
}
