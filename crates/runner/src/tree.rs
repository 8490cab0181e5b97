//! The processes of live attempts: who belongs to which, and reaping without taking anybody else's child.
//!
//! ```text
//!   this process (subreaper)
//!   ├─ leader of attempt A ── its descendants          A's
//!   ├─ leader of attempt B ── …                        B's
//!   ├─ orphan, in a session of its own or a leader's   whose mark it carries; else whose session it is in;
//!   │                                                  else the only attempt's, where that may leave strays
//!   └─ child in our own session                        not started here (somebody's `Command`): never touched
//! ```
//!
//! As subreaper we inherit every orphan of an attempt, so what is left of it is always below us, and nothing that is
//! not below us can be taken for it. But what is below us is not always an attempt's: who `exec`s us hands its children
//! down, and process 1 of a container gets everybody's orphans. So an orphan that nothing tells to be an attempt's is
//! taken for one only where there are no such others, and where the attempt is not held together by a control group.
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process_group, waitid};

use crate::ATTEMPT_ID_VAR;
use crate::ended::Exit;
use crate::linux::cgroup::Cgroup;
use crate::linux::clone;
use crate::linux::identity::ProcessIdentity;
use crate::linux::launch::{Command, launch};
use crate::linux::pidfd::{self, Held};
use crate::linux::procfs::{self, Environ, Stat};

/// A live attempt, until nothing of its tree is left.
struct Entry {
    pid: i32,
    attempt_id: String,
    reaped: bool,
    /// Orphans that began after this moment, and that nothing tells to be anybody's, may be this attempt's. None where it
    /// began inside its control group, which has them all.
    strays_since: Option<u64>,
}

/// Whether we had children before any attempt, or get strangers' orphans as process 1.
static HAS_STRANGERS: OnceLock<bool> = OnceLock::new();

/// Looks whose children we have. To be called before the first attempt; later calls change nothing.
pub(crate) fn look_for_strangers() -> bool {
    *HAS_STRANGERS.get_or_init(|| getpid().is_init() || has_children())
}

