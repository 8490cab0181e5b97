//! Small helpers around files: read a regular file within a limit, replace one whole, create private ones.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;

/// What tells one state of a file from another, without reading it.
///
/// Two writes of the same length within one tick of the file system's clock (4 ms at most) look alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileStamp {
    /// Device and inode: which file.
    pub file: (u64, u64),
    /// Length in bytes.
    pub size: u64,
    /// Last write: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// Last change of the inode: seconds and nanoseconds. Set by the system, whatever `modified` was set to.
    pub changed: (i64, i64),
}

impl FileStamp {
    /// The stamp that these metadata give.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        Self {
            file: (meta.dev(), meta.ino()),
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// What was read of a file, and the state that it was in.
#[derive(Debug)]
pub struct Contents {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// Its state when it was opened.
    pub stamp: FileStamp,
}

/// What became of reading a file.
#[derive(Debug)]
pub enum ReadOutcome {
    /// It was read.
    Read(Contents),
    /// It has more bytes (the number) than the limit.
    TooLarge(u64),
    /// A folder, a pipe or a device: nothing that holds a list.
    NotRegular,
}

/// Reads a regular file of at most `limit` bytes. Never waits on a pipe, never reads a device.
///
/// # Errors
/// Those of the system, `NotFound` among them.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<ReadOutcome> {
    let Some((file, meta)) = open_if_regular(path, OpenOptions::new().read(true))? else {
        return Ok(ReadOutcome::NotRegular);
    };
    if meta.len() > limit {
        return Ok(ReadOutcome::TooLarge(meta.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(ReadOutcome::TooLarge(bytes.len() as u64));
    }
    Ok(ReadOutcome::Read(Contents { bytes, stamp: FileStamp::of(&meta) }))
}

/// Opens a regular file for reading. Never waits on a pipe, never reads a device.
///
/// # Errors
/// Those of the system; `InvalidInput` for what is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let opened = open_if_regular(path, OpenOptions::new().read(true))?;
    opened.map(|(file, _)| file).ok_or_else(not_regular)
}

/// `None` for a folder, a pipe, a socket or a device. A pipe is opened without waiting for its other end, and looked
/// at once it is open: what had the name a moment ago says nothing.
fn open_if_regular(path: &Path, options: &mut OpenOptions) -> io::Result<Option<(File, Metadata)>> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = match options.custom_flags(flags).open(path) {
        // A socket, or a pipe that nobody reads.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Ok(None);
        }
        other => other?,
    };
    let meta = file.metadata()?;
    Ok(meta.is_file().then_some((file, meta)))
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// Creates a file that must not exist yet, 0600.
///
/// # Errors
/// Those of the system, `AlreadyExists` among them.
pub fn create_new_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Creates a file that must not exist yet, 0600, with these bytes: durable, or not there at all.
///
/// # Errors
/// Those of the system, `AlreadyExists` among them.
pub fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let temporary = temporary_beside(path);
    let written = write_temporary(&temporary, path, bytes, Keep::Nothing)
        .and_then(|()| rename_if_free(&temporary, path));
    // The first error is the one to tell; what is left over is replaced by the next attempt.
    written.inspect_err(|_| _ = fs::remove_file(&temporary))?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

/// Opens a regular file for appending; creates it 0600 where there is none. Never waits for the reader of a pipe.
///
/// # Errors
/// Those of the system; `InvalidInput` for what is no regular file.
pub fn append_private(path: &Path) -> io::Result<File> {
    let opened = open_if_regular(path, OpenOptions::new().append(true).create(true).mode(0o600))?;
    opened.map(|(file, _)| file).ok_or_else(not_regular)
}

/// Project folders that this process works in.
static HOMES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on [`create_private_dirs`] makes neither this folder nor what is above it. A project that somebody deletes
/// while we work must not come back as an empty folder, whichever of our files is due next: so the rule stands here,
/// for all who make folders, and not with each of them.
pub fn never_make(project_dir: &Path) {
    let mut homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
    if !homes.iter().any(|home| home == project_dir) {
        homes.push(project_dir.to_owned());
    }
}

