//! What a killed server leaves behind is found and ended, and nothing else.
//!
//! The server that dies is this binary again, running one of the ignored tests at the end of this file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use codeagent_runner::survivors::{SurvivorEnded, SurvivorQuery, end_all_survivors, end_survivors};
use codeagent_runner::{ProcessIdentity, StopHandle, spawn};
use common::{eventually, lives, sh};
use rustix::process::{Pid, Signal, kill_process};

const GRACE: Duration = Duration::from_secs(1);

/// A server that started an attempt and was killed with SIGKILL.
struct Dead {
    dir: tempfile::TempDir,
    attempt_id: String,
    identity: ProcessIdentity,
    leader: i32,
    other: i32,
}

impl Dead {
    /// The script must write two pids, its own and another one, to `pids`.
    fn with_child(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut server = helper("server_that_dies", dir.path(), &[("SCRIPT", script)]);
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told =
            lines.find_map(|line| line.split_once("child: ").map(|(_, told)| told.to_owned())).unwrap();
        let words: Vec<&str> = told.split(' ').collect();
        // For scripts that wait until they are in their control group.
        std::fs::write(dir.path().join("go"), "").unwrap();
        let file = dir.path().join("pids");
        eventually("the child is there", || file.exists());
        server.kill().unwrap();
        server.wait().unwrap();
        let pids = std::fs::read_to_string(&file).unwrap();
        let pids: Vec<i32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        let identity = ProcessIdentity {
            pid: words[1].parse().unwrap(),
            start_ticks: words[2].parse().unwrap(),
            boot_id: words[3].to_owned(),
        };
        assert!(lives(pids[0]) && lives(pids[1]));
        Self { dir, attempt_id: words[0].to_owned(), identity, leader: pids[0], other: pids[1] }
    }

    fn query(&self) -> SurvivorQuery {
        SurvivorQuery {
            identity: Some(self.identity.clone()),
            attempt_id: self.attempt_id.clone(),
            dir: self.dir.path().to_owned(),
        }
    }

    fn lives(&self) -> (bool, bool) {
        (lives(self.leader), lives(self.other))
    }
}

impl Drop for Dead {
    fn drop(&mut self) {
        // Whatever the test did: nothing may be left.
        end_survivors(&[self.query()], Duration::ZERO);
    }
}

/// A folder that has another name, until this is dropped.
struct Moved {
    from: PathBuf,
    to: PathBuf,
}

impl Moved {
    fn from(dir: &Path) -> Self {
        let to = dir.with_extension("moved");
        std::fs::rename(dir, &to).unwrap();
        Self { from: dir.to_owned(), to }
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        // So that it is found and removed.
        let _ = std::fs::rename(&self.to, &self.from);
    }
}

fn helper(test: &str, dir: &Path, env: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).current_dir(dir).stdout(Stdio::piped());
    command.envs(env.iter().copied()).spawn().unwrap()
}

/// A child with a grandchild in a session of its own. That one writes, once it is all there: a shell that starts in a
/// folder which is deleted meanwhile complains, and dies of it when nobody reads that any more.
const FAMILY: &str = "setsid sh -c 'echo $0 $$ >pids.new; mv pids.new pids; exec sleep 1000' $$ & wait";

/// A child that is gone with its server, and left a grandchild in its session that has put the mark off.
const HEADLESS: &str = "env -i sh -c 'echo $0 $$ >pids.new; mv pids.new pids; exec sleep 1000' $$ & wait";

/// The server's child dies as well; nothing but its session tells whose its own child is.
fn headless(script: &str) -> Dead {
    let dead = Dead::with_child(script);
    kill(dead.leader, Signal::KILL);
    eventually("the leader is gone", || !lives(dead.leader));
    dead
}

