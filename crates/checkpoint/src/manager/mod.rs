//! The guide's `CheckpointManager`: its calls, with Rust types in place of dicts, on any store.
//!
//! Where the guide's implementation warns and changes nothing, [`Outcome::Ignored`] says why; the caller has the
//! words. Where it swallows an error of the disk, the error is returned.
mod open;
mod queries;
mod server;
mod tasks;

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use codeagent_core::{Command, RawJson, Refusal, TaskId};

use crate::{
    clock::Clock,
    document::{self, DocumentError},
    store::{Decided, ReadState, Store, StoreError},
};

/// Keeps the state of a server and its tasks across crashes (the guide, "Программное использование").
pub struct CheckpointManager {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    checkpoint_file: PathBuf,
    backup_file: PathBuf,
    /// Tasks that an earlier process left running, with the number of the attempt that it was.
    left_running: HashMap<TaskId, u32>,
}

/// What became of a wish.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a wish may have been ignored"]
pub enum Outcome {
    /// It is so now, and durable.
    Done,
    /// Nothing was changed.
    Ignored(Refusal),
}

impl Outcome {
    /// Whether it is so now.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    fn of(decided: Decided) -> Self {
        match decided {
            Ok(_) => Self::Done,
            Err(refusal) => Self::Ignored(refusal),
        }
    }
}

/// Why a call failed; nothing of it is acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ManagerError {
    /// The store does not serve, or no longer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was given as metadata or result can't be part of a document.
    #[error("{what}: {source}")]
    BadJson {
        /// Which argument.
        what: &'static str,
        /// What is wrong with it.
        source: DocumentError,
    },
}

impl CheckpointManager {
    /// A manager on an open store. `checkpoint_file` is where the store keeps its document, or would.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        checkpoint_file: PathBuf,
    ) -> Result<Self, StoreError> {
        let left_running = store.view(|state| {
            let running = state.running();
            running.map(|task| (task.id.clone(), task.attempts)).collect()
        })?;
        let backup_file = backup_of(&checkpoint_file);
        Ok(Self { store, clock, checkpoint_file, backup_file, left_running })
    }

    /// The guide's `checkpoint_file`.
    pub fn checkpoint_file(&self) -> &Path {
        &self.checkpoint_file
    }

    /// The guide's `backup_file`.
    pub fn backup_file(&self) -> &Path {
        &self.backup_file
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Brings the document up to date and lets go of the files; later calls fail.
    ///
    /// # Errors
    /// As [`Store::close`].
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }

    fn act(&self, command: Command) -> Result<Outcome, StoreError> {
        self.store.execute(command, self.clock.now()).map(Outcome::of)
    }

    fn act_all(&self, commands: Vec<Command>) -> Result<Vec<Decided>, StoreError> {
        self.store.execute_all(commands, self.clock.now())
    }
}

/// The name that the guide gives the backup: `….backup` behind the whole name.
fn backup_of(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".backup");
    name.into()
}

/// Checks a value that a caller gives, and brings it into the document's form.
fn checked(what: &'static str, value: Option<RawJson>) -> Result<Option<RawJson>, ManagerError> {
    let checked = value.map(|value| document::raw_json(value.as_str())).transpose();
    checked.map_err(|source| ManagerError::BadJson { what, source })
}