/// Makes a folder and those above it, 0700, up to the project's (see [`never_make`]).
///
/// # Errors
/// Those of the system; `NotFound` where the project's folder is gone.
pub fn create_private_dirs(path: &Path) -> io::Result<()> {
    let homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
    let below = homes.iter().find_map(|home| Some((home.clone(), path.strip_prefix(home).ok()?)));
    drop(homes);
    let Some((mut dir, below)) = below else {
        return fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    };
    for part in below.components() {
        dir.push(part);
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// How [`replace`] treats the file that it replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Mode and owner of the old file go over to the new one.
    ModeAndOwner,
    /// The new file is 0600, whatever the old one was.
    Nothing,
}

/// Replaces a file whole: at every moment there is the old one or the new one.
///
/// The new bytes are written to a temporary file in the same folder, and `still_wanted` is asked right before the
/// rename; `false` throws the new bytes away. Pass a path without symbolic links: a link would be replaced itself.
/// Returns whether the file was replaced. The bytes are synced before they get the name, for a power cut would leave an
/// empty list in the user's hands (xfs, btrfs and ext4 without `auto_da_alloc` put a rename on the disk before the bytes).
/// The name is not: either list will do, the boxes are ticked again.
///
/// # Errors
/// Those of the system; the old file is then untouched.
pub fn replace(
    path: &Path,
    bytes: &[u8],
    keep: Keep,
    still_wanted: impl FnOnce() -> io::Result<bool>,
) -> io::Result<bool> {
    let temporary = temporary_beside(path);
    let written = write_temporary(&temporary, path, bytes, keep).and_then(|()| still_wanted());
    match written {
        Ok(true) => fs::rename(&temporary, path).map(|()| true),
        Ok(false) => fs::remove_file(&temporary).map(|()| false),
        Err(error) => Err(error),
    }
    .inspect_err(|_| {
        // The first error is the one to tell; what is left over is replaced by the next attempt.
        let _ = fs::remove_file(&temporary);
    })
}

fn write_temporary(temporary: &Path, path: &Path, bytes: &[u8], keep: Keep) -> io::Result<()> {
    let mut file = match create_new_private(temporary) {
        // Left over from a crash: this name is ours alone.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(temporary)?;
            create_new_private(temporary)?
        }
        other => other?,
    };
    file.write_all(bytes)?;
    if keep == Keep::ModeAndOwner {
        copy_mode_and_owner(&file, path)?;
    }
    file.sync_data()
}

fn copy_mode_and_owner(file: &File, from: &Path) -> io::Result<()> {
    use rustix::fs::{Gid, Mode, Uid};
    let old = match fs::metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        // Only root may give files away; a group that we are not in stays ours as well.
        let owner = (Some(Uid::from_raw(old.uid())), Some(Gid::from_raw(old.gid())));
        let _ = rustix::fs::fchown(file, owner.0, owner.1);
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode(old.mode() & 0o7777))?;
    Ok(())
}

/// The one name that a temporary file for `path` has. One name, because only the holder of the checkpoint's
/// lock writes, and because leftovers of crashes must not gather in the user's folder.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".codeagent-tmp");
    path.with_file_name(name)
}

/// Renames a file to the first free name of `names`, without ever replacing one.
///
/// # Errors
/// Those of the system; `AlreadyExists` when no name was free.
pub fn rename_to_free(from: &Path, names: impl IntoIterator<Item = PathBuf>) -> io::Result<PathBuf> {
    for name in names {
        match rename_if_free(from, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| name),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `rename` replaces what has the name; these do not.
fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system that does not know the flag.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            other => return Ok(other?),
        }
    }
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// A named pipe that nobody reads or writes.
#[cfg(test)]
pub(crate) fn pipe_in(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    path
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_project_that_was_deleted_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("project");
        fs::create_dir(&home).unwrap();
        never_make(&home);
        create_private_dirs(&home.join("logs/deep")).unwrap();
        create_private_dirs(&home.join("logs/deep")).unwrap();
        assert_eq!(fs::metadata(home.join("logs/deep")).unwrap().mode() & 0o7777, 0o700);
        create_private_dirs(&dir.path().join("else/where")).unwrap();
        fs::remove_dir_all(&home).unwrap();
        for path in ["", "logs", "logs/deep"] {
            let refused = create_private_dirs(&home.join(path));
            assert_eq!(
                refused.err().map(|error| error.kind()),
                (!path.is_empty()).then_some(io::ErrorKind::NotFound)
            );
            assert!(!home.exists());
        }
    }

    #[test]
    fn replacing_keeps_the_mode_and_clears_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(temporary_beside(&path), "left over").unwrap();

        assert!(replace(&path, b"new", Keep::ModeAndOwner, || Ok(true)).unwrap());

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replacement_that_is_no_longer_wanted_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "old").unwrap();
        assert!(!replace(&path, b"new", Keep::Nothing, || Ok(false)).unwrap());
        assert!(replace(&path, b"new", Keep::Nothing, || Err(io::ErrorKind::Other.into())).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn pipes_and_folders_are_neither_read_nor_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = pipe_in(dir.path(), "pipe");
        // With a reader a pipe can be opened for writing at once; it would be full one day.
        let read_by_someone = pipe_in(dir.path(), "read");
        let _reader = OpenOptions::new().read(true).write(true).open(&read_by_someone).unwrap();
        for path in [&pipe, &read_by_someone, Path::new("/dev/null")] {
            assert_eq!(append_private(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path:?}");
            assert_eq!(open_regular(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
        assert!(matches!(read_regular(&pipe, 9).unwrap(), ReadOutcome::NotRegular));
        assert!(matches!(read_regular(dir.path(), 9).unwrap(), ReadOutcome::NotRegular));
        fs::write(dir.path().join("f"), "0123456789").unwrap();
        assert!(matches!(read_regular(&dir.path().join("f"), 9).unwrap(), ReadOutcome::TooLarge(10)));
    }

    #[test]
    fn a_taken_name_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let [from, taken, free] = ["from", "taken", "free"].map(|name| dir.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&taken, "old").unwrap();
        assert_eq!(rename_to_free(&from, [taken.clone(), free.clone()]).unwrap(), free);
        assert_eq!(fs::read(&taken).unwrap(), b"old");
        assert!(!from.exists());
    }
}
