//! One server from its start to its end: puts the engine together, recovers, says hello and good-bye.
use std::{io, path::PathBuf, sync::Arc};

use codeagent_checkpoint::{Store, StoreError, clock::Clock, file::reader};
use codeagent_core::Command;
use codeagent_project::{
    config::Loaded,
    messages::Catalogue,
    msg,
    sessions::SessionTracker,
    status::{StatusManager, StatusTexts},
    task_log,
    todo::{TodoError, TodoPlaces},
};

use crate::{
    agents::Agents,
    attempt::TaskFile,
    chronicle::Chronicle,
    client::Client,
    control::{Control, Stop},
    engine::{Ending, Engine, EngineError, Mode, Tally},
    generate::Generator,
    ground::Ground,
    guard, notices,
    observe::Observer,
    recover::{self, Rules},
    report, say,
    service::{Running, Service},
    signals::Listener,
    socket::{self, Socket},
    wake,
    watcher::Watcher,
    worklist::Worklist,
};

/// What a server is to do.
pub struct RunRequest {
    /// The project and its configuration.
    pub project: Loaded,
    /// Whether to end when nothing is left to do.
    pub mode: Mode,
    /// The user's language.
    pub catalogue: Arc<Catalogue>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Prints a line that the user asked for by starting the server: the recovery banner.
    pub print: Box<dyn Fn(&str)>,
}

/// Why a server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No command is configured that could work a task.
    #[error("no executor is configured")]
    NoExecutor,
    /// There is no list, and the checkpoint has no task either.
    #[error("no TODO list in {}", project_dir.display())]
    NoList {
        /// Where it was looked for.
        project_dir: PathBuf,
    },
    /// The system refused something that a server needs.
    #[error("{what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// The engine came to an end that it did not want.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<TodoError> for ServerError {
    fn from(error: TodoError) -> Self {
        Self::Engine(error.into())
    }
}

/// Where the project's lists are looked for.
pub fn places(project: &Loaded) -> TodoPlaces {
    let config = &project.config;
    let output_dir = project.resolve(&config.server.auto_todo_generation.output_dir);
    TodoPlaces {
        extra: vec![output_dir.join("CURRENT.md")],
        ..TodoPlaces::new(
            &project.project_dir,
            config.project.todo_format.extension(),
            config.project.todo_max_bytes,
        )
    }
}

/// Runs a server to its end.
///
/// # Errors
/// [`ServerError`]; what was acknowledged is kept.
pub fn run(host: &Host, request: RunRequest) -> Result<Ending, ServerError> {
    run_on(Ground::system(), &host.control, request)
}

/// The same on any ground.
///
/// # Errors
/// As [`run`].
pub fn run_on(ground: Ground, control: &Arc<Control>, request: RunRequest) -> Result<Ending, ServerError> {
    let executor = &request.project.config.executor;
    if executor.command.is_empty() {
        return Err(ServerError::NoExecutor);
    }
    codeagent_project::fs::never_make(&request.project.project_dir);
    let catalogue = Arc::clone(&request.catalogue);
    let grace = say::seconds(executor.kill_grace);
    control.server_begins(Box::new(move || {
        tracing::info!("{}", msg!(catalogue, "server-stopping", seconds = grace.as_str()));
    }));
    let worklist = Worklist::load(places(&request.project))?;
    Session::open(ground, request, Arc::clone(control), worklist)?.work()
}

/// The process that servers run in, one after the other: it hears signals also between two of them.
#[derive(Debug)]
pub struct Host {
    control: Arc<Control>,
    _signals: Listener,
}

impl Host {
    /// Prepares this process.
    ///
    /// # Errors
    /// [`ServerError::System`].
    pub fn new() -> Result<Self, ServerError> {
        let system = |what| move |source| ServerError::System { what, source };
        codeagent_runner::init_process().map_err(system("prctl"))?;
        let control = Arc::new(Control::default());
        let signals = Listener::start(Arc::clone(&control)).map_err(system("signals"))?;
        Ok(Self { control, _signals: signals })
    }
}

/// A server between hello and good-bye.
struct Session {
    engine: Engine,
    socket: Option<Arc<Socket>>,
    /// The guard of the files, and who wakes when the list is edited.
    watchers: Vec<Watcher>,
}

