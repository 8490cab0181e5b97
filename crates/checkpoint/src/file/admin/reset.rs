//! `checkpoint reset`: an empty checkpoint; what was there is kept under other names.
use std::{path::Path, sync::Arc};

use super::Held;
use crate::{
    file::{
        open::{FileStoreOptions, fresh},
        real_disk::RealDisk,
        report::{AsideReason, OpenReport},
    },
    store::StoreError,
};

/// Sets every file of the store aside and makes an empty one.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Network`], [`StoreError::Io`]; never damage.
pub fn reset(path: &Path, options: FileStoreOptions) -> Result<OpenReport, StoreError> {
    let mut held = Held::lock(Arc::new(RealDisk), path, options)?;
    held.gather()?;
    held.begin_anew(fresh(), AsideReason::Reset)
}
