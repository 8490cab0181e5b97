//! Builders and watchers for tests with real children.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use codeagent_runner::{Attempt, AttemptSpec, Ended, Output, StopHandle, Stream, spawn};

/// What a child printed.
#[derive(Default)]
pub struct Got {
    pub stdout: String,
    pub stderr: String,
}

impl Output for Got {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let to = if stream == Stream::Stdout { &mut self.stdout } else { &mut self.stderr };
        to.push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }
}

/// An attempt of a shell script in /, with an id that no other test run has.
pub fn sh(script: &str) -> AttemptSpec {
    words(&["/bin/sh", "-c", script])
}

/// An attempt of these words.
pub fn words(argv: &[&str]) -> AttemptSpec {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    codeagent_runner::init_process().unwrap();
    let id = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut spec = AttemptSpec::new(argv.iter().map(Into::into).collect(), "/".into(), id);
    // A test that goes wrong must end; none needs half as long.
    spec.timeout = Some(Duration::from_secs(60));
    spec.kill_grace = Duration::from_secs(5);
    spec
}

/// Runs an attempt to its end.
pub fn run(spec: AttemptSpec) -> (Ended, Got) {
    watch(spawn(spec).unwrap(), &StopHandle::new().unwrap())
}

/// Watches an attempt to its end.
pub fn watch(attempt: Attempt, stop: &StopHandle) -> (Ended, Got) {
    let mut got = Got::default();
    let ended = attempt.watch(&mut got, stop);
    (ended, got)
}

/// Whether a process of that pid lives (a zombie does not).
pub fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Waits for a condition that must come true.
#[expect(clippy::disallowed_methods, reason = "looks again until a deadline; nothing could wake it")]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