impl Session {
    fn open(
        ground: Ground,
        request: RunRequest,
        control: Arc<Control>,
        worklist: Worklist,
    ) -> Result<Self, ServerError> {
        let Ground { clock, mut agents, dice, open_store, asker } = ground;
        let RunRequest { project, mode, catalogue, observer, print } = request;
        if nothing_to_do(&project, &worklist, mode) {
            return Err(ServerError::NoList { project_dir: project.project_dir });
        }
        let (store, found) = open_store(&project, &catalogue)?;
        let chronicle = chronicle(&project, &catalogue);
        found.iter().for_each(|notice| notices::log(notice, &catalogue));
        let (session_id, tracker) =
            recover_and_start(&*store, &mut *agents, &project, &*clock, &chronicle, &control, &print)?;
        let generator = tracker.and_then(|tracker| generator(&project, tracker));
        let engine = Engine {
            mode,
            session_id,
            data_dir: data_dir(&project),
            store,
            worklist,
            agents,
            dice,
            clock,
            control,
            observer,
            chronicle,
            generator,
            tally: Tally::default(),
            socket: None,
            unshown: None,
            config: project.config.clone(),
        };
        Ok(match asker {
            None => Self::with_socket(engine, &project),
            Some(asker) => {
                asker(service(&engine, &project));
                Self { engine, socket: None, watchers: Vec::new() }
            }
        })
    }

    /// A server that can't be asked, or does not notice edits at once, still works.
    fn with_socket(mut engine: Engine, project: &Loaded) -> Self {
        let service = service(&engine, project);
        let path = socket::path_for(&service.checkpoint_file);
        // Without files there is no lock that would tell a dead server's socket from a living one's.
        let is_taken = !project.config.server.checkpoint.enabled && Client::find(&path).is_some();
        let served =
            if is_taken { Err(io::ErrorKind::AddrInUse.into()) } else { Socket::serve(path, service) };
        let socket = match served {
            Ok(socket) => Some(Arc::new(socket)),
            Err(error) => {
                let text = msg!(engine.chronicle.catalogue(), "server-no-socket", error = error.to_string());
                tracing::warn!("{text}");
                None
            }
        };
        engine.socket.clone_from(&socket);
        let watch = wake::start(&places(project), Arc::clone(&engine.control))
            .inspect_err(|error| tracing::debug!(%error, "the list is not watched"));
        let guard = guard(project, &engine, socket.clone());
        Self { engine, socket, watchers: watch.ok().into_iter().chain(guard).collect() }
    }

    /// Works to the end, and says good-bye if the checkpoint can still be written.
    fn work(mut self) -> Result<Ending, ServerError> {
        let ending = self.run_engine();
        self.watchers.iter().for_each(Watcher::end);
        self.engine.control.engine_gone();
        let engine = &self.engine;
        if !matches!(ending, Err(EngineError::Store(_))) {
            let stopped = engine.store.execute(Command::StopServer { clean: true }, engine.clock.now());
            let _ = stopped?;
            engine.chronicle.server_stopped(engine.clock.now());
        }
        self.socket = None;
        self.engine.socket = None;
        if !matches!(ending, Err(EngineError::Store(_))) {
            self.engine.store.close()?;
        }
        // Who was to begin again may have been told meanwhile to end.
        let stop = self.engine.control.stop_requested();
        Ok(match (ending?, stop) {
            (Ending::Stopped(Stop::Restart), Some(stop)) => Ending::Stopped(stop),
            (ending, _) => ending,
        })
    }

    /// Runs the engine. What was added in its last moment is worked too: first nobody can ask any more, then it is
    /// looked once more.
    fn run_engine(&mut self) -> Result<Ending, EngineError> {
        loop {
            let ending = self.engine.run()?;
            let is_done = matches!(ending, Ending::Finished { .. }) && !self.engine.is_at_limit();
            let (true, Some(socket)) = (is_done, &self.socket) else { return Ok(ending) };
            socket.close();
            if !self.engine.has_work()? {
                return Ok(ending);
            }
            socket.open();
        }
    }
}

/// What may be asked of a running engine.
fn service(engine: &Engine, project: &Loaded) -> Service {
    let running = Running {
        control: Arc::clone(&engine.control),
        mode: engine.mode.as_str(),
        catalogue: Arc::clone(engine.chronicle.catalogue()),
    };
    Service {
        store: Arc::clone(&engine.store),
        clock: Arc::clone(&engine.clock),
        places: places(project),
        checkpoint_file: project.resolve(&project.config.server.checkpoint.checkpoint_file),
        engine: Some(running),
    }
}

