//! What may be asked of a project's tasks, done on a store: the same for the socket of a running server and for the files.
use std::{path::PathBuf, sync::Arc};

use codeagent_checkpoint::{Store, StoreError, clock::Clock, store::ReadState};
use codeagent_core::{
    Command, Fingerprint, Now, Origin, RawJson, Refusal, State, Statistics, TaskId, TaskState, Verb,
};
use codeagent_project::{
    harmless::one_line,
    messages::Catalogue,
    msg,
    todo::{TodoList, TodoPlaces},
};

use crate::{
    api::{ApiError, NewTask, ServerView, StatusView, StopKind, TaskVerb, TaskView},
    control::{Control, Stop},
};

/// Characters of an id in a line of the log: other programs' ids may be anything.
const ID_CHARS: usize = 64;

/// Does what is asked.
#[derive(Clone)]
pub struct Service {
    /// Where the tasks are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the list is looked for: a pruned task's text stands only there.
    pub places: TodoPlaces,
    /// The checkpoint file.
    pub checkpoint_file: PathBuf,
    /// The running engine, if there is one.
    pub engine: Option<Running>,
}

/// A running engine.
#[derive(Clone)]
pub struct Running {
    /// How to speak with it.
    pub control: Arc<Control>,
    /// `run` or `serve`.
    pub mode: &'static str,
    /// The language of its log.
    pub catalogue: Arc<Catalogue>,
}

impl Running {
    /// Writes into the log what a person had done: in the morning nobody remembers it.
    fn log_asked(&self, what: &str) {
        tracing::info!("{}", msg!(self.catalogue, "server-asked", what = what));
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The rules, or the request itself, forbid it.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl Service {
    /// `status`.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub(crate) fn status(&self) -> Result<StatusView, ServiceError> {
        let now = self.clock.now();
        let server = self.engine.as_ref().map(|running| running.control.view(running.mode));
        let file = self.checkpoint_file.display().to_string();
        Ok(self.store.view(|state| status(state, file, server, now))?)
    }

    /// `list`.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub(crate) fn tasks(&self, only: Option<TaskState>) -> Result<Vec<TaskView>, ServiceError> {
        let now = self.clock.now();
        Ok(self.store.view(|state| tasks(state, only, now))?)
    }

    /// `show`.
    ///
    /// # Errors
    /// [`ApiError::UnknownTask`], [`ApiError::PrunedTask`], [`ServiceError::Store`].
    pub(crate) fn task(&self, id: &TaskId) -> Result<TaskView, ServiceError> {
        let now = self.clock.now();
        Ok(self.store.view(|state| task(state, id, now))??)
    }

    /// `add`.
    ///
    /// # Errors
    /// [`ApiError::TaskExists`], [`ApiError::BadRequest`], [`ServiceError::Store`].
    pub fn add(&self, task: NewTask) -> Result<TaskView, ServiceError> {
        let bad = |what: &str| ApiError::BadRequest { what: what.to_owned() };
        let id = match &task.id {
            Some(id) => TaskId::parse_given(id).map_err(|_| bad("bad_id"))?,
            None => TaskId::derive([], &task.text),
        };
        let metadata = match task.metadata {
            None => None,
            Some(object) if object.is_object() => Some(RawJson::new(object.to_string())),
            Some(_) => return Err(bad("bad_metadata").into()),
        };
        let add = Command::AddTask { id: id.clone(), text: task.text, metadata, origin: Origin::Added };
        let _ = self.store.execute(add, self.clock.now())??;
        self.asked("add", &id);
        self.task(&id)
    }

