//! A child that prints without end must cost no memory, and one that ends while much is on the way loses none of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::time::{Duration, Instant};

use codeagent_runner::{How, StopHandle, Stream, spawn};
use common::words;

const MIB: usize = 1024 * 1024;

#[test]
fn two_hundred_megabytes_cost_no_memory() {
    // Both kinds of output: short lines, and one line that never ends.
    for command in ["yes 'a line of output' | head -c 209715200", "head -c 209715200 /dev/zero"] {
        let before = resident();
        let mut most = 0;
        let mut total = 0;
        let mut sink = |_: Stream, bytes: &[u8]| {
            total += bytes.len();
            most = most.max(resident());
            Ok(())
        };
        let attempt = spawn(words(&["sh", "-c", command])).unwrap();
        let ended = attempt.watch(&mut sink, &StopHandle::new().unwrap());
        assert_eq!((ended.how, ended.bytes_out), (How::Exited(0), 200 * MIB as u64));
        assert_eq!(total, 200 * MIB);
        assert!(most > 0 && most < before + 4 * MIB, "{before} -> {most}");
        assert!(ended.last_lines.len() <= 20 && ended.last_lines.iter().all(|line| line.len() <= 2000));
    }
}

#[test]
fn what_waits_in_a_full_pipe_when_the_child_ends_is_read() {
    let attempt = spawn(words(&["head", "-c", &MIB.to_string(), "/dev/zero"])).unwrap();
    let pid = attempt.identity().pid;
    let (mut total, mut largest) = (0, 0);
    let mut sink = |_: Stream, bytes: &[u8]| {
        total += bytes.len();
        largest = largest.max(bytes.len());
        // First until the pipe is full: it is made larger then. After that until all the rest is in it.
        until_state(pid, if largest < 64 * 1024 { "SZ" } else { "Z" });
        Ok(())
    };
    let ended = attempt.watch(&mut sink, &StopHandle::new().unwrap());
    assert_eq!((ended.how, ended.bytes_out, total), (How::Exited(0), MIB as u64, MIB));
    assert!(largest >= 64 * 1024, "{largest}");
}

/// Returns once the process sleeps (`S`), is dead (`Z`) or whatever else is wanted.
fn until_state(pid: i32, wanted: &str) {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < Duration::from_secs(20), "{pid} never became one of {wanted}");
        // Gone: dead, and reaped.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return };
        let state = stat.rsplit_once(") ").unwrap().1.chars().next().unwrap();
        if wanted.contains(state) {
            return;
        }
        std::thread::yield_now();
    }
}

/// Bytes of memory that this process has now.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
}
