//! Processes of the project, found by the marks in their environment; and the server as we started it.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::ground::Ground;

/// One pid namespace for server and agents: killing the first process ends every other at once, as a power cut does.
const ONE_NAMESPACE: &[&str] = &["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// The line that tells an unclean stop.
const REPORT: &str = "THE SERVER DID NOT STOP CLEANLY";

/// Lets time pass, for what can only be waited for.
pub(super) fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// Whether this machine lets us make namespaces.
pub(super) fn has_namespaces() -> bool {
    let mut command = Command::new(ONE_NAMESPACE[0]);
    command
        .args(&ONE_NAMESPACE[1..])
        .arg("true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Pids of agents and of what they left, living now.
pub(super) fn agents(project: &Path) -> Vec<i32> {
    let mark = format!("CODEAGENT_PROJECT_DIR={}", project.display());
    let is_ours = |pid: &i32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_ours).collect()
}

/// A process in words: whose it is, its parent, what it runs.
pub(super) fn told(pid: &i32) -> String {
    let read = |file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let environ = read("environ");
    let marks = environ.split(' ').filter(|word| {
        ["CODEAGENT_TASK_ID=", "CODEAGENT_ATTEMPT=", "CODEAGENT_ATTEMPT_ID="]
            .iter()
            .any(|mark| word.starts_with(mark))
    });
    let marks: Vec<&str> = marks.collect();
    format!("pid {pid}: {}; stat {}; {}", read("cmdline").trim(), read("stat").trim(), marks.join(" "))
}

/// Kills an agent's process; false if it ended before. The descriptor is opened before the second look: no other
/// process that got the number meanwhile is hit.
pub(super) fn kill_agent(project: &Path, pid: i32) -> bool {
    let Some(descriptor) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
    else {
        return false;
    };
    agents(project).contains(&pid) && pidfd_send_signal(&descriptor, Signal::KILL).is_ok()
}

/// A server that we started.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    started: Instant,
    /// Whether it and its agents are in a namespace of their own.
    pub(super) has_namespace: bool,
}

impl Server {
    /// Starts it; its log goes to a file of its own.
    pub(super) fn start(ground: &Ground, words: &[&str], has_namespace: bool) -> Result<Self, String> {
        let log = ground.out.join("server.log");
        let fail = |error: std::io::Error| format!("the server does not start: {error}");
        let before = if has_namespace { ONE_NAMESPACE } else { &[] };
        let mut command = ground.command(before, words);
        let file = File::create(&log).map_err(fail)?;
        let child = command.stdout(Stdio::null()).stderr(file).spawn().map_err(fail)?;
        Ok(Self { child, log, started: Instant::now(), has_namespace })
    }

    /// How often it told an unclean stop.
    pub(super) fn reports(&self) -> usize {
        self.said().matches(REPORT).count()
    }

    /// What it said so far.
    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until it told an unclean stop; how long that took since its start. None if it ended before.
    pub(super) fn wait_for_report(&mut self, patience: Duration) -> Result<Option<Duration>, String> {
        while self.reports() == 0 {
            if self.ended()?.is_some() {
                return Ok(None);
            }
            if self.started.elapsed() > patience {
                return Err(format!("no report within {} s; it said:\n{}", patience.as_secs(), self.said()));
            }
            pause(Duration::from_millis(2));
        }
        Ok(Some(self.started.elapsed()))
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        self.child.try_wait().map_err(|error| error.to_string())
    }

    /// Waits for its own end.
    pub(super) fn wait(&mut self, patience: Duration) -> Result<Option<ExitStatus>, String> {
        let began = Instant::now();
        loop {
            match self.ended()? {
                None if began.elapsed() < patience => pause(Duration::from_millis(5)),
                status => return Ok(status),
            }
        }
    }

    /// SIGTERM.
    pub(super) fn terminate(&self) -> Result<(), String> {
        let pid = self.own_pid().ok_or("no server to terminate")?;
        rustix::process::kill_process(pid, Signal::TERM).map_err(|error| error.to_string())
    }

    /// SIGKILL: to the server alone, or, in a namespace, to every process at once. Returns when it is gone.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        // The first process of a namespace goes last, after all others in it.
        let began = Instant::now();
        while self.ended()?.is_none() {
            if let Some(pid) = self.own_pid() {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            if began.elapsed() > Duration::from_secs(20) {
                return Err("it does not end after SIGKILL".to_owned());
            }
            pause(Duration::from_millis(1));
        }
        Ok(())
    }

    /// The server's own process: the only child of the command that makes the namespace.
    fn own_pid(&self) -> Option<Pid> {
        let outer = self.child.id();
        if !self.has_namespace {
            return Pid::from_raw(i32::try_from(outer).ok()?);
        }
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
        Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
    }
}

/// A campaign that ends early must not leave a server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
