//! Real children that do not want to end, and what they leave behind.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use codeagent_runner::{AttemptSpec, Ended, Exit, How, StopHandle, Stream, Verdict, spawn};
use common::{eventually, lives, run, sh, watch};

const SECOND: Duration = Duration::from_secs(1);

/// Runs a script, and once it has printed a line asks it to stop in this way.
fn stop_after_first_line(spec: AttemptSpec, ask: fn(&StopHandle)) -> (Ended, String, Duration) {
    let stop = StopHandle::new().unwrap();
    let asked = std::cell::Cell::new(None);
    let mut text = String::new();
    let mut sink = |stream: Stream, bytes: &[u8]| {
        if stream == Stream::Stderr {
            // The shell's own remarks ("Terminated") are not the script's.
            return Ok(());
        }
        text.push_str(&String::from_utf8_lossy(bytes));
        if asked.get().is_none() && text.contains('\n') {
            asked.set(Some(Instant::now()));
            ask(&stop);
        }
        Ok(())
    };
    let ended = spawn(spec).unwrap().watch(&mut sink, &stop);
    (ended, text, asked.get().unwrap().elapsed())
}

/// The pids that a script printed, one a line.
fn pids(text: &str) -> Vec<i32> {
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

#[test]
fn a_timeout_ends_it() {
    let mut spec = sh("echo on; exec sleep 1000");
    spec.timeout = Some(SECOND / 4);
    let (ended, _) = run(spec);
    assert_eq!((ended.how, ended.exit), (How::TimedOut, Exit::Signal(15)));
    assert_eq!(ended.verdict(), Verdict::Failed);
    assert!(ended.elapsed >= SECOND / 4);
    assert_eq!(ended.last_lines, ["on"]);
}

#[test]
fn silence_ends_it_and_output_does_not() {
    let mut spec = sh("for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.25; done; exec sleep 1000");
    spec.idle_timeout = Some(2 * SECOND);
    let (ended, got) = run(spec);
    assert_eq!(ended.how, How::IdleTimedOut);
    assert!(got.stdout.ends_with("9\n"), "{}", got.stdout);
}

#[test]
fn a_child_that_closed_its_output_lives_on() {
    let (ended, _) = run(sh("exec >&- 2>&-; sleep 0.3; exit 4"));
    assert_eq!(ended.how, How::Exited(4));
    let mut spec = sh("exec >&- 2>&-; exec sleep 1000");
    spec.idle_timeout = Some(SECOND / 4);
    assert_eq!(run(spec).0.how, How::IdleTimedOut);
}

#[test]
fn a_graceful_stop_lets_it_say_good_bye() {
    let spec = sh("trap 'echo bye; exit 0' TERM; echo on; while :; do sleep 0.05; done");
    let (ended, text, _) = stop_after_first_line(spec, StopHandle::stop_gracefully);
    assert_eq!((ended.how, ended.exit), (How::Stopped, Exit::Code(0)));
    assert_eq!(ended.verdict(), Verdict::Stopped);
    assert_eq!(text, "on\nbye\n");
}

#[test]
fn who_ignores_sigterm_is_killed_after_the_grace() {
    let mut spec = sh("trap '' TERM; echo $$; sh -c 'echo $$; while :; do sleep 0.05; done'; true");
    spec.kill_grace = SECOND;
    let (ended, text, took) = stop_after_first_line(spec, StopHandle::stop_gracefully);
    assert_eq!((ended.how, ended.exit), (How::Stopped, Exit::Signal(9)));
    assert!(took >= SECOND && took < 2 * SECOND, "{took:?}");
    assert!(!pids(&text).into_iter().any(lives));
}

#[test]
fn a_stop_at_once_has_no_grace_and_a_second_request_neither() {
    for ask in [StopHandle::stop_now, |stop: &StopHandle| {
        stop.stop_gracefully();
        stop.stop_gracefully();
    }] {
        let mut spec = sh("trap '' TERM; echo on; while :; do sleep 0.05; done");
        spec.kill_grace = 30 * SECOND;
        let (ended, _, took) = stop_after_first_line(spec, ask);
        assert_eq!((ended.how, ended.exit), (How::Stopped, Exit::Signal(9)));
        assert!(took < 10 * SECOND, "{took:?}");
    }
}

#[test]
fn a_second_request_in_the_grace_cuts_it_short() {
    let mut spec = sh("trap '' TERM; echo on; while :; do sleep 0.05; done");
    spec.kill_grace = 40 * SECOND;
    let (ended, _, took) = stop_after_first_line(spec, |stop| {
        let stop = stop.clone();
        stop.stop_gracefully();
        thread::spawn(move || {
            eventually("the request is old", || stop.is_requested());
            thread::park_timeout(SECOND / 4);
            stop.stop_gracefully();
        });
    });
    assert_eq!((ended.how, ended.exit), (How::Stopped, Exit::Signal(9)));
    assert!(took < 20 * SECOND, "{took:?}");
}

#[test]
fn a_stop_before_the_watch_is_not_lost() {
    let stop = StopHandle::new().unwrap();
    stop.stop_gracefully();
    let (ended, _) = watch(spawn(sh("exec sleep 1000")).unwrap(), &stop);
    assert_eq!(ended.how, How::Stopped);
}

#[test]
fn a_child_that_is_stopped_takes_sigterm_too() {
    let mut spec = sh("echo on; kill -STOP $$; sleep 1000");
    spec.kill_grace = 30 * SECOND;
    let (ended, _, took) = stop_after_first_line(spec, StopHandle::stop_gracefully);
    assert_eq!((ended.how, ended.exit), (How::Stopped, Exit::Signal(15)));
    assert!(took < 10 * SECOND, "{took:?}");
}

#[test]
fn sigterm_comes_once_to_each() {
    // A second SIGTERM would end the trap early, as many programs take it for "now".
    let script = "n=0; trap 'n=$((n+1)); echo term $n' TERM; echo on
        sh -c 'trap \"echo child\" TERM; for i in 1 2 3 4 5 6; do sleep 0.1; done'
        for i in 1 2 3 4; do sleep 0.1; done";
    let (ended, text, _) = stop_after_first_line(sh(script), StopHandle::stop_gracefully);
    assert_eq!(ended.how, How::Stopped);
    assert_eq!(text.matches("term").count(), 1, "{text}");
    assert!(text.matches("child").count() <= 1, "{text}");
}

#[test]
fn what_others_write_in_the_last_moment_is_read() {
    let (ended, got) = run(sh("(sleep 0.05; echo late) & exit 0"));
    assert_eq!((ended.how, ended.tree_ended), (How::Exited(0), 0));
    assert_eq!(got.stdout, "late\n");
}

#[test]
fn a_grandchild_that_holds_the_pipe_does_not_hold_us() {
    let (ended, got) = run(sh("sleep 1000 & echo $!; exit 7"));
    assert_eq!((ended.how, ended.tree_ended), (How::Exited(7), 1));
    assert!(!lives(pids(&got.stdout)[0]));
    assert!(ended.elapsed < SECOND * 10, "the end of the child counts: {:?}", ended.elapsed);
}

#[test]
fn a_grandchild_in_its_own_session_that_holds_the_pipe_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let (ended, got) = run(sh(&daemon(&file, "echo on").replace("</dev/null >/dev/null 2>&1", "")));
    assert_eq!((ended.how, got.stdout.as_str()), (How::Exited(0), "on\n"));
    assert!(ended.tree_ended >= 1, "{}", ended.tree_ended);
    assert!(!lives(pid_in(&file)));
}

