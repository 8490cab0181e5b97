//! Named pipes, which nobody reads or writes, in the places of files: whoever opens one without care waits for ever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]

mod common;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{Project, Said, pause};

const CONFIG: &str = "executor: { command: [sh, -c, exit 0] }\n";

/// A project with a pipe in the place of a file.
fn project(pipe: &str) -> Project {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n");
    project.write("config/config.yaml", CONFIG);
    let pipe = project.dir().join(pipe);
    fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    project
}

/// What a command says that must come to its end by itself.
fn said(project: &Project, words: &[&str]) -> Said {
    let mut command = project.command(words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{words:?} waits: {}", Said::of(child.wait_with_output().unwrap()).err);
        }
        pause(Duration::from_millis(5));
    }
    Said::of(child.wait_with_output().unwrap())
}

#[test]
fn a_pipe_in_the_place_of_a_file_stops_no_work() {
    let log = "logs/task_one_20260118_103000.log";
    let tail = format!("{log}.tail-0");
    for pipe in [
        "codeAgentProjectStatus.md",
        ".codeagent_sessions.json",
        ".env",
        "logs/code_agent.log",
        "TODO.md",
        log,
        &tail,
    ] {
        let project = project(pipe);
        let ran = said(&project, &["run"]);
        assert_eq!(ran.code, 0, "{pipe}: {}", ran.err);
        assert_eq!(project.read("todo.md").matches("- [x] one").count(), 1, "{pipe}");
        for words in [&["log", "one"][..], &["status"]] {
            assert_eq!(said(&project, words).code, 0, "{pipe}: {words:?}");
        }
    }
}

#[test]
fn a_status_file_that_is_a_pipe_is_told() {
    let ran = said(&project("codeAgentProjectStatus.md"), &["run"]);
    assert_eq!(ran.done().err.matches("not a regular file").count(), 1, "{}", ran.err);
}

#[test]
fn a_configuration_that_is_a_pipe_is_refused() {
    said(&project("config/config.yaml"), &["run"]).failed(2, &["config/config.yaml"]);
}
