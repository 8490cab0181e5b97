//! The guide's `CheckpointManager` as Python's classes use it: ids and JSON text in, JSON text and refusals out.
//!
//! Every call lets other threads of the interpreter run while it works or waits for the disk. What the store notices
//! beside the work is kept until it is asked for ([`Manager::notices`]): the store's threads never enter Python.
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use codeagent_checkpoint::{
    Batched, CheckpointManager, FileStore, FileStoreOptions, ManagerError, Outcome, Store, StoreError,
    StoreNotice, SystemClock, document,
};
use codeagent_core::{Command, Deferral, LocalTime, RawJson, RecoveryInfo, Statistics, Task, TaskId};
use codeagent_project::messages::Catalogue;
use pyo3::{prelude::*, types::PyDict};

use crate::{
    errors::{self, Place},
    read_only::ReadOnly,
    words,
};

/// An open checkpoint.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct Manager {
    manager: CheckpointManager,
    say: Catalogue,
    read_only: bool,
    pid: u32,
    noticed: Arc<Noticed>,
    /// Closed by its own hand: for a store that has nothing to close.
    closed: AtomicBool,
}

/// What is still to be told.
#[derive(Default)]
struct Noticed {
    notices: Mutex<Vec<StoreNotice>>,
    any: AtomicBool,
}

