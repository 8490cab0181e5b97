//! After a crash of the server: finding the children of the dead one, and ending them. Nothing else is touched.
pub(crate) mod search;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::linux::identity::ProcessIdentity;
use crate::linux::pidfd::Held;
use crate::linux::procfs;
use crate::tail::harmless;
use search::Search;

/// After SIGKILL: what has not ended by then hangs in the kernel.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Nobody waits longer for a start, whatever the configuration says.
const MAX_GRACE: Duration = Duration::from_secs(3600);
/// How often the processes are looked for again: they may start new ones while they end.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Characters of a command line that are told.
const COMMAND_CHARS: usize = 200;

/// An attempt whose server is dead.
#[derive(Clone, Debug)]
pub struct SurvivorQuery {
    /// The child's identity, if it was recorded before the crash.
    pub identity: Option<ProcessIdentity>,
    /// The attempt's id, as every process of it carries it in its environment.
    pub attempt_id: String,
    /// The project folder in which it ran. A process that says that it runs for another folder is not touched:
    /// a copied checkpoint must not end the original's child. Where there is no such folder any more, ours may be
    /// it under a new name: the process is one of ours if it works in our folder.
    pub dir: PathBuf,
}

/// A process that was found and ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurvivorEnded {
    /// Its pid.
    pub pid: i32,
    /// The attempt that it belonged to.
    pub attempt_id: String,
    /// Its command line, harmless to print, cut.
    pub command: String,
    /// False if even SIGKILL did not end it within 10 s: its task must not be started again.
    pub gone: bool,
}

/// Ends what is left of these attempts, whose server is dead: SIGTERM, `grace`, SIGKILL; returns once they are gone.
///
/// A process belongs to an attempt if it is the recorded one (pid, start time *and* boot), is in the session that this
/// one leads or led, or carries the attempt's id in its environment, and does not run for another folder (see
/// [`SurvivorQuery::dir`]); or if it descends from such a process, is in a session that such a process leads, or in the
/// control group that was made for it.
/// This process and those that it descends from are never touched, and nothing that works for a server that lives.
pub fn end_survivors(queries: &[SurvivorQuery], grace: Duration) -> Vec<SurvivorEnded> {
    end(&Search::new(queries, None), grace)
}

/// The same, and also ends what is left of any other attempt at the folder: a checkpoint that was reset, deleted or
/// replaced does not name them any more. The caller holds the lock of the folder's checkpoint.
pub fn end_all_survivors(dir: &Path, queries: &[SurvivorQuery], grace: Duration) -> Vec<SurvivorEnded> {
    end(&Search::new(queries, Some(dir)), grace)
}

fn end(search: &Search<'_>, grace: Duration) -> Vec<SurvivorEnded> {
    let kill_at = Instant::now() + grace.min(MAX_GRACE);
    let mut told: Vec<SurvivorEnded> = Vec::new();
    // Held over all rounds: once its parent is dead, nothing may show any more that a process is one of them.
    let mut held: Vec<Held> = Vec::new();
    loop {
        held.retain(Held::is_alive);
        let now = Instant::now();
        let kill = now >= kill_at;
        let mut new = search.run();
        new.retain(|(found, _)| held.iter().all(|known| known.key() != found.key()));
        // First all command lines, then the signals: one's end may be the other's.
        told.extend(new.iter().map(|(found, attempt_id)| tell(found, attempt_id)));
        new.iter().for_each(|(found, _)| found.signal(Signal::TERM));
        held.extend(new.into_iter().map(|(found, _)| found));
        for ended in &mut told {
            ended.gone = !held.iter().any(|held| held.stat.pid == ended.pid);
        }
        if held.is_empty() || now >= kill_at + GIVE_UP {
            return told;
        }
        if kill {
            held.iter().for_each(|held| held.signal(Signal::KILL));
        }
        wait(&held, if kill { LOOK_AGAIN } else { kill_at - now });
    }
}

fn tell(held: &Held, attempt_id: &str) -> SurvivorEnded {
    let command = harmless(&procfs::command_line(held.stat.pid), COMMAND_CHARS);
    SurvivorEnded { pid: held.stat.pid, attempt_id: attempt_id.to_owned(), command, gone: false }
}

/// Waits until one of them is gone, but not longer than one look and not longer than `most`.
fn wait(left: &[Held], most: Duration) {
    let mut fds: Vec<PollFd<'_>> =
        left.iter().map(|held| PollFd::from_borrowed_fd(held.fd(), PollFlags::IN)).collect();
    let timeout = Timespec::try_from(most.min(LOOK_AGAIN)).ok();
    let _ = poll(&mut fds, timeout.as_ref());
}
