//! Stops: by signal, by command, once and twice; and what the next start says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]
mod common;

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::{Project, pause, signal};

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1 }
executor: { command: [sh, agent.sh], kill_grace: 3, retry: { initial_delay: 0 } }
";

fn project(agent: &str) -> Project {
    let project = Project::with_list("- [ ] long <!-- id: long -->\n- [ ] next <!-- id: next -->\n");
    project.write("agent.sh", agent);
    project.write("config/config.yaml", CONFIG);
    project
}

/// A server whose first task says that it works.
fn at_work(project: &Project, command: &mut Command) -> Child {
    let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !project.dir().join("working").exists() {
        assert!(server.try_wait().unwrap().is_none(), "ended early");
        assert!(began.elapsed() < Duration::from_secs(60), "never began");
        pause(Duration::from_millis(5));
    }
    server
}

const WORKS_LONG: &str = "touch working; [ -e fast ] && exit 0; sleep 600";

#[test]
fn a_signal_stops_cleanly_and_excuses_the_attempt() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let project = project(WORKS_LONG);
        project.write("config/config.yaml", &CONFIG.replace("kill_grace: 3", "kill_grace: 600"));
        let mut server = at_work(&project, &mut project.command(&["run"]));
        signal(&server, name);
        let began = Instant::now();
        let status = server.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{name}: {:?}", status.signal());
        assert!(began.elapsed() < Duration::from_secs(60), "a child that ends is not waited for any longer");
        let task = &project.json(&["show", "long", "--json"]);
        let task = if task["task"].is_object() { &task["task"] } else { task };
        assert_eq!(
            (&task["state"], &task["attempts"], &task["excused"]),
            (&"pending".into(), &1.into(), &1.into())
        );
        let document = project.read("data/.codeagent_checkpoint.json");
        assert!(document.contains("\"clean_shutdown\": true"), "{document}");
        project.write("fast", "");
        let again = project.say(&["run"]);
        assert_eq!(again.code, 0, "{}", again.err);
        assert!(again.out.contains("The previous stop was clean"), "{}", again.out);
        assert!(!again.err.contains("DID NOT STOP CLEANLY"));
    }
}

#[test]
fn a_child_that_ignores_sigterm_is_ended_after_the_grace() {
    let project = project("trap '' TERM; touch working; while :; do sleep 1; done");
    let mut server = at_work(&project, &mut project.command(&["run"]));
    signal(&server, "INT");
    let began = Instant::now();
    assert_eq!(server.wait().unwrap().code(), Some(130));
    let took = began.elapsed();
    // Not sooner than after the grace, and long before the child would have ended.
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_second_signal_waits_for_no_grace() {
    let project = project("trap '' TERM; touch working; while :; do sleep 1; done");
    project.write("config/config.yaml", &CONFIG.replace("kill_grace: 3", "kill_grace: 600"));
    let mut server = at_work(&project, &mut project.command(&["run"]));
    // Two that come close together may be one to the system: another until it is heard.
    let began = Instant::now();
    while server.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "the grace was waited for");
        signal(&server, "INT");
        pause(Duration::from_millis(50));
    }
    assert_eq!(server.wait().unwrap().code(), Some(130));
    assert!(project.read("data/.codeagent_checkpoint.json").contains("\"clean_shutdown\": true"));
}

