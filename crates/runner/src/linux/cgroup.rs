//! A control group (v2) for each live attempt, where we may make one: its `cgroup.kill` also ends, at one stroke, those
//! who left their session and put their mark off. Everything here is best effort; without it the rest still holds.
//!
//! Groups are used again: to make and remove one costs more than to start a process in it.
use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Groups are named `codeagent-<pid of the server>-<number>`.
const PREFIX: &str = "codeagent-";

/// The control group of one attempt; empty again, it waits for the next one.
#[derive(Debug)]
pub(crate) struct Cgroup {
    /// Always there, but in the midst of `drop`.
    group: Option<Group>,
    /// None is started in it any more (see `clone.rs`).
    is_killed: Cell<bool>,
}

/// A group, and what every attempt needs of it: to open these two costs more than to use them.
#[derive(Debug)]
struct Group {
    dir: PathBuf,
    folder: File,
    events: File,
}

/// Empty groups of this process, and how many it made.
struct Pool {
    free: Vec<Group>,
    made: u32,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { free: Vec::new(), made: 0 });

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cgroup {
    /// An empty group.
    pub(crate) fn take() -> Option<Self> {
        let parent = parent()?;
        let waiting = pool().free.pop();
        let group = match waiting {
            Some(group) => group,
            None => Group::open(make(parent)?).ok()?,
        };
        Some(Self { group: Some(group), is_killed: Cell::new(false) })
    }

    /// Where it is, for who starts a process in it.
    pub(crate) fn folder(&self) -> Option<BorrowedFd<'_>> {
        self.group.as_ref().map(|group| group.folder.as_fd())
    }

    /// Moves a process into it. What that started before stays outside.
    pub(crate) fn take_in(&self, pid: i32) -> bool {
        let moved = |group: &Group| fs::write(group.dir.join("cgroup.procs"), pid.to_string());
        self.group.as_ref().is_some_and(|group| moved(group).is_ok())
    }

    /// SIGKILL to all of them, also to those that are being forked.
    pub(crate) fn kill(&self) {
        if let Some(group) = &self.group {
            let _ = fs::write(group.dir.join("cgroup.kill"), "1");
            self.is_killed.set(true);
        }
    }

    /// Whether nothing lives in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.group.as_ref().is_none_or(Group::is_empty)
    }

    /// The living and dead processes in it.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.group.as_ref().map_or_else(Vec::new, |group| members(&group.dir))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Else something hangs in it: it is left to the next server that starts.
        let Some(group) = self.group.take().filter(Group::is_empty) else { return };
        match self.is_killed.get() {
            true => remove(&group.dir),
            false => pool().free.push(group),
        }
    }
}

impl Group {
    fn open(dir: PathBuf) -> io::Result<Self> {
        let folder = File::open(&dir)?;
        let events = File::open(dir.join("cgroup.events"))?;
        Ok(Self { dir, folder, events })
    }

    fn is_empty(&self) -> bool {
        let mut events = [0; 128];
        let read = self.events.read_at(&mut events, 0).unwrap_or(0);
        events[..read].split(|byte| *byte == b'\n').any(|line| line == b"populated 0")
    }
}

/// The living and dead processes in a group.
pub(crate) fn members(group: &Path) -> Vec<i32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The group that a process is in, if that was made for an attempt. Such a group holds nothing but that attempt.
pub(crate) fn of_attempt(pid: i32) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let group = own_group(&mounts, &fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)?;
    group.file_name()?.to_str()?.starts_with(PREFIX).then_some(group)
}

/// Where groups are made: below our own group; found once. `None` where that is not v2, not ours to write, or too old
/// for `cgroup.kill` (Linux 5.14).
fn parent() -> Option<&'static Path> {
    static PARENT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let parent = own_group(&mounts, &own)?;
        remove_stale(&parent);
        let probe = make(&parent)?;
        let usable = probe.join("cgroup.kill").exists();
        let Some(probe) = Group::open(probe.clone()).ok().filter(|_| usable) else {
            remove(&probe);
            return None;
        };
        pool().free.push(probe);
        // SAFETY: the handler only locks, unlinks and frees; it does not unwind.
        unsafe { libc::atexit(remove_free) };
        Some(parent)
    };
    PARENT.get_or_init(find).as_deref()
}

/// The folder of our own group, from /proc/self/mountinfo and /proc/self/cgroup.
fn own_group(mounts: &str, own: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let mut fields = line.split(' ').skip(3);
    let (root, mount) = (fields.next()?, fields.next()?);
    let below = Path::new(path).strip_prefix(root).ok()?;
    Some(Path::new(mount).join(below))
}

fn make(parent: &Path) -> Option<PathBuf> {
    let mut pool = pool();
    pool.made += 1;
    let dir = parent.join(format!("{PREFIX}{}-{}", std::process::id(), pool.made));
    fs::create_dir(&dir).ok().map(|()| dir)
}

/// Removes what dead servers left behind; the system refuses to remove a group that holds a process.
fn remove_stale(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove(&entry.path());
        }
    }
}

/// Removes a group, and first those that a server which ran inside it and was killed left there.
fn remove(dir: &Path) {
    remove_stale(dir);
    let _ = fs::remove_dir(dir);
}

/// At the end of this process: leaves no empty groups behind.
extern "C" fn remove_free() {
    // A thread that ended in the middle of it must not hang the exit.
    if let Ok(mut pool) = POOL.try_lock() {
        pool.free.drain(..).for_each(|group| remove(&group.dir));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_below_its_mount() {
        let mounts = "22 1 0:20 / /proc rw - proc proc rw\n\
            30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = own_group(mounts, "3:cpu:/x\n0::/user.slice/a.scope\n");
        assert_eq!(found.unwrap(), Path::new("/sys/fs/cgroup/user.slice/a.scope"));
        let within = mounts.replace("0:26 / ", "0:26 /docker/1 ");
        assert_eq!(own_group(&within, "0::/docker/1\n").unwrap(), Path::new("/sys/fs/cgroup"));
        assert_eq!(own_group(&within, "0::/\n"), None);
        assert_eq!(own_group("", "0::/\n"), None);
    }
}
