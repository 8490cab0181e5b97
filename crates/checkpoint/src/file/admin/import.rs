//! `checkpoint import`: a document of another program, an export, or a file that was edited by hand becomes the store.
use std::{path::Path, sync::Arc};

use codeagent_core::State;

use super::Held;
use crate::{
    document::{self, ErrorKind},
    file::{
        completions::keep_completions,
        disk::Disk as _,
        fail::{damage, damaged, io_error},
        open::{FileStoreOptions, fresh},
        real_disk::RealDisk,
        recover::{self, Decision, Recovered},
        report::{AsideReason, OpenReport, StoreNotice},
    },
    store::StoreError,
};

/// Makes the document in `file` the new base of the store at `path`; what was there is kept under other names.
/// Its tasks run without a line in the TODO list. What the present store, where it can be read, knows as completed
/// stays completed (promise 2).
///
/// # Errors
/// [`StoreError::Damaged`] and [`StoreError::Newer`] where `file` can't be read as a document,
/// [`StoreError::InUse`], [`StoreError::Network`]: nothing was changed. [`StoreError::Io`].
pub fn import(path: &Path, file: &Path, options: FileStoreOptions) -> Result<OpenReport, StoreError> {
    let not_found = || std::io::ErrorKind::NotFound.into();
    let read = RealDisk.read(file).map_err(io_error("read", file))?;
    let (bytes, _) = read.ok_or_else(not_found).map_err(io_error("read", file))?;
    let state = document::read(&bytes).and_then(document::import).map_err(|error| match error.kind {
        ErrorKind::NewerVersion(version) => {
            StoreError::Newer { path: file.to_owned(), version: version.into() }
        }
        _ => damaged(vec![damage(file, error.to_string())]),
    })?;
    let mut held = Held::lock(Arc::new(RealDisk), path, options)?;
    let found = held.gather()?;
    let (state, notices) = match recover::decide(found, held.names()) {
        Ok(Decision::GoOn(present)) => with_completions(state, &present.state),
        // What can't be read, or is not there, can't be asked.
        _ => (state, Vec::new()),
    };
    held.begin_anew(Recovered { state, notices, ..fresh() }, AsideReason::Replaced)
}

fn with_completions(document: State, present: &State) -> (State, Vec<StoreNotice>) {
    match keep_completions(&document, present) {
        Some((state, count)) if count > 0 => (state, vec![StoreNotice::CompletionsKept { count }]),
        Some((state, _)) => (state, Vec::new()),
        None => (document, Vec::new()),
    }
}
