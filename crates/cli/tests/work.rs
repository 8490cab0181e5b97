//! `run` with real agents (shell scripts), and what can be asked of it meanwhile.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{Project, Said, pause};

/// Without pauses, so that a test lasts as long as its agents.
const CONFIG: &str = "
server: {task_delay: 0}
executor:
  command: [sh, agent.sh, '{task_text}']
  retry: {initial_delay: 0, jitter: false}
";

fn project(list: &str, agent: &str) -> Project {
    let project = Project::with_list(list);
    project.write("config/config.yaml", CONFIG);
    project.write("agent.sh", agent);
    project
}

/// A server whose agent says `ready` and then waits until it is ended.
struct Busy {
    project: Project,
    server: Child,
}

impl Busy {
    /// Ready when the server itself says that the attempt runs: from then on it can be ended.
    fn start() -> Self {
        let project = project("- [ ] Wait for ever\n", "echo ready; exec sleep 600");
        let mut server = project.command(&["run"]);
        let server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let runs = |status: serde_json::Value| !status["server"]["attempt_elapsed_s"].is_null();
        let mut busy = Self { project, server };
        while !runs(busy.project.json(&["status", "--json"])) {
            assert!(busy.server.try_wait().unwrap().is_none(), "ended early");
            pause(Duration::from_millis(5));
        }
        busy
    }

    /// `log --follow` of its task, and the lines that it prints.
    fn followed(&self) -> (Child, impl Iterator<Item = std::io::Result<String>> + use<>) {
        let listed = self.project.json(&["list", "--json"]);
        let id = listed["tasks"][0]["task_id"].as_str().unwrap().to_owned();
        let mut follower = self.project.command(&["log", &id, "--follow"]);
        let mut follower = follower.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(follower.stdout.take().unwrap()).lines();
        (follower, lines)
    }

    fn end(mut self) -> (i32, String) {
        let mut out = String::new();
        self.server.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        (self.server.wait().unwrap().code().unwrap(), out)
    }
}

/// A test that fails must not leave its server and its agent behind.
impl Drop for Busy {
    fn drop(&mut self) {
        let stopped = self.project.command(&["stop", "--now"]).output();
        if !stopped.is_ok_and(|output| output.status.success()) {
            _ = self.server.kill();
        }
        _ = self.server.wait();
    }
}

fn states(project: &Project) -> Vec<(String, String, u64)> {
    let listed = project.json(&["list", "--json"]);
    let tasks = listed["tasks"].as_array().unwrap().clone();
    let text = |task: &serde_json::Value, key: &str| task[key].as_str().unwrap().to_owned();
    let row = |task| (text(&task, "task_text"), text(&task, "state"), task["attempts"].as_u64().unwrap());
    tasks.into_iter().map(row).collect()
}

#[test]
fn a_list_is_worked_through() {
    let project = project("# List\n\n- [ ] one\n- [ ] two\n", "echo \"did $1\" >> done.txt");
    let said = project.say(&["run"]);
    assert!(said.done().out.ends_with("Done: 2 of 2; failed or skipped: 0\n"), "{}", said.out);
    assert_eq!(project.read("done.txt"), "did one\ndid two\n");
    assert!(project.read("todo.md").starts_with("# List\n\n- [x] one <!--"));
    assert!(!said.err.contains('\x1b'), "{}", said.err);
    assert!(project.say(&["run"]).done().out.ends_with("Nothing to do.\n"));
    assert_eq!(project.say(&["run", "-q"]).done().out, "");
}

#[test]
fn a_task_that_always_fails_ends_with_1() {
    let project = project("- [ ] bad\n- [ ] good\n", "test \"$1\" = good");
    let said = project.say(&["run"]);
    said.failed(1, &["Task failed for good"]);
    assert!(said.out.ends_with("Done: 1 of 2; failed or skipped: 1\n"), "{}", said.out);
    let expected = [("bad", "failed", 3), ("good", "completed", 1)];
    let expected = expected.map(|(text, state, n)| (text.to_owned(), state.to_owned(), n));
    assert_eq!(states(&project), expected);
    assert!(project.read("todo.md").starts_with("- [-] bad\n"));
    assert!(
        project
            .say(&["run"])
            .out
            .ends_with("Nothing to do; failed or skipped: 1 (`codeagent list --state failed`)\n")
    );
}

