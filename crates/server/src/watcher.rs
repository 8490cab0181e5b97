//! A thread that sleeps until the system has something to tell (inotify), or until it is to end.
use std::{
    io,
    ops::ControlFlow,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, mpsc},
    thread,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};

/// Watches until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    end: Arc<OwnedFd>,
    /// Hangs up when nothing is done any more.
    idle: mpsc::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How who acts learns that it is to end.
#[derive(Debug)]
pub(crate) struct End(Arc<OwnedFd>);

impl End {
    /// Waits for it, but not longer than so.
    pub(crate) fn comes_within(&self, time: &Timespec) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut fds, Some(time)).is_ok_and(|ready| ready > 0)
    }

    /// Waits until something is to be told; true if the end came first.
    fn comes_before(&self, news: &impl AsFd) -> bool {
        loop {
            let mut fds = [PollFd::new(news, PollFlags::IN), PollFd::new(&self.0, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => return !fds[1].revents().is_empty(),
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }
}

impl Watcher {
    /// Has `act` called whenever `news` can be read, until it breaks off.
    ///
    /// # Errors
    /// As the system gives them.
    pub(crate) fn start<N: AsFd + Send + 'static>(
        name: &str,
        mut news: N,
        mut act: impl FnMut(&mut N, &End) -> ControlFlow<()> + Send + 'static,
    ) -> io::Result<Self> {
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let ended = End(Arc::clone(&end));
        let (busy, idle) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while !ended.comes_before(&news) && act(&mut news, &ended).is_continue() {}
            drop(act);
            drop(busy);
            // Last: the kernel takes some 15 ms to let go of an inotify, and nobody need wait for that.
            drop(news);
        })?;
        Ok(Self { end, idle, thread: Some(thread) })
    }

    /// Ends it: when this returns nothing is done any more.
    pub(crate) fn end(&self) {
        let _ = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
        let _ = self.idle.recv();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn it_acts_on_news_and_no_more_once_it_has_ended() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let (told, tell) = (Arc::new(AtomicUsize::new(0)), mpsc::channel());
        let count = Arc::clone(&told);
        let watcher = Watcher::start("test", read, move |news, end| {
            let _ = rustix::io::read(news, &mut [0; 1]);
            count.fetch_add(1, Ordering::SeqCst);
            assert!(!end.comes_within(&Timespec { tv_sec: 0, tv_nsec: 1 }));
            let _ = tell.0.send(());
            ControlFlow::Continue(())
        })
        .unwrap();
        for _ in 0..2 {
            rustix::io::write(&write, b"x").unwrap();
            tell.1.recv().unwrap();
        }
        watcher.end();
        assert_eq!(Arc::strong_count(&told), 1, "who acts is let go of");
        drop(watcher);
        assert_eq!(told.load(Ordering::SeqCst), 2);
        assert!(rustix::io::write(&write, b"x").is_err(), "and so is what was read from");
    }

    #[test]
    fn it_ends_by_itself_where_there_is_no_more_to_do() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let watcher = Watcher::start("test", read, |_, _| ControlFlow::Break(())).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        watcher.end();
    }
}
