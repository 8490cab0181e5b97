//! A disk that logs every write and flush, or fails at one: a file under qemu-storage-daemon's `blklogwrites` or
//! `blkdebug`, exported by FUSE, under a loop device. All mounts live in a mount namespace of the thread's own and go with it.
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
    /// In blocks of 1 KiB, so that a record often lies in two.
    Ext4,
    /// In blocks of 4 KiB, a page each. Of a write that begins within a page and ends in the next, FUSE makes two; where
    /// the second fails, the loop device takes the whole for done (Linux 6.18): nobody would be told of the error.
    Ext4InPages,
    Xfs,
}

impl System {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ext4 | Self::Ext4InPages => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// As it is mounted.
    fn options(self) -> &'static str {
        match self {
            // Without the help that ext4 gives those who rename before they sync: others give none.
            Self::Ext4 | Self::Ext4InPages => "loop,noauto_da_alloc",
            // Several cuts of one disk are looked at at a time, and would be taken for one.
            Self::Xfs => "loop,nouuid",
        }
    }

    /// An empty one in a file.
    pub(crate) fn make(self, image: &Path) -> io::Result<()> {
        let (mebibytes, tool, options): (u64, &str, &[&str]) = match self {
            Self::Ext4 => (16, "mkfs.ext4", &["-q", "-F", "-b", "1024", "-J", "size=2"]),
            Self::Ext4InPages => (16, "mkfs.ext4", &["-q", "-F", "-b", "4096", "-J", "size=4"]),
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

/// Removes a folder in which disks were; what they were mounted by may need a moment to let go of it.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < until => {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => return removed,
        }
    }
}

/// What fails of a disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The first that fails, by the events that qemu counts: about two for a write, one for a flush.
    pub(crate) nth: usize,
    pub(crate) what: Failing,
    /// Only that one fails, and not every later one too.
    pub(crate) once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    Write,
    Flush,
}

impl Fault {
    /// A node above `disk` that fails as it says: its states count the events, and in the last of them it fails.
    fn rules(self) -> String {
        let (event, kind) = match self.what {
            Failing::Write => ("pwritev", "write"),
            Failing::Flush => ("flush_to_disk", "flush"),
        };
        let once = if self.once { "on" } else { "off" };
        let mut rules = format!(
            "driver=blkdebug,node-name=faulty,image=disk,inject-error.0.event={event},inject-error.0.iotype={kind},\
             inject-error.0.state={},inject-error.0.errno={},inject-error.0.once={once}",
            self.nth,
            libc::EIO
        );
        for state in 1..self.nth {
            let rule = format!("set-state.{}", state - 1);
            rules += &format!(",{rule}.event={event},{rule}.state={state},{rule}.new_state={}", state + 1);
        }
        rules
    }
}

/// The daemon, and what it exports.
pub(crate) struct Exported {
    daemon: Child,
    /// The disk, as a file.
    pub(crate) file: PathBuf,
}

impl Exported {
    /// Logs what happens to `image` in `log`.
    pub(crate) fn logged(image: &Path, log: &Path, file: PathBuf) -> io::Result<Self> {
        File::create(log)?;
        let log = format!("driver=file,node-name=log,filename={}", log.display());
        let top = "driver=blklogwrites,node-name=top,file=disk,log=log".to_owned();
        Self::start(image, &[log, top], file)
    }

    /// Fails as it is told.
    pub(crate) fn failing(image: &Path, fault: Fault, file: PathBuf) -> io::Result<Self> {
        // What counts events is the node above the one that fails.
        let top = "driver=raw,node-name=top,file=faulty".to_owned();
        Self::start(image, &[fault.rules(), top], file)
    }

    fn start(image: &Path, nodes: &[String], file: PathBuf) -> io::Result<Self> {
        File::create(&file)?;
        let mut daemon = Command::new("qemu-storage-daemon");
        daemon.args(["--blockdev", &format!("driver=file,node-name=disk,filename={}", image.display())]);
        for node in nodes {
            daemon.args(["--blockdev", node]);
        }
        let export = format!("type=fuse,id=export,node-name=top,mountpoint={},writable=on", file.display());
        let daemon = daemon.args(["--export", &export]).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut exported = Self { daemon, file };
        let size = fs::metadata(image)?.len();
        let until = Instant::now() + Duration::from_secs(20);
        while fs::metadata(&exported.file)?.len() != size {
            if let Some(status) = exported.daemon.try_wait()? {
                return Err(io::Error::other(format!("qemu-storage-daemon ended: {status}")));
            }
            if Instant::now() > until {
                return Err(io::Error::other("qemu-storage-daemon exports nothing"));
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(exported)
    }
}

impl Drop for Exported {
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
