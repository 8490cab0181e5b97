//! A store that keeps nothing: for `checkpoint.enabled: false`, and for tests.
use std::sync::RwLock;

use codeagent_core::{Command, Now, State, decide};

use crate::store::{Decided, Store, StoreError};

/// Keeps the state in memory; when it is closed, or the process ends, the state is gone.
#[derive(Debug)]
pub struct MemoryStore {
    /// None once it is closed.
    state: RwLock<Option<State>>,
}

impl MemoryStore {
    /// A store that begins with this state.
    pub fn new(state: State) -> Self {
        Self { state: RwLock::new(Some(state)) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(State::default())
    }
}

impl Store for MemoryStore {
    fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        // Only a panic in the midst of a change poisons the lock: what is half changed must not be shown.
        let mut state = self.state.write().map_err(|_| StoreError::Closed)?;
        let state = state.as_mut().ok_or(StoreError::Closed)?;
        Ok(commands.into_iter().map(|command| act(state, command, now)).collect())
    }

    fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        self.execute(command, now)
    }

    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        let state = self.state.read().map_err(|_| StoreError::Closed)?;
        see(state.as_ref().ok_or(StoreError::Closed)?);
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        let mut state = self.state.write().map_err(|_| StoreError::Closed)?;
        state.take().map(drop).ok_or(StoreError::Closed)
    }
}

fn act(state: &mut State, command: Command, now: Now) -> Decided {
    let events = decide(state, command, now)?;
    events.iter().for_each(|event| state.apply(event));
    Ok(events)
}
