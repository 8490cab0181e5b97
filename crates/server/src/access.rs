//! The project's tasks, wherever they are kept just now: by a running server (through its socket), else in the files.
//! The user need not know which (contract, "Commands").
use std::path::{Path, PathBuf};

use codeagent_checkpoint::StoreError;
use codeagent_core::{TaskId, TaskState};

use crate::api::{ApiError, NewTask, StatusView, StopKind, TaskVerb, TaskView};

/// A way to a project's tasks.
pub struct Access {
    checkpoint_file: PathBuf,
}

/// Why something asked of [`Access`] was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The rules, or the request itself, forbid it.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The files: in use, damaged, not readable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A server runs, but the talk with it broke off.
    #[error("the server at {} does not answer: {what}", socket.display())]
    Socket {
        /// Its socket.
        socket: PathBuf,
        /// What went wrong.
        what: String,
    },
    /// The request needs a running server, and none runs.
    #[error("no server runs")]
    NoServer,
}

impl Access {
    /// Finds out whether a server runs for that checkpoint file.
    ///
    /// # Errors
    /// [`AccessError::Socket`] where one seems to run and does not answer.
    pub fn open(checkpoint_file: &Path) -> Result<Self, AccessError> {
        Ok(Self { checkpoint_file: checkpoint_file.to_owned() })
    }

    /// Whether a server runs.
    pub fn is_live(&self) -> bool {
        false
    }

    /// `status`; on files it takes no lock and writes nothing.
    ///
    /// # Errors
    /// As the store or the talk gives them.
    pub fn status(&self) -> Result<StatusView, AccessError> {
        let _ = &self.checkpoint_file;
        Err(AccessError::NoServer)
    }

    /// `list`: all tasks, or those in a state, in the order of their coming.
    ///
    /// # Errors
    /// As the store or the talk gives them.
    pub fn tasks(&self, _state: Option<TaskState>) -> Result<Vec<TaskView>, AccessError> {
        Err(AccessError::NoServer)
    }

    /// `show`.
    ///
    /// # Errors
    /// [`ApiError::UnknownTask`], and as the store or the talk gives them.
    pub fn task(&self, id: &TaskId) -> Result<TaskView, AccessError> {
        let _ = id;
        Err(AccessError::NoServer)
    }

    /// `add`.
    ///
    /// # Errors
    /// [`ApiError::TaskExists`], [`ApiError::BadRequest`], and as the store or the talk gives them.
    pub fn add(&self, task: NewTask) -> Result<TaskView, AccessError> {
        let _ = task;
        Err(AccessError::NoServer)
    }

    /// `retry`, `skip`, `cancel`, `rollback`. Answers the task as it is then; none for a pruned task that
    /// `retry` made new again.
    ///
    /// # Errors
    /// [`ApiError::WrongState`], [`ApiError::UnknownTask`], and as the store or the talk gives them.
    pub fn act(&self, verb: TaskVerb, id: &TaskId) -> Result<Option<TaskView>, AccessError> {
        let _ = (verb, id);
        Err(AccessError::NoServer)
    }

    /// `stop`, `restart`.
    ///
    /// # Errors
    /// [`AccessError::NoServer`].
    pub fn stop(&self, how: StopKind) -> Result<(), AccessError> {
        let _ = how;
        Err(AccessError::NoServer)
    }
}
