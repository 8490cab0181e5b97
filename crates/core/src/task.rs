//! A task: the guide's fields, and for each state what only that state has.
use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    id::TaskId,
    json::RawJson,
    time::{LocalTime, Wait},
};

/// The guide's states, by the names that the document uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits to be run.
    Pending,
    /// An attempt runs, or ran when the server died.
    InProgress,
    /// Done; never runs again unless `retry` says so.
    Completed,
    /// The last attempt failed; another may follow.
    Failed,
    /// Its changes were taken back.
    RolledBack,
}

impl TaskState {
    /// All states, in the guide's order.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::InProgress, Self::Completed, Self::Failed, Self::RolledBack];

    /// The name in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A state with its own data.
#[derive(Clone, PartialEq, Debug)]
pub enum Phase {
    /// Waits to be run; not before the wait is over, where there is one (a quota, a deferral).
    Pending(Option<Wait>),
    /// An attempt runs.
    InProgress(Box<Running>),
    /// Done.
    Completed,
    /// The last attempt failed.
    Failed(AfterFailure),
    /// Its changes were taken back.
    RolledBack,
}

/// What only a running task has.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Running {
    /// The attempt's unique id, given to the child as `CODEAGENT_ATTEMPT_ID`; none where another program,
    /// or a caller of the guide's API, started the task.
    pub attempt_id: Option<AttemptId>,
    /// The child that works on it, once it is known.
    pub child: Option<ChildIdentity>,
}

/// What follows a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    /// Another attempt, after the wait where there is one.
    Retry(Option<Wait>),
    /// No further attempt unless `retry` says so.
    Final(FinalReason),
}

/// Why a failed task is not tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalReason {
    /// `max_task_attempts` attempts failed.
    AttemptLimit,
    /// The server died `max_task_crashes` times while the task ran.
    CrashLimit,
    /// Someone said `skip`, or put `[-]` into its box.
    Skipped,
    /// Someone said `cancel`.
    Cancelled,
    /// `checkpoint repair` could not tell whether it had run.
    Uncertain,
}

impl FinalReason {
    /// The name in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AttemptLimit => "attempt_limit",
            Self::CrashLimit => "crash_limit",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Uncertain => "uncertain",
        }
    }

    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::AttemptLimit, Self::CrashLimit, Self::Skipped, Self::Cancelled, Self::Uncertain]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// An attempt's unique id: 32 hex digits, drawn by the caller.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Arc<str>);

/// Which process works on a task: enough to tell it from a later one with the same pid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChildIdentity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot (`/proc/PID/stat`, field 22).
    pub start_ticks: u64,
    /// The boot that both belong to.
    pub boot_id: Box<str>,
}

/// Where a task came from; decides whether it may run without a line in the TODO list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the TODO list, or from another program's file: held while no line of the list stands for it.
    #[default]
    List,
    /// By `add`, `import` or the API: runs without a line.
    Added,
}

/// The guide's `instruction_progress`: which numbered steps of a task are done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Steps {
    /// The step that was completed last, from 1; 0 before the first.
    pub last_completed: u32,
    /// How many steps there are.
    pub total: u32,
    /// All completed steps, ascending.
    pub completed: Vec<u32>,
}

/// What few tasks have, out of the way of the many.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Extra {
    /// The caller's metadata: a JSON object.
    pub metadata: Option<RawJson>,
    /// The result of a completed task.
    pub result: Option<RawJson>,
    /// Step progress.
    pub steps: Option<Steps>,
    /// Members of the task's object that we don't know: `"key": value, …`, compact.
    pub unknown: Option<Box<str>>,
    /// The same for its `codeagent` object.
    pub unknown_own: Option<Box<str>>,
    /// The same for its `instruction_progress` object.
    pub unknown_steps: Option<Box<str>>,
}

/// One task.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// What is to be done.
    pub text: Arc<str>,
    /// State and what belongs to it.
    pub phase: Phase,
    /// How many attempts were started.
    pub attempts: u32,
    /// How many of them don't count towards the limit (clean stops, quota waits, crashes, `retry`).
    pub excused: u32,
    /// How many were cut off by a crash of the server, since the last `retry`.
    pub crashes: u32,
    /// Start of the last attempt.
    pub start_time: Option<LocalTime>,
    /// End of the last attempt.
    pub end_time: Option<LocalTime>,
    /// Why the last failed attempt failed.
    pub error: Option<Box<str>>,
    /// Where it came from.
    pub origin: Origin,
    /// `retry` or `rollback` was said, or an attempt has failed or was cut off, and the box was not seen since to say
    /// what it should: until then what it says is older, and not a person's tick.
    pub reopened: bool,
    /// What few tasks have.
    pub extra: Option<Box<Extra>>,
}

impl Task {
    /// A new task that waits to be run.
    pub fn new(id: TaskId, text: impl Into<Arc<str>>, origin: Origin) -> Self {
        Self {
            id,
            text: text.into(),
            phase: Phase::Pending(None),
            attempts: 0,
            excused: 0,
            crashes: 0,
            start_time: None,
            end_time: None,
            error: None,
            origin,
            reopened: false,
            extra: None,
        }
    }

    /// The guide's state.
    pub fn state(&self) -> TaskState {
        match self.phase {
            Phase::Pending(_) => TaskState::Pending,
            Phase::InProgress(_) => TaskState::InProgress,
            Phase::Completed => TaskState::Completed,
            Phase::Failed(_) => TaskState::Failed,
            Phase::RolledBack => TaskState::RolledBack,
        }
    }

    /// Attempts that count towards `max_task_attempts` (contract, "Attempts").
    pub fn counted_attempts(&self) -> u32 {
        self.attempts.saturating_sub(self.excused)
    }

    /// What only a running task has.
    pub fn running(&self) -> Option<&Running> {
        match &self.phase {
            Phase::InProgress(running) => Some(running),
            _ => None,
        }
    }

    /// Why the task is not tried again, where it failed for good.
    pub fn final_reason(&self) -> Option<FinalReason> {
        match self.phase {
            Phase::Failed(AfterFailure::Final(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Whether nothing more happens to it unless someone says so: done, given up, or taken back.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Completed | Phase::RolledBack | Phase::Failed(AfterFailure::Final(_)))
    }

    /// Step progress, where any was recorded.
    pub fn steps(&self) -> Option<&Steps> {
        self.extra.as_ref()?.steps.as_ref()
    }

    /// The caller's metadata: a JSON object.
    pub fn metadata(&self) -> Option<&RawJson> {
        self.extra.as_ref()?.metadata.as_ref()
    }

    /// The result of a completed task.
    pub fn result(&self) -> Option<&RawJson> {
        self.extra.as_ref()?.result.as_ref()
    }

    /// The rarely used part, made when needed.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_with(Box::default)
    }
}
