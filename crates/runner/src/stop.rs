//! Requests to stop an attempt, from any thread.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// Asks running attempts to stop. Clones are the same request; one handle may stop several attempts, also those
/// that start later: a request is never taken back.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Requests>);

/// Two descriptors that become readable for good, so that any number of watchers can poll them.
#[derive(Debug)]
struct Requests {
    gracefully: OwnedFd,
    now: OwnedFd,
}

/// How urgent a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    Gracefully,
    Now,
}

impl StopHandle {
    /// A handle that has requested nothing yet. Fails when there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(Requests { gracefully: eventfd(0, flags)?, now: eventfd(0, flags)? })))
    }

    /// SIGTERM to the tree, SIGKILL after the grace. A second request escalates to [`stop_now`](Self::stop_now).
    pub fn stop_gracefully(&self) {
        match self.requested() {
            None => raise(&self.0.gracefully),
            Some(_) => self.stop_now(),
        }
    }

    /// SIGKILL to the tree at once.
    pub fn stop_now(&self) {
        raise(&self.0.now);
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.requested().is_some()
    }

    /// Whether it was requested without grace.
    pub fn is_urgent(&self) -> bool {
        self.requested() == Some(Urgency::Now)
    }

    pub(crate) fn requested(&self) -> Option<Urgency> {
        if is_raised(&self.0.now) {
            Some(Urgency::Now)
        } else if is_raised(&self.0.gracefully) {
            Some(Urgency::Gracefully)
        } else {
            None
        }
    }

    /// Becomes readable when more is requested than what was `seen`.
    pub(crate) fn more_than(&self, seen: Option<Urgency>) -> [Option<BorrowedFd<'_>>; 2] {
        let now = (seen < Some(Urgency::Now)).then(|| self.0.now.as_fd());
        [seen.is_none().then(|| self.0.gracefully.as_fd()), now]
    }
}

fn raise(fd: &OwnedFd) {
    // Fails only when the counter is full, and then it is raised.
    let _ = rustix::io::write(fd, &1_u64.to_ne_bytes());
}

fn is_raised(fd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_graceful_request_escalates_and_none_is_taken_back() {
        let stop = StopHandle::new().unwrap();
        assert_eq!(stop.requested(), None);
        stop.clone().stop_gracefully();
        assert_eq!(stop.requested(), Some(Urgency::Gracefully));
        stop.stop_gracefully();
        assert_eq!(stop.requested(), Some(Urgency::Now));
        stop.stop_gracefully();
        assert_eq!(stop.requested(), Some(Urgency::Now));
    }
}
