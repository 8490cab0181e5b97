//! Which processes belong to attempts whose server is dead: by mark, recorded identity, session, control group, descent.
//!
//! ```text
//!   carries an attempt's id, for our folder, and its server is no more    (mark)
//!   is the recorded process: pid, start and boot                          (identity)
//!   is in the session that the recorded process leads, or led             (session)
//!   ── and of every one that is found so: ──
//!   its children, the session that it leads, the members of its group     (closure)
//! ```
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::process::getpid;

use super::SurvivorQuery;
use crate::linux::cgroup;
use crate::linux::identity::{ProcessIdentity, boot_id};
use crate::linux::pidfd::Held;
use crate::linux::procfs::{self, Environ, Stat};
use crate::{ATTEMPT_ID_VAR, PROJECT_DIR_VAR, SERVER_VAR};

/// How often the parents of a process are looked for: they may come and go meanwhile.
const LOOKS_UP: u32 = 10;

/// What is looked for.
pub(super) struct Search<'a> {
    named: Vec<Wanted<'a>>,
    all_of: Option<Folder<'a>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(queries: &'a [SurvivorQuery], all_of: Option<&'a Path>) -> Self {
        Self { named: queries.iter().map(Wanted::new).collect(), all_of: all_of.map(Folder::new) }
    }

    /// All living processes that are meant, held, each with the id of its attempt.
    pub(super) fn run(&self) -> Vec<(Held, String)> {
        let all = procfs::all().unwrap_or_default();
        let by_pid: HashMap<i32, &Stat> = all.iter().map(|stat| (stat.pid, stat)).collect();
        let ours = ourselves(&by_pid);
        let may_be = |stat: &&Stat| !stat.is_dead() && !stat.is_kernel_thread() && !ours.contains(&stat.pid);
        let candidates: Vec<Stat> = all.iter().filter(may_be).copied().collect();
        let mut found = HashMap::new();
        // Unreadable are another user's, so not those that we started.
        for (stat, environ) in Environ::read_all(&candidates) {
            if let Some(attempt_id) = self.matches(&stat, &environ, &by_pid) {
                found.insert(stat.pid, (stat, attempt_id));
            }
        }
        close(&mut found, &candidates);
        found.into_values().filter_map(|(stat, id)| Some((Held::take(stat)?, id))).collect()
    }

    /// The attempt that a process belongs to by what itself shows.
    fn matches(&self, stat: &Stat, environ: &Environ, by_pid: &HashMap<i32, &Stat>) -> Option<String> {
        let named = self.named.iter().find(|wanted| wanted.matches(stat, environ, by_pid));
        let attempt_id = match (named, &self.all_of) {
            (Some(wanted), _) => wanted.query.attempt_id.clone(),
            (None, Some(folder)) => {
                let id = environ.get(ATTEMPT_ID_VAR).filter(|id| !id.is_empty())?;
                folder.is_named_by(environ.get(PROJECT_DIR_VAR)?, stat.pid).then_some(())?;
                String::from_utf8_lossy(id).into_owned()
            }
            (None, None) => return None,
        };
        // Last, since it costs most: this is for the few that carry our marks.
        (!serves(environ, stat)).then_some(attempt_id)
    }
}

/// Adds what belongs to those that were found, also where it has put the mark off, until no more are found.
fn close(found: &mut HashMap<i32, (Stat, String)>, candidates: &[Stat]) {
    let mut known = 0;
    while known < found.len() {
        known = found.len();
        let in_groups = members_of_groups(found);
        for stat in candidates {
            let by_session = found.get(&stat.session).filter(|(leader, _)| leader.session == leader.pid);
            let owner = found.get(&stat.parent).or(by_session).map(|(_, id)| id);
            if let Some(id) = owner.or_else(|| in_groups.get(&stat.pid)).cloned() {
                found.entry(stat.pid).or_insert((*stat, id));
            }
        }
    }
}