#[test]
fn a_sighup_that_nohup_ignores_stays_ignored() {
    let project = project("touch working; while [ ! -e go ]; do sleep 0.05; done");
    let run = project.command(&["run"]);
    let mut nohup = Command::new("nohup");
    nohup.arg(run.get_program()).args(run.get_args()).current_dir(project.dir());
    nohup.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut server = at_work(&project, &mut nohup);
    signal(&server, "HUP");
    project.write("go", "");
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn stop_lets_the_current_task_finish_and_stop_now_does_not() {
    let project = project("touch working; while [ ! -e go ]; do sleep 0.05; done");
    let mut server = at_work(&project, &mut project.command(&["serve"]));
    assert_eq!(project.say(&["stop"]).code, 0);
    project.write("go", "");
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let states = project.json(&["list", "--json"]);
    let states: Vec<_> =
        states["tasks"].as_array().unwrap().iter().map(|task| task["state"].clone()).collect();
    assert_eq!(states, ["completed", "pending"]);

    fs::remove_file(project.dir().join("go")).unwrap();
    fs::remove_file(project.dir().join("working")).unwrap();
    let mut server = at_work(&project, &mut project.command(&["serve"]));
    assert_eq!(project.say(&["stop", "--now"]).code, 0);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert_eq!(project.json(&["status", "--json"])["clean_shutdown"], true);
}

/// The server would wait for its agent, and that for the server.
#[test]
fn an_agent_that_stops_its_server_does_not_wait_for_it() {
    let project = project("\"$CODEAGENT\" stop --wait >said 2>&1");
    let mut run = project.command(&["run"]);
    run.env("CODEAGENT", env!("CARGO_BIN_EXE_codeagent")).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(run.status().unwrap().success());
    assert!(project.read("said").contains("Not waited for"), "{}", project.read("said"));
    assert_eq!(project.json(&["show", "long", "--json"])["state"], "completed");
}

#[test]
fn cancel_ends_the_running_attempt_and_the_list_goes_on() {
    let project = project("[ $CODEAGENT_TASK_ID = next ] && exit 0; touch working; sleep 600");
    let mut server = at_work(&project, &mut project.command(&["run"]));
    assert_eq!(project.say(&["cancel", "long"]).code, 0);
    assert_eq!(server.wait().unwrap().code(), Some(1), "a cancelled task of the list is not done");
    assert!(project.read("todo.md").contains("- [-] long"));
    assert!(project.read("todo.md").contains("- [x] next"));
}

#[test]
fn a_task_added_to_a_waiting_server_runs_at_once() {
    let project = Project::with_list("- [ ] first\n");
    project.write("agent.sh", "echo \"$CODEAGENT_TASK_TEXT\" >> done.txt; touch working");
    project.write("config/config.yaml", &CONFIG.replace("check_interval: 1", "check_interval: 600"));
    let mut server = at_work(&project, &mut project.command(&["serve"]));
    assert_eq!(project.say(&["add", "second"]).code, 0);
    wait_for(&project, "done.txt", "second");
    fs::write(project.dir().join("todo.md"), "- [x] first\n- [ ] third\n").unwrap();
    wait_for(&project, "done.txt", "third");
    assert_eq!(project.say(&["stop"]).code, 0);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

/// A cancel at any moment from the claim on ends the attempt.
#[test]
fn cancel_reaches_an_attempt_that_has_just_begun() {
    for round in 0..8 {
        let project = project("[ $CODEAGENT_TASK_ID = next ] && exit 0; touch working; sleep 600");
        let mut server =
            project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while project.say(&["cancel", "long"]).code != 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "{round}: never cancelled");
        }
        wait_for(&project, "todo.md", "[x] next");
        assert_eq!(server.wait().unwrap().code(), Some(1), "{round}");
    }
}

/// Commands that hold the files for a moment keep neither each other nor a server out.
#[test]
fn commands_and_a_start_wait_for_each_other() {
    let project = project("true");
    let mut adding: Vec<_> = (0..12)
        .map(|n| {
            let id = format!("t{n}");
            let mut add = project.command(&["add", &id, "--id", &id]);
            add.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    assert_eq!(project.say(&["run"]).code, 0);
    for add in &mut adding {
        assert_eq!(add.wait().unwrap().code(), Some(0));
    }
    assert_eq!(project.say(&["run"]).code, 0);
    let completed = project.json(&["list", "--state", "completed", "--json"]);
    assert_eq!(completed["tasks"].as_array().unwrap().len(), 14);
}

/// Also while the server begins again, a signal ends it.
#[test]
fn a_restart_survives_commands_and_hears_signals() {
    let project = project("true");
    let mut server = project.command(&["serve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&project, "todo.md", "[x] next");
    for n in 0..5 {
        restart(&project);
        let id = format!("r{n}");
        let added = project.say(&["add", &id, "--id", &id]);
        assert_eq!(added.code, 0, "{}", added.err);
    }
    restart(&project);
    signal(&server, "TERM");
    assert_eq!(server.wait().unwrap().code(), Some(143));
}

/// One that is just beginning again can't be asked yet.
fn restart(project: &Project) {
    let began = Instant::now();
    while project.say(&["restart"]).code != 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "never asked");
    }
}

fn wait_for(project: &Project, file: &str, text: &str) {
    let began = Instant::now();
    while !fs::read_to_string(project.dir().join(file)).unwrap_or_default().contains(text) {
        assert!(began.elapsed() < Duration::from_secs(30), "`{text}` never came");
        pause(Duration::from_millis(10));
    }
}
