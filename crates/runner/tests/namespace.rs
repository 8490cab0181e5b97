//! In a pid namespace that was entered from outside, as with `docker exec`: our session's leader is not to be seen.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::process::Command;

use codeagent_runner::How;
use common::{lives, run, sh};

/// Set in the process that was started inside.
const INSIDE: &str = "CODEAGENT_TEST_INSIDE";

/// Runs one test of this binary again, in a new pid namespace. False where that is not allowed.
fn again_inside(test: &str, flags: &[&str]) -> bool {
    let unshare = |rest: &[&std::ffi::OsStr]| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child"]).args(flags).args(rest).env(INSIDE, "1");
        command.output()
    };
    if !unshare(&["true".as_ref()]).is_ok_and(|tried| tried.status.success()) {
        println!("skipped: no pid namespace can be made here");
        return false;
    }
    let own = std::env::current_exe().unwrap();
    let done =
        unshare(&[own.as_os_str(), "--exact".as_ref(), test.as_ref(), "--nocapture".as_ref()]).unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    true
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

#[test]
fn a_tree_is_ended_also_where_our_session_is_not_to_be_seen() {
    if !is_inside() {
        again_inside("a_tree_is_ended_also_where_our_session_is_not_to_be_seen", &["--mount-proc"]);
        return;
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    assert_eq!(stat.split(' ').nth(5), Some("0"), "the leader of the session is outside");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!(
        "(setsid sh -c 'echo $$ >{0}.new; mv {0}.new {0}; exec sleep 1000' </dev/null >/dev/null 2>&1 &)
        while ! [ -e {0} ]; do sleep 0.01; done",
        file.display()
    );
    let (ended, _) = run(sh(&script));
    assert_eq!((ended.how, ended.tree_ended), (How::Exited(0), 1));
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert!(!lives(pid));
}

#[test]
fn nothing_is_started_where_proc_shows_another_namespace() {
    if !is_inside() {
        again_inside("nothing_is_started_where_proc_shows_another_namespace", &[]);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ran");
    let refused = codeagent_runner::spawn(sh(&format!("touch {}", file.display()))).unwrap_err();
    assert!(std::error::Error::source(&refused).unwrap().to_string().contains("/proc"), "{refused:?}");
    // Nobody else's child either: none is there to wait for.
    let children = rustix::process::wait(rustix::process::WaitOptions::NOHANG);
    assert_eq!(children.unwrap_err(), rustix::io::Errno::CHILD);
    assert!(!file.exists());
}
