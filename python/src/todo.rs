//! The TODO lists of a project: read as one, ticked without touching another byte.
use std::path::PathBuf;

use codeagent_core::{TaskId, list::Mark};
use codeagent_project::{
    config::yaml_text,
    messages::Catalogue,
    msg,
    todo::{MarkRequest, TodoError, TodoList, TodoPlaces, set_marks},
};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{errors, words};

/// Where the lists of a project are.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct TodoFiles {
    places: TodoPlaces,
    say: Catalogue,
}

/// Id, text, index of the parent, mark (`open`, `done`, `skipped`), file, line.
type Item = (String, String, Option<usize>, &'static str, PathBuf, usize);

#[pymethods]
impl TodoFiles {
    #[new]
    #[pyo3(signature = (project_dir, format, max_bytes, lang=None))]
    fn new(project_dir: PathBuf, format: String, max_bytes: u64, lang: Option<&str>) -> PyResult<Self> {
        let places = TodoPlaces::new(project_dir, format, max_bytes);
        Ok(Self { places, say: words::catalogue(lang)? })
    }

    /// The files, and the tasks in their order.
    fn load(&self, py: Python<'_>) -> PyResult<(Vec<PathBuf>, Vec<Item>)> {
        let loaded = py.detach(|| TodoList::load(&self.places));
        let list = loaded.map_err(|error| self.explain(&error))?;
        let items = list.lines().iter().zip(list.ids()).enumerate().map(|(index, (line, id))| {
            let place = list.place(index);
            let (path, at) = (place.path.to_path_buf(), place.line);
            (id.to_string(), line.text.clone(), line.parent, name(line.mark), path, at)
        });
        Ok((list.files().to_vec(), items.collect()))
    }

    /// Sets the mark of the task of that id; whether it stands in a list.
    #[pyo3(signature = (task_id, mark, comment=None))]
    fn mark(&self, py: Python<'_>, task_id: &str, mark: &str, comment: Option<String>) -> PyResult<bool> {
        let mark = [Mark::Open, Mark::Done, Mark::Skipped].into_iter().find(|known| name(*known) == mark);
        let mark = mark.ok_or_else(|| PyValueError::new_err("no such mark"))?;
        let request = MarkRequest { id: TaskId::new(task_id), mark, comment };
        let marked = py.detach(|| set_marks(&self.places, &[request]));
        let report = marked.map_err(|error| self.explain(&error))?;
        Ok(!report.changed.is_empty() || !report.already.is_empty())
    }
}

impl TodoFiles {
    fn explain(&self, error: &TodoError) -> PyErr {
        let say = &self.say;
        PyValueError::new_err(match error {
            TodoError::Io { path, source } => return errors::system(source, path),
            TodoError::TooLarge { path, bytes, limit } => {
                msg!(say, "cli-todo-too-large", path = path.display(), bytes = *bytes, limit = *limit)
            }
            TodoError::InvalidUtf8 { path, line } => {
                msg!(say, "cli-todo-not-utf8", path = path.display(), line = *line)
            }
            TodoError::Yaml { path, error } => {
                let what = yaml_text(say, &error.kind);
                format!("{}:{}:{}: {what}", path.display(), error.line, error.column)
            }
            TodoError::KeepsChanging { path } => {
                msg!(say, "cli-todo-keeps-changing", path = path.display())
            }
        })
    }
}

fn name(mark: Mark) -> &'static str {
    match mark {
        Mark::Open => "open",
        Mark::Done => "done",
        Mark::Skipped => "skipped",
    }
}