/// Who is in the control groups that attempts had made for them, by pid. A group holds one attempt at a time.
fn members_of_groups(found: &HashMap<i32, (Stat, String)>) -> HashMap<i32, String> {
    let mut groups: HashMap<PathBuf, &String> = HashMap::new();
    for (pid, (_, id)) in found {
        if let Some(group) = cgroup::of_attempt(*pid) {
            groups.entry(group).or_insert(id);
        }
    }
    let members = groups
        .iter()
        .flat_map(|(group, id)| cgroup::members(group).into_iter().map(|pid| (pid, (*id).clone())));
    members.collect()
}

/// An attempt that was recorded, with what the system says of it.
struct Wanted<'a> {
    query: &'a SurvivorQuery,
    /// The recorded process, if it was one of this boot.
    identity: Option<&'a ProcessIdentity>,
    folder: Folder<'a>,
}

impl<'a> Wanted<'a> {
    fn new(query: &'a SurvivorQuery) -> Self {
        let identity = query.identity.as_ref();
        let identity = identity.filter(|known| boot_id().is_ok_and(|boot| boot == known.boot_id));
        Self { query, identity, folder: Folder::new(&query.dir) }
    }

    fn matches(&self, stat: &Stat, environ: &Environ, by_pid: &HashMap<i32, &Stat>) -> bool {
        let marked = environ.get(ATTEMPT_ID_VAR) == Some(self.query.attempt_id.as_bytes());
        let is_ours = || marked || self.is_recorded(stat) || self.is_in_its_session(stat, by_pid);
        is_ours()
            && match environ.get(PROJECT_DIR_VAR) {
                Some(dir) => self.folder.is_named_by(dir, stat.pid),
                // A program that wrote over its environment: where it stands must speak for it.
                None => !marked && self.folder.holds(stat.pid),
            }
    }

    fn is_recorded(&self, stat: &Stat) -> bool {
        self.identity.is_some_and(|known| known.pid == stat.pid && known.start_ticks == stat.start_ticks)
    }

    /// Whether it is in the session that the recorded process leads, or led: no number is given to a new process
    /// as long as a session has it.
    fn is_in_its_session(&self, stat: &Stat, by_pid: &HashMap<i32, &Stat>) -> bool {
        self.identity.is_some_and(|known| {
            let is_leaders =
                |pid: &i32| by_pid.get(pid).is_none_or(|now| now.start_ticks == known.start_ticks);
            stat.session == known.pid
                && stat.start_ticks >= known.start_ticks
                && is_leaders(&known.pid)
                // A pid namespace that is younger than the record has other processes under the same numbers.
                && Stat::read(1).is_ok_and(|init| init.start_ticks <= known.start_ticks)
        })
    }
}

/// A project folder, by whatever name.
struct Folder<'a> {
    path: &'a Path,
    is: Option<(u64, u64)>,
}

impl<'a> Folder<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, is: folder(path) }
    }

    /// Whether a process means this folder by the name that it carries. The name counts as the process sees it: in a
    /// container it may be another folder's. One that had this name before it was moved is the same folder.
    fn is_named_by(&self, named: &[u8], pid: i32) -> bool {
        let named = Path::new(std::ffi::OsStr::from_bytes(named));
        let Some(ours) = self.is else { return named == self.path };
        let Ok(below) = named.strip_prefix("/") else { return false };
        let seen = Path::new("/proc").join(pid.to_string()).join("root").join(below);
        match std::fs::metadata(&seen) {
            Ok(there) => (there.dev(), there.ino()) == ours,
            Err(_) => is_gone(&seen) && self.holds(pid),
        }
    }

    /// Whether a process works in it.
    fn holds(&self, pid: i32) -> bool {
        let dir = procfs::working_dir(pid);
        dir.is_some_and(|dir| dir.ancestors().any(|dir| self.is.is_some() && folder(dir) == self.is))
    }
}

