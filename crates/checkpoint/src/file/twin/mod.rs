//! The disk's crashing twin: a file system in memory that logs every operation, can fail at any of them, and from
//! whose log every state is built that a crash may leave.
//!
//! A write is durable once its file was synced after it, a name once its folder was. What is not durable may be
//! kept, lost, torn or zeroed, each for itself: [`Log::image`] asks for the fate of each such operation.
mod contents;
mod log;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use self::contents::{Contents, Inode, Node};
use super::{
    disk::{Disk, DiskFile, Stat},
    takeover::Tenants,
};

pub use log::{Cut, Fate, Log, Op};

/// The twin. Copies are the same disk.
#[derive(Clone)]
pub struct Twin(Arc<Machine>);

struct Machine {
    inner: Mutex<Inner>,
    tenants: Tenants,
}

struct Inner {
    now: Contents,
    log: Log,
    trouble: Option<Trouble>,
}

/// What is to go wrong.
#[derive(Clone, Copy)]
enum Trouble {
    /// The operation of that number fails with that error, and so do all after it where `for_good` says so.
    Fails { at: usize, errno: i32, for_good: bool },
    /// The process dies at that operation: neither it nor any later one is done.
    Dies { at: usize },
}

impl Default for Twin {
    fn default() -> Self {
        Self::of(Contents { names: [(PathBuf::from("/"), Node::Dir)].into(), ..Contents::default() })
    }
}

impl Twin {
    fn of(base: Contents) -> Self {
        let log = Log { base: base.clone(), ops: Vec::new() };
        let inner = Mutex::new(Inner { now: base, log, trouble: None });
        Self(Arc::new(Machine { inner, tenants: Tenants::new() }))
    }

    /// The disk for a store.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// What was done so far.
    pub fn log(&self) -> Log {
        self.inner().log.clone()
    }

    /// How many operations were done so far, notes included.
    pub fn len(&self) -> usize {
        self.inner().log.ops.len()
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes how far the workload is.
    pub fn note(&self, progress: u64) {
        self.inner().log.ops.push(Op::Note(progress));
    }

    /// Lets the operation of that number fail with that error (`errno`), and all later ones if `for_good`.
    pub fn fail_at(&self, at: usize, errno: i32, for_good: bool) {
        self.inner().trouble = Some(Trouble::Fails { at, errno, for_good });
    }

    /// Lets the process die at the operation of that number: what it does from there on is not done, and fails.
    pub fn die_at(&self, at: usize) {
        self.inner().trouble = Some(Trouble::Dies { at });
    }

    /// The next process meets no trouble.
    pub fn revive(&self) {
        self.inner().trouble = None;
    }

    /// A file's bytes.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner();
        inner.now.file(path).map(|file| inner.now.files[file].bytes.to_vec())
    }

