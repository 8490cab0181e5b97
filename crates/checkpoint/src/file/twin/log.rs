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
