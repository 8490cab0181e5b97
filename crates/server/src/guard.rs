//! Keeps a running server in its place: agents run `git clean -fdx`, and an attempt may take hours. Until the
//! checkpoint and the socket are written anew, a second server would find the place empty and commands nobody.
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use codeagent_checkpoint::Store;

use crate::{
    control::{Control, Stop},
    socket::Socket,
};

/// Between two looks: three system calls each.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    end: Arc<End>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct End {
    is_near: Mutex<bool>,
    said: Condvar,
}

impl Guard {
    /// Begins to look.
    ///
    /// # Errors
    /// As the system gives them; without a guard the next transition notices what is gone.
    pub(crate) fn start(
        store: Arc<dyn Store>,
        socket: Option<Arc<Socket>>,
        control: Arc<Control>,
    ) -> std::io::Result<Self> {
        let end = Arc::new(End::default());
        let ended = Arc::clone(&end);
        let thread = thread::Builder::new().name("guard".to_owned()).spawn(move || {
            while !ended.wait(LOOK_EVERY) {
                // The store first: it knows whether the project is still there at all.
                if let Err(error) = store.keep() {
                    // What the attempt comes to could not be kept any more: end it, and let the engine say why.
                    tracing::debug!(%error, "the checkpoint can't be kept");
                    control.request_stop(Stop::Now);
                    return;
                }
                if let Some(socket) = &socket {
                    socket.keep();
                }
            }
        })?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl End {
    /// True once the end has come.
    fn wait(&self, time: Duration) -> bool {
        let near = self.is_near.lock().unwrap_or_else(PoisonError::into_inner);
        *self.said.wait_timeout_while(near, time, |near| !*near).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        *self.end.is_near.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.said.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
