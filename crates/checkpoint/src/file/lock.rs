//! The lock file: one writer at a time, and a word about who it is.
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::fs::FlockOperation;

use super::{
    disk::{Disk, DiskFile, FileId},
    fail::io_error,
};
use crate::store::StoreError;

/// How long it is waited for a lock whose holder says that it needs it for a moment only, or changes all the time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same, where the holder is no more.
const LET_GO_WAIT: Duration = Duration::from_millis(500);
/// The same, where the file does not name its holder yet.
const UNNAMED_WAIT: Duration = Duration::from_millis(100);

/// How long is waited between two tries: it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LAST_WAIT: Duration = Duration::from_millis(50);

/// How often a lock file is made again that was deleted while it was locked.
const TRIES: u32 = 20;

/// For how long a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HolderKind {
    /// As long as its process works: whoever comes meanwhile is refused at once.
    #[default]
    Server,
    /// For the moment of one command: whoever comes meanwhile waits.
    Command,
}

impl HolderKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Command => "command",
        }
    }
}

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: Box<str>,
    /// The boot that the pid belongs to.
    pub boot_id: Box<str>,
    /// For how long; `server` where the file does not say it.
    pub kind: HolderKind,
}

impl Holder {
    /// This process, for a moment.
    pub fn this_command() -> Self {
        Self { kind: HolderKind::Command, ..Self::this_process() }
    }

    /// This process, for as long as it works.
    pub fn this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into();
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { pid: std::process::id(), host, boot_id: boot_id.trim().into(), kind: HolderKind::Server }
    }

    fn to_text(&self) -> String {
        let Self { pid, host, boot_id, kind } = self;
        format!("pid {pid}\nhost {host}\nkind {}\nboot_id {boot_id}\n", kind.as_str())
    }

    /// Whether only a child that is being started can still have the lock: its holder is a process of this boot
    /// that is no more (a zombie counts: it has closed its files), or this one, where an earlier store was closed.
    fn has_let_go(&self) -> bool {
        let this = Self::this_process();
        if self.boot_id != this.boot_id || self.pid == this.pid {
            return Self { kind: this.kind, ..self.clone() } == this;
        }
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The state follows the name, which may hold anything (proc(5)).
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
    }

    /// Reads a lock file. None where it does not name a process.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::trim))
        };
        let pid = field("pid")?.parse().ok()?;
        // Whoever reads half a file learns it from the last line that is missing.
        let boot_id = field("boot_id").filter(|_| text.ends_with('\n'))?;
        let is_command = field("kind") == Some(HolderKind::Command.as_str());
        let kind = if is_command { HolderKind::Command } else { HolderKind::Server };
        Some(Self { pid, host: field("host").unwrap_or_default().into(), boot_id: boot_id.into(), kind })
    }
}

/// The lock, held. Dropping it lets go.
pub(crate) struct Lock {
    // Closing the descriptor is what lets go.
    file: Arc<dyn DiskFile>,
    id: FileId,
    path: PathBuf,
    /// What stood in the file; none where it was made.
    former: Option<Vec<u8>>,
}

/// What stands at the lock's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Ours,
    Gone,
    /// Another file: someone else may hold it.
    Replaced,
}

impl Lock {
    /// Takes the lock, or says who has it. Waits where it can be had in a moment.
    pub(crate) fn acquire(disk: &dyn Disk, path: &Path, holder: &Holder) -> Result<Self, StoreError> {
        Self::acquire_within(PATIENCE, disk, path, holder)
    }

    fn acquire_within(
        patience: Duration,
        disk: &dyn Disk,
        path: &Path,
        holder: &Holder,
    ) -> Result<Self, StoreError> {
        let mut waiting = Waiting::new(patience);
        let mut tries = 0;
        while tries < TRIES {
            let former = disk.read(path).map_err(io_error("read", path))?.map(|(text, _)| text);
            let file = disk.open_or_create(path).map_err(io_error("open", path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    drop(file);
                    // As it is now: the former text may be of the one before.
                    let text = disk.read(path).ok().flatten().map(|(text, _)| text);
                    waiting.wait(text.as_deref().and_then(Holder::parse), path)?;
                    continue;
                }
                Err(error) => return Err(io_error("lock", path)(error)),
            }
            let id = file.stat().map_err(io_error("look at", path))?.id;
            let lock = Self { file, id, path: path.to_owned(), former };
            // Deleted between opening and locking: what we locked is not what others will find.
            if lock.seen(disk)? != Seen::Ours {
                tries += 1;
                continue;
            }
            lock.write(holder.to_text().as_bytes())?;
            return Ok(lock);
        }
        Err(in_use(None, path))
    }

