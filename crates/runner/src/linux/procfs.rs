//! What /proc says of processes: parents, sessions, start times, environments.
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::OnceLock;

use rustix::event::{Timespec, poll};
use rustix::process::getpid;

/// An environment may be larger than this only if its process made it so (exec allows 6 MiB at most).
const MAX_ENVIRON: u64 = 8 * 1024 * 1024;

/// How often a process that seems to be in the middle of exec is looked at again, a millisecond apart.
const LOOKS: u32 = 50;

/// The fields of /proc/PID/stat that we look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) state: u8,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    pub(crate) start_ticks: u64,
}

impl Stat {
    pub(crate) fn read(pid: i32) -> io::Result<Self> {
        trusted()?;
        // One read: the line is far shorter, and there are many processes to look at.
        let mut line = [0; 2048];
        let count = File::open(format!("/proc/{pid}/stat"))?.read(&mut line)?;
        Self::parse(pid, &line[..count]).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// `pid (name) state ppid pgrp session …`; a name may hold blanks and brackets, so fields count from the last `)`.
    fn parse(pid: i32, line: &[u8]) -> Option<Self> {
        let after_name = line.iter().rposition(|&byte| byte == b')')? + 1;
        let mut fields = std::str::from_utf8(&line[after_name..]).ok()?.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let session = fields.next()?.parse().ok()?;
        // Field 22; the session was field 6.
        let start_ticks = fields.nth(15)?.parse().ok()?;
        Some(Self { pid, state, parent, group, session, start_ticks })
    }

    /// This process. Its session is 0 if the session's leader lives outside our pid namespace, as in a container
    /// that was entered with `docker exec`.
    pub(crate) fn own() -> io::Result<Self> {
        Self::read(getpid().as_raw_pid())
    }

    /// Threads of the kernel descend from process 2; they have no environment.
    pub(crate) fn is_kernel_thread(&self) -> bool {
        self.pid == 2 || self.parent == 2
    }

    /// Dead, and only waiting to be reaped.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// An error if /proc is not there, or numbers processes as another pid namespace does (`unshare --pid` without
/// `--mount-proc`): its numbers then mean strangers to us, and nothing may be killed by them.
pub(crate) fn trusted() -> io::Result<()> {
    static SHOWS_US: OnceLock<bool> = OnceLock::new();
    let shows_us =
        || fs::read_link("/proc/self").is_ok_and(|own| own.to_str() == Some(&getpid().to_string()));
    if *SHOWS_US.get_or_init(shows_us) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "/proc does not show the processes of this pid namespace (mount it: mount -t proc proc /proc)",
    ))
}

/// Every process that can be seen.
pub(crate) fn all() -> io::Result<Vec<Stat>> {
    trusted()?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // Processes come and go meanwhile.
        found.extend(Stat::read(pid).ok());
    }
    Ok(found)
}

/// The environment that a process started with; empty for zombies and kernel threads, and unreadable
/// for processes of other users.
#[derive(Default)]
pub(crate) struct Environ(Vec<u8>);

impl Environ {
    /// Reads one.
    pub(crate) fn read(of: &Stat) -> Option<Self> {
        Self::read_all(std::slice::from_ref(of)).pop().map(|(_, environ)| environ)
    }

    /// Reads those of many processes; the unreadable are left out. In the middle of exec an environment looks empty
    /// for a moment: such processes are looked at again, all together, up to 50 ms.
    pub(crate) fn read_all(of: &[Stat]) -> Vec<(Stat, Self)> {
        let mut found = Vec::with_capacity(of.len());
        let mut left: Vec<Stat> = of.to_vec();
        for look in (0..=LOOKS).rev() {
            left.retain(|stat| match Self::read_settled(stat) {
                Ok(None) if look > 0 => true,
                read => {
                    found.extend(read.ok().map(|environ| (*stat, environ.unwrap_or_default())));
                    false
                }
            });
            if left.is_empty() {
                break;
            }
            let _ = poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 1_000_000 }));
        }
        found
    }

    /// `None` in the middle of exec: there is no command line yet either.
    fn read_settled(of: &Stat) -> io::Result<Option<Self>> {
        let environ = Self::read_once(of.pid)?;
        if !environ.0.is_empty() || of.is_dead() || of.is_kernel_thread() {
            return Ok(Some(environ));
        }
        if command_line(of.pid).is_empty() && !Stat::read(of.pid)?.is_dead() {
            return Ok(None);
        }
        // Exec may have ended between the two.
        Self::read_once(of.pid).map(Some)
    }

    fn read_once(pid: i32) -> io::Result<Self> {
        let mut file = File::open(format!("/proc/{pid}/environ"))?;
        // One read gives most of them whole, and there are many processes to look at.
        let mut start = [0; 4096];
        let count = file.read(&mut start)?;
        let mut bytes = start[..count].to_vec();
        if count == start.len() {
            file.take(MAX_ENVIRON).read_to_end(&mut bytes)?;
        }
        Ok(Self(bytes))
    }

    /// The value of a variable; the first counts, as for getenv.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let mut entries = self.0.split(|&byte| byte == 0);
        entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
}

/// The command line, its words joined by blanks; foreign text.
pub(crate) fn command_line(pid: i32) -> Vec<u8> {
    let mut line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    while line.last() == Some(&0) {
        line.pop();
    }
    line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    line
}

/// The number that a process has for itself: in the innermost pid namespace that it is in.
pub(crate) fn innermost_pid(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?
        .split_ascii_whitespace()
        .next_back()?
        .parse()
        .ok()
}

/// The working directory of a process.
pub(crate) fn working_dir(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_survives_strange_names() {
        let line = b"42 (a) S 1 (b)) R 7 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 11 12";
        let stat = Stat::parse(42, line).unwrap();
        assert_eq!((stat.state, stat.parent, stat.session, stat.start_ticks), (b'R', 7, 41, 987_654));
        assert_eq!(Stat::parse(42, b"42 (cut"), None);
        assert_eq!(Stat::parse(42, b"42 (cut) R 1 2"), None);
    }

    #[test]
    fn we_see_ourselves() {
        let me = Stat::own().unwrap();
        let found = all().unwrap().into_iter().find(|stat| stat.pid == me.pid).unwrap();
        assert_eq!(found.start_ticks, me.start_ticks);
        assert!(!found.is_dead());
        assert!(!command_line(me.pid).is_empty());
    }

    #[test]
    fn variables_match_exactly() {
        let environ = Environ(b"XID=0\0IDX=1\0ID=a=b\0ID=later\0".to_vec());
        assert_eq!(environ.get("ID"), Some(&b"a=b"[..]));
        assert_eq!(environ.get("I"), None);
    }
}