impl Noticed {
    fn add(&self, notices: impl IntoIterator<Item = StoreNotice>) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).extend(notices);
        self.any.store(true, Ordering::Release);
    }

    fn take(&self) -> Vec<StoreNotice> {
        if !self.any.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Manager {
    #[new]
    #[pyo3(signature = (path, *, lang=None, batch_ms=None, read_only=false, allow_network=false))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        lang: Option<&str>,
        batch_ms: Option<u64>,
        read_only: bool,
        allow_network: bool,
    ) -> PyResult<Self> {
        let say = words::catalogue(lang)?;
        // Whoever changes the current folder later means the same file.
        let path = std::path::absolute(&path).map_err(|error| errors::system(&error, &path))?;
        let noticed = Arc::new(Noticed::default());
        let delay = batch_ms.map(Duration::from_millis);
        let opened =
            py.detach(|| if read_only { look_at(path) } else { open(path, delay, allow_network, &noticed) });
        let place = Place { say: &say, read_only: false, is_child: false };
        let manager = opened.map_err(|error| errors::store(py, &error, place))?;
        let pid = std::process::id();
        Ok(Self { manager, say, read_only, pid, noticed, closed: AtomicBool::new(false) })
    }

    #[getter]
    fn checkpoint_file(&self) -> PathBuf {
        self.manager.checkpoint_file().to_path_buf()
    }

    #[getter]
    fn backup_file(&self) -> PathBuf {
        self.manager.backup_file().to_path_buf()
    }

    /// What the store noticed since the last call: level of `logging`, and line.
    fn notices(&self) -> Vec<(u8, String)> {
        self.noticed.take().iter().flat_map(|notice| words::notice(notice, &self.say)).collect()
    }

    fn mark_server_start(&self, py: Python<'_>, session_id: &str) -> PyResult<()> {
        self.run(py, |manager| Ok(manager.mark_server_start(session_id)?))
    }

    fn mark_server_stop(&self, py: Python<'_>, clean: bool) -> PyResult<()> {
        self.run(py, |manager| {
            manager.mark_server_stop(clean)?;
            Ok(manager.store().flush()?)
        })
    }

    fn increment_iteration(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, |manager| Ok(manager.increment_iteration()?))
    }

    fn get_iteration_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.run(py, |manager| Ok(manager.get_iteration_count()?))
    }

    fn was_clean_shutdown(&self, py: Python<'_>) -> PyResult<bool> {
        self.run(py, |manager| Ok(manager.was_clean_shutdown()?))
    }

    #[pyo3(signature = (task_id, task_text, metadata=None))]
    fn add_task(
        &self,
        py: Python<'_>,
        task_id: &str,
        task_text: &str,
        metadata: Option<&str>,
    ) -> PyResult<Option<String>> {
        self.wish(py, |manager| manager.add_task(&id(task_id), task_text, metadata.map(RawJson::new)))
    }

    fn mark_task_start(&self, py: Python<'_>, task_id: &str) -> PyResult<Option<String>> {
        self.wish(py, |manager| Ok(manager.mark_task_start(&id(task_id))?))
    }

    #[pyo3(signature = (task_id, result=None))]
    fn mark_task_completed(
        &self,
        py: Python<'_>,
        task_id: &str,
        result: Option<&str>,
    ) -> PyResult<Option<String>> {
        self.wish(py, |manager| manager.mark_task_completed(&id(task_id), result.map(RawJson::new)))
    }

    fn mark_task_failed(
        &self,
        py: Python<'_>,
        task_id: &str,
        error_message: &str,
    ) -> PyResult<Option<String>> {
        self.wish(py, |manager| Ok(manager.mark_task_failed(&id(task_id), error_message)?))
    }

    fn update_instruction_progress(
        &self,
        py: Python<'_>,
        task_id: &str,
        instruction_num: u32,
        total_instructions: u32,
    ) -> PyResult<Option<String>> {
        self.wish(py, |manager| {
            Ok(manager.update_instruction_progress(&id(task_id), instruction_num, total_instructions)?)
        })
    }

    fn start_task(&self, py: Python<'_>, task_text: &str, task_id: &str) -> PyResult<Option<String>> {
        self.wish(py, |manager| Ok(manager.start_task(task_text, &id(task_id))?))
    }

    /// The ids of those that were reset.
    fn reset_interrupted_task(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let reset = self.run(py, |manager| Ok(manager.reset_interrupted_task()?))?;
        Ok(reset.iter().map(ToString::to_string).collect())
    }

    fn clear_old_tasks(&self, py: Python<'_>, keep_last_n: usize) -> PyResult<usize> {
        self.run(py, |manager| Ok(manager.clear_old_tasks(keep_last_n)?))
    }

    /// A running task goes back to pending, and its attempt does not count: someone has stopped it.
    fn put_back(&self, py: Python<'_>, task_id: &str) -> PyResult<Option<String>> {
        self.command(py, Command::DeferTask { id: id(task_id), cause: Deferral::Stop })
    }

    #[pyo3(signature = (task_id, task_text=None))]
    fn retry(&self, py: Python<'_>, task_id: &str, task_text: Option<String>) -> PyResult<Option<String>> {
        self.command(py, Command::Retry { id: id(task_id), text: task_text })
    }

    fn rollback(&self, py: Python<'_>, task_id: &str) -> PyResult<Option<String>> {
        self.command(py, Command::Rollback { id: id(task_id) })
    }

    fn should_retry_task(&self, py: Python<'_>, task_id: &str, max_attempts: u32) -> PyResult<bool> {
        self.run(py, |manager| Ok(manager.should_retry_task(&id(task_id), max_attempts)?))
    }

    fn is_task_completed(&self, py: Python<'_>, task_text: &str) -> PyResult<bool> {
        self.run(py, |manager| Ok(manager.is_task_completed(task_text)?))
    }

    /// Whether a completed task of that id was cleared: it is known, and its result is gone.
    fn is_cleared(&self, py: Python<'_>, task_id: &str) -> PyResult<bool> {
        let fingerprint = codeagent_core::Fingerprint::of_id(&id(task_id));
        self.run(py, |manager| {
            let mut is_pruned = false;
            manager.store().read(&mut |state| is_pruned = state.is_pruned(fingerprint))?;
            Ok(is_pruned)
        })
    }

    fn find_task(&self, py: Python<'_>, task_id: &str) -> PyResult<Option<String>> {
        let found = self.run(py, |manager| Ok(manager.find_task(&id(task_id))?))?;
        Ok(found.as_ref().map(document::task_to_string))
    }

    fn get_current_task(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let found = self.run(py, |manager| Ok(manager.get_current_task()?))?;
        Ok(found.as_ref().map(document::task_to_string))
    }

    fn get_incomplete_tasks(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |manager| Ok(list(&manager.get_incomplete_tasks()?)))
    }

    fn get_failed_tasks(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |manager| Ok(list(&manager.get_failed_tasks()?)))
    }

    fn checkpoint_data(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |manager| Ok(manager.checkpoint_data()?))
    }

    fn get_recovery_info(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |manager| Ok(recovery_info(&manager.get_recovery_info()?)))
    }

    fn get_statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Statistics {
            total_tasks,
            completed,
            failed,
            in_progress,
            pending,
            rolled_back,
            iteration_count,
            session_id,
            pruned,
        } = self.run(py, |manager| Ok(manager.get_statistics()?))?;
        let counts = [
            ("total_tasks", total_tasks),
            ("completed", completed),
            ("failed", failed),
            ("in_progress", in_progress),
            ("pending", pending),
            ("rolled_back", rolled_back),
            ("pruned", pruned),
        ];
        let statistics = PyDict::new(py);
        for (key, count) in counts {
            statistics.set_item(key, count)?;
        }
        statistics.set_item("iteration_count", iteration_count)?;
        statistics.set_item("session_id", session_id.as_deref())?;
        Ok(statistics)
    }

    /// Makes durable what was written and not waited for.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, |manager| Ok(manager.store().flush()?))
    }

    /// The JSON file becomes exact, the lock is let go, later calls fail. A second time, and in a forked child,
    /// nothing happens.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_child() || self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        match py.detach(|| self.manager.close()) {
            // Taken over: whoever has it now closes it.
            Ok(()) | Err(StoreError::Fenced) => Ok(()),
            Err(error) => Err(errors::store(py, &error, self.place())),
        }
    }

    /// In a forked child, as soon as it is one: the copy of the lock is let go.
    fn after_fork(&self) {
        // It says that the store is closed, which is what it is for.
        let _ = self.manager.get_iteration_count();
    }
}