/// A checkpoint in memory has no files that could be taken away.
fn guard(project: &Loaded, engine: &Engine, socket: Option<Arc<Socket>>) -> Option<Watcher> {
    if !project.config.server.checkpoint.enabled {
        return None;
    }
    guard::start(engine.data_dir.clone(), Arc::clone(&engine.store), socket, Arc::clone(&engine.control))
        .inspect_err(|error| tracing::debug!(%error, "the files are not guarded"))
        .ok()
}

/// No list and no task: perhaps the wrong folder. It is left as it is.
fn nothing_to_do(project: &Loaded, worklist: &Worklist, mode: Mode) -> bool {
    let may_generate = project.config.server.auto_todo_generation.enabled;
    if mode == Mode::Serve || may_generate || !worklist.files().is_empty() {
        return false;
    }
    let checkpoint = &project.config.server.checkpoint;
    // What can't be read is a matter of the open, which says why.
    let is_empty =
        |read: reader::ReadOutcome| read.state.counts().total() == 0 && read.state.pruned().len() == 0;
    !checkpoint.enabled || reader::read(&project.resolve(&checkpoint.checkpoint_file)).is_ok_and(is_empty)
}

fn data_dir(project: &Loaded) -> PathBuf {
    let file = project.resolve(&project.config.server.checkpoint.checkpoint_file);
    file.parent().map_or_else(|| project.project_dir.clone(), PathBuf::from)
}

fn chronicle(project: &Loaded, catalogue: &Arc<Catalogue>) -> Chronicle {
    let texts = StatusTexts {
        title: catalogue.text("server-status-title"),
        history: catalogue.text("server-status-history"),
    };
    let status = StatusManager::new(project.resolve(&project.config.project.status_file), texts);
    let logs_dir = project.project_dir.join("logs");
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let secrets = task_log::secret_values(variables.chain(project.env_file.iter().cloned()));
    Chronicle::new(Arc::clone(catalogue), Some(status), &logs_dir, &project.config, &secrets)
}

/// Recovers, tells, and makes the start durable. Answers the session's id and who records its lists.
fn recover_and_start(
    store: &dyn Store,
    agents: &mut dyn Agents,
    project: &Loaded,
    clock: &dyn Clock,
    chronicle: &Chronicle,
    control: &Control,
    print: &dyn Fn(&str),
) -> Result<(String, Option<SessionTracker>), ServerError> {
    let config = &project.config;
    let rules = Rules {
        project_dir: &project.project_dir,
        kill_grace: config.executor.kill_grace,
        max_crashes: config.server.checkpoint.max_task_crashes,
    };
    TaskFile::tidy(&data_dir(project));
    let recovery = recover::recover(store, agents, rules, clock.now())?;
    for line in report::banner(&recovery, chronicle.catalogue()) {
        print(&line);
    }
    chronicle.recovered(&recovery, clock.now());
    control.set_recovered(recovery.view());
    chronicle.rotate_logs(store);
    let tracker = tracker(project, clock, recovery.session_id.as_deref());
    let tracker = tracker.inspect_err(|error| tracing::warn!(%error, "sessions")).ok();
    if let Some(kept) = tracker.as_ref().and_then(SessionTracker::set_aside) {
        chronicle.sessions_set_aside(kept);
    }
    // The id comes from the tracker (the guide, "SessionTracker"); where its file can't be read, from the clock.
    let session_id = match &tracker {
        Some(tracker) => tracker.current_session_id().to_owned(),
        None => codeagent_core::time::session_id(clock.now().local),
    };
    let start = Command::StartServer { session_id: session_id.as_str().into() };
    let _ = store.execute(start, clock.now())?;
    chronicle.server_started(&session_id, clock.now());
    Ok((session_id, tracker))
}

fn tracker(project: &Loaded, clock: &dyn Clock, last: Option<&str>) -> io::Result<SessionTracker> {
    let path = project.resolve(&project.config.server.auto_todo_generation.session_tracker_file);
    let now = clock.now().local.to_civil().unwrap_or_default();
    // Also where sessions of less than a second ran ahead of the clock. By the hour: a clock that was set back by years
    // must not be counted up to.
    let is_of_now = |last: &str, id: &str| last.get(..11) == id.get(..11);
    SessionTracker::open(path, now, |id| last.is_some_and(|last| is_of_now(last, id) && id <= last))
}

fn generator(project: &Loaded, tracker: SessionTracker) -> Option<Generator> {
    let config = &project.config.server.auto_todo_generation;
    if !config.enabled || config.command.is_empty() {
        return None;
    }
    Some(Generator::new(
        config.clone(),
        &project.config.executor,
        &project.project_dir,
        project.resolve(&config.output_dir),
        tracker,
        project.config.project.todo_max_bytes,
    ))
}
