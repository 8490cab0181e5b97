//! The disk of the machine: the only file of the store that makes system calls.
use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

#[cfg(target_os = "linux")]
use std::{
    mem::ManuallyDrop,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

use rustix::fs::{CWD, FlockOperation, RenameFlags};

use super::{
    disk::{Disk, DiskFile, FileId, Stat},
    takeover::Tenants,
};

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

/// One for the process: two stores on one file must find each other.
static TENANTS: Tenants = Tenants::new();

struct RealFile(File);

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open_or_create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn read(&self, path: &Path) -> io::Result<Option<(Vec<u8>, Stat)>> {
        // Asked first: opening a pipe would wait for its other end.
        match self.stat(path)? {
            None => return Ok(None),
            Some(stat) if !stat.is_file => return Err(not_a_file(path)),
            Some(_) => {}
        }
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let stat = stat_of(&file.metadata()?);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(stat.len).unwrap_or(usize::MAX))?;
        file.read_to_end(&mut bytes)?;
        Ok(Some((bytes, stat)))
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(stat_of(&meta))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Option<Vec<OsString>>> {
        match fs::read_dir(dir) {
            Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>().map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let replaced = open_if_large(to);
        fs::rename(from, to)?;
        if let Some(replaced) = replaced {
            // Where there is no thread to be had, it is dropped here.
            let _ = std::thread::Builder::new().spawn(move || drop(replaced));
        }
        Ok(())
    }

    fn rename_to_free(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // File systems that can't: the lock is held, so that nobody of ours takes the name meanwhile.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
                if fs::symlink_metadata(to).is_ok() {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                fs::rename(from, to)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::link(from, to) {
            // vfat says EPERM, others what they like; a refusal of rights shows in the copy that follows.
            Err(rustix::io::Errno::PERM | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                Err(ErrorKind::Unsupported.into())
            }
            other => Ok(other?),
        }
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            other => other,
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    #[cfg(target_os = "linux")]
    fn network_kind(&self, dir: &Path) -> io::Result<Option<&'static str>> {
        // linux/magic.h, and the kernel's fs/*: what keeps flock or fsync to one machine, or loosely.
        const NETWORK: &[(u32, &str)] = &[
            (0x6969, "nfs"),
            (0x517b, "smb"),
            (0xfe53_4d42, "smb2"),
            (0xff53_4d42, "cifs"),
            (0x0102_1997, "9p"),
            (0x5346_414f, "afs"),
            (0x7375_7245, "coda"),
            (0x00c3_6400, "ceph"),
            (0x564c, "ncp"),
            (0x0bd0_0bd0, "lustre"),
        ];
        let magic = rustix::fs::statfs(dir)?.f_type as u32;
        Ok(NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name))
    }

    #[cfg(not(target_os = "linux"))]
    fn network_kind(&self, _dir: &Path) -> io::Result<Option<&'static str>> {
        Ok(None)
    }

    #[cfg(target_os = "linux")]
    fn forsake(&self, path: &Path) {
        // As well as it can be done: where it can't, the lock lasts as long as this child.
        let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
        let fds = entries.flatten().filter(|entry| fs::read_link(entry.path()).is_ok_and(|to| to == path));
        let fds: Vec<RawFd> = fds.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        let Ok(nowhere) = File::open("/dev/null") else { return };
        for fd in fds {
            // SAFETY: the descriptor was open a moment ago, and its owner is a thread that this process does not
            // have. It stays open, on another file, and is not closed here: its owner's memory still names it.
            let mut inherited = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
            let _ = rustix::io::dup3(&nowhere, &mut inherited, rustix::io::DupFlags::CLOEXEC);
        }
    }

    fn tenants(&self) -> &Tenants {
        &TENANTS
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }
}

/// Opens a file whose last name is about to be taken away, if it is large. To free the blocks of 250 MB took 70 ms on
/// ext4; the system does that when nobody has the file open any more, and need not be waited for.
fn open_if_large(path: &Path) -> Option<File> {
    const LARGE: u64 = 16 << 20;
    let meta = fs::metadata(path).ok()?;
    if meta.is_file() && meta.nlink() == 1 && meta.len() >= LARGE { File::open(path).ok() } else { None }
}

impl DiskFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    #[cfg(target_os = "linux")]
    fn begin_writing(&self, from: u64, len: u64) {
        let (Ok(from), Ok(len)) = (i64::try_from(from), i64::try_from(len)) else { return };
        // SAFETY: the descriptor is open, and no memory is handed over.
        // An error is one of the sync that follows, or of nobody: the call takes none away from it.
        let _ = unsafe { libc::sync_file_range(self.0.as_raw_fd(), from, len, libc::SYNC_FILE_RANGE_WRITE) };
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&self.0.metadata()?))
    }

    /// A look at a file's times makes the next write give it exact ones (Linux 6.13 and later: multigrain
    /// timestamps), and with them a changed inode: each sync then took a third longer. So the times are not asked for.
    #[cfg(target_os = "linux")]
    fn links(&self) -> io::Result<u64> {
        use rustix::fs::{AtFlags, StatxFlags, statx};
        match statx(&self.0, c"", AtFlags::EMPTY_PATH, StatxFlags::NLINK) {
            Ok(found) if found.stx_mask & StatxFlags::NLINK.bits() != 0 => Ok(found.stx_nlink.into()),
            // Forbidden or unknown where we run: the long way says it too.
            _ => Ok(self.stat()?.links),
        }
    }

    fn try_lock(&self) -> io::Result<()> {
        Ok(rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive)?)
    }
}

fn not_a_file(path: &Path) -> io::Error {
    if path.is_dir() { ErrorKind::IsADirectory.into() } else { ErrorKind::InvalidInput.into() }
}

fn stat_of(meta: &fs::Metadata) -> Stat {
    Stat {
        id: FileId { dev: meta.dev(), ino: meta.ino() },
        links: meta.nlink(),
        len: meta.len(),
        modified_ns: i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()),
        is_file: meta.is_file(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_also_when_none_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        let file = RealDisk.create(&one).unwrap();
        assert_eq!(file.links().unwrap(), 1);
        RealDisk.link(&one, &two).unwrap();
        assert_eq!(file.links().unwrap(), 2);
        RealDisk.unlink(&one).unwrap();
        RealDisk.unlink(&two).unwrap();
        assert_eq!(file.links().unwrap(), 0);
    }
}