    fn write(&self, text: &[u8]) -> Result<(), StoreError> {
        let written = self.file.set_len(0).and_then(|()| self.file.write_at(text, 0));
        written.map_err(io_error("write", &self.path))
    }

    /// Lets go and leaves no trace: for an open that was refused and must have changed nothing.
    pub(crate) fn undo(self, disk: &dyn Disk) {
        // As well as it can be done: the refusal is what the caller is to hear of.
        match &self.former {
            Some(text) => drop(self.write(text)),
            None => drop(disk.unlink(&self.path)),
        }
    }

    /// Whether the file at the lock's place is still the one that is locked.
    pub(crate) fn seen(&self, disk: &dyn Disk) -> Result<Seen, StoreError> {
        match disk.stat(&self.path) {
            Ok(Some(stat)) if stat.id == self.id => Ok(Seen::Ours),
            Ok(Some(_)) => Ok(Seen::Replaced),
            Ok(None) => Ok(Seen::Gone),
            // Something else has the name of its folder.
            Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(Seen::Gone),
            Err(error) => Err(io_error("look at", &self.path)(error)),
        }
    }
}

/// The wait for a lock that others hold, one after the other.
struct Waiting {
    patience: Duration,
    began: Instant,
    /// Who holds it, and since when we know.
    holder: Option<Holder>,
    holder_since: Instant,
    next: Duration,
}

impl Waiting {
    fn new(patience: Duration) -> Self {
        let began = Instant::now();
        Self { patience, began, holder: None, holder_since: began, next: FIRST_WAIT }
    }

    /// Waits for a while, or says who it is that can't be waited for.
    fn wait(&mut self, holder: Option<Holder>, path: &Path) -> Result<(), StoreError> {
        if self.holder != holder {
            (self.holder, self.holder_since) = (holder, Instant::now());
        }
        let worth = match &self.holder {
            None => UNNAMED_WAIT,
            Some(holder) if holder.kind == HolderKind::Command => self.patience,
            // A child that was being started when its server was killed holds the descriptor until
            // it has become its own program: the next server must not fail for that.
            Some(holder) if holder.has_let_go() => LET_GO_WAIT,
            Some(_) => Duration::ZERO,
        };
        if self.holder_since.elapsed() >= worth || self.began.elapsed() >= self.patience {
            return Err(in_use(self.holder.take(), path));
        }
        std::thread::park_timeout(self.next);
        self.next = (self.next * 2).min(LAST_WAIT);
        Ok(())
    }
}

/// The process that works on the lock's files now, as long as it lives: it is not waited for, and nothing is changed.
/// None also where that can't be told.
pub(crate) fn server_at(path: &Path) -> Option<Holder> {
    let holder = Holder::parse(&std::fs::read(path).ok()?)?;
    if holder.kind != HolderKind::Server || holder.has_let_go() {
        return None;
    }
    let this = Holder::this_process();
    if holder.host == this.host && holder.boot_id != this.boot_id {
        return None; // from before the last boot: asking would only be in the way of who is just opening it
    }
    // The text outlives its process, whose pid may be another's by now. Shared, and let go of at once.
    let file = std::fs::File::open(path).ok()?;
    let locked = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared);
    (locked == Err(rustix::io::Errno::WOULDBLOCK)).then_some(holder)
}