#[test]
fn without_an_executor_it_says_how_to_name_one() {
    let project = Project::with_list("- [ ] one\n");
    project.write("bin/claude", "#!/bin/sh\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.dir().join("bin/claude"), mode).unwrap();
    let mut asked = project.command(&["run"]);
    let said = Said::of(asked.env("PATH", project.dir().join("bin")).output().unwrap());
    said.failed(
        2,
        &[
            "error: no executor is configured",
            "agents found in PATH: claude\n",
            "hint: set `executor.command`",
        ],
    );
    assert!(!project.dir().join("data").exists());
}

#[test]
fn an_executor_that_cannot_be_started_uses_nothing_up() {
    let project = Project::with_list("- [ ] one\n");
    project.say(&["run", "--exec", "./nothing-here"]).failed(2, &["error: ", "nothing-here", "hint: "]);
    // The program is looked for before the start is claimed.
    let task = &project.json(&["list", "--json"])["tasks"][0];
    assert_eq!(
        (&task["state"], &task["attempts"], &task["excused"]),
        (&"pending".into(), &0.into(), &0.into())
    );
    project.write("agent.sh", "");
    project.say(&["run", "--exec", "./agent.sh"]).failed(2, &["agent.sh"]);
}

#[test]
fn lists_that_cannot_be_worked() {
    let empty = project("", "");
    empty.say(&["run"]).done();
    let none = Project::new();
    none.say(&["run", "--exec", "true"]).failed(2, &["error: there is no TODO list in", "hint: write one"]);
    std::fs::write(none.dir().join("todo.md"), b"- [ ] a\n- [ ] \xff\n").unwrap();
    none.say(&["run", "--exec", "true"]).failed(2, &["todo.md:2: not UTF-8"]);
    none.say(&["run", "--exec", "true", "--lang", "ru"]).failed(2, &["todo.md:2: не UTF-8"]);
}

#[test]
fn a_dry_run_touches_nothing() {
    let project = project("- [ ] one\n  - [ ] inner\n- [x] two\n- [-] three\n", "touch ran");
    let said = project.say(&["run", "--dry-run"]);
    let lines: Vec<_> = said.done().out.lines().map(|line| line.split("  ").last().unwrap()).collect();
    assert_eq!(lines, ["Would run:", "one", "inner (after its parent)"]);
    for made in ["data", "logs", "ran"] {
        assert!(!project.dir().join(made).exists(), "{made}");
    }
}

/// What would end the real run ends this one, too; and a box that would not lead to a run is named.
#[test]
fn a_dry_run_says_what_the_run_would_stumble_over() {
    let project = Project::with_list("- [ ] one\n");
    let plan = "Would run:\n  task_7692c3ad3540  one\n";
    for (words, why) in [
        (&["run", "--dry-run"][..], "no executor is configured"),
        (&["run", "--dry-run", "--exec", "nonexistent {task_text}"], "nonexistent"),
    ] {
        let said = project.say(words);
        said.failed(2, &["error: ", why]);
        assert_eq!(said.out, plan);
    }
    let said = project.say(&["run", "--dry-run", "--exec", "true"]);
    assert!(
        said.done().err.contains("the agent learns of its task by $CODEAGENT_TASK_TEXT alone"),
        "{said:?}"
    );
    let said = project.say(&["run", "--exec", "true"]);
    assert!(
        said.done().err.contains("the agent learns of its task by $CODEAGENT_TASK_TEXT alone"),
        "{said:?}"
    );
    project.write("todo.md", "# Another week\n- [ ] one\n");
    let said = project.say(&["run", "--dry-run", "--exec", "true {task_text}"]);
    assert!(
        said.done().out.starts_with("Nothing to do.\nWould not run, though the box is open"),
        "{}",
        said.out
    );
    assert!(said.out.ends_with(":\n  task_7692c3ad3540  one\n"), "{}", said.out);
}

#[test]
fn log_lines_as_json() {
    let project = project("- [ ] one\n", "true");
    let mut asked = project.command(&["run", "--log-format", "json"]);
    let said = Said::of(asked.env("CODEAGENT_SERVER__CHECK_INTERVALL", "1").output().unwrap());
    assert!(said.err.contains("CODEAGENT_SERVER__CHECK_INTERVAL"), "{}", said.err);
    for line in said.done().err.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
}

/// A person who misses the development server that an agent had started finds why.
#[test]
fn what_an_agent_leaves_running_is_ended_and_told() {
    let project = project(
        "- [ ] one <!-- id: one -->\n",
        "sleep 600 >/dev/null 2>&1 & setsid sleep 600 >/dev/null 2>&1 & exit 0",
    );
    let said = project.say(&["run"]);
    assert!(
        said.done().err.contains("INFO - Ended 2 processes that the agent had left running: one\n"),
        "{said:?}"
    );
}

#[test]
fn logs_of_attempts() {
    let project = project("- [ ] one <!-- id: one -->\n", "echo \"attempt $CODEAGENT_ATTEMPT\"; exit 1");
    project.say(&["run"]).failed(1, &[]);
    let all = project.say(&["log", "one"]).done().out.clone();
    let at = |n: u32| all.find(&format!("attempt {n}\n")).unwrap_or_else(|| panic!("{n} in {all}"));
    assert!(at(1) < at(2) && at(2) < at(3));
    let second = project.say(&["log", "one", "--attempt", "2"]).done().out.clone();
    assert!(second.contains("attempt 2\n") && !second.contains("attempt 1\n"), "{second}");
    assert!(project.say(&["log", "one", "--follow"]).done().out.contains("attempt 3\n"));
    project.say(&["log", "one", "--attempt", "9"]).failed(1, &["no log of attempt 9 of one"]);
}

#[test]
fn commands_reach_a_running_server() {
    let busy = Busy::start();
    let project = &busy.project;
    let pid = busy.server.id();
    let status = project.json(&["status", "--json"]);
    assert_eq!((&status["server"]["pid"], &status["server"]["mode"]), (&pid.into(), &"run".into()));
    assert_eq!(status["current"][0]["task_text"], "Wait for ever");
    assert!(project.say(&["status"]).done().out.contains(&format!("process {pid}")));
    project.say(&["add", "Later", "--id", "later"]).done();
    assert_eq!(states(project).len(), 2);
    project.say(&["skip", "later"]).done();
    project.say(&["run"]).failed(3, &[&format!("in use by process {pid}"), "hint: "]);
    project.say(&["checkpoint", "reset"]).failed(3, &[&format!("in use by process {pid}")]);
    let said = project.say(&["stop", "--now", "--wait"]);
    assert_eq!(said.done().out, "The server stops now.\nThe server has ended.\n");
    assert_eq!(project.json(&["status", "--json"])["clean_shutdown"], true, "it was waited for");
    // In the morning nobody remembers what was asked for.
    let log = project.read("logs/code_agent.log");
    for asked in ["add later", "skip later", "stop --now"] {
        assert!(log.contains(&format!("Asked for: {asked}\n")), "{log}");
    }
    let (code, _) = busy.end();
    assert_eq!(code, 0);
}

/// A server that was stopped (SIGSTOP) accepts, and never answers: whoever asks is told so, and not asked to wait on.
#[test]
fn a_server_that_says_nothing_is_told_as_such() {
    let busy = Busy::start();
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &busy.server.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    let threads = format!("/proc/{}/task", busy.server.id());
    let stands = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    };
    while !std::fs::read_dir(&threads).unwrap().all(stands) {
        pause(Duration::from_millis(5));
    }
    let began = Instant::now();
    busy.project.say(&["status"]).failed(1, &["has not answered for 10 s", "hint: it may be stopped"]);
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    signal("-CONT");
    busy.project.say(&["status"]).done();
}

