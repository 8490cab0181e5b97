//! What happened: the only words that are persisted. They are added to, never changed.
#![expect(missing_docs, reason = "the doc of a variant speaks for its fields")]
use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::{
    id::{Fingerprint, TaskId},
    json::RawJson,
    task::{AfterFailure, AttemptId, ChildIdentity, FinalReason, Origin},
    time::{LocalTime, Wait},
};

/// A fact about the state. `at` is the local time at which it became one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A server began to work on the list.
    ServerStarted { session_id: Box<str>, at: LocalTime },
    /// It said good-bye (`clean`), or someone said so for it.
    ServerStopped { clean: bool, at: LocalTime },
    /// The server began another pass over the list.
    IterationCounted { at: LocalTime },
    /// A task came in.
    TaskAdded {
        id: TaskId,
        text: Box<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<RawJson>,
        origin: Origin,
        at: LocalTime,
    },
    /// An attempt began: nothing of it runs before this is durable.
    TaskStarted {
        id: TaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt_id: Option<AttemptId>,
        at: LocalTime,
    },
    /// The process that works on the attempt. Written, but not waited for: a power cut leaves no child.
    ChildSpawned { id: TaskId, child: ChildIdentity },
    /// A numbered step of the task is done.
    StepCompleted { id: TaskId, step: u32, total: u32, at: LocalTime },
    /// The task is done.
    TaskCompleted {
        id: TaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<RawJson>,
        at: LocalTime,
    },
    /// The attempt failed, timed out, or was given up.
    TaskFailed { id: TaskId, error: Box<str>, then: AfterFailure, at: LocalTime },
    /// A failed task is not tried again: it had used its attempts up before anyone counted.
    TaskGivenUp { id: TaskId, reason: FinalReason, at: LocalTime },
    /// The attempt was cut off and does not count; the task waits again.
    AttemptExcused {
        id: TaskId,
        cause: Excuse,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait: Option<Wait>,
        at: LocalTime,
    },
    /// Someone wants the task run again: earlier attempts are excused.
    TaskRetried { id: TaskId, at: LocalTime },
    /// The task's changes were taken back.
    TaskRolledBack { id: TaskId, at: LocalTime },
    /// The box of a reopened task was seen to say what it should: from now on it speaks for a person again.
    BoxSeen { id: TaskId },
    /// Completed tasks were taken out of the document; their fingerprints stay.
    TasksPruned { ids: Box<[TaskId]>, at: LocalTime },
    /// A completed task that was pruned, or completed elsewhere, is known by its fingerprint.
    CompletionRemembered { fingerprint: Fingerprint },
    /// A completed task that was pruned may run again.
    CompletionForgotten { fingerprint: Fingerprint },
}

/// Why an attempt does not count towards `max_task_attempts`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excuse {
    /// The server, or the machine, died.
    Crash,
    /// The server was asked to stop.
    Stop,
    /// The agent's quota was used up.
    Quota,
}

impl Event {
    /// When it happened, where that is known.
    pub fn at(&self) -> Option<LocalTime> {
        match self {
            Self::ServerStarted { at, .. }
            | Self::ServerStopped { at, .. }
            | Self::IterationCounted { at }
            | Self::TaskAdded { at, .. }
            | Self::TaskStarted { at, .. }
            | Self::StepCompleted { at, .. }
            | Self::TaskCompleted { at, .. }
            | Self::TaskFailed { at, .. }
            | Self::TaskGivenUp { at, .. }
            | Self::AttemptExcused { at, .. }
            | Self::TaskRetried { at, .. }
            | Self::TaskRolledBack { at, .. }
            | Self::TasksPruned { at, .. } => Some(*at),
            Self::ChildSpawned { .. }
            | Self::BoxSeen { .. }
            | Self::CompletionRemembered { .. }
            | Self::CompletionForgotten { .. } => None,
        }
    }
}
