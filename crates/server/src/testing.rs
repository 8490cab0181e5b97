//! For tests of what is said to a server and handed to an agent, without a socket and without an agent (feature `testing`).
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use codeagent_checkpoint::{MemoryStore, Store, clock::SystemClock, store::ReadState};
use codeagent_core::{AttemptId, State, TaskId};
use codeagent_project::{
    config::Executor,
    messages::{Catalogue, Lang},
    todo::TodoPlaces,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::Runtime,
};

use crate::{
    control::Control,
    order::Order,
    service::{Running, Service},
    socket,
};

/// None of the requests waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words that an agent would be started with, for a task of this text.
pub fn argv(executor: &Executor, text: &str) -> Vec<OsString> {
    let order = Order {
        id: &TaskId::new("task-1"),
        text,
        heading: "Heading",
        parents: "",
        attempt: 1,
        attempt_id: &AttemptId("attempt".into()),
        task_file: Path::new("/project/task.txt"),
        project_dir: Path::new("/project"),
        session_id: "session",
        date: "2026-01-18",
    };
    order.spec(executor).argv
}

/// A server's desk: tasks in memory, and whoever answers requests about them.
#[derive(Debug)]
pub struct Desk {
    store: Arc<MemoryStore>,
    runtime: Runtime,
}

impl Desk {
    /// Without a task.
    ///
    /// # Errors
    /// As the system gives them: there may be no descriptors left.
    pub fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { store: Arc::new(MemoryStore::default()), runtime })
    }

    /// What comes back over a connection that sends these bytes and no more.
    ///
    /// # Errors
    /// `TimedOut` where the connection does not end.
    pub fn answer(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let service = Service {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            places: TodoPlaces::new("/nonexistent", "md", 0),
            checkpoint_file: PathBuf::from("/nonexistent/checkpoint.json"),
            engine: Some(Running {
                control: Arc::new(Control::default()),
                mode: "serve",
                catalogue: Arc::new(Catalogue::new(Lang::En)),
            }),
        };
        let (near, far) = duplex(64 << 10);
        // As axum::serve does it, but that an end of what is sent is no end of the answer.
        let router = TowerToHyperService::new(socket::router(service));
        let mut http = hyper::server::conn::http1::Builder::new();
        let serving = http.half_close(true).serve_connection(TokioIo::new(far), router);
        self.runtime.block_on(async {
            let all = async { tokio::join!(serving, speak(near, bytes)) };
            // What is no HTTP is an error of the connection; what was answered before it counts.
            tokio::time::timeout(PATIENCE, all).await?.1
        })
    }

    /// Looks at the tasks.
    pub fn view<T>(&self, look: impl FnOnce(&State) -> T) -> Option<T> {
        self.store.view(look).ok()
    }
}

/// Sends and reads at once: an answer may be longer than what fits into the connection.
async fn speak(stream: DuplexStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let (mut from, mut to) = tokio::io::split(stream);
    let send = async {
        // A server may end the connection before it has heard everything.
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let mut answer = Vec::new();
    let (_, read) = tokio::join!(send, from.read_to_end(&mut answer));
    read.map(|_| answer)
}
