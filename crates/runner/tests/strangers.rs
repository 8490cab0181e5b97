//! Children that we have and did not start: who `exec`s us hands them down. They are nobody's to end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::process::Command;

use codeagent_runner::How;
use common::{lives, run, sh};

/// The stranger's pid, in the process that was started with one.
const STRANGER: &str = "CODEAGENT_TEST_STRANGER";

#[test]
fn a_child_that_was_there_before_is_left_alone() {
    let Some(stranger) = std::env::var_os(STRANGER) else {
        let script = format!(
            "setsid sleep 1000 </dev/null >/dev/null 2>&1 & {STRANGER}=$! exec \"$0\" --exact \
            a_child_that_was_there_before_is_left_alone --nocapture"
        );
        let done = Command::new("sh").args(["-c", &script]).arg(std::env::current_exe().unwrap()).output();
        let done = done.unwrap();
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
        return;
    };
    let pid: i32 = stranger.to_str().unwrap().parse().unwrap();
    let (ended, _) = run(sh("exit 0"));
    let was_spared = lives(pid);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    assert_eq!((ended.how, ended.tree_ended, was_spared), (How::Exited(0), 0, true));
}
