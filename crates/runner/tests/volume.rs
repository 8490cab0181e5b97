//! A child that prints without end must cost no memory. One test: it looks at the memory of the whole process.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

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

/// Bytes of memory that this process has now.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
}
