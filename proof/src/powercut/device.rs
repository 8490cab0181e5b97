//! A disk that logs every write and flush: a file under qemu-storage-daemon's `blklogwrites`, exported by FUSE, under a
//! loop device. All mounts live in a mount namespace of the thread's own and go with it.
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::mounts::{done, own_mounts};

/// What is needed; the first that is missing, in a sentence.
pub(crate) fn missing() -> Option<String> {
    for tool in ["qemu-storage-daemon", "mkfs.ext4", "mount", "umount"] {
        let found =
            Command::new("sh").args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Some(format!("{tool} is not installed"));
        }
    }
    for file in ["/dev/fuse", "/dev/loop-control"] {
        if File::options().read(true).write(true).open(file).is_err() {
            return Some(format!("{file} can't be opened"));
        }
    }
    std::thread::spawn(own_mounts).join().ok()?.err().map(|error| format!("no mounts of our own: {error}"))
}

/// The file systems that are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Ext4,
    Xfs,
}

impl System {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// As it is mounted.
    fn options(self) -> &'static str {
        match self {
            // Without the help that ext4 gives those who rename before they sync: others give none.
            Self::Ext4 => "loop,noauto_da_alloc",
            // Several cuts of one disk are looked at at a time, and would be taken for one.
            Self::Xfs => "loop,nouuid",
        }
    }

    /// An empty one in a file.
    pub(crate) fn make(self, image: &Path) -> io::Result<()> {
        let (mebibytes, tool, options): (u64, &str, &[&str]) = match self {
            Self::Ext4 => (16, "mkfs.ext4", &["-q", "-F", "-b", "1024", "-J", "size=2"]),
            Self::Xfs => (300, "mkfs.xfs", &["-q", "-f"]),
        };
        File::create(image)?.set_len(mebibytes << 20)?;
        done(Command::new(tool).args(options).arg(image))
    }
}

/// A mounted image; unmounted, and its loop device let go, when it is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    pub(crate) fn new(system: System, image: &Path, at: &Path) -> io::Result<Self> {
        fs::create_dir_all(at)?;
        done(Command::new("mount").args(["-t", system.name(), "-o", system.options()]).arg(image).arg(at))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // An agent that is about to end may still have its working folder there.
        let until = Instant::now() + Duration::from_secs(5);
        while done(Command::new("umount").arg(&self.0)).is_err() {
            if Instant::now() > until {
                let _ = done(Command::new("umount").arg("--lazy").arg(&self.0));
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// The daemon, and what it exports.
pub(crate) struct Logged {
    daemon: Child,
    /// The disk, as a file.
    pub(crate) export: PathBuf,
}

impl Logged {
    /// Logs what happens to `image` in `log`.
    pub(crate) fn start(image: &Path, log: &Path, export: PathBuf) -> io::Result<Self> {
        File::create(log)?;
        File::create(&export)?;
        let file = |name, path: &Path| format!("driver=file,node-name={name},filename={}", path.display());
        let daemon = Command::new("qemu-storage-daemon")
            .args(["--blockdev", &file("disk", image), "--blockdev", &file("log", log)])
            .args(["--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"])
            .arg("--export")
            .arg(format!("type=fuse,id=export,node-name=logged,mountpoint={},writable=on", export.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut logged = Self { daemon, export };
        let size = fs::metadata(image)?.len();
        let until = Instant::now() + Duration::from_secs(20);
        while fs::metadata(&logged.export)?.len() != size {
            if let Some(status) = logged.daemon.try_wait()? {
                return Err(io::Error::other(format!("qemu-storage-daemon ended: {status}")));
            }
            if Instant::now() > until {
                return Err(io::Error::other("qemu-storage-daemon exports nothing"));
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(logged)
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        // SAFETY: a system call; the daemon is our child and not yet waited for.
        unsafe { libc::kill(self.daemon.id().cast_signed(), libc::SIGTERM) };
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(self.daemon.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.daemon.kill();
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}
