//! Small helpers around files: read a regular file within a limit, replace one whole, create private ones.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};

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
    let temporary = Temporary::write(path, bytes, Keep::Nothing)?;
    let renamed = temporary.check().and_then(|()| rename_if_free(&temporary.path, path));
    // The first error is the one to tell.
    renamed.inspect_err(|_| _ = fs::remove_file(&temporary.path))?;
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
/// rename; `false` throws the new bytes away. Between the two nobody else renames who calls this: see [`FolderLock`].
/// Pass a path without symbolic links: a link would be replaced itself.
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
    replace_holding(None, path, bytes, keep, still_wanted)
}

/// [`replace`] for who may hold the lock of the file's folder already, since before the old file was read.
///
/// # Errors
/// As [`replace`].
pub fn replace_holding(
    held: Option<&FolderLock>,
    path: &Path,
    bytes: &[u8],
    keep: Keep,
    still_wanted: impl FnOnce() -> io::Result<bool>,
) -> io::Result<bool> {
    let temporary = Temporary::write(path, bytes, keep)?;
    let is_held = held.is_some_and(|lock| lock.folder == folder_of(path));
    let _lock = (!is_held).then(|| FolderLock::take(path));
    let renamed = temporary.check().and_then(|()| still_wanted()).and_then(|is_wanted| {
        if is_wanted {
            fs::rename(&temporary.path, path)?;
        }
        Ok(is_wanted)
    });
    if !matches!(renamed, Ok(true)) {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary.path);
    }
    renamed
}

/// The right to replace files of one folder, among all processes that keep to it: without it two that looked at once
/// whether the old file is still there would rename one after the other, and what the first wrote would be lost.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    /// `None` where it was not to be had.
    _file: Option<File>,
}

impl FolderLock {
    /// How long somebody may hold it: longer than anyone needs who replaces a file. A shell may hold it for hours.
    const WAIT: Duration = Duration::from_secs(2);

    /// Takes the lock of the folder that holds this file. A folder that can't be locked, or that somebody keeps locked,
    /// keeps no one from writing.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "some milliseconds, and at most what is said above")]
    pub fn take(path: &Path) -> Self {
        let folder = folder_of(path).to_owned();
        let directory = OFlags::DIRECTORY.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(directory).open(&folder).ok();
        let file = file.filter(|file| {
            let (began, mut pause) = (Instant::now(), Duration::from_millis(1));
            loop {
                match flock(file, FlockOperation::NonBlockingLockExclusive) {
                    Ok(()) => return true,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < Self::WAIT => {
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(Duration::from_millis(16));
                    }
                    Err(_) => return false,
                }
            }
        });
        Self { folder, _file: file }
    }
}

/// A file that shall get another's name. It is locked while it is written: one that is not was left over by a crash.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// How often it is written anew when it goes away.
    const TRIES: usize = 8;

    /// Writes these bytes to a file beside `path` that no one else uses, and syncs them.
    fn write(path: &Path, bytes: &[u8], keep: Keep) -> io::Result<Self> {
        sweep_once(path);
        for _ in 0..Self::TRIES {
            let mut temporary = Self::create(path)?;
            // In the moment before it was locked, who sweeps took it for one that was left over.
            let written = match temporary.is_in_place() {
                Ok(false) => continue,
                Ok(true) => temporary.fill(path, bytes, keep),
                Err(error) => Err(error),
            };
            return match written {
                Ok(()) => Ok(temporary),
                Err(error) => {
                    let _ = fs::remove_file(&temporary.path);
                    Err(error)
                }
            };
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn create(path: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let mut name = temporary_prefix(path);
            name.push(format!("{}-{number}{TEMPORARY}", std::process::id()));
            let path = path.with_file_name(name);
            match create_new_private(&path) {
                // Left over from a process that had our number, or of one in another container.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                    // Who sweeps was quicker, and is about to remove it.
                    Err(rustix::io::Errno::WOULDBLOCK) => _ = fs::remove_file(&path),
                    // Where files can't be locked, none is swept.
                    Ok(()) | Err(_) => return Ok(Self { path, file }),
                },
            }
        }
    }

    fn fill(&mut self, path: &Path, bytes: &[u8], keep: Keep) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if keep == Keep::ModeAndOwner {
            copy_mode_and_owner(&self.file, path)?;
        }
        self.file.sync_data()
    }

    /// Nothing else gets the other's name.
    fn check(&self) -> io::Result<()> {
        if self.is_in_place()? { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Whether its name still leads to it.
    fn is_in_place(&self) -> io::Result<bool> {
        let which = |meta: &Metadata| (meta.dev(), meta.ino());
        match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
            Ok(meta) => Ok(which(&meta) == which(&self.file.metadata()?)),
        }
    }
}

