//! What was done to the twin, and every disk that a power cut may make of it.
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Twin, contents::Contents};

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
    /// Of a write, the length reached the disk, and of its sectors those whose bit is set, the first of them lowest.
    Sectors(u64),
    /// Of a write, the length reached the disk, and instead of the bytes lie there those of that earlier operation:
    /// a block that was freed is given to another file before its new bytes are written (data=writeback).
    Stale(usize),
    /// Of a rename, the new name reached the disk, and the former one stayed (POSIX says nothing of crashes).
    Doubled,
}

/// What was done, and to what.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub(super) base: Contents,
    /// The operations in their order.
    pub ops: Vec<Op>,
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
    pub fn image(&self, upto: usize, fate: impl FnMut(usize, &Op) -> Fate) -> Twin {
        self.cut(upto).image(fate)
    }

    /// A power cut after the first `upto` operations: for many disks of one cut.
    pub fn cut(&self, upto: usize) -> Cut<'_> {
        Cut::of(self, upto)
    }

    /// The first name of a file that was made since the log began.
    pub fn first_name(&self, file: usize) -> Option<&Path> {
        self.ops.iter().find_map(|op| match op {
            Op::Create { path, file: made } if *made == file => Some(path.as_path()),
            _ => None,
        })
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

/// A power cut: what was durable then is done once, and the rest anew for each fate of it.
pub struct Cut<'l> {
    log: &'l Log,
    /// What no fate changes.
    settled: Contents,
    /// The other operations, and whether each is pending.
    rest: Vec<(usize, bool)>,
}

impl<'l> Cut<'l> {
    fn of(log: &'l Log, upto: usize) -> Self {
        let pending = log.pending_flags(upto);
        let mut cut = Self { log, settled: log.base.clone(), rest: Vec::new() };
        let mut open_files = HashSet::new();
        let mut is_open_dir = false;
        for (at, (op, is_pending)) in log.ops.iter().zip(pending).enumerate() {
            let is_settled = match op {
                Op::Write { file, .. } | Op::SetLen { file, .. } => {
                    if is_pending {
                        open_files.insert(*file);
                    }
                    !open_files.contains(file)
                }
                Op::SyncFile { .. } | Op::SyncFailed { .. } | Op::SyncDir { .. } | Op::Note(_) => continue,
                _ => {
                    is_open_dir |= is_pending;
                    !is_open_dir
                }
            };
            if let Op::Create { file, .. } = op {
                // A file has a number even if the operation that made it was lost.
                cut.settled.inode(*file);
            }
            if is_settled {
                let _ = cut.settled.apply(op, Fate::Kept); // it did not fail when it was done
            } else {
                cut.rest.push((at, is_pending));
            }
        }
        cut.settled.files.iter_mut().for_each(|file| file.is_locked = false);
        cut
    }

    /// The operations that it may undo, by number.
    pub fn pending(&self) -> impl Iterator<Item = (usize, &'l Op)> {
        self.rest.iter().filter(|(_, pending)| *pending).map(|(at, _)| (*at, &self.log.ops[*at]))
    }

    /// The disk that it leaves if it does to each pending operation what `fate` says.
    pub fn image(&self, mut fate: impl FnMut(usize, &Op) -> Fate) -> Twin {
        let mut contents = self.settled.clone();
        for (at, pending) in &self.rest {
            let op = &self.log.ops[*at];
            match if *pending { fate(*at, op) } else { Fate::Kept } {
                Fate::Lost => {}
                Fate::Stale(other) => drop(contents.apply(&self.with_bytes_of(op, other), Fate::Kept)),
                // What rests on a name that was lost is lost with it.
                fate => drop(contents.apply(op, fate)),
            }
        }
        Twin::of(contents)
    }

    /// The same write, with the bytes of another one.
    fn with_bytes_of(&self, op: &Op, other: usize) -> Op {
        match (op, self.log.ops.get(other)) {
            (Op::Write { file, offset, bytes }, Some(Op::Write { bytes: stale, .. }))
                if !stale.is_empty() =>
            {
                let bytes = stale.iter().copied().cycle().take(bytes.len()).collect();
                Op::Write { file: *file, offset: *offset, bytes }
            }
            _ => op.clone(),
        }
    }
}
