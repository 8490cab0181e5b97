//! The lock file: one writer at a time, and a word about who it is.
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    disk::{Disk, DiskFile, FileId},
    fail::io_error,
};
use crate::store::StoreError;

/// How often, and how long apart, a lock file is read that does not name its holder yet.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(5);

/// How long it is waited between two tries for a lock that its holder has let go; [`TRIES`] times at most.
const LET_GO_WAIT: Duration = Duration::from_millis(25);

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: Box<str>,
    /// The boot that the pid belongs to.
    pub boot_id: Box<str>,
}

impl Holder {
    /// This process.
    pub fn this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into();
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { pid: std::process::id(), host, boot_id: boot_id.trim().into() }
    }

    fn to_text(&self) -> String {
        format!("pid {}\nhost {}\nboot_id {}\n", self.pid, self.host, self.boot_id)
    }

    /// Whether only a child that is being started can still have the lock: its holder is a process of this boot
    /// that is no more (a zombie counts: it has closed its files), or this one, where an earlier store was closed.
    fn has_let_go(&self) -> bool {
        let this = Self::this_process();
        if self.boot_id != this.boot_id || self.pid == this.pid {
            return self == &this;
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
        Some(Self { pid, host: field("host").unwrap_or_default().into(), boot_id: boot_id.into() })
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
    /// Takes the lock, or says who has it.
    pub(crate) fn acquire(disk: &dyn Disk, path: &Path, holder: &Holder) -> Result<Self, StoreError> {
        for _ in 0..TRIES {
            let former = disk.read(path).map_err(io_error("read", path))?.map(|(text, _)| text);
            let file = disk.open_or_create(path).map_err(io_error("open", path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // A child that was being started when its server was killed holds the descriptor until
                    // it has become its own program: the next server must not fail for that.
                    if former.as_deref().and_then(Holder::parse).is_some_and(|holder| holder.has_let_go()) {
                        std::thread::park_timeout(LET_GO_WAIT);
                        continue;
                    }
                    return Err(in_use(disk, path));
                }
                Err(error) => return Err(io_error("lock", path)(error)),
            }
            let id = file.stat().map_err(io_error("look at", path))?.id;
            let lock = Self { file, id, path: path.to_owned(), former };
            // Deleted between opening and locking: what we locked is not what others will find.
            if lock.seen(disk)? != Seen::Ours {
                continue;
            }
            lock.write(holder.to_text().as_bytes())?;
            return Ok(lock);
        }
        Err(in_use(disk, path))
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
        Ok(match disk.stat(&self.path).map_err(io_error("look at", &self.path))? {
            Some(stat) if stat.id == self.id => Seen::Ours,
            Some(_) => Seen::Replaced,
            None => Seen::Gone,
        })
    }
}

/// Who has it: its name may not be written yet.
fn in_use(disk: &dyn Disk, path: &Path) -> StoreError {
    let mut holder = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            std::thread::park_timeout(BETWEEN);
        }
        holder = disk.read(path).ok().flatten().and_then(|(text, _)| Holder::parse(&text));
        if holder.is_some() {
            break;
        }
    }
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
