//! `checkpoint export`: the document as it would be after recovery, for other programs.
use std::{io::Write, path::Path};

use crate::{
    document,
    file::{fail::io_error, reader},
    store::StoreError,
};

/// Writes the document without what ties it to the store. Takes no lock and changes nothing.
///
/// # Errors
/// As [`reader::read`]; [`StoreError::Io`] naming `path` where `out` fails.
pub fn export(path: &Path, out: &mut dyn Write) -> Result<(), StoreError> {
    let outcome = reader::read(path)?;
    document::write(&outcome.state.freeze(), None, out).map_err(io_error("export", path))
}