fn kill(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn found(ended: &[SurvivorEnded]) -> Vec<i32> {
    let mut pids: Vec<i32> = ended.iter().map(|ended| ended.pid).collect();
    pids.sort_unstable();
    pids
}

#[test]
fn survivors_are_found_by_identity_and_mark_and_ended() {
    let dead = Dead::with_child(FAMILY);
    let ended = end_survivors(&[dead.query()], GRACE);
    assert_eq!(dead.lives(), (false, false));
    assert!(found(&ended).contains(&dead.leader) && found(&ended).contains(&dead.other), "{ended:?}");
    assert!(ended.iter().all(|one| one.gone && one.attempt_id == dead.attempt_id));
    let leader = ended.iter().find(|one| one.pid == dead.leader).unwrap();
    assert!(leader.command.starts_with("/bin/sh -c setsid sh"), "{}", leader.command);
    assert_eq!(end_survivors(&[dead.query()], GRACE), []);
}

#[test]
fn survivors_are_found_without_a_recorded_identity() {
    let dead = Dead::with_child(FAMILY);
    end_survivors(&[SurvivorQuery { identity: None, ..dead.query() }], GRACE);
    assert_eq!(dead.lives(), (false, false));
}

#[test]
fn survivors_that_ignore_sigterm_are_killed() {
    let dead = Dead::with_child(&format!("trap '' TERM; {FAMILY}; while :; do sleep 0.05; done"));
    let began = Instant::now();
    let ended = end_survivors(&[dead.query()], GRACE);
    assert!(began.elapsed() >= GRACE);
    assert_eq!(dead.lives(), (false, false));
    assert!(ended.iter().all(|one| one.gone));
}

#[test]
fn a_child_without_the_mark_is_found_by_its_parent_and_a_recorded_one_by_its_folder() {
    let dead = Dead::with_child(
        "exec env -i sh -c 'env -i setsid sleep 1000 & echo $$ $! >pids.new; mv pids.new pids; wait'",
    );
    assert_eq!(end_survivors(&[SurvivorQuery { identity: None, ..dead.query() }], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
    end_survivors(&[dead.query()], GRACE);
    assert_eq!(dead.lives(), (false, false));
}

#[test]
fn a_used_pid_is_not_touched() {
    // What a reused pid looks like: the same number, another start; another boot; or another mark.
    let dead =
        Dead::with_child("exec env -i sh -c 'echo $$ $$ >pids.new; mv pids.new pids; exec sleep 1000'");
    let mut later = dead.query();
    later.identity.as_mut().unwrap().start_ticks += 1;
    let mut rebooted = dead.query();
    rebooted.identity.as_mut().unwrap().boot_id = "another".into();
    assert_eq!(end_survivors(&[later, rebooted], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
}

#[test]
fn a_child_without_the_mark_is_found_by_the_session_of_a_dead_leader() {
    let dead = headless(HEADLESS);
    // Another boot, or a session that began later under the same number.
    let mut rebooted = dead.query();
    rebooted.identity.as_mut().unwrap().boot_id = "another".into();
    let mut later = dead.query();
    later.identity.as_mut().unwrap().start_ticks += 1_000_000;
    // A copy of the checkpoint, in a folder where the child does not work.
    let copy = tempfile::tempdir().unwrap();
    let copied = SurvivorQuery { dir: copy.path().to_owned(), ..dead.query() };
    assert_eq!(end_survivors(&[rebooted, later, copied], GRACE), []);
    assert!(lives(dead.other));
    assert_eq!(found(&end_survivors(&[dead.query()], GRACE)), [dead.other]);
    assert!(!lives(dead.other));
}

#[test]
fn the_session_of_another_that_got_the_recorded_number_is_not_touched() {
    let dead = Dead::with_child(
        "exec env -i sh -c 'sh -c \"echo \\$PPID \\$\\$ >pids.new; mv pids.new pids; exec sleep 1000\" & wait'",
    );
    let mut earlier = dead.query();
    earlier.identity.as_mut().unwrap().start_ticks -= 1;
    assert_eq!(end_survivors(&[earlier], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
}

#[test]
fn at_a_start_attempts_that_no_checkpoint_names_are_found_by_their_folder() {
    let dead = Dead::with_child(FAMILY);
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(end_all_survivors(elsewhere.path(), &[], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
    let ended = end_all_survivors(dead.dir.path(), &[], GRACE);
    assert_eq!(dead.lives(), (false, false));
    assert!(ended.iter().all(|one| one.attempt_id == dead.attempt_id), "{ended:?}");
}

#[test]
fn a_child_without_the_mark_is_found_by_the_session_of_a_leader_that_is_found() {
    // Its parent is gone, so that it does not descend from the leader any more.
    let dead = Dead::with_child(
        "(env -i sh -c 'echo $0 $$ >pids.new; mv pids.new pids; exec sleep 1000' $$ &); exec sleep 1000",
    );
    end_all_survivors(dead.dir.path(), &[], GRACE);
    assert_eq!(dead.lives(), (false, false));
}

#[test]
fn a_child_without_the_mark_in_a_session_of_its_own_is_found_by_its_control_group() {
    let dead = Dead::with_child(
        "while ! [ -e go ]; do sleep 0.01; done
        (env -i setsid sh -c 'echo $0 $$ >pids.new; mv pids.new pids; exec sleep 1000' $$ &); exec sleep 1000",
    );
    let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", dead.other)).unwrap();
    let has_group = groups.lines().any(|line| line.starts_with("0::") && line.contains("/codeagent-"));
    if !has_group {
        println!("no control group can be made here: nothing checked");
        kill(dead.other, Signal::KILL);
        return;
    }
    end_all_survivors(dead.dir.path(), &[], GRACE);
    assert_eq!(dead.lives(), (false, false));
}

#[test]
fn what_works_for_a_server_that_lives_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = helper("server_that_dies", dir.path(), &[("SCRIPT", FAMILY)]);
    eventually("the child is there", || dir.path().join("pids").exists());
    let pids = std::fs::read_to_string(dir.path().join("pids")).unwrap();
    let pids: Vec<i32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    let while_it_lives = end_all_survivors(dir.path(), &[], GRACE);
    let lived: Vec<bool> = pids.iter().map(|pid| lives(*pid)).collect();
    server.kill().unwrap();
    server.wait().unwrap();
    let afterwards = end_all_survivors(dir.path(), &[], GRACE);
    assert_eq!((while_it_lives, lived), (vec![], vec![true, true]));
    assert_eq!(found(&afterwards).len(), 2, "{afterwards:?}");
    assert!(pids.iter().all(|pid| !lives(*pid)));
}

#[test]
fn other_attempts_are_not_touched() {
    let dead = Dead::with_child(FAMILY);
    let mut other = SurvivorQuery { identity: None, ..dead.query() };
    other.attempt_id.push('0');
    let mut shorter = SurvivorQuery { identity: None, ..dead.query() };
    shorter.attempt_id.pop();
    assert_eq!(end_survivors(&[other, shorter], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
}

#[test]
fn the_child_of_the_original_of_a_copied_folder_is_not_touched() {
    let dead = Dead::with_child(FAMILY);
    let copy = tempfile::tempdir().unwrap();
    let query = SurvivorQuery { dir: copy.path().to_owned(), ..dead.query() };
    assert_eq!(end_survivors(&[query], GRACE), []);
    let without_mark =
        Dead::with_child("exec env -i sh -c 'echo $$ $$ >pids.new; mv pids.new pids; exec sleep 1000'");
    let query = SurvivorQuery { dir: copy.path().to_owned(), ..without_mark.query() };
    assert_eq!(end_survivors(&[query], GRACE), []);
    assert_eq!((dead.lives(), without_mark.lives()), ((true, true), (true, true)));
}

#[test]
fn survivors_are_found_in_a_folder_that_was_moved() {
    for identity_is_known in [true, false] {
        let dead = Dead::with_child(FAMILY);
        let moved = Moved::from(dead.dir.path());
        let identity = identity_is_known.then(|| dead.identity.clone());
        let ended =
            end_survivors(&[SurvivorQuery { identity, dir: moved.to.clone(), ..dead.query() }], GRACE);
        assert!(found(&ended).contains(&dead.leader) && found(&ended).contains(&dead.other), "{ended:?}");
        assert_eq!(dead.lives(), (false, false));
    }
}

#[test]
fn the_child_of_a_folder_that_was_moved_elsewhere_is_not_touched() {
    // A copy that was made before the move: the original's child works in the original, wherever that is now.
    let dead = Dead::with_child(FAMILY);
    let copy = tempfile::tempdir().unwrap();
    let query = SurvivorQuery { dir: copy.path().to_owned(), ..dead.query() };
    let moved = Moved::from(dead.dir.path());
    assert_eq!(end_survivors(std::slice::from_ref(&query), GRACE), []);
    // The same where the folder was deleted under its child.
    drop(moved);
    std::fs::remove_dir_all(dead.dir.path()).unwrap();
    assert_eq!(end_survivors(&[query], GRACE), []);
    assert_eq!(dead.lives(), (true, true));
}

#[test]
fn the_same_folder_by_another_name_is_the_same_folder() {
    let dead = Dead::with_child(FAMILY);
    let names = tempfile::tempdir().unwrap();
    let link = names.path().join("link");
    std::os::unix::fs::symlink(dead.dir.path(), &link).unwrap();
    end_survivors(&[SurvivorQuery { dir: link, ..dead.query() }], GRACE);
    assert_eq!(dead.lives(), (false, false));
}

#[test]
fn we_and_our_parents_are_not_touched() {
    // An agent that outlived its server and itself starts a server: that one must not end its own parents.
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().to_str().unwrap().to_owned();
    let env = [("CODEAGENT_ATTEMPT_ID", "ourselves"), ("CODEAGENT_PROJECT_DIR", here.as_str())];
    let mut sibling = Command::new("sleep").arg("1000").envs(env).spawn().unwrap();
    let mut server = helper("server_inside_an_attempt", dir.path(), &env);
    let lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.filter(|line| line.contains("ended: ")).collect();
    assert!(server.wait().unwrap().success());
    assert!(told[0].ends_with(&format!("ended: [{}]", sibling.id())), "{told:?}");
    assert!(!sibling.wait().unwrap().success());
}

#[test]
#[ignore = "run by the tests above, as a process of its own"]
fn server_that_dies() {
    let Ok(script) = std::env::var("SCRIPT") else { return };
    let mut spec = sh(&script);
    spec.dir = std::env::current_dir().unwrap();
    let id = spec.attempt_id.clone();
    let attempt = spawn(spec).unwrap();
    let identity = attempt.identity();
    println!("child: {id} {} {} {}", identity.pid, identity.start_ticks, identity.boot_id);
    attempt.watch(&mut |_, _: &[u8]| Ok(()), &StopHandle::new().unwrap());
}

#[test]
#[ignore = "run by the tests above, as a process of its own"]
fn server_inside_an_attempt() {
    let query = SurvivorQuery {
        identity: None,
        attempt_id: "ourselves".into(),
        dir: std::env::current_dir().unwrap(),
    };
    println!("ended: {:?}", found(&end_survivors(&[query], GRACE)));
}
