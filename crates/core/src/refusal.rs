//! Why a wish can't be had: data; the catalogue makes sentences of it.
#![expect(missing_docs, reason = "the doc of a variant speaks for its fields")]
use core::fmt;

use crate::{
    id::TaskId,
    task::{FinalReason, TaskState},
};

/// Why a command changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No task has that id.
    UnknownTask(TaskId),
    /// A task has that id already.
    TaskExists(TaskId),
    /// The task's state does not allow it.
    WrongState { id: TaskId, state: TaskState, verb: Verb },
    /// No further attempt unless `retry` says so.
    GivenUp { id: TaskId, reason: FinalReason },
    /// The text is empty.
    EmptyText,
    /// A step must be between 1 and the total.
    BadStep { step: u32, total: u32 },
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    Start,
    RecordChild,
    CompleteStep,
    Complete,
    Fail,
    Defer,
    Reset,
    Tick,
    Skip,
    Cancel,
    Retry,
    Rollback,
}

impl Verb {
    /// The verb as a key: lower case, one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::RecordChild => "record-child",
            Self::CompleteStep => "step",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Defer => "defer",
            Self::Reset => "reset",
            Self::Tick => "tick",
            Self::Skip => "skip",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Rollback => "rollback",
        }
    }
}

impl fmt::Display for Refusal {
    /// For logs and tests; people read the catalogue's sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(id) => write!(f, "unknown task {id}"),
            Self::TaskExists(id) => write!(f, "task {id} exists"),
            Self::WrongState { id, state, verb } => {
                write!(f, "cannot {} task {id}: it is {}", verb.as_str(), state.as_str())
            }
            Self::GivenUp { id, reason } => write!(f, "task {id} was given up: {}", reason.as_str()),
            Self::EmptyText => f.write_str("the text is empty"),
            Self::BadStep { step, total } => write!(f, "step {step} of {total}"),
        }
    }
}

impl core::error::Error for Refusal {}
