//! The project's tasks, wherever they are kept just now: by a running server (through its socket), else in the files.
//! The user need not know which (contract, "Commands").
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use codeagent_checkpoint::{
    Store, StoreError,
    clock::{Clock, SystemClock},
    file::{self, FileStore, FileStoreOptions},
};
use codeagent_core::{State, TaskId, TaskState};
use codeagent_project::{
    config::Loaded,
    todo::{TodoList, TodoPlaces},
};
use serde::de::DeserializeOwned;

use crate::{
    api::{ApiError, NewTask, StatusView, StopKind, TaskVerb, TaskView},
    client::{Client, segment},
    recover,
    service::{self, Service, ServiceError},
    socket::{self, Acted, StopRequest, TaskList},
};

/// How often, and after what time, a talk that broke off is begun again.
const ASK_AGAIN: u32 = 20;
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(25);

/// How often, and how long apart, it is looked again whether files that are in use can be had or their server asked.
const BUSY_TRIES: u32 = 40;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// A way to a project's tasks.
#[derive(Debug)]
pub struct Access {
    checkpoint_file: PathBuf,
    places: TodoPlaces,
    kill_grace: Duration,
    client: Option<Client>,
}

/// Why something asked of [`Access`] was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The rules, or the request itself, forbid it.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The files: in use, damaged, not readable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A server was there, and can't be reached any more: nothing was asked.
    #[error("the server at {} can't be reached: {what}", socket.display())]
    Unreached {
        /// Its socket.
        socket: PathBuf,
        /// What went wrong.
        what: String,
    },
    /// A server runs, but the talk with it broke off.
    #[error("the server at {} does not answer: {what}", socket.display())]
    Socket {
        /// Its socket.
        socket: PathBuf,
        /// What went wrong.
        what: String,
    },
    /// A server runs, but says nothing: it was stopped (SIGSTOP), or its disk hangs.
    #[error("the server at {} has not answered for {} s", socket.display(), waited.as_secs())]
    Silent {
        /// Its socket.
        socket: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The request needs a running server, and none runs.
    #[error("no server runs for the project {}", project_dir.display())]
    NoServer {
        /// The project.
        project_dir: PathBuf,
    },
    /// A server works on the files, and can't be asked: its socket is gone, or not there yet.
    #[error("process {pid} works on the checkpoint, and has no socket")]
    NoSocket {
        /// Its process id.
        pid: u32,
    },
}

impl From<ServiceError> for AccessError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(error) => Self::Refused(error),
            ServiceError::Store(error) => Self::Store(error),
        }
    }
}

/// The server of a checkpoint file, if one answers.
fn find_server(checkpoint_file: &Path) -> Option<Client> {
    socket::to_ask(checkpoint_file).iter().find_map(|path| Client::find(path))
}

impl Access {
    /// Finds out whether a server runs for the project.
    pub fn open(project: &Loaded) -> Self {
        let checkpoint_file = project.resolve(&project.config.server.checkpoint.checkpoint_file);
        Self {
            client: find_server(&checkpoint_file),
            places: crate::session::places(project),
            kill_grace: project.config.executor.kill_grace,
            checkpoint_file,
        }
    }

    /// Whether a server runs.
    pub fn is_live(&self) -> bool {
        self.client.is_some()
    }

    /// `status`; on files it takes no lock and writes nothing.
    ///
    /// # Errors
    /// As the store or the talk gives them.
    pub fn status(&self) -> Result<StatusView, AccessError> {
        if let Some(view) = self.ask("/v1/status")? {
            return Ok(view);
        }
        let file = self.checkpoint_file.display().to_string();
        let state = self.read()?;
        let mut view =
            service::status(state.as_ref().unwrap_or(&State::default()), file, None, SystemClock.now());
        view.checkpoint_exists = state.is_some();
        view.unreachable_pid = self.server_pid();
        Ok(view)
    }

    /// `list`: all tasks, or those in a state, in the order of their coming.
    ///
    /// # Errors
    /// As the store or the talk gives them.
    pub fn tasks(&self, only: Option<TaskState>) -> Result<Vec<TaskView>, AccessError> {
        let query = only.map_or_else(String::new, |state| format!("?state={}", state.as_str()));
        if let Some(list) = self.ask::<TaskList>(&format!("/v1/tasks{query}"))? {
            return Ok(list.tasks);
        }
        let state = self.read()?.unwrap_or_default();
        Ok(service::tasks(&state, only, SystemClock.now()))
    }

    /// Whether there is a TODO list; one that can't be read is one.
    pub fn has_list(&self) -> bool {
        !TodoList::load(&self.places).is_ok_and(|list| list.files().is_empty())
    }

    /// `show`.
    ///
    /// # Errors
    /// [`ApiError::UnknownTask`], [`ApiError::PrunedTask`], and as the store or the talk gives them.
    pub fn task(&self, id: &TaskId) -> Result<TaskView, AccessError> {
        if let Some(view) = self.ask(&format!("/v1/tasks/{}", segment(id.as_str())))? {
            return Ok(view);
        }
        let state = self.read()?.unwrap_or_default();
        Ok(service::task(&state, id, SystemClock.now())?)
    }

    /// `add`.
    ///
    /// # Errors
    /// [`ApiError::TaskExists`], [`ApiError::BadRequest`], and as the store or the talk gives them.
    pub fn add(&self, task: NewTask) -> Result<TaskView, AccessError> {
        self.change(
            |client| client.post("/v1/tasks", &task, Duration::ZERO),
            |service| service.add(task.clone()),
        )
    }