fn in_use(holder: Option<Holder>, path: &Path) -> StoreError {
    let (pid, host) = holder.map_or((None, None), |holder| (Some(holder.pid), Some(holder.host)));
    StoreError::InUse { pid, host, lock: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::real_disk::RealDisk;

    #[test]
    fn names_its_holder() {
        let holder = Holder::this_process();
        assert_eq!(Holder::parse(holder.to_text().as_bytes()), Some(holder.clone()));
        let text = holder.to_text();
        for cut in 0..text.len() {
            assert_eq!(Holder::parse(&text.as_bytes()[..cut]), None, "{cut}");
        }
        let command = Holder::this_command();
        assert_eq!(Holder::parse(command.to_text().as_bytes()), Some(command));
        let old = format!("pid {}\nhost {}\nboot_id {}\n", holder.pid, holder.host, holder.boot_id);
        assert_eq!(Holder::parse(old.as_bytes()), Some(holder));
    }

    /// A lock of another living process, and the lock file's path.
    fn held_by_other(kind: HolderKind) -> (tempfile::TempDir, PathBuf, Arc<dyn DiskFile>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let holder = Holder { pid: std::os::unix::process::parent_id(), kind, ..Holder::this_process() };
        std::fs::write(&path, holder.to_text()).unwrap();
        let file = RealDisk.open_or_create(&path).unwrap();
        file.try_lock().unwrap();
        (dir, path, file)
    }

    #[test]
    fn a_command_is_waited_for() {
        let (_dir, path, other) = held_by_other(HolderKind::Command);
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || Lock::acquire(&RealDisk, &path, &Holder::this_process())
        });
        // Longer than a dead holder is waited for.
        let until = Instant::now() + LET_GO_WAIT * 2;
        while Instant::now() < until {
            std::thread::park_timeout(LAST_WAIT);
        }
        assert!(!waiting.is_finished());
        drop(other);
        let lock = waiting.join().unwrap().unwrap();
        assert_eq!(lock.seen(&RealDisk).unwrap(), Seen::Ours);
        assert_eq!(Holder::parse(&std::fs::read(&path).unwrap()), Some(Holder::this_process()));
    }

    #[test]
    fn a_command_is_not_waited_for_for_ever_and_a_server_never() {
        for (kind, patience) in [
            (HolderKind::Command, Duration::from_millis(60)),
            (HolderKind::Server, Duration::from_secs(3600)),
        ] {
            let (_dir, path, _other) = held_by_other(kind);
            match Lock::acquire_within(patience, &RealDisk, &path, &Holder::this_command()) {
                Err(StoreError::InUse { pid, .. }) => {
                    assert_eq!(pid, Some(std::os::unix::process::parent_id()));
                }
                _ => panic!("had twice"),
            }
        }
    }

    #[test]
    fn is_had_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let holder = Holder::this_process();
        let held = Lock::acquire(&RealDisk, &path, &holder).unwrap();
        match Lock::acquire(&RealDisk, &path, &holder) {
            Err(StoreError::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            _ => panic!("had twice"),
        }
        assert_eq!(held.seen(&RealDisk).unwrap(), Seen::Ours);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(held.seen(&RealDisk).unwrap(), Seen::Gone);
        std::fs::write(&path, "").unwrap();
        assert_eq!(held.seen(&RealDisk).unwrap(), Seen::Replaced);
        drop(held);
        Lock::acquire(&RealDisk, &path, &holder).unwrap();
    }

    #[test]
    fn a_server_is_found_while_it_holds_the_lock() {
        let (_dir, path, other) = held_by_other(HolderKind::Server);
        assert_eq!(server_at(&path).map(|holder| holder.pid), Some(std::os::unix::process::parent_id()));
        drop(other);
        assert_eq!(server_at(&path), None);
        let (_dir, path, _other) = held_by_other(HolderKind::Command);
        assert_eq!(server_at(&path), None);
        assert_eq!(server_at(Path::new("/nowhere/x.lock")), None);
    }

    /// What a server leaves that is killed while it starts a child.
    #[test]
    fn a_child_of_a_dead_holder_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        let holder = Holder { pid: dead.id(), ..Holder::this_process() };
        std::fs::write(&path, holder.to_text()).unwrap();
        let child = RealDisk.open_or_create(&path).unwrap();
        child.try_lock().unwrap();
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || Lock::acquire(&RealDisk, &path, &Holder::this_process()).is_ok()
        });
        std::thread::park_timeout(Duration::from_millis(50));
        drop(child);
        assert!(waiting.join().unwrap());
    }
}
