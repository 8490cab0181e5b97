//! What only holds for the one live attempt of a process; so this binary holds a single test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use codeagent_runner::How;
use common::{lives, run, sh};

#[test]
fn a_daemon_without_the_mark_in_its_own_session_belongs_to_the_only_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!(
        "(env -i setsid sh -c 'echo $$ >{0}.new; mv {0}.new {0}; exec sleep 1000' </dev/null >/dev/null 2>&1 &)
        while ! [ -e {0} ]; do sleep 0.01; done",
        file.display()
    );
    let (ended, _) = run(sh(&script));
    assert_eq!((ended.how, ended.tree_ended), (How::Exited(0), 1));
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert!(!lives(pid));
}