/// Whether nothing has this name. One that cannot be looked at may be there.
fn is_gone(path: &Path) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    std::fs::metadata(path).is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}

/// Which folder it is.
fn folder(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// This process and those that it descends from: an agent may itself have started us.
fn ourselves(by_pid: &HashMap<i32, &Stat>) -> HashSet<i32> {
    let mut found = HashSet::new();
    let mut at = Some(getpid().as_raw_pid());
    while let Some(pid) = at {
        at = if found.insert(pid) { by_pid.get(&pid).map(|stat| stat.parent) } else { None };
    }
    found
}

/// Whether a process works for a server that lives, and is not us: two may work in one folder with a checkpoint each.
/// A server inherits the orphans of its attempts, so all of them descend from it as long as it lives.
fn serves(environ: &Environ, stat: &Stat) -> bool {
    let Some(server) = environ.get(SERVER_VAR).and_then(ServerMark::parse) else { return false };
    // Where parents come and go too fast, it is not known: then it is not touched.
    (0..LOOKS_UP).find_map(|_| server.is_above(stat.pid)).unwrap_or(true)
}

/// Which process started an attempt: its pid in its own pid namespace, and when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerMark {
    pid: i32,
    start_ticks: u64,
}

impl ServerMark {
    /// This process.
    pub(crate) fn own() -> Option<Self> {
        static OWN: OnceLock<ServerMark> = OnceLock::new();
        if let Some(own) = OWN.get() {
            return Some(*own);
        }
        let own = Stat::own().ok()?;
        Some(*OWN.get_or_init(|| Self { pid: own.pid, start_ticks: own.start_ticks }))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (pid, start_ticks) = std::str::from_utf8(text).ok()?.split_once(':')?;
        Some(Self { pid: pid.parse().ok()?, start_ticks: start_ticks.parse().ok()? })
    }

    /// Whether a process descends from this one, and that is not us. `None` if one on the way is gone meanwhile, or
    /// cannot be seen from here.
    fn is_above(self, pid: i32) -> Option<bool> {
        let mut at = Stat::read(pid).ok()?;
        while at.pid != 1 && at.parent != 1 {
            at = Stat::read(at.parent).ok()?;
            if at.start_ticks == self.start_ticks && procfs::innermost_pid(at.pid) == Some(self.pid) {
                return Some(!at.is_dead() && at.pid != getpid().as_raw_pid());
            }
        }
        // Process 1 itself may be the server, as in a container.
        let init = Self { pid: 1, start_ticks: Stat::read(1).map_or(0, |init| init.start_ticks) };
        Some(init == self && getpid().as_raw_pid() != 1)
    }
}

impl std::fmt::Display for ServerMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.pid, self.start_ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_that_one_of_them_leads_is_theirs_and_the_session_that_it_is_in_is_not() {
        // No processes have these numbers, so that no control group helps.
        let stat = |back: i32, session: i32| Stat {
            pid: i32::MAX - back,
            state: b'S',
            parent: 1,
            group: 1,
            session: i32::MAX - session,
            start_ticks: 1,
        };
        let (leader, member) = (stat(1, 1), stat(2, 1));
        let (guest, host, neighbour) = (stat(3, 4), stat(4, 4), stat(5, 4));
        let mut found: HashMap<i32, (Stat, String)> =
            [leader, guest].map(|stat| (stat.pid, (stat, "a".to_owned()))).into();
        close(&mut found, &[leader, member, guest, host, neighbour]);
        let has = |stat: Stat| found.contains_key(&stat.pid);
        assert_eq!((has(member), has(host), has(neighbour)), (true, false, false));
    }

    #[test]
    fn a_server_is_named_by_its_pid_and_its_start() {
        let own = ServerMark::own().unwrap();
        assert_eq!(ServerMark::parse(own.to_string().as_bytes()), Some(own));
        assert_eq!(ServerMark::parse(b"12"), None);
    }
}
