//! The local socket of a running server: HTTP on a Unix socket that only its owner may open.
use std::{
    env, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path as UrlPath, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use codeagent_core::{TaskId, TaskState};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::{
    net::UnixListener,
    sync::{Notify, Semaphore},
};

use crate::{
    api::{ApiError, NewTask, StopKind, TaskVerb, TaskView},
    seats::Limited,
    service::{Service, ServiceError},
};

/// Longest path of a Unix socket, its NUL included (unix(7)).
const MAX_SOCKET_PATH: usize = 108;

/// Connections at a time; further ones wait. Descriptors are needed for the work.
const MAX_CONNECTIONS: usize = 64;

/// Connections that may wait to be accepted.
#[cfg(target_os = "linux")]
const BACKLOG: i32 = 128;

/// How long answers that are on their way hold the end of the server.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// `GET /v1/tasks`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskList {
    /// The tasks.
    pub tasks: Vec<TaskView>,
}

/// `POST /v1/tasks/{id}/{verb}`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Acted {
    /// The task as it is then.
    pub task: Option<TaskView>,
}

/// `POST /v1/stop`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StopRequest {
    /// How.
    pub how: StopKind,
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    state: Option<TaskState>,
}

/// Where a server binds the socket of a checkpoint file: beside it, or in the user's runtime folder where that path is
/// too long for a socket (contract, "Commands").
pub(crate) fn path_for(checkpoint_file: &Path) -> PathBuf {
    let beside = beside(checkpoint_file);
    if is_short(&beside) { beside } else { runtime_dir().join(short_name(&beside)) }
}

/// Where a server may have bound it: it may have been started with another environment than ours (cron has no
/// `XDG_RUNTIME_DIR`). In a folder that others may write to somebody else may have.
pub(crate) fn to_ask(checkpoint_file: &Path) -> Vec<PathBuf> {
    let beside = beside(checkpoint_file);
    if is_short(&beside) {
        return vec![beside];
    }
    let dirs = [runtime_dir(), without_session(), of_session()];
    dirs.iter().filter(|dir| is_safe(dir).is_ok()).map(|dir| dir.join(short_name(&beside))).collect()
}

fn beside(checkpoint_file: &Path) -> PathBuf {
    checkpoint_file.with_file_name(".codeagent.sock")
}

fn is_short(path: &Path) -> bool {
    path.as_os_str().len() < MAX_SOCKET_PATH
}

fn short_name(beside: &Path) -> String {
    let digest = Sha256::digest(beside.as_os_str().as_encoded_bytes());
    let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("codeagent-{name}.sock")
}

/// The user's own folder for sockets.
fn runtime_dir() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => without_session(),
    }
}

/// The same where no session names one.
fn without_session() -> PathBuf {
    env::temp_dir().join(format!("codeagent-{}", rustix::process::getuid().as_raw()))
}

/// What a session names as a rule.
fn of_session() -> PathBuf {
    format!("/run/user/{}", rustix::process::getuid().as_raw()).into()
}

/// Answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    bound: Mutex<Option<Bound>>,
    is_closed: AtomicBool,
    service: Service,
}

#[derive(Debug)]
struct Bound {
    inode: u64,
    end: Arc<Notify>,
    thread: thread::JoinHandle<()>,
}

impl Socket {
    /// Begins to answer.
    ///
    /// # Errors
    /// As the system gives them; a server without a socket works, but can't be asked.
    pub(crate) fn serve(path: PathBuf, service: Service) -> io::Result<Self> {
        let bound = Mutex::new(Some(bind(&path, &service)?));
        Ok(Self { path, bound, is_closed: AtomicBool::new(false), service })
    }

    /// Makes the socket anew where it is gone: an agent that runs `git clean -fdx` takes it away.
    pub(crate) fn keep(&self) {
        if self.is_closed.load(Ordering::SeqCst) {
            return;
        }
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let there = std::fs::metadata(&self.path).map(|meta| meta.ino()).ok();
        if there.is_some() && there == bound.as_ref().map(|bound| bound.inode) {
            return;
        }
        if let Some(old) = bound.take() {
            old.end();
        }
        *bound = bind(&self.path, &self.service).ok();
    }
}

impl Socket {
    /// Takes no more requests, and answers those that are on their way.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        if let Some(bound) = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let ours = std::fs::metadata(&self.path).is_ok_and(|meta| meta.ino() == bound.inode);
            if ours {
                let _ = std::fs::remove_file(&self.path);
            }
            bound.end();
        }
    }

    /// Takes requests again.
    pub(crate) fn open(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
        self.keep();
    }
}

impl Bound {
    fn end(self) {
        self.end.notify_one();
        let _ = self.thread.join();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.close();
    }
}

