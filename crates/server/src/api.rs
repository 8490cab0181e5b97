//! What is said over the local socket and printed by `--json`: plain data with the guide's field names.
use codeagent_core::{
    AttemptId, Phase, Refusal, Statistics, Task, TaskId, TaskState, plan, task::AfterFailure, time::Now,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task as people and scripts see it: the guide's fields, then ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    /// Identity.
    pub task_id: TaskId,
    /// What is to be done.
    pub task_text: String,
    /// The guide's state.
    pub state: TaskState,
    /// Start of the last attempt, local ISO 8601.
    pub start_time: Option<String>,
    /// End of the last attempt, local ISO 8601.
    pub end_time: Option<String>,
    /// How many attempts were started.
    pub attempts: u32,
    /// Why the last failed attempt failed.
    pub error_message: Option<String>,
    /// The caller's metadata: a JSON object.
    pub metadata: Value,
    /// The result of a completed task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Step progress, where any was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction_progress: Option<StepsView>,
    /// How many attempts don't count towards the limit.
    pub excused: u32,
    /// How many were cut off by a crash.
    pub crashes: u32,
    /// Why it is not tried again: `attempt_limit`, `crash_limit`, `skipped`, `cancelled`, `uncertain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_reason: Option<String>,
    /// Milliseconds before it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_ms: Option<u64>,
    /// The running attempt's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<AttemptId>,
}

/// The guide's `instruction_progress`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepsView {
    /// The step that was completed last, from 1.
    pub last_completed_instruction: u32,
    /// How many there are.
    pub total_instructions: u32,
    /// All completed ones.
    pub completed_instructions: Vec<u32>,
}

impl TaskView {
    /// The view of a task at a moment.
    pub fn of(task: &Task, now: Now) -> Self {
        Self {
            task_id: task.id.clone(),
            task_text: task.text.to_string(),
            state: task.state(),
            start_time: task.start_time.map(|time| time.to_string()),
            end_time: task.end_time.map(|time| time.to_string()),
            attempts: task.attempts,
            error_message: task.error.as_deref().map(str::to_owned),
            metadata: task.metadata().map_or_else(|| Value::Object(Default::default()), value),
            result: task.result().map(value),
            instruction_progress: task.steps().map(|steps| StepsView {
                last_completed_instruction: steps.last_completed,
                total_instructions: steps.total,
                completed_instructions: steps.completed.clone(),
            }),
            excused: task.excused,
            crashes: task.crashes,
            final_reason: match &task.phase {
                Phase::Failed(AfterFailure::Final(reason)) => Some(reason.as_str().to_owned()),
                _ => None,
            },
            waits_ms: match plan::standing(task, now) {
                plan::Standing::Waiting(ms) => Some(ms),
                _ => None,
            },
            attempt_id: task.running().and_then(|running| running.attempt_id.clone()),
        }
    }
}

/// Levels of foreign JSON that are shown as such: with those around it, readers with a limit of 128 take the answer.
const MAX_DEPTH: usize = 64;

/// What JSON can't hold (Python's NaN), and what is nested deeper than most can read, is shown as its text.
fn value(raw: &codeagent_core::RawJson) -> Value {
    let parsed = serde_json::from_str(raw.as_str()).ok().filter(|value| depth(value) <= MAX_DEPTH);
    parsed.unwrap_or_else(|| Value::String(raw.as_str().to_owned()))
}

/// Of what serde_json read, which goes down no further than 128 levels.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The guide's `get_statistics()`, and more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsView {
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
    /// Completed tasks that were pruned and are known by their fingerprints.
    pub pruned: usize,
}

impl From<Statistics> for StatisticsView {
    fn from(s: Statistics) -> Self {
        Self {
            total_tasks: s.total_tasks,
            completed: s.completed,
            failed: s.failed,
            in_progress: s.in_progress,
            pending: s.pending,
            rolled_back: s.rolled_back,
            pruned: s.pruned,
        }
    }
}

/// `codeagent status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// The server, if one runs.
    pub server: Option<ServerView>,
    /// The process of a server that runs and can't be asked: it is just starting or ending, or its socket is gone.
    #[serde(default)]
    pub unreachable_pid: Option<u32>,
    /// The checkpoint file.
    pub checkpoint_file: String,
    /// Whether a checkpoint exists.
    pub checkpoint_exists: bool,
    /// Whether the last server said good-bye; false while one runs.
    pub clean_shutdown: bool,
    /// When the last server started, local ISO 8601.
    pub last_start_time: Option<String>,
    /// When the last one stopped.
    pub last_stop_time: Option<String>,
    /// When anything happened last.
    pub last_update: Option<String>,
    /// The present or last session.
    pub session_id: Option<String>,
    /// Passes over the list so far.
    pub iteration_count: u64,
    /// Counts.
    pub statistics: StatisticsView,
    /// The tasks that run, or ran when the last server died.
    pub current: Vec<TaskView>,
}

