//! A store whose callers do not wait for the disk: what they do is written at once, and durable a moment later.
//!
//! Written is: it survives the death of this process, however it dies. A power cut may take what came after the last
//! sync, and never a part of it: of what was done a beginning is left. For callers that say so (`durability="batch"`);
//! the server never does.
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use codeagent_core::{Command, Now, State};

use crate::store::{Decided, Store, StoreError};

/// Notes what the store below would wait for, and has it synced at the latest after a delay.
pub struct Batched {
    inner: Arc<dyn Store>,
    bell: Arc<Bell>,
    worker: Mutex<Option<JoinHandle<()>>>,
    /// A forked child has no such thread.
    pid: u32,
}

impl Batched {
    /// On top of a store, with a thread that syncs `delay` after the first change since the last sync.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn new(inner: Arc<dyn Store>, delay: Duration) -> std::io::Result<Self> {
        let bell = Arc::new(Bell::default());
        let (store, rung) = (Arc::clone(&inner), Arc::clone(&bell));
        let worker =
            std::thread::Builder::new().name("syncs".into()).spawn(move || work(&*store, &rung, delay))?;
        Ok(Self { inner, bell, worker: Mutex::new(Some(worker)), pid: std::process::id() })
    }

    fn note(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        let decided = self.inner.note_all(commands, now)?;
        if decided.iter().flatten().any(|events| !events.is_empty()) {
            self.bell.ring();
        }
        Ok(decided)
    }

    fn end(&self) {
        if self.pid != std::process::id() {
            return;
        }
        self.bell.end();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            let _ = worker.join(); // it has nothing to tell
        }
    }
}

impl Store for Batched {
    fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        self.note(commands, now)
    }

    fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        self.execute(command, now)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush()
    }

    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        self.inner.read(see)
    }

    fn keep(&self) -> Result<(), StoreError> {
        self.inner.keep()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.end();
        self.inner.close()
    }
}

impl Drop for Batched {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            self.end();
        } else if let Ok(worker) = self.worker.get_mut() {
            std::mem::forget(worker.take());
        }
    }
}

/// What the thread is told.
#[derive(Default)]
struct Bell {
    told: Mutex<Told>,
    heard: Condvar,
}

#[derive(Default)]
struct Told {
    owed: bool,
    over: bool,
}

impl Bell {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        let mut told = self.told();
        if !told.owed {
            told.owed = true;
            self.heard.notify_one();
        }
    }

    fn end(&self) {
        self.told().over = true;
        self.heard.notify_one();
    }

    /// Waits for a change and for the delay after it; false at the end.
    fn wait(&self, delay: Duration) -> bool {
        let told = self.heard.wait_while(self.told(), |told| !told.owed && !told.over);
        let told = told.unwrap_or_else(PoisonError::into_inner);
        let waited = self.heard.wait_timeout_while(told, delay, |told| !told.over);
        let mut told = waited.unwrap_or_else(PoisonError::into_inner).0;
        told.owed = false;
        !told.over
    }
}

fn work(store: &dyn Store, bell: &Bell, delay: Duration) {
    // A failed sync has ended the store: the next caller is told.
    while bell.wait(delay) && store.flush().is_ok() {}
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use codeagent_core::{Origin, TaskId, testkit::now};

    use super::*;
    use crate::{memory::MemoryStore, store::ReadState};

    /// Counts what is asked of it.
    #[derive(Default)]
    struct Counting {
        store: MemoryStore,
        waited: AtomicUsize,
        flushed: AtomicUsize,
        told: Condvar,
        gate: Mutex<()>,
    }

    impl Store for Counting {
        fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
            self.waited.fetch_add(1, Ordering::SeqCst);
            self.store.execute_all(commands, now)
        }

        fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
            self.store.note(command, now)
        }

        fn flush(&self) -> Result<(), StoreError> {
            let _gate = self.gate.lock().unwrap();
            self.flushed.fetch_add(1, Ordering::SeqCst);
            self.told.notify_all();
            Ok(())
        }

        fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
            self.store.read(see)
        }

        fn close(&self) -> Result<(), StoreError> {
            self.store.close()
        }
    }

    fn add(name: &str) -> Command {
        Command::AddTask { id: TaskId::new(name), text: name.into(), metadata: None, origin: Origin::Added }
    }

    #[test]
    fn changes_are_noted_and_flushed_once_after_the_delay() {
        let below = Arc::new(Counting::default());
        let store = Batched::new(below.clone(), Duration::from_millis(20)).unwrap();
        for name in ["a", "b", "c"] {
            store.execute(add(name), now()).unwrap().unwrap();
        }
        let gate = below.gate.lock().unwrap();
        let waited = below.told.wait_while(gate, |()| below.flushed.load(Ordering::SeqCst) == 0);
        drop(waited.unwrap());
        assert_eq!(below.waited.load(Ordering::SeqCst), 0);
        assert_eq!(store.view(|state| state.counts().total()).unwrap(), 3);
        store.close().unwrap();
        assert!(matches!(store.execute(add("d"), now()), Err(StoreError::Closed)));
    }

    #[test]
    fn what_changed_nothing_owes_nothing_and_the_end_waits_for_no_delay() {
        let below = Arc::new(Counting::default());
        let store = Batched::new(below.clone(), Duration::from_secs(3600)).unwrap();
        assert!(store.execute(Command::Cancel { id: TaskId::new("x") }, now()).unwrap().is_err());
        assert!(!store.bell.told().owed);
        store.execute(add("a"), now()).unwrap().unwrap();
        assert!(store.bell.told().owed);
        drop(store);
        assert_eq!(below.flushed.load(Ordering::SeqCst), 0);
    }
}
