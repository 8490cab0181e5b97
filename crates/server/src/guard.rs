//! Keeps a running server in its place: agents run `git clean -fdx`, and an attempt may take hours. Until the
//! checkpoint and the socket are written anew, a second server would find the place empty and commands nobody.
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use codeagent_checkpoint::Store;
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    fs::inotify::{self, CreateFlags, WatchFlags},
    io::Errno,
};

use crate::{
    control::{Control, Stop},
    socket::Socket,
};

/// Files are deleted one after the other: after the first, the others are waited for so long.
const MORE_TO_COME: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Watches the checkpoint's folder until it is dropped; sleeps while nothing is taken away there.
#[derive(Debug)]
pub(crate) struct Guard {
    end: Arc<OwnedFd>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What is to be kept.
struct Place {
    dir: PathBuf,
    store: Arc<dyn Store>,
    socket: Option<Arc<Socket>>,
    control: Arc<Control>,
}

impl Guard {
    /// Begins to watch the folder `dir`.
    ///
    /// # Errors
    /// As the system gives them; without a guard the next transition notices what is gone.
    pub(crate) fn start(
        dir: PathBuf,
        store: Arc<dyn Store>,
        socket: Option<Arc<Socket>>,
        control: Arc<Control>,
    ) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        watch(&inotify, &dir)?;
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let ended = Arc::clone(&end);
        let place = Place { dir, store, socket, control };
        let thread = thread::Builder::new()
            .name("guard".to_owned())
            .spawn(move || listen(&inotify, &ended, &place))?;
        Ok(Self { end, thread: Some(thread) })
    }
}

fn watch(inotify: &OwnedFd, dir: &Path) -> rustix::io::Result<()> {
    let gone = WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
    inotify::add_watch(inotify, dir, gone | WatchFlags::ONLYDIR).map(drop)
}

fn listen(inotify: &OwnedFd, end: &OwnedFd, place: &Place) {
    loop {
        if is_over(inotify, end) || is_over_soon(end) {
            return;
        }
        drain(inotify);
        if !place.keep() {
            return;
        }
        // The folder itself may be another now.
        let _ = watch(inotify, &place.dir);
    }
}

/// Waits until something is taken away; true if the end came first.
fn is_over(inotify: &OwnedFd, end: &OwnedFd) -> bool {
    loop {
        let mut fds = [PollFd::new(inotify, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => return !fds[1].revents().is_empty(),
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

fn is_over_soon(end: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(end, PollFlags::IN)];
    poll(&mut fds, Some(&MORE_TO_COME)).is_ok_and(|ready| ready > 0)
}

fn drain(inotify: &OwnedFd) {
    let mut buffer = [0_u8; 4096];
    while rustix::io::read(inotify, &mut buffer).is_ok_and(|read| read > 0) {}
}

impl Place {
    /// False if the checkpoint can't be kept any more.
    fn keep(&self) -> bool {
        // The store first: it knows whether the project is still there at all.
        if let Err(error) = self.store.keep() {
            // What the attempt comes to could not be kept any more: end it, and let the engine say why.
            tracing::debug!(%error, "the checkpoint can't be kept");
            self.control.request_stop(Stop::Now);
            return false;
        }
        if let Some(socket) = &self.socket {
            socket.keep();
        }
        true
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = rustix::io::write(self.end.as_fd(), &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