    /// Puts bytes in a file's place, as another program would: a new file.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        let file = inner.now.files.len();
        inner.now.clock += 1;
        let modified = inner.now.clock;
        inner.now.files.push(Inode { bytes: Arc::new(bytes.to_vec()), modified, is_locked: false });
        inner.now.names.insert(path.to_owned(), Node::File(file));
        inner.log = Log { base: inner.now.clone(), ops: Vec::new() };
    }

    /// Every file's path and bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let inner = self.inner();
        let files = inner.now.names.iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path.clone(), inner.now.files[*file].bytes.to_vec())),
            Node::Dir => None,
        });
        files.collect()
    }

    /// A hash of the names and bytes of all files whose path `counts`. Zeros at a file's end are hashed as their number.
    pub fn hash(&self, counts: impl Fn(&Path) -> bool) -> u64 {
        let inner = self.inner();
        let mut hasher = DefaultHasher::new();
        for (path, node) in inner.now.names.iter().filter(|(path, _)| counts(path)) {
            path.as_os_str().hash(&mut hasher);
            if let Node::File(file) = node {
                let bytes = &inner.now.files[*file].bytes;
                let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                (bytes.len(), &bytes[..end]).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an operation, unless it is to fail.
    fn act(&self, op: Op) -> io::Result<()> {
        let mut inner = self.inner();
        inner.may_fail(&op)?;
        inner.now.apply(&op, Fate::Kept)?;
        inner.log.ops.push(op);
        Ok(())
    }
}

impl Inner {
    fn may_fail(&mut self, op: &Op) -> io::Result<()> {
        let at = self.log.ops.len();
        match self.trouble {
            Some(Trouble::Fails { at: first, errno, for_good })
                if at == first || (for_good && at > first) =>
            {
                // Whatever fails takes its number, so that what comes after it does not fail for it.
                let left = what_a_failure_leaves(op);
                let _ = self.now.apply(&left, Fate::Kept); // as much as the operation itself could
                self.log.ops.push(left);
                Err(io::Error::from_raw_os_error(errno))
            }
            Some(Trouble::Dies { at: first }) if at >= first => Err(ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }
}

/// Of a write the first half; of a sync that what was to be synced is never durable, whatever a later one says.
fn what_a_failure_leaves(op: &Op) -> Op {
    match op {
        Op::SyncFile { file } => Op::SyncFailed { file: *file },
        Op::Write { file, offset, bytes } => {
            Op::Write { file: *file, offset: *offset, bytes: bytes[..bytes.len() / 2].into() }
        }
        _ => Op::Note(u64::MAX),
    }
}

impl Disk for Twin {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.inner().now.files.len();
        self.act(Op::Create { path: path.to_owned(), file })?;
        Ok(Arc::new(TwinFile { twin: self.clone(), file, holds_lock: Mutex::new(false) }))
    }

    fn open_or_create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let there = self.inner().now.file(path);
        match there {
            Some(file) => Ok(Arc::new(TwinFile { twin: self.clone(), file, holds_lock: Mutex::new(false) })),
            None => self.create(path),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<(Vec<u8>, Stat)>> {
        let inner = self.inner();
        match inner.now.names.get(path) {
            None => Ok(None),
            Some(Node::Dir) => Err(ErrorKind::IsADirectory.into()),
            Some(node @ Node::File(file)) => {
                Ok(Some((inner.now.files[*file].bytes.to_vec(), inner.now.stat(*node, None))))
            }
        }
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        let inner = self.inner();
        Ok(inner.now.names.get(path).map(|node| inner.now.stat(*node, Some(path))))
    }

    fn list(&self, dir: &Path) -> io::Result<Option<Vec<OsString>>> {
        let inner = self.inner();
        if inner.now.names.get(dir) != Some(&Node::Dir) {
            return Ok(None);
        }
        let inside = inner.now.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(Some(inside.filter_map(|path| path.file_name().map(Into::into)).collect()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(Op::Rename { from: from.to_owned(), to: to.to_owned() })
    }

    fn rename_to_free(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.stat(to)?.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(Op::Link { from: from.to_owned(), to: to.to_owned() })
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.act(Op::Unlink { path: path.to_owned() })
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.act(Op::MakeDir { path: dir.to_owned() })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.act(Op::SyncDir { dir: dir.to_owned() })
    }

    fn network_kind(&self, _dir: &Path) -> io::Result<Option<&'static str>> {
        Ok(None)
    }

    fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

struct TwinFile {
    twin: Twin,
    file: usize,
    holds_lock: Mutex<bool>,
}

impl DiskFile for TwinFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.twin.act(Op::Write { file: self.file, offset, bytes: bytes.into() })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.twin.act(Op::SetLen { file: self.file, len })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.twin.act(Op::SyncFile { file: self.file })
    }

    fn stat(&self) -> io::Result<Stat> {
        Ok(self.twin.inner().now.stat(Node::File(self.file), None))
    }

    fn try_lock(&self) -> io::Result<()> {
        let mut inner = self.twin.inner();
        if std::mem::replace(&mut inner.now.files[self.file].is_locked, true) {
            return Err(ErrorKind::WouldBlock.into());
        }
        *self.holds_lock.lock().unwrap_or_else(PoisonError::into_inner) = true;
        Ok(())
    }
}

impl Drop for TwinFile {
    fn drop(&mut self) {
        if *self.holds_lock.lock().unwrap_or_else(PoisonError::into_inner) {
            self.twin.inner().now.files[self.file].is_locked = false;
        }
    }
}
