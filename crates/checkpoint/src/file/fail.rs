//! Errors of the disk become errors of the store: what was tried, on which file, what the system said.
use std::{io, path::Path, sync::Arc};

use crate::store::{Damage, StoreError};

/// Names what was tried.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source: Arc::new(source) }
}

/// One damaged file.
pub(crate) fn damage(path: &Path, what: impl Into<String>) -> Damage {
    Damage { path: path.to_owned(), what: what.into() }
}

pub(crate) fn damaged(damages: Vec<Damage>) -> StoreError {
    StoreError::Damaged(damages.into())
}