fn bind(path: &Path, service: &Service) -> io::Result<Bound> {
    if let Some(dir) = path.parent() {
        codeagent_project::fs::create_private_dirs(dir)?;
        is_safe(dir)?;
    }
    // Whoever holds the checkpoint's lock is the only server: a socket that lies here is a dead one's.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = listen(path)?;
    listener.set_nonblocking(true)?;
    let inode = std::fs::metadata(path)?.ino();
    let end = Arc::new(Notify::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (router, ended) = (router(service.clone()), Arc::clone(&end));
    let thread = thread::Builder::new().name("socket".to_owned()).spawn(move || {
        runtime.block_on(answer(listener, router, ended));
        // A request that still waits for an attempt's end must not hold the server's own end.
        runtime.shutdown_background();
    })?;
    Ok(Bound { inode, end, thread })
}

/// Born 0600: between a bind and a chmod others could connect. Not by umask, which is the whole process's, so that an agent
/// that is started at that moment would inherit it: the file takes the mode that the socket has.
#[cfg(target_os = "linux")]
fn listen(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    use rustix::{fs::Mode, net};
    let flags = net::SocketFlags::CLOEXEC;
    let socket = net::socket_with(net::AddressFamily::UNIX, net::SocketType::STREAM, flags, None)?;
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    net::bind(&socket, &net::SocketAddrUnix::new(path)?)?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

/// Elsewhere a socket has no mode before it has a name: for that moment its folder keeps others out.
#[cfg(not(target_os = "linux"))]
fn listen(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A folder that others may write to, or that is another's, is no place for a socket: it could be exchanged there.
fn is_safe(dir: &Path) -> io::Result<()> {
    let meta = std::fs::metadata(dir)?;
    let is_ours = meta.uid() == rustix::process::geteuid().as_raw() || meta.uid() == 0;
    if is_ours && meta.mode() & 0o002 == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{}: others may write there", dir.display())))
}

async fn answer(listener: std::os::unix::net::UnixListener, router: Router, end: Arc<Notify>) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "socket");
            return;
        }
    };
    // Whoever is being answered is answered to the end, if that is not long.
    let ended = Arc::new(Notify::new());
    let stop = {
        let (end, ended) = (end, Arc::clone(&ended));
        async move {
            end.notified().await;
            ended.notify_one()
        }
    };
    let listener = Limited { listener, seats: Arc::new(Semaphore::new(MAX_CONNECTIONS)) };
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    tokio::select! {
        served = serving.into_future() => {
            if let Err(error) = served {
                tracing::warn!(%error, "socket");
            }
        }
        () = async { ended.notified().await; tokio::time::sleep(LAST_ANSWERS).await } => {}
    }
}

type Shared = State<Service>;

pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/v1/status", get(|s: Shared| ask(s, |service| service.status())))
        .route("/v1/tasks", get(list).post(|s: Shared, Json(task): Json<NewTask>| ask(s, |d| d.add(task))))
        .route("/v1/tasks/{id}", get(|s: Shared, UrlPath(id): UrlPath<TaskId>| ask(s, move |d| d.task(&id))))
        .route("/v1/tasks/{id}/{verb}", post(act))
        .route(
            "/v1/stop",
            post(|s: Shared, Json(stop): Json<StopRequest>| ask(s, move |d| Ok(d.stop(stop.how)))),
        )
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(service)
}

async fn list(service: Shared, Query(query): Query<ListQuery>) -> Response {
    ask(service, move |service| Ok(TaskList { tasks: service.tasks(query.state)? })).await
}

async fn act(service: Shared, UrlPath((id, verb)): UrlPath<(TaskId, TaskVerb)>) -> Response {
    ask(service, move |service| Ok(Acted { task: service.act(verb, &id)? })).await
}

/// Asks on a thread that may wait: for the disk, or for an attempt's end.
async fn ask<T: Serialize + Send + 'static>(
    State(service): Shared,
    question: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
) -> Response {
    let answer = tokio::task::spawn_blocking(move || question(&service)).await;
    match answer {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(ServiceError::Refused(error))) => (status_of(&error), Json(error)).into_response(),
        Ok(Err(ServiceError::Store(error))) => {
            let error = ApiError::Store { what: error.to_string() };
            (status_of(&error), Json(error)).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn status_of(error: &ApiError) -> StatusCode {
    match error {
        ApiError::UnknownTask { .. } | ApiError::PrunedTask { .. } => StatusCode::NOT_FOUND,
        ApiError::TaskExists { .. } | ApiError::WrongState { .. } | ApiError::StillRuns { .. } => {
            StatusCode::CONFLICT
        }
        ApiError::BadRequest { .. } => StatusCode::BAD_REQUEST,
        ApiError::Store { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("checkpoint_file", &self.checkpoint_file).finish_non_exhaustive()
    }
}
