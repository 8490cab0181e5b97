//! Signals through pidfds, which never reach a stranger that got a used pid.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::procfs::Stat;

/// A process that is held: its pid may be given again, this still means the one that we saw.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) stat: Stat,
    fd: OwnedFd,
}

impl Held {
    /// Holds the process that was seen as `stat`, unless it is gone or dead by now.
    pub(crate) fn take(seen: Stat) -> Option<Self> {
        let fd = pidfd_open(Pid::from_raw(seen.pid)?, PidfdFlags::empty()).ok()?;
        // Read again now that it is held: the same start time means that it is the one we saw.
        let stat = Stat::read(seen.pid).ok()?;
        (stat.start_ticks == seen.start_ticks && !stat.is_dead()).then_some(Self { stat, fd })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// What tells it from every other process of this boot.
    pub(crate) fn key(&self) -> (i32, u64) {
        (self.stat.pid, self.stat.start_ticks)
    }

    /// Whether it has not ended yet; a zombie has.
    pub(crate) fn is_alive(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())) != Ok(1)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.fd(), signal);
    }
}

/// Sends a signal; a process that is gone already, or that changed its user, is no error for us.
pub(crate) fn send(fd: BorrowedFd<'_>, signal: Signal) {
    let _ = pidfd_send_signal(fd, signal);
    if signal == Signal::TERM {
        // A stopped process takes SIGTERM only once it goes on.
        let _ = pidfd_send_signal(fd, Signal::CONT);
    }
}

/// Holds a child of ours that was not reaped yet.
pub(crate) fn open_child(pid: Pid) -> io::Result<OwnedFd> {
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}
