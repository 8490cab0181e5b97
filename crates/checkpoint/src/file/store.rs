//! The store in files, as its callers see it.
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use codeagent_core::{Command, Now, State};

use super::{
    background,
    core::Shared,
    fail::io_error,
    queue::{Answer, Request, Until},
};
use crate::store::{Decided, Store, StoreError};

/// A store in files that loses nothing that it acknowledged, whatever ends it. Made by [`FileStore::open`].
///
/// Dropping it closes it, as well as that can be done.
pub struct FileStore {
    shared: Arc<Shared>,
    /// Writes snapshots beside the work.
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl FileStore {
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut worker = None;
        if shared.options.snapshots_beside {
            let of_worker = Arc::clone(&shared);
            let spawned = std::thread::Builder::new()
                .name("snapshots".into())
                .spawn(move || background::work(&of_worker));
            worker = Some(spawned.map_err(io_error("start a thread for", shared.names.main()))?);
        }
        Ok(Self { shared, worker: Mutex::new(worker) })
    }

    /// The snapshot's path, without symbolic links in its folder.
    pub fn path(&self) -> &Path {
        self.shared.names.main()
    }

    /// The backup's path.
    pub fn backup_path(&self) -> PathBuf {
        self.shared.names.backup()
    }

    /// Writes a snapshot now: when it returns, the main file holds all that was acknowledged before the call.
    /// Other callers go on meanwhile.
    ///
    /// # Errors
    /// As [`Store::execute_all`].
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.shared.checkpoint(|| {})
    }

    /// The same, and does something while the snapshot is still to be written: for tests of what happens beside it.
    ///
    /// # Errors
    /// As [`FileStore::checkpoint`].
    #[cfg(any(test, feature = "testing"))]
    pub fn checkpoint_beside(&self, work: impl FnOnce()) -> Result<(), StoreError> {
        self.shared.checkpoint(work)
    }

    /// What several callers want at once, committed as one group: for tests that need the same group in every run.
    ///
    /// # Errors
    /// As [`Store::execute_all`], for each caller.
    #[cfg(any(test, feature = "testing"))]
    pub fn execute_together(&self, callers: Vec<Vec<Command>>, now: Now) -> Vec<Answer> {
        let request = |commands| Request { commands, now, until: Until::Answered };
        self.shared.commit(callers.into_iter().map(request).collect())
    }

    /// Lets go of everything and writes nothing, as a crash would: for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn abandon(self) {
        self.shared.end(StoreError::Closed);
        self.release();
    }

    fn run(&self, commands: Vec<Command>, now: Now, until: Until) -> Answer {
        self.shared.check()?;
        let request = Request { commands, now, until };
        self.shared.queue.run(request, |requests| self.shared.commit(requests))
    }

    /// After the end: the thread is over and the lock is free.
    fn release(&self) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if self.shared.pid != std::process::id() {
            // A forked child has no such thread, and closes its copy of the lock by dropping it.
            std::mem::forget(worker);
            return;
        }
        self.shared.bell.ring();
        if let Some(worker) = worker {
            // A panic there has ended the store already.
            let _ = worker.join();
        }
        self.shared.core.write().unwrap_or_else(PoisonError::into_inner).lock = None;
    }
}

impl Store for FileStore {
    fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        self.run(commands, now, Until::Answered)
    }

    fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        let mut decided = self.run(vec![command], now, Until::Later)?;
        Ok(decided.pop().unwrap_or_else(|| Ok(Vec::new())))
    }

    fn execute_ahead(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        let mut decided = self.run(vec![command], now, Until::Seen)?;
        Ok(decided.pop().unwrap_or_else(|| Ok(Vec::new())))
    }

    fn note_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        self.run(commands, now, Until::Later)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.shared.flush()
    }

    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        loop {
            self.shared.check()?;
            let core = self.shared.look()?;
            // A commit that failed while we waited has left more in memory than is durable.
            self.shared.check()?;
            if !core.ahead {
                see(&core.state);
                return Ok(());
            }
            drop(core);
            self.shared.flush()?;
        }
    }

    fn peek(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        self.shared.check()?;
        let core = self.shared.look()?;
        self.shared.check()?;
        see(&core.state);
        Ok(())
    }

    fn keep(&self) -> Result<(), StoreError> {
        self.shared.keep()
    }

    fn close(&self) -> Result<(), StoreError> {
        let closed = self.shared.close();
        self.release();
        closed
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        if self.shared.check().is_ok() {
            // Whoever wants to know calls `close`; the journal has everything.
            let _ = self.shared.close();
        }
        self.release();
    }
}

impl std::fmt::Debug for FileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path()).finish_non_exhaustive()
    }
}
