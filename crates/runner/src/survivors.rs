//! After a crash of the server: finding the children of the dead one, and ending them. Nothing else is touched.
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid};

use crate::linux::identity::{ProcessIdentity, boot_id};
use crate::linux::pidfd::Held;
use crate::linux::procfs::{self, Environ, Stat};
use crate::tail::harmless;
use crate::{ATTEMPT_ID_VAR, PROJECT_DIR_VAR};

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

/// Ends what is left of attempts whose server is dead: SIGTERM, `grace`, SIGKILL; returns once they are gone.
///
/// A process belongs to an attempt if it is the recorded one (pid, start time *and* boot) or carries the attempt's id
/// in its environment, and does not run for another folder (see [`SurvivorQuery::dir`]); or if it descends from such
/// a process.
/// This process and those that it descends from are never touched.
pub fn end_survivors(queries: &[SurvivorQuery], grace: Duration) -> Vec<SurvivorEnded> {
    let queries: Vec<Wanted<'_>> = queries.iter().map(Wanted::new).collect();
    let kill_at = Instant::now() + grace.min(MAX_GRACE);
    let mut told: Vec<SurvivorEnded> = Vec::new();
    // Held over all rounds: once its parent is dead, nothing may show any more that a process is one of them.
    let mut held: Vec<Held> = Vec::new();
    loop {
        held.retain(Held::is_alive);
        let now = Instant::now();
        let kill = now >= kill_at;
        let mut new = find(&queries);
        new.retain(|(found, _)| held.iter().all(|known| known.key() != found.key()));
        // First all command lines, then the signals: one's end may be the other's.
        told.extend(new.iter().map(|(found, query)| tell(found, query)));
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

fn tell(held: &Held, query: &SurvivorQuery) -> SurvivorEnded {
    let command = harmless(&procfs::command_line(held.stat.pid), COMMAND_CHARS);
    SurvivorEnded { pid: held.stat.pid, attempt_id: query.attempt_id.clone(), command, gone: false }
}

/// Waits until one of them is gone, but not longer than one look and not longer than `most`.
fn wait(left: &[Held], most: Duration) {
    let mut fds: Vec<PollFd<'_>> =
        left.iter().map(|held| PollFd::from_borrowed_fd(held.fd(), PollFlags::IN)).collect();
    let timeout = Timespec::try_from(most.min(LOOK_AGAIN)).ok();
    let _ = poll(&mut fds, timeout.as_ref());
}

/// A query, with what the system says of its folder.
struct Wanted<'a> {
    query: &'a SurvivorQuery,
    same_boot: bool,
    dir: Option<(u64, u64)>,
}

impl<'a> Wanted<'a> {
    fn new(query: &'a SurvivorQuery) -> Self {
        let same_boot =
            query.identity.as_ref().zip(boot_id().ok()).is_some_and(|(id, boot)| id.boot_id == boot);
        Self { query, same_boot, dir: folder(&query.dir) }
    }

    fn matches(&self, stat: &Stat, environ: &Environ) -> bool {
        let marked = environ.get(ATTEMPT_ID_VAR) == Some(self.query.attempt_id.as_bytes());
        match environ.get(PROJECT_DIR_VAR) {
            Some(dir) => (marked || self.is_recorded(stat)) && self.is_our_folder(dir, stat.pid),
            // A program that wrote over its environment: where it stands must speak for it.
            None => self.is_recorded(stat) && self.works_in_our_folder(stat.pid),
        }
    }

    fn is_recorded(&self, stat: &Stat) -> bool {
        self.same_boot
            && self
                .query
                .identity
                .as_ref()
                .is_some_and(|identity| identity.pid == stat.pid && identity.start_ticks == stat.start_ticks)
    }

    /// By name, or (a symbolic link on the way) because it is the same folder, or because it is the folder that had
    /// this name before it was moved.
    fn is_our_folder(&self, named: &[u8], pid: i32) -> bool {
        let path = Path::new(std::ffi::OsStr::from_bytes(named));
        path == self.query.dir
            || (self.dir.is_some() && folder(path) == self.dir)
            || (is_gone(path) && self.works_in_our_folder(pid))
    }

    fn works_in_our_folder(&self, pid: i32) -> bool {
        let dir = procfs::working_dir(pid);
        dir.is_some_and(|dir| dir.ancestors().any(|dir| self.dir.is_some() && folder(dir) == self.dir))
    }
}

/// Whether nothing has this name. One that cannot be looked at may be there.
fn is_gone(path: &Path) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    std::fs::metadata(path).is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}

/// Which folder it is, by whatever name.
fn folder(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// All living processes of the wanted attempts, held, each with its query.
fn find<'a>(queries: &[Wanted<'a>]) -> Vec<(Held, &'a SurvivorQuery)> {
    let all = procfs::all().unwrap_or_default();
    let ours = ourselves(&all);
    let mut found: HashMap<i32, (Stat, &'a SurvivorQuery)> = HashMap::new();
    let candidates = || all.iter().filter(|stat| !stat.is_dead() && !ours.contains(&stat.pid));
    for stat in candidates() {
        // Unreadable: another user's, so not one that we started.
        let Ok(environ) = Environ::read(stat) else { continue };
        if let Some(wanted) = queries.iter().find(|wanted| wanted.matches(stat, &environ)) {
            found.insert(stat.pid, (*stat, wanted.query));
        }
    }
    // Children of those, also where they have put the mark off, and theirs, until no more are found.
    let mut known = 0;
    while known < found.len() {
        known = found.len();
        for stat in candidates() {
            if let Some(&(_, query)) = found.get(&stat.parent) {
                found.entry(stat.pid).or_insert((*stat, query));
            }
        }
    }
    found.into_values().filter_map(|(stat, query)| Some((Held::take(stat)?, query))).collect()
}

/// This process and those that it descends from: an agent may itself have started us.
fn ourselves(all: &[Stat]) -> HashSet<i32> {
    let parents: HashMap<i32, i32> = all.iter().map(|stat| (stat.pid, stat.parent)).collect();
    let mut found = HashSet::new();
    let mut at = Some(getpid().as_raw_pid());
    while let Some(pid) = at {
        at = if found.insert(pid) { parents.get(&pid).copied() } else { None };
    }
    found
}
