//! What only a control group holds together. Where none can be made these tests say so and check nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use codeagent_runner::{Attempt, How, StopHandle, spawn};
use common::{Got, eventually, lives, run, sh, watch, words};

/// The folder of the attempt's control group, if it has one.
fn group_of(attempt: &Attempt) -> Option<PathBuf> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", attempt.identity().pid)).unwrap();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(|mount| Path::new(mount).join(&path));
    let found = mounts.into_iter().find(|dir| dir.exists() && path.contains("codeagent-"));
    if found.is_none() {
        println!("no control group can be made here: nothing checked");
    }
    found
}

/// Starts a script that waits until it is told to go on, so that it does all of that inside its group.
fn start(dir: &Path, script: &str) -> Attempt {
    let mut spec = sh(&format!("while ! [ -e go ]; do sleep 0.01; done; {script}"));
    spec.dir = dir.to_owned();
    spec.kill_grace = Duration::from_secs(1);
    spawn(spec).unwrap()
}

/// Nothing that it does comes before that, also where the one before had to be killed. (Moved there from outside, most
/// of these would be too late.)
#[test]
#[cfg(target_arch = "x86_64")]
fn a_child_begins_inside_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let attempt = start(dir.path(), "true");
    let is_possible = group_of(&attempt).is_some();
    fs::write(dir.path().join("go"), "").unwrap();
    watch(attempt, &StopHandle::new().unwrap());
    for n in 0..if is_possible { 50 } else { 0 } {
        if n % 10 == 5 {
            let stop = StopHandle::new().unwrap();
            stop.stop_now();
            watch(spawn(sh("exec sleep 1000")).unwrap(), &stop);
        }
        let (ended, Got { stdout, .. }) = run(words(&["cat", "/proc/self/cgroup"]));
        assert_eq!(ended.how, How::Exited(0));
        assert!(stdout.contains("codeagent-"), "{n}: {stdout}");
    }
}

#[test]
fn a_daemon_without_the_mark_is_ended_also_beside_other_attempts() {
    let dir = tempfile::tempdir().unwrap();
    let other = start(dir.path(), "exec sleep 1000");
    let attempt = start(
        dir.path(),
        "(env -i setsid sh -c 'trap \"\" TERM; echo $$ >new; mv new pid; while :; do sleep 0.05; done' \
        </dev/null >/dev/null 2>&1 &); while ! [ -e pid ]; do sleep 0.01; done",
    );
    if group_of(&attempt).is_none() {
        return;
    }
    fs::write(dir.path().join("go"), "").unwrap();
    let (ended, _) = watch(attempt, &StopHandle::new().unwrap());
    assert_eq!((ended.how, ended.left_over), (How::Exited(0), 0));
    assert!(ended.tree_ended >= 1);
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
    assert!(!lives(pid.trim().parse().unwrap()));
    assert!(lives(other.identity().pid));
}

#[test]
fn a_chain_of_processes_that_outruns_every_look_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let hydra = dir.path().join("hydra");
    // Each starts the next one in a new session, without the mark, and is gone. `stop` is for a test that fails.
    fs::write(
        &hydra,
        "#!/bin/sh\n[ -e stop ] || { echo x >>beats; env -i setsid ./hydra </dev/null >/dev/null 2>&1 & }\n",
    )
    .unwrap();
    fs::set_permissions(&hydra, fs::Permissions::from_mode(0o755)).unwrap();
    let attempt = start(dir.path(), "./hydra; while ! [ -e beats ]; do sleep 0.01; done");
    if group_of(&attempt).is_none() {
        return;
    }
    fs::write(dir.path().join("go"), "").unwrap();
    let began = Instant::now();
    watch(attempt, &StopHandle::new().unwrap());
    let beats = || fs::metadata(dir.path().join("beats")).unwrap().len();
    let after = beats();
    let until = Instant::now() + Duration::from_millis(300);
    eventually("some time has passed", || Instant::now() > until);
    fs::write(dir.path().join("stop"), "").unwrap();
    assert_eq!(beats(), after, "it went on after the attempt");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn groups_are_used_again_and_removed_at_the_end() {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server_that_says_its_groups", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find_map(|line| line.split_once("groups:").map(|(_, told)| told.to_owned())).unwrap();
    let groups: Vec<PathBuf> = told.split_whitespace().map(PathBuf::from).collect();
    assert!(groups.iter().all(|group| group.exists()));
    assert!(groups.windows(2).all(|two| two[0] == two[1]), "{groups:?}");
    server.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(server.wait().unwrap().success());
    assert!(!groups.iter().any(|group| group.exists()));
}

#[test]
#[ignore = "run by the test above, as a process of its own"]
fn server_that_says_its_groups() {
    let mut groups = Vec::new();
    for _ in 0..3 {
        let attempt = spawn(sh("exec sleep 0.02")).unwrap();
        groups.extend(group_of(&attempt));
        watch(attempt, &StopHandle::new().unwrap());
    }
    let told: Vec<_> = groups.iter().map(|group| group.display().to_string()).collect();
    println!("groups: {}", told.join(" "));
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
