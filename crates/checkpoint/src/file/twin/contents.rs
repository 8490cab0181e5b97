//! Names and files in memory.
use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::log::{Fate, Op};
use crate::file::disk::{FileId, Stat};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Names and files.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) names: BTreeMap<PathBuf, Node>,
    pub(super) files: Vec<Inode>,
    /// Ticks at every write, so that no two contents have one time.
    pub(super) clock: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Dir,
    File(usize),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    /// Shared by all disks that are built from one log, until one of them changes it.
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) modified: i128,
    pub(super) is_locked: bool,
}

impl Contents {
    pub(super) fn file(&self, path: &Path) -> Option<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Some(*file),
            _ => None,
        }
    }

    pub(super) fn apply(&mut self, op: &Op, fate: Fate) -> io::Result<()> {
        match op {
            Op::Create { path, file } => {
                self.needs_room_for(path)?;
                self.inode(*file);
                self.names.insert(path.clone(), Node::File(*file));
            }
            Op::Write { file, offset, bytes } => self.write(*file, *offset as usize, bytes, fate),
            Op::SetLen { file, len } => Arc::make_mut(&mut self.inode(*file).bytes).resize(*len as usize, 0),
            Op::Rename { from, to } => {
                let node = *self.names.get(from).ok_or(ErrorKind::NotFound)?;
                if fate != Fate::Doubled {
                    self.names.remove(from);
                }
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

    pub(super) fn inode(&mut self, file: usize) -> &mut Inode {
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
        let content = Arc::make_mut(&mut inode.bytes);
        let end = offset + kept;
        if content.len() < end {
            content.resize(end, 0);
        }
        match fate {
            Fate::Zeroed => content[offset..end].fill(0),
            Fate::Sectors(reached) => {
                for at in
                    (offset..end).filter(|at| reached >> (at / SECTOR - offset / SECTOR).min(63) & 1 == 1)
                {
                    content[at] = bytes[at - offset];
                }
            }
            _ => content[offset..end].copy_from_slice(&bytes[..kept]),
        }
    }

    pub(super) fn stat(&self, node: Node, path: Option<&Path>) -> Stat {
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
