//! A store that only reads, beside whoever holds the lock: every question is answered from the files as they are now.
use std::path::PathBuf;

use codeagent_checkpoint::{Store, StoreError, file::reader, store::Decided};
use codeagent_core::{Command, Now, State};

/// Reads the files at each question; costs what reading the whole checkpoint costs.
pub(crate) struct ReadOnly {
    pub(crate) path: PathBuf,
}

impl Store for ReadOnly {
    fn execute_all(&self, _: Vec<Command>, _: Now) -> Result<Vec<Decided>, StoreError> {
        Err(StoreError::Closed)
    }

    fn note(&self, _: Command, _: Now) -> Result<Decided, StoreError> {
        Err(StoreError::Closed)
    }

    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        let outcome = reader::read(&self.path)?;
        if !outcome.exists {
            // One that is not there yet and a path that was mistyped look alike: said, not shown as empty.
            let source = std::io::Error::from_raw_os_error(NO_ENTRY).into();
            return Err(StoreError::Io { action: "read", path: self.path.clone(), source });
        }
        see(&outcome.state);
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// ENOENT, on every system there is.
const NO_ENTRY: i32 = 2;
