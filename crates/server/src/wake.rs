//! Wakes a waiting engine when someone edits the list: a thread that sleeps until the system says so.
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    thread,
};

use codeagent_project::todo::{TodoPlaces, Watch};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::control::Control;

/// Watches until it is dropped.
#[derive(Debug)]
pub(crate) struct ListWatch {
    end: Arc<OwnedFd>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ListWatch {
    /// Begins to watch.
    ///
    /// # Errors
    /// As the system gives them; a server that does not watch sees edits at its next iteration.
    pub(crate) fn start(places: &TodoPlaces, control: Arc<Control>) -> io::Result<Self> {
        let watch = Watch::new(places)?;
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let ended = Arc::clone(&end);
        let thread =
            thread::Builder::new().name("list".to_owned()).spawn(move || listen(watch, &ended, &control))?;
        Ok(Self { end, thread: Some(thread) })
    }
}

fn listen(mut watch: Watch, end: &OwnedFd, control: &Control) {
    loop {
        let mut fds = [PollFd::new(&watch, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) if !fds[1].revents().is_empty() => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
        if watch.drain().unwrap_or(true) {
            control.list_touched();
        }
    }
}

impl Drop for ListWatch {
    fn drop(&mut self) {
        let _ = rustix::io::write(self.end.as_fd(), &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
