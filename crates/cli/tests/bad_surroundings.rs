//! Bad surroundings: full and read-only disks, agents that misbehave or clean up, two servers, copies, a clock that
//! jumps, a terminal that goes away. What this machine does not permit is skipped with a line.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::{Project, Said, pause, signal};

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1 }
executor: { command: [sh, agent.sh], kill_grace: 1, retry: { initial_delay: 0 } }
";

const LIST: &str = "- [ ] one <!-- id: one -->\n- [ ] two <!-- id: two -->\n- [ ] three <!-- id: three -->\n";

/// Each task leaves its id in `ledger`, which lies outside of the project's folder.
fn project(agent: &str) -> Project {
    let project = Project::with_list(LIST);
    project.write("agent.sh", agent);
    project.write("config/config.yaml", CONFIG);
    project
}

fn start(project: &Project, words: &[&str]) -> Child {
    project.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(server: Child) -> Said {
    Said::of(server.wait_with_output().unwrap())
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        pause(Duration::from_millis(5));
    }
}

fn states(project: &Project) -> Vec<String> {
    let list = project.json(&["list", "--json"]);
    let tasks = list["tasks"].as_array().unwrap().clone();
    tasks.iter().map(|task| task["state"].as_str().unwrap().to_owned()).collect()
}

/// Whether a command did what it should; false, with a line, where the system does not permit it.
fn permitted(program: &str, args: &[&str]) -> bool {
    let done = Command::new(program).args(args).stderr(Stdio::null()).stdout(Stdio::null()).status();
    let permitted = done.is_ok_and(|status| status.success());
    if !permitted {
        println!("skipped: `{program} {}` is not permitted here", args.join(" "));
    }
    permitted
}

