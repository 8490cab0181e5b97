//! The disk's crashing twin: a file system in memory that logs every operation, can fail at any of them, and from
//! whose log every state is built that a crash may leave.
//!
//! A write is durable once its file was synced after it, a name once its folder was. What is not durable may be
//! kept, lost, torn or zeroed, each for itself: [`Log::image`] asks for the fate of each such operation.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsString,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    disk::{Disk, DiskFile, FileId, Stat},
    takeover::Tenants,
};

/// What was done to the disk; reading is not. Files are numbered in the order of their making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// A file was made.
    Create {
        /// Its first name.
        path: PathBuf,
        /// Its number.
        file: usize,
    },
    /// Bytes were written.
    Write {
        /// To which file.
        file: usize,
        /// Where in it.
        offset: u64,
        /// Which.
        bytes: Arc<[u8]>,
    },
    /// A file was cut or lengthened.
    SetLen {
        /// Which file.
        file: usize,
        /// To how many bytes.
        len: u64,
    },
    /// A file was synced.
    SyncFile {
        /// Which.
        file: usize,
    },
    /// A sync failed: what was written before it is never durable, whatever a later sync says.
    SyncFailed {
        /// Of which file.
        file: usize,
    },
    /// A folder was synced.
    SyncDir {
        /// Which.
        dir: PathBuf,
    },
    /// A file got another name in the same folder.
    Rename {
        /// The former name.
        from: PathBuf,
        /// The new one; what had it loses it.
        to: PathBuf,
    },
    /// A file got a second name.
    Link {
        /// The first.
        from: PathBuf,
        /// The second.
        to: PathBuf,
    },
    /// A name was taken away.
    Unlink {
        /// Which.
        path: PathBuf,
    },
    /// A folder was made.
    MakeDir {
        /// Which.
        path: PathBuf,
    },
    /// No operation: the test noted how far the workload was.
    Note(u64),
}

/// What a crash does to an operation that was not durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It reached the disk.
    Kept,
    /// It did not.
    Lost,
    /// Of a write, so many first bytes reached the disk.
    Torn(usize),
    /// Of a write, the length reached the disk, and zeros instead of the bytes.
    Zeroed,
}

/// What was done, and to what.
#[derive(Clone, Debug, Default)]
pub struct Log {
    base: Contents,
    /// The operations in their order.
    pub ops: Vec<Op>,
}

/// Names and files.
#[derive(Clone, Debug, Default)]
struct Contents {
    names: BTreeMap<PathBuf, Node>,
    files: Vec<Inode>,
    /// Ticks at every write, so that no two contents have one time.
    clock: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Dir,
    File(usize),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    bytes: Vec<u8>,
    modified: i128,
    is_locked: bool,
}

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
    /// The operation of that number fails with that error, and so do all after it where `for_good` says so.
    failure: Option<Failure>,
}

#[derive(Clone, Copy)]
struct Failure {
    at: usize,
    errno: i32,
    for_good: bool,
}

impl Default for Twin {
    fn default() -> Self {
        Self::of(Contents { names: [(PathBuf::from("/"), Node::Dir)].into(), ..Contents::default() })
    }
}

impl Twin {
    fn of(base: Contents) -> Self {
        let log = Log { base: base.clone(), ops: Vec::new() };
        let inner = Mutex::new(Inner { now: base, log, failure: None });
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
        self.inner().failure = Some(Failure { at, errno, for_good });
    }

    /// A file's bytes.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner();
        inner.now.file(path).map(|file| inner.now.files[file].bytes.clone())
    }

    /// Puts bytes in a file's place, as another program would: a new file.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        let file = inner.now.files.len();
        inner.now.clock += 1;
        let modified = inner.now.clock;
        inner.now.files.push(Inode { bytes: bytes.to_vec(), modified, is_locked: false });
        inner.now.names.insert(path.to_owned(), Node::File(file));
        inner.log = Log { base: inner.now.clone(), ops: Vec::new() };
    }

    /// Every file's path and bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let inner = self.inner();
        let files = inner.now.names.iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path.clone(), inner.now.files[*file].bytes.clone())),
            Node::Dir => None,
        });
        files.collect()
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
        match self.failure {
            Some(failure) if at == failure.at || (failure.for_good && at > failure.at) => {
                // Whatever fails takes its number, so that what comes after it does not fail for it.
                self.log.ops.push(match op {
                    Op::SyncFile { file } => Op::SyncFailed { file: *file },
                    _ => Op::Note(u64::MAX),
                });
                Err(io::Error::from_raw_os_error(failure.errno))
            }
            _ => Ok(()),
        }
    }
}

