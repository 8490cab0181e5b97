//! A manager on files, as the guide makes one.
use std::{path::Path, sync::Arc};

use super::CheckpointManager;
use crate::{
    clock::SystemClock,
    file::{FileStore, FileStoreOptions, OpenReport},
    store::StoreError,
};

impl CheckpointManager {
    /// `CheckpointManager(project_dir, checkpoint_file=…)`: opens the checkpoint, or creates it. A relative path
    /// starts at the project folder. Opening changes no task ([`Self::reset_interrupted_task`] does).
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn open(
        project_dir: &Path,
        checkpoint_file: &Path,
        options: FileStoreOptions,
    ) -> Result<(Self, OpenReport), StoreError> {
        let path = project_dir.join(checkpoint_file);
        let (store, report) = FileStore::open(&path, options)?;
        let manager = Self::new(Arc::new(store), Arc::new(SystemClock), path)?;
        Ok((manager, report))
    }
}
