//! What a person may watch while the engine works. Observers only look: nothing waits for them, nothing depends on them.
use std::time::Duration;

use codeagent_core::TaskId;

/// Sees what the engine does; called on the engine's thread, so it must be quick.
pub trait Observer: Send + Sync {
    /// Something happened. Everything that is said here is durable already.
    fn see(&self, what: &Observation<'_>);
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {
    fn see(&self, _what: &Observation<'_>) {}
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<'a> {
    /// Another pass over the list began.
    IterationBegan {
        /// Its number, counted over all sessions.
        number: u64,
    },
    /// An attempt began.
    TaskStarted {
        /// The task.
        id: &'a TaskId,
        /// Its text, as it is: make it harmless before printing.
        text: &'a str,
        /// The attempt's number, from 1.
        attempt: u32,
        /// Where the work stands.
        progress: Progress,
    },
    /// The agent printed a line (not every one: at most ten a second, but always the last), made harmless.
    Line {
        /// The line.
        line: &'a str,
    },
    /// An attempt was settled.
    TaskEnded {
        /// The task.
        id: &'a TaskId,
        /// Its text, as it is.
        text: &'a str,
        /// What it came to.
        outcome: Outcome,
        /// How long the attempt took.
        elapsed: Duration,
        /// Where the work stands.
        progress: Progress,
    },
    /// The engine comes to its end; where the work stands then, counted anew over the whole list.
    WorkEnded {
        /// Where the work stands.
        progress: Progress,
    },
    /// Nothing may be started for a while.
    Waiting {
        /// How long at most.
        time: Duration,
        /// For what.
        why: WaitReason,
    },
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Completed,
    /// Failed; another attempt follows after the delay.
    WillRetry {
        /// Why it failed.
        error: String,
        /// Before the next attempt.
        delay: Duration,
    },
    /// Failed for good.
    GivenUp {
        /// Why the last attempt failed.
        error: String,
    },
    /// Cut off by a stop; it will be started again and the attempt does not count.
    Deferred,
    /// Someone said `rollback`.
    RolledBack,
}

/// Where the work stands: counts over the present list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tasks of the list.
    pub total: usize,
    /// Done.
    pub completed: usize,
    /// Given up.
    pub failed: usize,
}

/// For what the engine waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// A failed task's delay.
    Retry,
    /// `task_delay`.
    BetweenTasks,
    /// `check_interval`: nothing is left to do.
    NextIteration,
    /// Too many tasks in a row failed for good.
    Paused,
}
