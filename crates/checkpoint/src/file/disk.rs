//! The seam: everything that the file store does to a disk goes through these two traits, so that a twin in memory
//! that can lose power at every operation may take the disk's place.
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::takeover::Tenants;

/// A file system, as much of it as the store needs. Paths are absolute or relative to the current folder.
///
/// New files are 0600 and new folders 0700; every descriptor is close-on-exec.
pub trait Disk: Send + Sync + 'static {
    /// Creates a file that must not exist yet, for writing.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` where the name is taken.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading and writing, and makes it where it is missing: the lock.
    ///
    /// # Errors
    /// What the system says.
    fn open_or_create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Reads a regular file whole, with the identity that it had when it was opened. None where there is none.
    ///
    /// # Errors
    /// What the system says; `IsADirectory` or `InvalidInput` for what is not a regular file.
    fn read(&self, path: &Path) -> io::Result<Option<(Vec<u8>, Stat)>>;

    /// What is known of a file or folder; symbolic links are followed. None where there is none.
    ///
    /// # Errors
    /// What the system says.
    fn stat(&self, path: &Path) -> io::Result<Option<Stat>>;

    /// The names in a folder, in no order. None where there is no such folder.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, dir: &Path) -> io::Result<Option<Vec<OsString>>>;

    /// Gives a file a new name, in place of what had it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a new name that must be free.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` where the name is taken.
    fn rename_to_free(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which must be free.
    ///
    /// # Errors
    /// What the system says; `Unsupported` where the file system knows no hard links.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    ///
    /// # Errors
    /// What the system says.
    fn unlink(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder. Its parent must be there; so may be the folder.
    ///
    /// # Errors
    /// What the system says.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// The kind of a network file system that holds the folder; none for a local one.
    ///
    /// # Errors
    /// What the system says.
    fn network_kind(&self, dir: &Path) -> io::Result<Option<&'static str>>;

    /// In a forked child: lets go of inherited descriptors of that file, whoever holds them, so that the lock on it
    /// ends with the parent. What is read or written through them afterwards goes nowhere.
    fn forsake(&self, _path: &Path) {}

    /// Who, of this process, has which store of this disk open.
    fn tenants(&self) -> &Tenants;

    /// The path without symbolic links and dots: one name for one file.
    ///
    /// # Errors
    /// What the system says.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Writes all bytes at that offset.
    ///
    /// # Errors
    /// What the system says; a part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Has the system begin to bring those bytes to the medium, as it would sooner or later by itself, so that the sync
    /// has less to wait for. Nothing is promised by it.
    fn begin_writing(&self, _from: u64, _len: u64) {}

    /// Cuts the file, or lengthens it by a hole: only for the lock file, which holds nothing of value.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes the bytes, and the length, durable.
    ///
    /// # Errors
    /// What the system says. The file must not be trusted after that.
    fn sync_data(&self) -> io::Result<()>;

    /// What is known of the file now.
    ///
    /// # Errors
    /// What the system says.
    fn stat(&self) -> io::Result<Stat>;

    /// How many names the file has; 0 once it was deleted. Asked after each sync, so it must not ask for more.
    ///
    /// # Errors
    /// What the system says.
    fn links(&self) -> io::Result<u64> {
        Ok(self.stat()?.links)
    }

    /// Takes the exclusive lock of the whole file if it is free. It is let go when the last copy of the
    /// descriptor is closed.
    ///
    /// # Errors
    /// What the system says; `WouldBlock` where someone else has it.
    fn try_lock(&self) -> io::Result<()>;
}

/// What the store needs to know of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Stat {
    /// Device and inode: which file.
    pub id: FileId,
    /// How many names it has; 0 once it was deleted.
    pub links: u64,
    /// Length in bytes.
    pub len: u64,
    /// Last change of the content, in nanoseconds of the file system's clock.
    pub modified_ns: i128,
    /// Whether it is a regular file.
    pub is_file: bool,
}

/// Device and inode.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct FileId {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

impl Stat {
    /// Whether this is the same file with the same content, as far as one can tell without reading it.
    pub fn is_same_content(&self, other: &Self) -> bool {
        self.id == other.id && self.len == other.len && self.modified_ns == other.modified_ns
    }
}
