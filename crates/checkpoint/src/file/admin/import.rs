//! `checkpoint import`: a document of another program, an export, or a file that was edited by hand becomes the store.
use std::{path::Path, sync::Arc};

use codeagent_core::{State, Task, TaskState};

use super::{Held, salvage::Salvage};
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
/// Its tasks run without a line in the TODO list. What the present store knows as completed stays completed
/// (promise 2), as far as that can be read.
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
        // Nothing is there, or both JSON files were deleted, which says that it is to be forgotten.
        Ok(Decision::Create | Decision::Reset) => (state, Vec::new()),
        Err(_) => with_salvaged(state, &held.salvage()?),
    };
    held.begin_anew(Recovered { state, notices, ..fresh() }, AsideReason::Replaced)
}

/// What an open refuses is asked as far as it can be read; and it is said where it can't.
fn with_salvaged(document: State, salvage: &Salvage) -> (State, Vec<StoreNotice>) {
    let (state, mut notices) = with_completions(document, &salvage.state);
    let is_open = |task: &&Task| {
        matches!(task.state(), TaskState::Pending | TaskState::InProgress | TaskState::Failed)
            && !salvage.is_certain(&task.id)
    };
    if salvage.gaps > 0 {
        notices.push(StoreNotice::CompletionsUnread { open: state.tasks().filter(is_open).count() });
    }
    (state, notices)
}

fn with_completions(document: State, present: &State) -> (State, Vec<StoreNotice>) {
    match keep_completions(&document, present) {
        Some((state, count)) if count > 0 => (state, vec![StoreNotice::CompletionsKept { count }]),
        Some((state, _)) => (state, Vec::new()),
        None => (document, Vec::new()),
    }
}
