//! What people use: each works through a list of `/bin/true`, one at a time. Who is not installed is left out.
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use super::{Contestant, Pace, ours};
use crate::measure::Result;

/// Who is there: we, and those that are installed.
pub(super) fn present() -> Vec<Contestant> {
    let all = vec![
        (
            None,
            Contestant {
                name: ours::NAME,
                keeps: "everything, durable before anything follows",
                pace: Pace::Fast,
                work: ours::work,
            },
        ),
        (Some("xargs"), Contestant { name: "xargs", keeps: "nothing", pace: Pace::Fast, work: xargs }),
        (
            Some("tsp"),
            Contestant { name: "task-spooler", keeps: "in memory", pace: Pace::Fast, work: spooler },
        ),
        (
            Some("parallel"),
            Contestant {
                name: "GNU parallel --joblog",
                keeps: "a line for each end, not synced",
                pace: Pace::Slow,
                work: parallel,
            },
        ),
        (
            Some("pueue"),
            Contestant {
                name: "pueue (100 tasks)",
                keeps: "a file, not synced",
                pace: Pace::Slowest,
                work: pueue,
            },
        ),
    ];
    let is_there = |name: &str| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    all.into_iter().filter(|(program, _)| program.is_none_or(is_there)).map(|(_, one)| one).collect()
}

fn done(name: &str, status: std::process::ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}").into()) }
}

/// A line for each task on its standard input.
fn fed(command: &mut Command, count: usize) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let lines = (0..count).fold(String::new(), |mut lines, number| {
        let _ = writeln!(lines, "{number}"); // writing to a string does not fail
        lines
    });
    let name = format!("{:?}", command.get_program());
    child.stdin.take().ok_or("no input")?.write_all(lines.as_bytes())?;
    done(&name, child.wait()?)
}

fn xargs(_: &Path, count: usize) -> Result<()> {
    fed(Command::new("xargs").args(["-n1", "/bin/true"]), count)
}

fn parallel(dir: &Path, count: usize) -> Result<()> {
    fed(
        Command::new("parallel")
            .args(["-j1", "--joblog", "log", "/bin/true"])
            .current_dir(dir)
            .env("HOME", dir),
        count,
    )
}

/// A server of its own, by a socket of its own; its queue is filled by a shell and then waited for.
fn spooler(dir: &Path, count: usize) -> Result<()> {
    let tsp = |args: &[&str]| {
        let mut command = Command::new("tsp");
        command.args(args).env("TS_SOCKET", dir.join("socket")).env("TMPDIR", dir);
        // Unlimited: it would forget what ended before it is asked.
        command.env("TS_MAXFINISHED", count.to_string()).env("TS_MAXCONN", "20").stdout(Stdio::null());
        command
    };
    let fill = format!("i=0; while [ $i -lt {count} ]; do tsp -n /bin/true; i=$((i+1)); done; tsp -w");
    let mut shell = Command::new("sh");
    shell.args(["-c", &fill]).env("TS_SOCKET", dir.join("socket")).env("TMPDIR", dir);
    shell.env("TS_MAXFINISHED", count.to_string()).stdout(Stdio::null());
    let worked = done("tsp", shell.status()?);
    let _ = tsp(&["-K"]).status(); // its server, which else lives on
    worked
}

/// A daemon of its own, with everything below the folder.
fn pueue(dir: &Path, count: usize) -> Result<()> {
    let config = format!(
        "shared:\n  pueue_directory: {0}\n  runtime_directory: {0}\n  use_unix_socket: true\ndaemon:\n  default_parallel_tasks: 1\n",
        dir.display()
    );
    let file = dir.join("pueue.yml");
    fs::write(&file, config)?;
    let pueue = |args: &[&str]| {
        let mut command = Command::new("pueue");
        command.arg("-c").arg(&file).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        command.status()
    };
    let mut daemon =
        Command::new("pueued").arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let work = || -> Result<()> {
        let tries = std::iter::repeat_with(|| pueue(&["status"])).take(1_000);
        if !tries.into_iter().any(|tried| tried.is_ok_and(|status| status.success())) {
            return Err("pueued does not answer".into());
        }
        for _ in 0..count {
            done("pueue add", pueue(&["add", "/bin/true"])?)?;
        }
        done("pueue wait", pueue(&["wait", "--quiet"])?)
    };
    let worked = work();
    daemon.kill()?;
    daemon.wait()?;
    worked
}