/// How the name of a temporary file ends, for who ignores them.
const TEMPORARY: &str = ".codeagent-tmp";

/// How the names of temporary files for `path` begin. A name has 255 bytes at most.
fn temporary_prefix(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let mut prefix = OsString::from(".");
    prefix.push(OsStr::from_bytes(&name[..name.len().min(200)]));
    prefix.push(".");
    prefix
}

/// Removes what crashes left beside `path`: once, for only other processes leave any.
fn sweep_once(path: &Path) {
    static SWEPT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if !swept.iter().any(|swept| swept == path) {
        swept.push(path.to_owned());
        drop(swept);
        sweep(path);
    }
}

/// Removes temporary files of `path` that nobody has locked. What can't be removed stays.
fn sweep(path: &Path) {
    let prefix = temporary_prefix(path);
    let is_temporary = |name: &OsStr| {
        name.as_bytes().starts_with(prefix.as_bytes()) && name.as_bytes().ends_with(TEMPORARY.as_bytes())
    };
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name())) {
        let path = entry.path();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let Some(Ok(file)) = is_file.then(|| open_regular(&path)) else { continue };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_file(&path);
        }
    }
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

    fn names_in(dir: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn replacing_keeps_the_mode_and_clears_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        for name in
            [".a.codeagent-tmp", ".a.1-2.codeagent-tmp", ".b.1-2.codeagent-tmp", ".a.codeagent-tmp.md"]
        {
            fs::write(dir.path().join(name), "left over").unwrap();
        }
        let of_a_living_writer = Temporary::create(&path).unwrap();

        assert!(replace(&path, b"new", Keep::ModeAndOwner, || Ok(true)).unwrap());

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert!(of_a_living_writer.is_in_place().unwrap());
        fs::remove_file(&of_a_living_writer.path).unwrap();
        assert!(!of_a_living_writer.is_in_place().unwrap());
        assert_eq!(names_in(dir.path()), [".a.codeagent-tmp.md", ".b.1-2.codeagent-tmp", "a"]);
    }

    #[test]
    fn sweeping_takes_no_file_from_who_writes() {
        let dir = tempfile::tempdir().unwrap();
        // Longer names could not have a temporary file of their own.
        let path = dir.path().join("n".repeat(255));
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    sweep(&path);
                }
            });
            let written: io::Result<Vec<bool>> = (0..300)
                .map(|number: u32| {
                    let bytes = number.to_string();
                    let replaced = replace(&path, bytes.as_bytes(), Keep::Nothing, || Ok(true))?;
                    Ok(replaced && fs::read_to_string(&path)? == bytes)
                })
                .collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(written.unwrap().into_iter().all(|is_right| is_right));
        });
        assert_eq!(names_in(dir.path()).len(), 1);
    }

    #[test]
    fn a_file_is_replaced_by_one_after_the_other_and_a_lock_that_stays_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let folder = File::open(dir.path()).unwrap();
        let is_locked = || flock(&folder, FlockOperation::NonBlockingLockExclusive).is_err();
        assert!(replace(&path, b"1", Keep::Nothing, || Ok(is_locked())).unwrap());
        assert!(!is_locked());
        // Now it is ours.
        assert!(replace(&path, b"2", Keep::Nothing, || Ok(true)).unwrap());
        flock(&folder, FlockOperation::Unlock).unwrap();
        let held = FolderLock::take(&path);
        let began = Instant::now();
        assert!(replace_holding(Some(&held), &path, b"3", Keep::Nothing, || Ok(true)).unwrap());
        assert!(began.elapsed() < FolderLock::WAIT);
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