impl Contents {
    fn file(&self, path: &Path) -> Option<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Some(*file),
            _ => None,
        }
    }

    fn apply(&mut self, op: &Op, fate: Fate) -> io::Result<()> {
        match op {
            Op::Create { path, file } => {
                self.needs_room_for(path)?;
                self.inode(*file);
                self.names.insert(path.clone(), Node::File(*file));
            }
            Op::Write { file, offset, bytes } => self.write(*file, *offset as usize, bytes, fate),
            Op::SetLen { file, len } => self.inode(*file).bytes.resize(*len as usize, 0),
            Op::Rename { from, to } => {
                let node = self.names.remove(from).ok_or(ErrorKind::NotFound)?;
                self.names.insert(to.clone(), node);
            }
            Op::Link { from, to } => {
                self.needs_room_for(to)?;
                let node = *self.names.get(from).ok_or(ErrorKind::NotFound)?;
                self.names.insert(to.clone(), node);
            }
            Op::Unlink { path } => drop(self.names.remove(path).ok_or(ErrorKind::NotFound)?),
            Op::MakeDir { path } => drop(self.names.entry(path.clone()).or_insert(Node::Dir)),
            Op::SyncFile { .. } | Op::SyncFailed { .. } | Op::SyncDir { .. } | Op::Note(_) => {}
        }
        Ok(())
    }

    fn needs_room_for(&self, path: &Path) -> io::Result<()> {
        let is_dir = |dir: &Path| self.names.get(dir) == Some(&Node::Dir);
        if self.names.contains_key(path) {
            Err(ErrorKind::AlreadyExists.into())
        } else if !path.parent().is_some_and(is_dir) {
            Err(ErrorKind::NotFound.into())
        } else {
            Ok(())
        }
    }

    fn inode(&mut self, file: usize) -> &mut Inode {
        if self.files.len() <= file {
            self.files.resize_with(file + 1, Inode::default);
        }
        &mut self.files[file]
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8], fate: Fate) {
        self.clock += 1;
        let modified = self.clock;
        let kept = match fate {
            Fate::Torn(kept) => kept.min(bytes.len()),
            _ => bytes.len(),
        };
        let inode = self.inode(file);
        inode.modified = modified;
        let end = offset + kept;
        if inode.bytes.len() < end {
            inode.bytes.resize(end, 0);
        }
        match fate {
            Fate::Zeroed => inode.bytes[offset..end].fill(0),
            _ => inode.bytes[offset..end].copy_from_slice(&bytes[..kept]),
        }
    }

    fn stat(&self, node: Node, path: Option<&Path>) -> Stat {
        let links = self.names.values().filter(|named| **named == node).count() as u64;
        match node {
            Node::Dir => {
                let ino = 1 << 32 | path.map_or(0, |path| path.as_os_str().len() as u64);
                Stat { id: FileId { dev: 1, ino }, links, len: 0, modified_ns: 0, is_file: false }
            }
            Node::File(file) => {
                let inode = &self.files[file];
                let id = FileId { dev: 1, ino: file as u64 };
                Stat { id, links, len: inode.bytes.len() as u64, modified_ns: inode.modified, is_file: true }
            }
        }
    }
}

impl Log {
    /// The operations among the first `upto` that a power cut after them may undo, by number.
    pub fn pending(&self, upto: usize) -> Vec<usize> {
        let flags = self.pending_flags(upto);
        (0..flags.len()).filter(|at| flags[*at]).collect()
    }

    /// Whether each of the first `upto` operations may be undone: one pass from the end.
    fn pending_flags(&self, upto: usize) -> Vec<bool> {
        let mut synced_files: HashMap<usize, bool> = HashMap::new();
        let mut synced_dirs: HashSet<&Path> = HashSet::new();
        let ops = &self.ops[..upto.min(self.ops.len())];
        let mut flags = vec![false; ops.len()];
        for (op, flag) in ops.iter().zip(&mut flags).rev() {
            match op {
                Op::SyncFile { file } => drop(synced_files.insert(*file, true)),
                Op::SyncFailed { file } => drop(synced_files.insert(*file, false)),
                Op::SyncDir { dir } => drop(synced_dirs.insert(dir)),
                Op::Write { file, .. } | Op::SetLen { file, .. } => {
                    *flag = !synced_files.get(file).is_some_and(|synced| *synced);
                }
                Op::Create { path, .. }
                | Op::Rename { to: path, .. }
                | Op::Link { to: path, .. }
                | Op::Unlink { path }
                | Op::MakeDir { path } => {
                    *flag = !path.parent().is_some_and(|parent| synced_dirs.contains(parent));
                }
                Op::Note(_) => {}
            }
        }
        flags
    }

    /// The disk after the first `upto` operations and a power cut that does to each pending one what `fate` says.
    pub fn image(&self, upto: usize, mut fate: impl FnMut(usize, &Op) -> Fate) -> Twin {
        let mut contents = self.base.clone();
        let pending = self.pending_flags(upto);
        for (at, (op, pending)) in self.ops.iter().zip(pending).enumerate() {
            let fate = if pending { fate(at, op) } else { Fate::Kept };
            if fate != Fate::Lost {
                // What rests on a name that was lost is lost with it.
                let _ = contents.apply(op, fate);
            }
        }
        // A file has a number even if the operation that made it was lost.
        for op in &self.ops[..upto.min(self.ops.len())] {
            if let Op::Create { file, .. } = op {
                contents.inode(*file);
            }
        }
        contents.files.iter_mut().for_each(|file| file.is_locked = false);
        Twin::of(contents)
    }

    /// The disk after the process died there, and the machine did not.
    pub fn killed(&self, upto: usize) -> Twin {
        self.image(upto, |_, _| Fate::Kept)
    }

    /// The last note before that operation.
    pub fn noted(&self, upto: usize) -> Option<u64> {
        self.ops[..upto.min(self.ops.len())].iter().rev().find_map(|op| match op {
            Op::Note(progress) if *progress != u64::MAX => Some(*progress),
            _ => None,
        })
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
                Ok(Some((inner.now.files[*file].bytes.clone(), inner.now.stat(*node, None))))
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