/// A daemon as they are made: parent gone, own session, no pipe of ours; it writes its pid to a file.
fn daemon(file: &Path, first: &str) -> String {
    let file = file.display();
    format!(
        "(setsid sh -c '{first}; echo $$ >{file}.new; mv {file}.new {file}; while :; do sleep 0.05; done' \
        </dev/null >/dev/null 2>&1 &); while ! [ -e {file} ]; do sleep 0.01; done"
    )
}

fn pid_in(file: &Path) -> i32 {
    std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
}

#[test]
fn a_daemon_is_ended_also_if_it_ignores_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    for end in [":", "trap \"\" TERM"] {
        let file = dir.path().join(end.len().to_string());
        let mut spec = sh(&daemon(&file, end));
        spec.kill_grace = SECOND / 2;
        let (ended, _) = run(spec);
        assert_eq!(ended.how, How::Exited(0));
        // The daemon, and perhaps the sleep that it just started.
        assert!(ended.tree_ended >= 1, "{}", ended.tree_ended);
        assert!(!lives(pid_in(&file)));
    }
}

#[test]
fn a_stop_reaches_daemons_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let spec = sh(&format!("{}; echo on; exec sleep 1000", daemon(&file, ":")));
    let (ended, _, _) = stop_after_first_line(spec, StopHandle::stop_gracefully);
    assert_eq!(ended.how, How::Stopped);
    assert!(!lives(pid_in(&file)));
}

