//! The sessions file (the guide's SessionTracker).
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use codeagent_project::sessions::{Generation, SessionTracker};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{errors, now};

/// The generations of TODO lists, of this session and of all.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct Sessions {
    tracker: Mutex<SessionTracker>,
    path: PathBuf,
}

#[pymethods]
impl Sessions {
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        let opened = SessionTracker::open(&path, now(), |_| false);
        let tracker = Mutex::new(opened.map_err(|error| errors::system(&error, &path))?);
        Ok(Self { tracker, path })
    }

    #[getter]
    fn session_id(&self) -> String {
        self.tracker().current_session_id().to_owned()
    }

    /// Where a damaged file was moved.
    #[getter]
    fn set_aside(&self) -> Option<PathBuf> {
        self.tracker().set_aside().map(Into::into)
    }

    /// How many lists this session generated.
    fn count(&self) -> u64 {
        self.tracker().generation_count()
    }

    /// The document, as JSON.
    fn document(&self) -> PyResult<String> {
        let document = self.tracker().document().clone();
        serde_json::to_string(&document).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn record(&self, py: Python<'_>, todo_file: String, task_count: usize, metadata: &str) -> PyResult<()> {
        let metadata =
            serde_json::from_str(metadata).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let generation = Generation { todo_file, task_count, metadata };
        let recorded = py.detach(|| self.tracker().record_generation(now(), generation));
        recorded.map_err(|error| errors::system(&error, &self.path))
    }
}

impl Sessions {
    fn tracker(&self) -> MutexGuard<'_, SessionTracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
