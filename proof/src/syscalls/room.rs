//! Little room: files that may not grow, and a disk that is full.
use std::{io, path::PathBuf, process::Command};

use super::trace::Traced;
use crate::{bench::Bench, mounts::done};

/// Where room is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// No file may be longer than so many times 512 bytes (RLIMIT_FSIZE).
    Files(u32),
    /// The checkpoint's folder is a disk of so many KiB.
    Disk(u32),
}

/// The disk that `data` lies on; gone when it is dropped.
pub(crate) struct Disk(Option<PathBuf>);

impl Room {
    /// Makes the disk. The thread must have mounts of its own.
    pub(crate) fn prepare(self, bench: &Bench) -> io::Result<Disk> {
        let Self::Disk(kib) = self else { return Ok(Disk(None)) };
        let data = bench.dir.join("data");
        std::fs::create_dir_all(&data)?;
        let options = format!("size={kib}k,mode=0700");
        done(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(&data))?;
        Ok(Disk(Some(data)))
    }

    /// Runs the program there.
    pub(crate) fn run(self, bench: &Bench, words: &[&str]) -> io::Result<Traced> {
        let said = match self {
            Self::Disk(_) => bench.say(words)?,
            Self::Files(blocks) => bench.wait_for(with_limit(bench, words, blocks)?)?,
        };
        Ok(Traced { code: said.code, stuck: said.stuck, ..Traced::default() })
    }
}

/// Through a shell that sets the limit. The agents have it, too.
fn with_limit(bench: &Bench, words: &[&str], blocks: u32) -> io::Result<Command> {
    let plain = bench.command(words)?;
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    let mut shell = bench.command_of("sh".as_ref(), &["-c", &script, "sh"])?;
    shell.arg(plain.get_program()).args(words);
    Ok(shell)
}

impl Disk {
    /// Someone made room.
    pub(crate) fn has_room_again(&self) -> io::Result<()> {
        let Some(data) = &self.0 else { return Ok(()) };
        done(Command::new("mount").args(["-o", "remount,size=16m"]).arg(data))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(data) = &self.0 {
            let _ = done(Command::new("umount").arg("--lazy").arg(data));
        }
    }
}
