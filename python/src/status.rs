//! The status file (the guide's StatusManager).
use std::path::PathBuf;

use codeagent_project::status::{StatusManager, StatusTexts};
use pyo3::prelude::*;

use crate::{errors, now, words};

/// A Markdown file that is only ever appended to.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct StatusFile(StatusManager);

#[pymethods]
impl StatusFile {
    #[new]
    #[pyo3(signature = (path, lang=None))]
    fn new(path: PathBuf, lang: Option<&str>) -> PyResult<Self> {
        let say = words::catalogue(lang)?;
        let texts = StatusTexts {
            title: say.text("server-status-title"),
            history: say.text("server-status-history"),
        };
        Ok(Self(StatusManager::new(path, texts)))
    }

    fn append(&self, py: Python<'_>, message: &str, level: u8) -> PyResult<()> {
        self.told(py.detach(|| self.0.append_status(now(), message, level)))
    }

    #[pyo3(signature = (task_text, status, details=None))]
    fn task(&self, py: Python<'_>, task_text: &str, status: &str, details: Option<&str>) -> PyResult<()> {
        self.told(py.detach(|| self.0.update_task_status(now(), task_text, status, details)))
    }

    #[pyo3(signature = (status, details=None))]
    fn server(&self, py: Python<'_>, status: &str, details: Option<&str>) -> PyResult<()> {
        self.told(py.detach(|| self.0.update_server_status(now(), status, details)))
    }
}

impl StatusFile {
    fn told(&self, result: std::io::Result<()>) -> PyResult<()> {
        result.map_err(|error| errors::system(&error, self.0.path()))
    }
}