/// All live attempts of this process. Held while a child is started and entered, and while orphans are looked for: so
/// a child that is not entered is an orphan.
static LIVE: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<Entry>> {
    // A panic while it was held leaves at worst an entry too many, which makes us more careful.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The child that an attempt started, leader of its session and process group.
#[derive(Debug)]
pub(crate) struct Leader {
    pid: Pid,
    fd: OwnedFd,
    identity: ProcessIdentity,
    reaped: Option<Exit>,
    cgroup: Option<Cgroup>,
}

impl Leader {
    /// Starts the command and enters it among the live attempts.
    pub(crate) fn start(command: &Command, stdio: [BorrowedFd<'_>; 3], attempt_id: &str) -> io::Result<Self> {
        procfs::trusted()?;
        let has_strangers = look_for_strangers();
        let mut live = live();
        let group = Cgroup::take();
        let inside = group.as_ref().and_then(|group| clone::launch_in(group.folder()?, command, stdio));
        let is_inside = inside.is_some();
        let (pid, cgroup) = match inside {
            Some(pid) => (pid, group),
            None => {
                let pid = launch(command, stdio)?;
                // First of all: what it starts before that stays outside.
                (pid, group.filter(|group| group.take_in(pid.as_raw_pid())))
            }
        };
        let raw = pid.as_raw_pid();
        let held = pidfd::open_child(pid).and_then(|fd| Ok((fd, ProcessIdentity::of(raw)?)));
        let (fd, identity) = held.inspect_err(|_| {
            // Not reaped, so the number still means our child.
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
        })?;
        let strays_since = (!is_inside && !has_strangers).then_some(identity.start_ticks);
        live.push(Entry { pid: raw, attempt_id: attempt_id.to_owned(), reaped: false, strays_since });
        Ok(Self { pid, fd, identity, reaped: None, cgroup })
    }

    pub(crate) fn identity(&self) -> &ProcessIdentity {
        &self.identity
    }

    /// Readable once the leader is dead.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Signals the leader and its process group, as long as the number is known to be theirs: until it is reaped.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if self.reaped.is_none() {
            let _ = kill_process_group(self.pid, signal);
            if signal == Signal::TERM {
                // A stopped process takes SIGTERM only once it goes on.
                let _ = kill_process_group(self.pid, Signal::CONT);
            }
        }
    }

    /// Whether [`signal_group`](Self::signal_group) reaches the process.
    pub(crate) fn has_in_group(&self, stat: &Stat) -> bool {
        stat.group == self.identity.pid
    }

    /// Takes the exit status of the dead leader; [`Exit::Unknown`] if it still lives.
    pub(crate) fn reap(&mut self) -> Exit {
        if let Some(exit) = self.reaped {
            return exit;
        }
        let mut live = live();
        let exit = match waitid(WaitId::PidFd(self.fd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
        {
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => Exit::Unknown,
            },
            Ok(None) | Err(_) => Exit::Unknown,
        };
        if let Some(entry) = live.iter_mut().find(|entry| self.is(entry)) {
            entry.reaped = true;
        }
        self.reaped = Some(exit);
        exit
    }

    /// What is left of the tree besides the leader: living processes, held. Orphans that died meanwhile are reaped.
    pub(crate) fn rest(&self) -> Vec<Held> {
        let live = live();
        let Some(own) = live.iter().position(|entry| self.is(entry)) else { return Vec::new() };
        // The usual case costs one system call: no child is left, so no orphan, so nothing of the tree.
        if !has_children() {
            return Vec::new();
        }
        let mut found = Census::take().of_attempt(&live, own);
        found.extend(self.only_in_cgroup(&found));
        found.into_iter().filter_map(Held::take).collect()
    }

    /// Processes that nothing but the control group tells to be ours.
    fn only_in_cgroup(&self, known: &[Stat]) -> Vec<Stat> {
        let pids = self.cgroup.iter().flat_map(Cgroup::pids).filter(|&pid| pid != self.identity.pid);
        let unknown = pids.filter(|pid| known.iter().all(|stat| stat.pid != *pid));
        unknown.filter_map(|pid| Stat::read(pid).ok()).filter(|stat| !stat.is_dead()).collect()
    }

    /// Whether something lives in the control group, found or not: a chain of processes, each gone before it is
    /// looked at, has nobody in it to be held.
    pub(crate) fn goes_on(&self) -> bool {
        // In this order: a dead process may stay counted for a moment, and where no child is left nothing lives.
        has_children() && self.cgroup.as_ref().is_some_and(|cgroup| !cgroup.is_empty())
    }

    /// SIGKILL at one stroke to all that can be reached so, new forks included.
    pub(crate) fn kill_at_once(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.kill();
        }
        self.signal_group(Signal::KILL);
    }

    /// Kills the tree of an attempt that nobody watched to its end, and waits for its leader. A leader that hangs in
    /// the kernel is left: whoever drops us must not hang with it.
    fn kill_unwatched(&mut self) {
        let rest = self.rest();
        self.kill_at_once();
        rest.iter().for_each(|held| held.signal(Signal::KILL));
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let _ = poll(&mut fds, Some(&Timespec { tv_sec: 5, tv_nsec: 0 }));
        self.reap();
        // The leader's end may have made orphans that were not seen before.
        self.rest().iter().for_each(|held| held.signal(Signal::KILL));
    }

    fn is(&self, entry: &Entry) -> bool {
        entry.pid == self.identity.pid && (!entry.reaped || self.reaped.is_some())
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.reaped.is_none() {
            self.kill_unwatched();
        }
        let mut live = live();
        if let Some(own) = live.iter().position(|entry| self.is(entry)) {
            live.swap_remove(own);
        }
    }
}

/// Reaps orphans that died while their attempt goes on: an agent that starts daemons all day must not fill the
/// process table. Cheap when there are none.
pub(crate) fn reap_orphans() {
    let live = live();
    if has_dead_children() {
        Census::take().orphans(&live);
    }
}

fn peek_children() -> Result<bool, Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::All, options).map(|dead| dead.is_some())
}

fn has_children() -> bool {
    peek_children() != Err(Errno::CHILD)
}

fn has_dead_children() -> bool {
    peek_children() == Ok(true)
}

