//! Keeps a running server in its place: agents run `git clean -fdx`, and an attempt may take hours. Until the
//! checkpoint and the socket are written anew, a second server would find the place empty and commands nobody.
use std::{
    io,
    ops::ControlFlow,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use codeagent_checkpoint::Store;
use rustix::{
    event::Timespec,
    fs::inotify::{self, CreateFlags, WatchFlags},
};

use crate::{
    control::{Control, Stop},
    socket::Socket,
    watcher::Watcher,
};

/// Files are deleted one after the other: after the first, the others are waited for so long.
const MORE_TO_COME: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// What is to be kept.
struct Place {
    dir: PathBuf,
    store: Arc<dyn Store>,
    socket: Option<Arc<Socket>>,
    control: Arc<Control>,
}

/// Begins to watch the checkpoint's folder `dir`; sleeps while nothing is taken away there.
///
/// # Errors
/// As the system gives them; without a guard the next transition notices what is gone.
pub(crate) fn start(
    dir: PathBuf,
    store: Arc<dyn Store>,
    socket: Option<Arc<Socket>>,
    control: Arc<Control>,
) -> io::Result<Watcher> {
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    watch(&inotify, &dir)?;
    let place = Place { dir, store, socket, control };
    Watcher::start("guard", inotify, move |inotify, end| {
        if end.comes_within(&MORE_TO_COME) {
            return ControlFlow::Break(());
        }
        drain(inotify);
        if !place.keep() {
            return ControlFlow::Break(());
        }
        // The folder itself may be another now.
        let _ = watch(inotify, &place.dir);
        ControlFlow::Continue(())
    })
}

fn watch(inotify: &OwnedFd, dir: &Path) -> rustix::io::Result<()> {
    let gone = WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
    inotify::add_watch(inotify, dir, gone | WatchFlags::ONLYDIR).map(drop)
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
