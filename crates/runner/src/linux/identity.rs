//! Which process is meant: a pid alone is given again to others.
use std::io;

use super::procfs;

/// A process, as one can find it again after a crash of its parent, and know that it is not another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: i32,
    /// When it started, in clock ticks after the boot (field 22 of /proc/PID/stat).
    pub start_ticks: u64,
    /// Which boot that was (/proc/sys/kernel/random/boot_id).
    pub boot_id: String,
}

impl ProcessIdentity {
    /// The identity of a process that is there now (a zombie is).
    pub fn of(pid: i32) -> io::Result<Self> {
        let stat = procfs::Stat::read(pid)?;
        Ok(Self { pid, start_ticks: stat.start_ticks, boot_id: boot_id()? })
    }
}

/// The id of this boot.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}
