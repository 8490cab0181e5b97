//! Errors of the core become those of `codeagent.errors`.
use std::path::Path;

use codeagent_checkpoint::{ManagerError, StoreError};
use codeagent_project::messages::Catalogue;
use pyo3::{
    BoundObject,
    exceptions::{PyOSError, PyValueError},
    prelude::*,
    types::PyTuple,
};

use crate::words;

/// What the error of a store means where it came up.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) say: &'a Catalogue,
    /// A closed store is one that never writes.
    pub(crate) read_only: bool,
    /// A closed store is the parent's.
    pub(crate) is_child: bool,
}

/// The exception for an error of a store.
pub(crate) fn store(py: Python<'_>, error: &StoreError, place: Place<'_>) -> PyErr {
    let say = place.say;
    let message = words::store_error(error, say);
    match error {
        StoreError::InUse { pid, host, .. } => {
            raise(py, "CheckpointLockedError", (message, *pid, host.as_deref()))
        }
        StoreError::Damaged(damage) => {
            let files: Vec<_> = damage.iter().map(|d| (d.path.clone(), d.what.clone())).collect();
            raise(py, "CheckpointDamagedError", (message, files))
        }
        StoreError::Newer { path, version } => {
            raise(py, "CheckpointDamagedError", (message, vec![(path.clone(), version.to_string())]))
        }
        StoreError::Network { .. } => raise(py, "CheckpointError", (message,)),
        StoreError::Io { path, source, .. } => {
            raise(py, "CheckpointIOError", (message, source.raw_os_error(), path.clone()))
        }
        StoreError::Fenced => raise(py, "CheckpointTakenOverError", (message,)),
        StoreError::Closed if place.is_child => {
            raise(py, "CheckpointForkedError", (say.text("python-error-forked"),))
        }
        StoreError::Closed if place.read_only => {
            raise(py, "CheckpointReadOnlyError", (say.text("python-error-read-only"),))
        }
        StoreError::Closed => raise(py, "CheckpointClosedError", (message,)),
    }
}

/// The exception for an error of the manager.
pub(crate) fn manager(py: Python<'_>, error: &ManagerError, place: Place<'_>) -> PyErr {
    match error {
        ManagerError::Store(error) => store(py, error, place),
        ManagerError::BadJson { .. } => PyValueError::new_err(error.to_string()),
    }
}

/// The exception for an error of the system on a file of the project.
pub(crate) fn system(error: &std::io::Error, path: &Path) -> PyErr {
    match error.raw_os_error() {
        Some(errno) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_owned();
            PyOSError::new_err((errno, text, path.to_path_buf()))
        }
        None => PyOSError::new_err(format!("{}: {error}", path.display())),
    }
}

/// An exception of the package, or the reason why there is none.
fn raise<'py>(py: Python<'py>, class: &str, args: impl IntoPyObject<'py, Target = PyTuple>) -> PyErr {
    let made =
        PyModule::import(py, "codeagent.errors").and_then(|module| module.getattr(class)).and_then(|class| {
            let args = args.into_pyobject(py).map_err(Into::into)?.into_bound();
            class.call1(args)
        });
    made.map_or_else(|error| error, PyErr::from_value)
}