/// A small disk, gone when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let place = at.to_str().unwrap();
        permitted("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", place])
            .then(|| Self(at.to_owned()))
    }

    fn grow(&self, size: &str) {
        let place = self.0.to_str().unwrap();
        assert!(permitted("mount", &["-o", &format!("remount,size={size}"), "tmpfs", place]));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Sets a folder immutable, until it is dropped.
struct Immutable(PathBuf);

impl Immutable {
    fn set(path: &Path) -> Option<Self> {
        permitted("chattr", &["+i", path.to_str().unwrap()]).then(|| Self(path.to_owned()))
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-i").arg(&self.0).status();
    }
}

// ---- disks

/// Fills the disk that the checkpoint is on, once, in the middle of the tenth task.
const FILLS: &str = "
echo \"$CODEAGENT_TASK_TEXT\" >> \"$LEDGER\"
if [ \"$CODEAGENT_TASK_TEXT\" = 'task 9' ] && [ ! -e \"$LEDGER.full\" ]; then
  : > \"$LEDGER.full\"
  cat /dev/zero > data/filler 2> /dev/null
fi
exit 0";

fn many(tasks: usize, text: &str) -> String {
    (0..tasks).map(|n| format!("- [ ] task {n}{text}\n")).collect()
}

fn completed(project: &Project) -> Vec<String> {
    let list = project.json(&["list", "--state", "completed", "--json"]);
    let tasks = list["tasks"].as_array().unwrap().clone();
    tasks.iter().map(|task| task["task_text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_damaged_file_of_sessions_is_set_aside_and_told() {
    let project = project("exit 0");
    project.write(".codeagent_sessions.json", "{\"sessions\": [");
    let said = project.say(&["run"]);
    said.done();
    assert!(said.err.contains("The file of sessions was damaged and is kept as"), "{}", said.err);
}

#[test]
fn a_disk_that_fills_up_ends_with_5_and_loses_nothing_acknowledged() {
    for room in ["data", ""] {
        let project = Project::new();
        let outside = tempfile::tempdir().unwrap();
        let Some(disk) = SmallDisk::mount(&project.dir().join(room), "256k") else { return };
        project.write("todo.md", &many(100, ""));
        project.write("agent.sh", FILLS);
        project.write("config/config.yaml", CONFIG);
        let ledger = outside.path().join("ledger");
        let run = || Said::of(project.command(&["run"]).env("LEDGER", &ledger).output().unwrap());
        for _ in 0..2 {
            run().failed(5, &["error: cannot ", "No space left on device", "hint: make space"]);
        }
        // What was acknowledged is there, also while the disk is full.
        let acknowledged = completed(&project);
        assert!(acknowledged.len() >= 9, "{acknowledged:?}");
        disk.grow("8m");
        fs::remove_file(project.dir().join("data/filler")).unwrap();
        run().done();
        assert_eq!(completed(&project).len(), 100);
        assert_eq!(project.read("todo.md").matches("- [x]").count(), 100);
        let ledger = fs::read_to_string(&ledger).unwrap();
        for text in acknowledged {
            assert_eq!(ledger.lines().filter(|line| **line == *text).count(), 1, "{text} ran again");
        }
        drop(disk);
    }
}

#[test]
fn a_disk_that_is_too_small_for_the_list() {
    let project = project("exit 0");
    let Some(disk) = SmallDisk::mount(&project.dir().join("data"), "64k") else { return };
    project.write("todo.md", &many(400, " with a text that takes some room on a disk"));
    for _ in 0..2 {
        project.say(&["run"]).failed(5, &["No space left on device", "nothing unsaved was acknowledged"]);
    }
    disk.grow("16m");
    project.say(&["run"]).done();
    assert_eq!(project.read("todo.md").matches("- [x]").count(), 400);
    drop(disk);
}

#[test]
fn a_read_only_data_folder_is_named_and_can_still_be_read() {
    let project = project("exit 0");
    project.say(&["add", "zero", "--id", "zero"]).done();
    let Some(immutable) = Immutable::set(&project.dir().join("data")) else { return };
    for words in [&["run"][..], &["add", "x"], &["skip", "zero"]] {
        project.say(words).failed(5, &["error: cannot ", "data", "Operation not permitted", "hint: "]);
    }
    assert!(project.say(&["list"]).done().out.contains("zero"));
    project.say(&["status"]).done();
    project.say(&["run", "--dry-run"]).done();
    drop(immutable);
    project.say(&["run"]).done();
    assert_eq!(states(&project), ["completed"; 4]);
}

#[test]
fn a_list_that_cannot_be_written_is_worked_and_ticked_later() {
    let project = project("echo x >> data/got");
    project.say(&["status"]).done();
    let Some(immutable) = Immutable::set(&project.dir().join("todo.md")) else { return };
    let ran = project.say(&["run"]);
    assert_eq!(ran.done().err.matches("Boxes of the TODO list were not written").count(), 1, "{}", ran.err);
    assert_eq!(project.read("todo.md"), LIST);
    drop(immutable);
    project.say(&["run"]).done();
    assert_eq!(project.read("todo.md").matches("- [x]").count(), 3);
    assert_eq!(project.read("data/got").lines().count(), 3, "nothing ran twice");
}

#[test]
fn a_project_on_a_read_only_disk_can_be_read() {
    let project = project("exit 0");
    project.say(&["add", "zero", "--id", "zero"]).done();
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (project.dir().to_str().unwrap(), copy.path().to_str().unwrap());
    if !permitted("mount", &["--bind", from, to]) {
        return;
    }
    let bound = SmallDisk(copy.path().to_owned());
    if !permitted("mount", &["-o", "remount,ro,bind", to]) {
        return;
    }
    for words in [&["list"][..], &["status"], &["show", "zero"], &["run", "--dry-run"]] {
        Said::of(common::command(words).current_dir(to).output().unwrap()).done();
    }
    for words in [&["run"][..], &["add", "x"]] {
        let said = Said::of(common::command(words).current_dir(to).output().unwrap());
        said.failed(5, &["error: cannot ", "Read-only file system", "hint: "]);
    }
    drop(bound);
}

// ---- agents that clean up

fn git(project: &Project, words: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"])
        .args(words)
        .current_dir(project.dir())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "git {words:?}");
}

#[test]
fn an_agent_that_cleans_the_work_tree_loses_nothing() {
    for clean in [
        "git clean -fdx",
        "git clean -fd",
        "git -c user.name=a -c user.email=a@b stash -u",
        "rm -rf data logs",
        "rm -f data/*",
        "mv data elsewhere",
        "rm -rf data; echo theirs > data",
        "rm -rf data; ln -s /nonexistent/place data",
    ] {
        let ledger = tempfile::tempdir().unwrap();
        let project = project(&format!(
            "echo \"$CODEAGENT_TASK_ID\" >> \"$LEDGER/got\"
[ \"$CODEAGENT_TASK_ID\" = two ] || exit 0
{clean} > /dev/null 2>&1
: > \"$LEDGER/cleaned\"
while [ ! -e \"$LEDGER/go\" ]; do sleep 0.02; done"
        ));
        git(&project, &["init", "-q"]);
        git(&project, &["add", "-A"]);
        git(&project, &["commit", "-qm", "x"]);
        let server = project
            .command(&["run"])
            .env("LEDGER", ledger.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("cleaned", || ledger.path().join("cleaned").exists());
        // Still in the middle of the task: the place is taken again, and commands reach the server.
        let lock = project.dir().join("data/.codeagent_checkpoint.lock");
        let socket = project.dir().join("data/.codeagent.sock");
        wait_until(&format!("{clean}: lock and socket are back"), || lock.exists() && socket.exists());
        let second = project.say(&["run"]);
        second.failed(3, &[&format!("in use by process {}", server.id())]);
        assert_eq!(project.json(&["status", "--json"])["server"]["pid"], server.id(), "{clean}");
        project.say(&["add", "said meanwhile", "--id", "later"]).done();
        fs::write(ledger.path().join("go"), "").unwrap();
        let said = end(server);
        assert_eq!(said.code, 0, "{clean}: {}", said.err);
        assert_eq!(states(&project), ["completed"; 4], "{clean}");
        let got = fs::read_to_string(ledger.path().join("got")).unwrap();
        assert_eq!(got, "one\ntwo\nthree\nlater\n", "{clean}");
        assert_eq!(project.read("todo.md").matches("- [x]").count(), 3, "{clean}");
        assert!(project.say(&["run"]).done().out.contains("Nothing to do"), "{clean}");
    }
}

#[test]
fn a_server_without_its_socket_is_stopped_once_it_is_back_or_named() {
    let project = project("true");
    let socket = project.dir().join("data/.codeagent.sock");
    let serve = || {
        let server = start(&project, &["serve"]);
        wait_until("the socket is there", || socket.exists());
        server
    };
    let server = serve();
    fs::remove_file(&socket).unwrap();
    project.say(&["stop"]).done();
    assert_eq!(end(server).code, 0);
    let server = serve();
    signal(&server, "STOP");
    fs::remove_file(&socket).unwrap();
    let status = project.say(&["status"]);
    let told = format!("runs (process {}), but cannot be asked", server.id());
    assert!(status.done().out.contains(&told) && !status.out.contains("not clean"), "{}", status.out);
    assert_eq!(project.json(&["status", "--json"])["unreachable_pid"], server.id());
    project.say(&["stop"]).failed(1, &[&format!("process {} works on this project", server.id()), "hint"]);
    signal(&server, "TERM");
    signal(&server, "CONT");
    assert_eq!(end(server).code, 143);
    assert!(project.say(&["status"]).done().out.contains("not running"));
    project.say(&["stop"]).failed(1, &["no server runs for the project /", "`--project DIR`"]);
}

/// A path that is too long for a socket leads to the user's runtime folder, which cron and ssh may not name.
#[test]
fn a_server_that_was_started_outside_of_a_session_is_found_from_within() {
    let project = project("true");
    let checkpoint = format!("{}/checkpoint.json", "long".repeat(30));
    project.write(
        "config/config.yaml",
        &CONFIG.replace("check_interval: 1", &format!("checkpoint: {{ checkpoint_file: {checkpoint} }}")),
    );
    let sockets = tempfile::tempdir().unwrap();
    let command = |words: &[&str]| {
        let mut command = project.command(words);
        command.env("TMPDIR", sockets.path()).env_remove("XDG_RUNTIME_DIR");
        command
    };
    let server = command(&["serve"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = || {
        let output = command(&["status", "--json"]).env("XDG_RUNTIME_DIR", project.dir()).output().unwrap();
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        status["server"]["pid"].clone()
    };
    wait_until("the server answers", || pid() == server.id());
    let stopped = command(&["stop"]).env("XDG_RUNTIME_DIR", project.dir()).status().unwrap();
    assert!(stopped.success());
    assert_eq!(end(server).code, 0);
}

#[test]
fn a_project_folder_that_is_deleted_ends_the_server() {
    let ledger = tempfile::tempdir().unwrap();
    // Again and again: the server may write its log in the same moment.
    let project = project(
        "while [ -e \"$CODEAGENT_PROJECT_DIR\" ]; do rm -rf \"$CODEAGENT_PROJECT_DIR\"; done
        : > \"$LEDGER/deleted\"; exec sleep 600",
    );
    let server = project
        .command(&["run"])
        .env("LEDGER", ledger.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = end(server);
    said.failed(5, &["error: cannot ", "nothing unsaved was acknowledged", "hint: "]);
    assert!(!project.dir().exists(), "not made again");
    assert!(ledger.path().join("deleted").exists());
    fs::create_dir(project.dir()).unwrap(); // for the end of the scratch folder
}

#[test]
fn a_waiting_server_whose_project_is_deleted_ends_too() {
    let project = project("exit 0");
    project.write("config/config.yaml", &CONFIG.replace("check_interval: 1", "check_interval: 600"));
    let server = start(&project, &["serve"]);
    wait_until("waits", || {
        let list = fs::read_to_string(project.dir().join("todo.md")).unwrap_or_default();
        list.matches("- [x]").count() == 3
    });
    // Again and again: the server puts back what is taken away while the project is there.
    wait_until("deleted", || {
        let _ = fs::remove_dir_all(project.dir());
        !project.dir().exists()
    });
    let said = end(server);
    said.failed(5, &["error: cannot ", "nothing unsaved was acknowledged"]);
    fs::create_dir_all(project.dir()).unwrap();
}

// ---- servers beside each other

#[test]
fn a_second_server_is_refused_with_the_pid_of_the_first() {
    let project = project("touch working; while [ ! -e go ]; do sleep 0.02; done");
    let server = start(&project, &["run"]);
    wait_until("works", || project.dir().join("working").exists());
    for verb in ["run", "serve"] {
        project.say(&[verb]).failed(3, &[&format!("in use by process {}", server.id()), ".lock", "hint: "]);
    }
    assert_eq!(project.json(&["status", "--json"])["server"]["pid"], server.id());
    project.write("go", "");
    assert_eq!(end(server).code, 0);
}

#[test]
fn a_copy_of_a_working_project_leaves_the_original_alone() {
    let ledger = tempfile::tempdir().unwrap();
    let project = project(
        "echo \"begin $CODEAGENT_TASK_ID\" >> got; touch working
while [ ! -e go ]; do sleep 0.02; done; echo \"end $CODEAGENT_TASK_ID\" >> got",
    );
    let server = start(&project, &["run"]);
    wait_until("works", || project.dir().join("working").exists());
    let copied = ledger.path().join("copy");
    assert!(Command::new("cp").arg("-a").args([project.dir(), &copied]).status().unwrap().success());
    fs::write(copied.join("go"), "").unwrap();
    let copy = Said::of(common::command(&["run"]).current_dir(&copied).output().unwrap());
    assert!(copy.done().err.contains("DID NOT STOP CLEANLY"), "{}", copy.err);
    project.write("go", "");
    assert_eq!(end(server).code, 0);
    let got = project.read("got");
    assert_eq!(
        got, "begin one\nend one\nbegin two\nend two\nbegin three\nend three\n",
        "the original's child lived"
    );
}

// ---- children

#[test]
fn children_that_misbehave() {
    let project = project(
        "case $CODEAGENT_TASK_ID in
one) exec >&- 2>&-; sleep 0.2; exit 0;;
two) cat; read x && exit 7; exit 0;;
three) (setsid sh -c 'echo $$ > daemon; trap \"\" TERM HUP INT; while :; do sleep 1; done' > /dev/null 2>&1 &)
  while [ ! -s daemon ]; do sleep 0.02; done; exit 0;;
esac",
    );
    let began = Instant::now();
    project.say(&["run"]).done();
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(states(&project), ["completed"; 3]);
    let daemon = project.read("daemon");
    let daemon = Path::new("/proc").join(daemon.trim());
    let is_gone = || !fs::read_to_string(daemon.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(is_gone(), "what the agent started is ended with it");
}

#[test]
fn a_child_that_ignores_sigterm_ends_at_its_timeout() {
    let project = project("trap '' TERM; while :; do sleep 0.05; done");
    project.write("todo.md", "- [ ] one\n");
    let config = CONFIG.replace("kill_grace: 1", "kill_grace: 0.2, timeout: 0.3");
    project.write("config/config.yaml", &config);
    let ran = project.say(&["run"]);
    ran.failed(1, &["executor.timeout"]);
    assert!(project.read("todo.md").starts_with("- [-]"));
}

// ---- time

#[test]
fn a_clock_that_is_set_back_by_a_day_delays_nothing() {
    if !permitted("faketime", &["-f", "-1d", "true"]) {
        return;
    }
    let project = project("[ \"$CODEAGENT_TASK_ID$CODEAGENT_ATTEMPT\" = one1 ] && exit 1; exit 0");
    project
        .write("config/config.yaml", &CONFIG.replace("initial_delay: 0", "initial_delay: 1, jitter: false"));
    let first = project.say(&["run", "--max-iterations", "1"]);
    assert_eq!(states(&project), ["failed", "completed", "completed"], "{}", first.err);
    let run = project.command(&["run"]);
    let mut faked = Command::new("faketime");
    faked.args(["-f", "-1d"]).arg(run.get_program()).args(run.get_args()).current_dir(project.dir());
    faked.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let began = Instant::now();
    let second =
        Said::of(faked.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").stdin(Stdio::null()).output().unwrap());
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(began.elapsed() < Duration::from_secs(60), "the wait was never longer than its delay");
    assert_eq!(states(&project), ["completed"; 3]);
    project.say(&["run"]).done();
}

// ---- terminals

#[test]
fn a_terminal_that_goes_away_stops_the_server_cleanly() {
    let project = project("touch working; echo line; exec sleep 600");
    // A process of its own session, whose terminal is closed: SIGHUP, and EIO for whoever writes.
    if !permitted("python3", &["-c", "import pty"]) {
        return;
    }
    let script = "
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'run'])
while not os.path.exists('working'):
    time.sleep(0.01)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let run = project.command(&["run"]);
    let mut python = Command::new("python3");
    python.arg("-c").arg(script).arg(run.get_program()).current_dir(project.dir());
    python.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = Said::of(python.stdin(Stdio::null()).output().unwrap());
    assert_eq!(said.out, "129\n", "{}", said.err);
    let task = project.json(&["show", "one", "--json"]);
    assert_eq!((&task["state"], &task["excused"]), (&"pending".into(), &1.into()));
    assert_eq!(project.json(&["status", "--json"])["clean_shutdown"], true);
}

#[test]
fn a_reader_of_stderr_that_goes_away_stops_nothing() {
    let project = project("exit 0");
    let mut server = project.command(&["run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((server.stdout.take(), server.stderr.take()));
    let status = server.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    assert_eq!(states(&project), ["completed"; 3]);
    assert!(project.read("logs/code_agent.log").contains("Server stopped"));
}

#[test]
fn streams_that_are_closed_or_full_stop_nothing() {
    let project = project("exit 0");
    let shell = |redirection: &str| {
        let run = project.command(&["run"]);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("exec \"$0\" run {redirection}")).arg(run.get_program());
        shell.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(project.dir()).stdin(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(shell("<&- >&- 2>&-"), Some(0));
    assert_eq!(states(&project), ["completed"; 3]);
    project.write("todo.md", "- [ ] four\n");
    assert_eq!(shell("2> /dev/full > /dev/null"), Some(0));
    assert_eq!(states(&project), ["completed"; 4]);
    project.write("todo.md", "- [ ] five\n");
    // stdout could not be written: said by the exit code, but only after the work.
    assert_eq!(shell("> /dev/full 2> /dev/null"), Some(5));
    assert_eq!(states(&project), ["completed"; 5]);
}