    /// `retry`, `skip`, `cancel`, `rollback`. Answers the task as it is then; none for a pruned task whose
    /// completion `retry` took back while no line of the list has its text.
    ///
    /// # Errors
    /// [`ApiError::WrongState`], [`ApiError::UnknownTask`], [`ApiError::PrunedTask`], and as the store or the talk gives them.
    pub fn act(&self, verb: TaskVerb, id: &TaskId) -> Result<Option<TaskView>, AccessError> {
        let path = format!("/v1/tasks/{}/{}", segment(id.as_str()), verb.as_str());
        self.change(
            |client| client.post::<Acted>(&path, &(), self.kill_grace).map(|acted| acted.task),
            |service| {
                if matches!(verb, TaskVerb::Cancel | TaskVerb::Rollback) {
                    self.end_survivors(&*service.store, id)?;
                }
                service.act(verb, id)
            },
        )
    }

    /// The task of a dead server: what still works on it is ended before it is called cancelled.
    fn end_survivors(&self, store: &dyn Store, id: &TaskId) -> Result<(), ServiceError> {
        let ended = recover::end_survivors_of(store, id, &self.places.project_dir, self.kill_grace)?;
        match ended.into_iter().find(|survivor| !survivor.gone) {
            Some(survivor) => Err(ApiError::StillRuns { task_id: id.clone(), pid: survivor.pid }.into()),
            None => Ok(()),
        }
    }

    /// Has something changed by the server, if one runs, else on the files. One that is just starting or ending
    /// can't be asked yet, or no more, and holds the files: it is waited for.
    fn change<T>(
        &self,
        ask: impl Fn(&Client) -> Result<T, AccessError>,
        act: impl Fn(&Service) -> Result<T, ServiceError>,
    ) -> Result<T, AccessError> {
        let mut client = self.client.clone();
        for _ in 0..BUSY_TRIES {
            match client.as_ref().map(&ask) {
                None | Some(Err(AccessError::Unreached { .. })) => {}
                Some(answer) => return answer,
            }
            match self.on_files(&act) {
                Err(AccessError::Store(StoreError::InUse { .. })) => {}
                done => return done,
            }
            std::thread::park_timeout(BUSY_WAIT);
            client = find_server(&self.checkpoint_file);
        }
        self.on_files(&act)
    }

    /// `stop`, `restart`. A server that is just starting is waited for. Answers its process.
    ///
    /// # Errors
    /// [`AccessError::NoServer`], [`AccessError::NoSocket`], and as the talk gives them.
    pub fn stop(&self, how: StopKind) -> Result<Option<u32>, AccessError> {
        let asked = self.server_pid();
        let mut client = self.client.clone();
        let mut tries = 0;
        loop {
            match client.map(|client| client.post::<bool>("/v1/stop", &StopRequest { how }, Duration::ZERO)) {
                None | Some(Err(AccessError::Unreached { .. })) => {}
                Some(answer) => return answer.map(|_| asked.or_else(|| self.server_pid())),
            }
            let Some(pid) = self.server_pid() else {
                return Err(AccessError::NoServer { project_dir: self.places.project_dir.clone() });
            };
            if tries == BUSY_TRIES {
                return Err(AccessError::NoSocket { pid });
            }
            tries += 1;
            std::thread::park_timeout(BUSY_WAIT);
            client = find_server(&self.checkpoint_file);
        }
    }

    /// Waits until the server that [`stop`](Self::stop) answered works on the files no more; where it keeps none, until
    /// nobody answers any more.
    pub fn wait_for_end(&self, server: Option<u32>) {
        let works = || match server {
            Some(_) => self.server_pid() == server,
            None => find_server(&self.checkpoint_file).is_some(),
        };
        while works() {
            std::thread::park_timeout(BUSY_WAIT);
        }
    }

    /// The process that works on the files.
    fn server_pid(&self) -> Option<u32> {
        file::reader::server_of(&self.checkpoint_file).map(|server| server.pid)
    }

    /// Asks the server, if one runs. A talk that breaks off is begun again: the server may be ending, or was killed
    /// while it started a child, which holds the socket until it has become its own program.
    fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, AccessError> {
        let Some(client) = &self.client else { return Ok(None) };
        let mut answer = client.get(path);
        for _ in 0..ASK_AGAIN {
            let Err(AccessError::Socket { socket, .. } | AccessError::Unreached { socket, .. }) = &answer
            else {
                break;
            };
            std::thread::park_timeout(ASK_AGAIN_AFTER);
            let Some(client) = Client::find(socket) else { return Ok(None) };
            answer = client.get(path);
        }
        answer.map(Some)
    }

    fn read(&self) -> Result<Option<State>, StoreError> {
        let read = file::reader::read(&self.checkpoint_file)?;
        Ok(read.exists.then_some(read.state))
    }

    /// Does something on the files, as their one writer for this moment.
    fn on_files<T>(&self, act: impl FnOnce(&Service) -> Result<T, ServiceError>) -> Result<T, AccessError> {
        let (store, _) = FileStore::open(&self.checkpoint_file, FileStoreOptions::for_command())?;
        let service = Service {
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            places: self.places.clone(),
            checkpoint_file: self.checkpoint_file.clone(),
            engine: None,
        };
        let done = act(&service);
        service.store.close()?;
        Ok(done?)
    }
}
