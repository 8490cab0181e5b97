//! What may be asked for.
#![expect(missing_docs, reason = "the doc of a variant speaks for its fields")]
use alloc::{boxed::Box, string::String};

use crate::{
    id::TaskId,
    json::RawJson,
    retry::RetryPolicy,
    task::{AttemptId, ChildIdentity, Origin},
    time::Wait,
};

/// A wish; [`crate::decide()`] says what it leads to, or why it can't be had.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// A server begins to work on the list: `mark_server_start`.
    StartServer { session_id: Box<str> },
    /// It says good-bye: `mark_server_stop`.
    StopServer { clean: bool },
    /// Another pass over the list: `increment_iteration`.
    CountIteration,
    /// `add_task`.
    AddTask { id: TaskId, text: String, metadata: Option<RawJson>, origin: Origin },
    /// `mark_task_start`. The server gives an attempt id; repeating the command with the same one changes nothing.
    StartTask { id: TaskId, attempt_id: Option<AttemptId>, anew: StartAgain },
    /// The attempt's process is known.
    RecordChild { id: TaskId, child: ChildIdentity },
    /// `update_instruction_progress`; `step` counts from 1.
    CompleteStep { id: TaskId, step: u32, total: u32 },
    /// `mark_task_completed`.
    CompleteTask { id: TaskId, result: Option<RawJson> },
    /// `mark_task_failed`; with a policy, what follows is decided by it.
    FailTask { id: TaskId, error: String, policy: Option<RetryPolicy> },
    /// A failed task has used its attempts up, by the limit that holds now: another program's file does not
    /// say so itself. Changes nothing while attempts are left.
    GiveUpIfExhausted { id: TaskId, max_attempts: u32 },
    /// The server was asked to stop, or the quota was used up: the attempt does not count.
    DeferTask { id: TaskId, cause: Deferral },
    /// The attempt was found cut off by a crash: `reset_interrupted_task`.
    ResetInterrupted { id: TaskId, max_crashes: Option<u32> },
    /// Someone put `[x]` into the task's box.
    TickByHand { id: TaskId },
    /// `codeagent skip`.
    Skip { id: TaskId },
    /// `codeagent cancel`.
    Cancel { id: TaskId },
    /// `codeagent retry`. The text, where the caller knows it, finds completions that were pruned: one whose id does
    /// not follow from its text stays known by that text until it is given.
    Retry { id: TaskId, text: Option<String> },
    /// `codeagent rollback`.
    Rollback { id: TaskId },
    /// The box of a reopened task was read, and says what it should.
    SeeBox { id: TaskId },
    /// `clear_old_tasks`: completed tasks beyond the newest `keep_last_n` leave the document.
    Prune { keep_last_n: usize },
}

/// Whether a start may follow a failure that is final.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartAgain {
    /// Only while the task may still be tried: the server's way.
    WithinLimits,
    /// Whatever failed before: the guide's API, whose caller decides.
    Always,
}

/// Why a running task goes back to pending without its attempt counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deferral {
    /// A clean stop.
    Stop,
    /// A quota; not again before the wait is over.
    Quota(Wait),
}
