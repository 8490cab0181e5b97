//! `checkpoint import`: a document of another program, an export, or a file that was edited by hand becomes the store.
use std::{path::Path, sync::Arc};

use super::Held;
use crate::{
    document::{self, ErrorKind},
    file::{
        disk::Disk as _,
        fail::{damage, damaged, io_error},
        open::{FileStoreOptions, fresh},
        real_disk::RealDisk,
        recover::Recovered,
        report::{AsideReason, OpenReport},
    },
    store::StoreError,
};

/// Makes the document in `file` the new base of the store at `path`; what was there is kept under other names.
/// Its tasks run without a line in the TODO list.
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
    held.gather()?;
    held.begin_anew(Recovered { state, ..fresh() }, AsideReason::Replaced)
}
