//! What every store promises: a command is decided, made durable, and only then answered.
use std::{path::PathBuf, sync::Arc};

use codeagent_core::{Command, Event, Now, Refusal, State};

/// What became of one command: the events that are durable now, or why there are none.
pub type Decided = Result<Vec<Event>, Refusal>;

/// A place where the state is kept. All callers share one; each call is answered by itself.
pub trait Store: Send + Sync {
    /// Decides the commands in their order, each in the state that those before it left, and makes all that
    /// follows durable with one sync. When it returns, everything decided is on disk (promise 1).
    ///
    /// A refusal of one command does not touch the others.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of this call is acknowledged, and whether it became durable is unknown. After an
    /// error of the disk the store is latched: every later call fails with the same reason (promise 6).
    fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError>;

    /// Like [`Store::execute_all`] but not waited for: written, so that it survives the death of this process,
    /// but not synced, so that a power cut may take it. For facts that a power cut makes void (a child's identity).
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError>;

    /// [`Store::note`] for several commands, as [`Store::execute_all`] decides them. What was noted is durable after
    /// the next [`Store::flush`], the next call that is waited for, or the next snapshot, whichever comes first.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn note_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        commands.into_iter().map(|command| self.note(command, now)).collect()
    }

    /// Makes all that was noted durable.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// One command, answered before it is durable, for a caller that shows nothing of it before its next call.
    ///
    /// It is written, and whoever asks or looks afterwards, whoever that is, has it made durable first; only
    /// [`Store::peek`] does not. So two transitions that follow each other share a sync.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn execute_ahead(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        self.execute(command, now)
    }

    /// [`Store::read`] without waiting for what was executed ahead: to decide what to do next, and not to tell.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn peek(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        self.read(see)
    }

    /// Shows the state to `see`. It is never ahead of what is durable, apart from what was noted.
    ///
    /// # Errors
    /// [`StoreError`] where the store is latched or fenced: what it holds may be more than what is durable.
    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError>;

    /// Looks whether the store's files are still where others look for them, and writes them anew where they were
    /// deleted, without waiting for the next change: until then a second server would find an empty place.
    ///
    /// # Errors
    /// As [`Store::execute_all`]; [`StoreError::InUse`] where another process has taken the place.
    fn keep(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes down what is still owed (the snapshot, so that the JSON file is exact) and lets go of the lock.
    /// Later calls fail.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn close(&self) -> Result<(), StoreError>;

    /// One command by itself.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    fn execute(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        let mut decided = self.execute_all(vec![command], now)?;
        Ok(decided.pop().unwrap_or_else(|| Ok(Vec::new())))
    }
}

/// What a store answers about its state.
pub trait ReadState {
    /// Shows the state to `see` and gives its answer.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn view<T>(&self, see: impl FnOnce(&State) -> T) -> Result<T, StoreError>;

    /// The same by [`Store::peek`].
    ///
    /// # Errors
    /// As [`Store::read`].
    fn view_ahead<T>(&self, see: impl FnOnce(&State) -> T) -> Result<T, StoreError>;
}

impl<S: Store + ?Sized> ReadState for S {
    fn view<T>(&self, see: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        answer_of(see, |see| self.read(see))
    }

    fn view_ahead<T>(&self, see: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        answer_of(see, |see| self.peek(see))
    }
}

fn answer_of<T>(
    see: impl FnOnce(&State) -> T,
    look: impl FnOnce(&mut dyn FnMut(&State)) -> Result<(), StoreError>,
) -> Result<T, StoreError> {
    let mut see = Some(see);
    let mut answer = None;
    look(&mut |state| {
        if let Some(see) = see.take() {
            answer = Some(see(state));
        }
    })?;
    answer.ok_or(StoreError::Closed)
}

/// Why a store can't be opened, or no longer serves.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock: exit code 3.
    #[error("in use by process {pid:?} on {host:?}")]
    InUse {
        /// The holder's process id, where the lock file names it.
        pid: Option<u32>,
        /// The holder's host, where the lock file names it.
        host: Option<Box<str>>,
        /// The lock file.
        lock: PathBuf,
    },
    /// Nothing is left to trust; nothing was changed: exit code 4.
    #[error("damaged: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Damaged(Arc<[Damage]>),
    /// A newer version wrote this file; nothing was changed: exit code 4.
    #[error("{}: written by a newer version ({version})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it says of its version.
        version: Box<str>,
    },
    /// The folder is on a network file system, where locks and syncs may not hold; an option allows it: exit code 2.
    #[error("{}: on a network file system ({kind})", dir.display())]
    Network {
        /// The folder.
        dir: PathBuf,
        /// Which, such as `nfs`.
        kind: &'static str,
    },
    /// A reading or writing of the disk failed: exit code 5.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: a verb, such as `write` or `sync`.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// A newer manager of this process took the file over.
    #[error("taken over by a newer manager of this process")]
    Fenced,
    /// The store was closed, or belongs to the parent of this forked process.
    #[error("closed")]
    Closed,
}

impl StoreError {
    /// Whether it befell a look at what is there: nothing was to be kept.
    pub fn is_of_reading(&self) -> bool {
        matches!(self, Self::Io { action: "look at" | "list" | "read", .. })
    }
}

/// One thing that is wrong with the files of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, for people who repair: a short English phrase of technical terms.
    pub what: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)
    }
}
