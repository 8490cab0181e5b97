//! The log of one attempt at a task (the guide's TaskLogger).
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use codeagent_project::task_log::{self, Level, LogHeader, TaskLogs};
use pyo3::prelude::*;

use crate::{errors, now};

/// How many logs are kept (contract, "Messages").
const KEEP: usize = 20;
/// `executor.max_log_bytes`.
const MAX_BYTES: u64 = 100 << 20;

/// A file with a header, then lines; secrets are masked.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct TaskLog {
    /// None once it is closed.
    log: Mutex<Option<task_log::TaskLog>>,
    path: PathBuf,
}

#[pymethods]
impl TaskLog {
    #[new]
    fn new(
        py: Python<'_>,
        dir: PathBuf,
        task_id: &str,
        task_text: &str,
        attempt: u32,
        attempt_id: &str,
    ) -> PyResult<Self> {
        let header = LogHeader { task_id, text: task_text, attempt, attempt_id, started: now() };
        let begun = py.detach(|| {
            let logs = TaskLogs::new(&dir, MAX_BYTES, &[]);
            let log = logs.start(&header)?;
            logs.rotate(KEEP, |_| false)?;
            Ok(log)
        });
        let log = begun.map_err(|error: std::io::Error| errors::system(&error, &dir))?;
        Ok(Self { path: log.path().to_path_buf(), log: Mutex::new(Some(log)) })
    }

    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// A line of the level of `logging`. After the end nothing is written.
    fn line(&self, py: Python<'_>, level: u8, message: &str) -> PyResult<()> {
        let written = py.detach(|| match self.log().as_mut() {
            Some(log) => log.line(now(), level_of(level), message),
            None => Ok(()),
        });
        written.map_err(|error| errors::system(&error, &self.path))
    }

    /// The last line. A second time nothing happens.
    fn finish(&self, py: Python<'_>, level: u8, message: &str) -> PyResult<()> {
        let finished = py.detach(|| match self.log().take() {
            Some(log) => log.finish(now(), level_of(level), message),
            None => Ok(()),
        });
        finished.map_err(|error| errors::system(&error, &self.path))
    }
}

impl TaskLog {
    fn log(&self) -> MutexGuard<'_, Option<task_log::TaskLog>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn level_of(level: u8) -> Level {
    match level {
        40.. => Level::Error,
        30.. => Level::Warning,
        _ => Level::Info,
    }
}