/// A line that comes close behind another one, and one in pieces: whoever judges by it whether an agent hangs sees the last.
#[test]
fn the_last_line_of_an_agent_is_shown_however_it_comes() {
    let project = project(
        "- [ ] talk\n",
        "echo reading; sleep 0.02; printf 'Running '; sleep 0.03; printf 'the suite\\n'; while [ ! -e go ]; do sleep 0.05; done",
    );
    let server = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let last_line = || project.json(&["status", "--json"])["server"]["last_line"].clone();
    while last_line() != "Running the suite" {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", last_line());
        pause(Duration::from_millis(20));
    }
    project.write("go", "");
    assert!(server.wait_with_output().unwrap().status.success());
}

#[test]
fn a_running_task_is_cancelled() {
    let busy = Busy::start();
    let listed = busy.project.json(&["list", "--json"]);
    let id = listed["tasks"][0]["task_id"].as_str().unwrap().to_owned();
    let said = busy.project.say(&["cancel", &id]);
    assert_eq!(said.done().out, format!("{id} is cancelled. Wait for ever\n"));
    let (code, out) = busy.end();
    assert_eq!(code, 1, "{out}");
}

#[test]
fn a_log_is_followed_to_the_end_of_the_attempt() {
    let busy = Busy::start();
    let (mut follower, mut lines) = busy.followed();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    busy.project.say(&["stop", "--now"]).done();
    lines.for_each(drop);
    assert!(follower.wait().unwrap().success());
    busy.end();
}