    /// `retry`, `skip`, `cancel`, `rollback`. None for a pruned task that `retry` made new again without its text.
    ///
    /// # Errors
    /// [`ApiError::WrongState`], [`ApiError::UnknownTask`], [`ApiError::PrunedTask`], [`ServiceError::Store`].
    pub fn act(&self, verb: TaskVerb, id: &TaskId) -> Result<Option<TaskView>, ServiceError> {
        if matches!(verb, TaskVerb::Cancel | TaskVerb::Rollback) && self.end_attempt(id, verb)? {
            self.asked(verb.as_str(), id);
            return self.task(id).map(Some);
        }
        let command = match verb {
            TaskVerb::Retry => Command::Retry { id: id.clone(), text: self.text_of_pruned(id)? },
            TaskVerb::Skip => Command::Skip { id: id.clone() },
            TaskVerb::Cancel => Command::Cancel { id: id.clone() },
            TaskVerb::Rollback => Command::Rollback { id: id.clone() },
        };
        match self.store.execute(command, self.clock.now())? {
            Err(Refusal::UnknownTask(id)) => {
                return Err(self.store.view(|state| unknown(state, &id))?.into());
            }
            done => drop(done?),
        }
        self.asked(verb.as_str(), id);
        match self.task(id) {
            Ok(task) => Ok(Some(task)),
            Err(ServiceError::Refused(ApiError::UnknownTask { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the running attempt as wished. False if none runs, or it was settled otherwise before.
    fn end_attempt(&self, id: &TaskId, verb: TaskVerb) -> Result<bool, ServiceError> {
        let Some(running) = &self.engine else { return Ok(false) };
        if !running.control.end_attempt_as(id, verb) {
            return Ok(false);
        }
        let wished = if verb == TaskVerb::Rollback { TaskState::RolledBack } else { TaskState::Failed };
        let state = self.store.view(|state| state.task(id).map(|task| task.state()))?;
        match state {
            Some(state) if state == wished => Ok(true),
            Some(state) => {
                let verb = if verb == TaskVerb::Rollback { Verb::Rollback } else { Verb::Cancel };
                Err(Refusal::WrongState { id: id.clone(), state, verb }.into())
            }
            None => Err(Refusal::UnknownTask(id.clone()).into()),
        }
    }

    /// The text that the list has for an id that the checkpoint has only a fingerprint of.
    fn text_of_pruned(&self, id: &TaskId) -> Result<Option<String>, ServiceError> {
        if self.store.view(|state| state.task(id).is_some())? {
            return Ok(None);
        }
        let Ok(list) = TodoList::load(&self.places) else { return Ok(None) };
        Ok(list.find(id).map(|index| list.lines()[index].text.clone()))
    }

    /// `stop`, `restart`. False if no engine runs.
    pub fn stop(&self, how: StopKind) -> bool {
        let Some(running) = &self.engine else { return false };
        running.log_asked(how.as_str());
        running.control.request_stop(match how {
            StopKind::AfterTask => Stop::AfterTask,
            StopKind::Now => Stop::Now,
            StopKind::Restart => Stop::Restart,
        });
        true
    }

    /// Something was changed as asked: the log has it, and the engine looks for work.
    fn asked(&self, command: &str, id: &TaskId) {
        if let Some(running) = &self.engine {
            running.log_asked(&format!("{command} {}", one_line(id.as_str(), ID_CHARS)));
            running.control.wake();
        }
    }
}

/// One task.
pub(crate) fn task(state: &State, id: &TaskId, now: Now) -> Result<TaskView, ApiError> {
    state.task(id).map(|task| TaskView::of(task, now)).ok_or_else(|| unknown(state, id))
}

/// Why there is no such task.
fn unknown(state: &State, id: &TaskId) -> ApiError {
    let task_id = id.clone();
    match state.is_pruned(Fingerprint::of_id(id)) {
        true => ApiError::PrunedTask { task_id },
        false => ApiError::UnknownTask { task_id },
    }
}

/// All tasks, or those in a state, in the order of their coming.
pub(crate) fn tasks(state: &State, only: Option<TaskState>, now: Now) -> Vec<TaskView> {
    let wanted = state.tasks().filter(|task| only.is_none_or(|only| task.state() == only));
    wanted.map(|task| TaskView::of(task, now)).collect()
}

/// What `status` says of a state.
pub(crate) fn status(
    state: &State,
    checkpoint_file: String,
    server: Option<ServerView>,
    now: Now,
) -> StatusView {
    let header = state.header();
    StatusView {
        server,
        unreachable_pid: None,
        checkpoint_file,
        checkpoint_exists: true,
        clean_shutdown: header.clean_shutdown,
        last_start_time: header.last_start_time.map(|time| time.to_string()),
        last_stop_time: header.last_stop_time.map(|time| time.to_string()),
        last_update: header.last_update.map(|time| time.to_string()),
        session_id: header.session_id.as_deref().map(str::to_owned),
        iteration_count: header.iteration_count,
        statistics: Statistics::of(state).into(),
        current: state.running().map(|task| TaskView::of(task, now)).collect(),
    }
}