#[test]
fn an_attempt_that_ends_leaves_the_daemons_of_another_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let stop = StopHandle::new().unwrap();
    let spec = sh(&format!("{}; exec sleep 1000", daemon(&file, ":")));
    let other = thread::spawn({
        let stop = stop.clone();
        move || watch(spawn(spec).unwrap(), &stop).0
    });
    eventually("the daemon is there", || file.exists());
    assert_eq!(run(sh("sleep 1000 & exit 0")).0.tree_ended, 1);
    assert!(lives(pid_in(&file)));
    stop.stop_gracefully();
    assert_eq!(other.join().unwrap().how, How::Stopped);
    assert!(!lives(pid_in(&file)));
}

#[test]
fn children_of_others_in_this_process_are_left_alone() {
    let mut foreign = foreign_child("read _; exit 9");
    let mut dead = foreign_child("exit 8");
    assert_eq!(run(sh("sleep 1000 & exit 0")).0.tree_ended, 1);
    drop(foreign.stdin.take());
    assert_eq!(foreign.wait().unwrap().code(), Some(9));
    assert_eq!(dead.wait().unwrap().code(), Some(8));
}

fn foreign_child(script: &str) -> Child {
    Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn an_attempt_that_is_dropped_is_killed_with_its_tree() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let attempt = spawn(sh(&format!("{}; exec sleep 1000", daemon(&file, ":")))).unwrap();
    let leader = attempt.identity().pid;
    eventually("the daemon is there", || file.exists());
    drop(attempt);
    assert!(!Path::new(&format!("/proc/{leader}")).exists(), "reaped");
    eventually("the daemon is gone", || !lives(pid_in(&file)));
}

#[test]
fn orphans_that_die_while_the_attempt_goes_on_are_reaped() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!("(sh -c 'echo $$ >{}' &); exec sleep 1000", file.display());
    let stop = StopHandle::new().unwrap();
    let watcher = thread::spawn({
        let stop = stop.clone();
        move || watch(spawn(sh(&script)).unwrap(), &stop).0
    });
    eventually("the orphan was there", || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))
    });
    let orphan = format!("/proc/{}", pid_in(&file));
    eventually("the orphan is reaped", || !Path::new(&orphan).exists());
    stop.stop_now();
    assert_eq!(watcher.join().unwrap().how, How::Stopped);
}

#[test]
fn many_attempts_at_once_get_their_own_exit_codes() {
    let all: Vec<_> = (0..32)
        .map(|code| {
            thread::spawn(move || (code, run(sh(&format!("(true &); sleep 0.0{code}; exit {code}"))).0.how))
        })
        .collect();
    for one in all {
        let (code, how) = one.join().unwrap();
        assert_eq!(how, How::Exited(code));
    }
}