/// All processes at one moment, by parent.
struct Census {
    by_parent: HashMap<i32, Vec<Stat>>,
}

impl Census {
    fn take() -> Self {
        let mut by_parent: HashMap<i32, Vec<Stat>> = HashMap::new();
        for stat in procfs::all().unwrap_or_default() {
            by_parent.entry(stat.parent).or_default().push(stat);
        }
        Self { by_parent }
    }

    fn children(&self, pid: i32) -> &[Stat] {
        self.by_parent.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// Living processes of the attempt at index `own`, without its leader.
    fn of_attempt(&self, live: &[Entry], own: usize) -> Vec<Stat> {
        let mut found = Vec::new();
        if !live[own].reaped {
            self.descend(live[own].pid, &mut found);
        }
        for orphan in self.orphans(live) {
            if belongs(&orphan, live, own) {
                found.push(orphan);
                self.descend(orphan.pid, &mut found);
            }
        }
        found.retain(|stat| !stat.is_dead());
        found
    }

    /// Our children that no attempt started and that are not in our session: orphans. Dead ones are reaped.
    fn orphans(&self, live: &[Entry]) -> Vec<Stat> {
        let session = Stat::own().map_or(0, |own| own.session);
        let is_leader = |pid| live.iter().any(|entry| entry.pid == pid && !entry.reaped);
        let children = self.children(getpid().as_raw_pid()).iter();
        let orphans = children.filter(|child| child.session != session && !is_leader(child.pid));
        let (dead, living): (Vec<Stat>, Vec<Stat>) = orphans.partition(|orphan| orphan.is_dead());
        for pid in dead.iter().filter_map(|orphan| Pid::from_raw(orphan.pid)) {
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
        living
    }

    fn descend(&self, from: i32, found: &mut Vec<Stat>) {
        let mut next = vec![from];
        while let Some(pid) = next.pop() {
            found.extend_from_slice(self.children(pid));
            next.extend(self.children(pid).iter().map(|child| child.pid));
        }
    }
}

/// Whose an orphan is: its mark decides, then its session; what nobody can claim belongs to the only attempt, if that
/// may leave strays.
fn belongs(orphan: &Stat, live: &[Entry], own: usize) -> bool {
    let environ = Environ::read(orphan);
    let mark = environ.as_ref().and_then(|environ| environ.get(ATTEMPT_ID_VAR));
    let marked = live.iter().position(|entry| mark == Some(entry.attempt_id.as_bytes()));
    match marked {
        Some(index) => index == own,
        None if orphan.session == live[own].pid => true,
        None => live.len() == 1 && live[own].strays_since.is_some_and(|since| orphan.start_ticks >= since),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: i32) -> Entry {
        Entry { pid, attempt_id: format!("attempt-{pid}"), reaped: true, strays_since: Some(1) }
    }

    #[test]
    fn an_orphan_without_a_mark_belongs_to_its_session_or_to_the_only_attempt() {
        // No process has this number, so no mark can be read.
        let orphan =
            |session| Stat { pid: i32::MAX, state: b'S', parent: 1, group: 9, session, start_ticks: 1 };
        let both = [entry(5), entry(6)];
        assert!(belongs(&orphan(5), &both, 0));
        assert!(!belongs(&orphan(5), &both, 1));
        assert!(!belongs(&orphan(7), &both, 0));
        assert!(belongs(&orphan(7), &both[..1], 0));
        // What was there before it, or where it can leave none, is a stranger.
        for strays_since in [Some(2), None] {
            assert!(!belongs(&orphan(7), &[Entry { strays_since, ..entry(5) }], 0));
            assert!(belongs(&orphan(5), &[Entry { strays_since, ..entry(5) }], 0));
        }
    }

    #[test]
    fn a_mark_decides_before_the_session() {
        let mark = "marked-by-this-test";
        let mut child =
            std::process::Command::new("sleep").arg("1000").env(ATTEMPT_ID_VAR, mark).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let orphan = Stat { session: 5, ..Stat::read(pid).unwrap() };
        let live = [entry(5), Entry { attempt_id: mark.into(), ..entry(6) }];
        let found = (belongs(&orphan, &live, 0), belongs(&orphan, &live, 1));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, (false, true));
    }
}