impl Manager {
    fn is_child(&self) -> bool {
        self.pid != std::process::id()
    }

    fn place(&self) -> Place<'_> {
        let read_only = self.read_only && !self.closed.load(Ordering::SeqCst);
        Place { say: &self.say, read_only, is_child: self.is_child() }
    }

    fn run<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&CheckpointManager) -> Result<T, ManagerError> + Send,
    ) -> PyResult<T> {
        if self.is_child() || (self.read_only && self.closed.load(Ordering::SeqCst)) {
            return Err(errors::store(py, &StoreError::Closed, self.place()));
        }
        py.detach(|| call(&self.manager)).map_err(|error| errors::manager(py, &error, self.place()))
    }

    /// The reason why it was ignored; none where it is so now.
    fn wish(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&CheckpointManager) -> Result<Outcome, ManagerError> + Send,
    ) -> PyResult<Option<String>> {
        Ok(match self.run(py, call)? {
            Outcome::Done => None,
            Outcome::Ignored(refusal) => Some(words::refusal(&refusal, &self.say)),
        })
    }

    fn command(&self, py: Python<'_>, command: Command) -> PyResult<Option<String>> {
        use codeagent_checkpoint::Clock;
        let decided = self.run(py, |manager| Ok(manager.store().execute(command, SystemClock.now())?))?;
        Ok(decided.err().map(|refusal| words::refusal(&refusal, &self.say)))
    }
}

fn open(
    path: PathBuf,
    delay: Option<Duration>,
    allow_network: bool,
    noticed: &Arc<Noticed>,
) -> Result<CheckpointManager, StoreError> {
    let told = Arc::clone(noticed);
    let options = FileStoreOptions {
        allow_network,
        notify: Arc::new(move |notice| told.add([notice])),
        ..FileStoreOptions::default()
    };
    let (store, report) = FileStore::open(&path, options)?;
    noticed.add(report.notices);
    let store: Arc<dyn Store> =
        match delay {
            None => Arc::new(store),
            Some(delay) => Arc::new(Batched::new(Arc::new(store), delay).map_err(|source| {
                StoreError::Io { action: "start a thread for", path: path.clone(), source: Arc::new(source) }
            })?),
        };
    CheckpointManager::new(store, Arc::new(SystemClock), path)
}

fn look_at(path: PathBuf) -> Result<CheckpointManager, StoreError> {
    CheckpointManager::new(Arc::new(ReadOnly { path: path.clone() }), Arc::new(SystemClock), path)
}

fn id(text: &str) -> TaskId {
    TaskId::new(text)
}

/// Tasks as a JSON list.
fn list(tasks: &[Task]) -> String {
    let tasks: Vec<_> = tasks.iter().map(document::task_to_string).collect();
    format!("[{}]", tasks.join(", "))
}

fn recovery_info(info: &RecoveryInfo) -> String {
    let time = |time: Option<LocalTime>| time.map(|time| time.to_string());
    let known = serde_json::json!({
        "was_clean_shutdown": info.was_clean_shutdown,
        "last_start_time": time(info.last_start_time),
        "last_stop_time": time(info.last_stop_time),
        "iteration_count": info.iteration_count,
        "session_id": info.session_id,
        "incomplete_tasks_count": info.incomplete_tasks.len(),
        "failed_tasks_count": info.failed_tasks.len(),
    })
    .to_string();
    // Tasks are put in as text: what others wrote into them is not always JSON that serde_json takes.
    let current = info.current_task.as_ref().map_or("null".to_owned(), document::task_to_string);
    let (incomplete, failed) = (list(&info.incomplete_tasks), list(&info.failed_tasks));
    let known = known.trim_end_matches('}');
    format!(
        "{known}, \"current_task\": {current}, \"incomplete_tasks\": {incomplete}, \"failed_tasks\": {failed}}}"
    )
}
