//! What a start finds: the guide's `get_recovery_info` and `get_statistics`.
use alloc::{boxed::Box, vec::Vec};

use crate::{
    state::State,
    task::{Task, TaskState},
    time::LocalTime,
};

/// The guide's `get_recovery_info()`.
#[derive(Clone, PartialEq, Debug)]
pub struct RecoveryInfo {
    /// Whether the last server said good-bye.
    pub was_clean_shutdown: bool,
    /// When it started.
    pub last_start_time: Option<LocalTime>,
    /// When the last one stopped.
    pub last_stop_time: Option<LocalTime>,
    /// Passes over the list so far.
    pub iteration_count: u64,
    /// The last server's session.
    pub session_id: Option<Box<str>>,
    /// The task that ran when it died.
    pub current_task: Option<Task>,
    /// Pending and running tasks.
    pub incomplete_tasks: Vec<Task>,
    /// Failed tasks.
    pub failed_tasks: Vec<Task>,
}

impl RecoveryInfo {
    /// Reads it off a state; costs a walk over all tasks.
    pub fn of(state: &State) -> Self {
        let header = state.header();
        let in_states = |states: &[TaskState]| -> Vec<Task> {
            state.tasks().filter(|task| states.contains(&task.state())).cloned().collect()
        };
        Self {
            was_clean_shutdown: header.clean_shutdown,
            last_start_time: header.last_start_time,
            last_stop_time: header.last_stop_time,
            iteration_count: header.iteration_count,
            session_id: header.session_id.clone(),
            current_task: state.current_task().cloned(),
            incomplete_tasks: in_states(&[TaskState::Pending, TaskState::InProgress]),
            failed_tasks: in_states(&[TaskState::Failed]),
        }
    }
}

/// The guide's `get_statistics()`, and `rolled_back`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// All tasks in the document.
    pub total_tasks: usize,
    /// Done.
    pub completed: usize,
    /// Failed, to be tried again or not.
    pub failed: usize,
    /// Running.
    pub in_progress: usize,
    /// Waiting to be run.
    pub pending: usize,
    /// Taken back.
    pub rolled_back: usize,
    /// Passes over the list so far.
    pub iteration_count: u64,
    /// The present or last session.
    pub session_id: Option<Box<str>>,
    /// Completed tasks that left the document and are known by their fingerprints.
    pub pruned: usize,
}

impl Statistics {
    /// Reads it off a state, whose counts are always at hand.
    pub fn of(state: &State) -> Self {
        let counts = state.counts();
        Self {
            total_tasks: counts.total(),
            completed: counts.of(TaskState::Completed),
            failed: counts.of(TaskState::Failed),
            in_progress: counts.of(TaskState::InProgress),
            pending: counts.of(TaskState::Pending),
            rolled_back: counts.of(TaskState::RolledBack),
            iteration_count: state.header().iteration_count,
            session_id: state.header().session_id.clone(),
            pruned: state.pruned_tasks(),
        }
    }
}