/// The server makes an attempt's log beside the child: a person may ask for it some moments earlier.
#[test]
fn a_log_that_is_not_there_yet_is_waited_for_while_its_attempt_runs() {
    let busy = Busy::start();
    let (logs, away) = (busy.project.dir().join("logs"), busy.project.dir().join("away"));
    let (mut first, mut lines) = busy.followed();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    first.kill().unwrap();
    first.wait().unwrap();
    std::fs::rename(&logs, &away).unwrap();
    let (mut follower, mut lines) = busy.followed();
    pause(Duration::from_millis(500));
    assert!(follower.try_wait().unwrap().is_none(), "no log, and so it ended");
    std::fs::rename(&away, &logs).unwrap();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    busy.project.say(&["stop", "--now"]).done();
    lines.for_each(drop);
    assert!(follower.wait().unwrap().success());
}

#[test]
fn a_followed_log_ends_with_its_server_also_if_that_says_no_good_bye() {
    let mut busy = Busy::start();
    let (mut follower, mut lines) = busy.followed();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    busy.server.kill().unwrap();
    busy.server.wait().unwrap();
    lines.for_each(drop);
    assert!(follower.wait().unwrap().success());
    // What the dead server left is ended by the next.
    busy.project.write("agent.sh", "exit 0\n");
    busy.project.say(&["run"]).done();
}

/// A slip in the file must neither end a server at night nor keep it from being reached.
#[test]
fn a_broken_configuration_does_not_reach_a_running_server() {
    let busy = Busy::start();
    let project = &busy.project;
    project.write("agent.sh", "exec sleep 600");
    project.write("config/config.yaml", "server: {task_delay: abc}");
    let said = project.say(&["status"]);
    assert!(said.done().err.starts_with("warning: config/config.yaml:1:22: "), "{}", said.err);
    project.say(&["add", "Second", "--id", "second"]).done();
    let first = project.json(&["list", "--json"])["tasks"][0]["task_id"].as_str().unwrap().to_owned();
    // A file that is named may be another project's: its server is not the one that works here.
    let named = ["stop", "--config", "config/config.yaml"];
    project.say(&named).failed(2, &["error: config/config.yaml:1:22"]);
    project.say(&["restart"]).done();
    project.say(&["cancel", &first]).done();
    let log = || project.read("logs/code_agent.log");
    let began = Instant::now();
    while !log().contains("Task started: second") {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", log());
        pause(Duration::from_millis(20));
    }
    assert!(log().contains("goes on with the former one: config/config.yaml:1:22: "), "{}", log());
    project.say(&["stop", "--now", "--wait"]).done();
    project.say(&["status"]).failed(2, &["error: config/config.yaml:1:22"]);
    busy.end();
}

#[test]
fn a_restart_reads_the_configuration_anew() {
    let project = project("- [ ] one\n", "while [ ! -e go ]; do sleep 0.02; done");
    let mut server = project.command(&["serve"]);
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = || project.json(&["status", "--json"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let until = |done: &dyn Fn(&serde_json::Value) -> bool| loop {
        let status = status();
        if done(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:#}");
        pause(Duration::from_millis(5));
    };
    let before = until(&|status| !status["server"]["attempt_elapsed_s"].is_null());
    project.write("config/config.yaml", &CONFIG.replace("agent.sh", "other.sh"));
    project.write("other.sh", "echo \"other did $1\" > done.txt");
    project.say(&["restart"]).done();
    project.say(&["add", "two"]).done();
    project.write("go", "");
    let after = until(&|status| status["statistics"]["completed"] == 2);
    assert_ne!(after["session_id"], before["session_id"]);
    assert_eq!(after["server"]["pid"], before["server"]["pid"]);
    assert_eq!(project.read("done.txt"), "other did two\n");
    project.say(&["stop"]).done();
    assert_eq!(server.wait().unwrap().code(), Some(0));
}