/// What only a running server knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerView {
    /// Its process id.
    pub pid: u32,
    /// `run` or `serve`.
    pub mode: String,
    /// What it does: `working`, `waiting`, `paused`, `stopping`.
    pub activity: Activity,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Seconds since the current attempt began.
    pub attempt_elapsed_s: Option<u64>,
    /// The last line that the agent printed.
    pub last_line: Option<String>,
    /// What its start recovered; none where the stop before was clean.
    pub recovered: Option<RecoveredView>,
}

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A task runs, or the next one is about to.
    Working,
    /// For the next iteration, or for a retry.
    Waiting,
    /// Too many tasks in a row failed for good: the agent itself is broken.
    Paused,
    /// It was asked to stop.
    Stopping,
}

/// What a start recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredView {
    /// The tasks that had been interrupted.
    pub interrupted: Vec<TaskId>,
    /// How many processes of the dead server were ended.
    pub survivors_ended: usize,
    /// How many tasks were unfinished.
    pub incomplete_tasks: usize,
    /// How many tasks had failed.
    pub failed_tasks: usize,
}

/// `codeagent add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// What is to be done.
    pub text: String,
    /// A given id, `[A-Za-z0-9._-]{1,64}`; else one is derived from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// What may be said of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskVerb {
    /// Run it again.
    Retry,
    /// Don't run it.
    Skip,
    /// End its running attempt and give it up.
    Cancel,
    /// Mark its changes as taken back.
    Rollback,
}

impl TaskVerb {
    /// The command that says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Cancel => "cancel",
            Self::Rollback => "rollback",
        }
    }
}

/// How a running server is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// After the current task.
    AfterTask,
    /// Like SIGTERM: the running attempt is ended and excused.
    Now,
    /// After the current task, and then start again with the configuration read anew.
    Restart,
}

impl StopKind {
    /// The command that says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AfterTask => "stop",
            Self::Now => "stop --now",
            Self::Restart => "restart",
        }
    }
}

/// Why a request was not done; the asker makes a sentence of it in its own language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ApiError {
    /// No task has that id.
    #[error("unknown task {task_id}")]
    UnknownTask {
        /// The id.
        task_id: TaskId,
    },
    /// The task is completed and was pruned: of it only that is known.
    #[error("task {task_id} is completed and was pruned")]
    PrunedTask {
        /// The id.
        task_id: TaskId,
    },
    /// A task has that id already.
    #[error("task {task_id} exists")]
    TaskExists {
        /// The id.
        task_id: TaskId,
    },
    /// The task's state does not allow it.
    #[error("cannot {verb} task {task_id}: it is {}", state.as_str())]
    WrongState {
        /// The id.
        task_id: TaskId,
        /// Its state.
        state: TaskState,
        /// What was asked for.
        verb: String,
    },
    /// A process of the task, left by a dead server, can't be ended.
    #[error("a process of task {task_id} cannot be ended: pid {pid}")]
    StillRuns {
        /// The id.
        task_id: TaskId,
        /// The process.
        pid: i32,
    },
    /// What was sent makes no sense: an empty text, a bad id, metadata that is no object.
    #[error("bad request: {what}")]
    BadRequest {
        /// `empty_text`, `bad_id`, `bad_metadata`, or what the HTTP layer says.
        what: String,
    },
    /// The server can't keep what it is told any more; exit code 5.
    #[error("the store failed: {what}")]
    Store {
        /// The reason.
        what: String,
    },
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownTask(task_id) => Self::UnknownTask { task_id },
            Refusal::TaskExists(task_id) => Self::TaskExists { task_id },
            Refusal::WrongState { id, state, verb } => {
                Self::WrongState { task_id: id, state, verb: verb.as_str().to_owned() }
            }
            Refusal::GivenUp { id, .. } => {
                Self::WrongState { task_id: id, state: TaskState::Failed, verb: "start".to_owned() }
            }
            Refusal::EmptyText => Self::BadRequest { what: "empty_text".to_owned() },
            Refusal::BadStep { step, total } => Self::BadRequest { what: format!("step {step} of {total}") },
        }
    }
}
