//! Bad configurations: refused with file, line, column and key; and executors that can't be started.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::{fs, os::unix::fs::PermissionsExt};

use common::{Project, Said};

fn project(config: &str) -> Project {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n");
    project.write("config/config.yaml", config);
    project
}

/// What `run` says of a configuration that it refuses before it touches anything.
#[track_caller]
fn refused(config: &str, pieces: &[&str]) {
    let project = project(config);
    for words in [&["run"][..], &["config", "check"], &["list"], &["serve"]] {
        project.say(words).failed(2, pieces);
    }
    assert!(!project.dir().join("data").exists(), "nothing was begun");
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (config, pieces) in [
        ("server:\n\tcheck_interval: 5\n", &["config/config.yaml:2:", "tab", "hint: "][..]),
        ("server: {check_interval: -5}\n", &["config.yaml:1:26: server.check_interval", "negative"]),
        ("server: {check_interval: soon}\n", &["config.yaml:1:26: server.check_interval", "seconds"]),
        ("server: {check_interval: .inf}\n", &["server.check_interval"]),
        ("server: {task_delay: 99999999999999999999}\n", &["server.task_delay"]),
        ("server: {max_iterations: -1}\n", &["server.max_iterations"]),
        ("server: 5\n", &["config.yaml:1:9: server"]),
        ("server: {checkpoint: {max_task_attempts: 0}}\n", &["server.checkpoint.max_task_attempts"]),
        ("server: {checkpoint: {checkpoint_file: ''}}\n", &["server.checkpoint.checkpoint_file"]),
        ("server: {checkpoint: {checkpoint_file: \"a\\0b\"}}\n", &["server.checkpoint.checkpoint_file"]),
        ("executor: {command: 'agent x'}\n", &["executor.command", "hint: ", "[\"./agent.sh\""]),
        ("executor: {command: {a: b}}\n", &["executor.command"]),
        (
            "executor: {command: [a, '{task_tex}']}\n",
            &["config.yaml:1:21: executor.command", "did you mean `{task_text}`?"],
        ),
        ("executor: {timeout: 1e999}\n", &["executor.timeout"]),
        ("executor: {stdin: maybe}\n", &["executor.stdin", "none, prompt"]),
        ("executor: {retry: {initial_delay: .nan}}\n", &["executor.retry.initial_delay"]),
        ("project: {todo_format: ../x}\n", &["project.todo_format"]),
        ("[1, 2\n", &["config.yaml:", "YAML"]),
        ("- a\n", &["config.yaml:1:1"]),
    ] {
        refused(config, pieces);
    }
}

#[test]
fn bombs_are_refused_in_no_time() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        bomb.push_str(&format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(", ")));
    }
    refused(&bomb, &["config.yaml:", "aliases"]);
    refused(&format!("x: {}{}\n", "[".repeat(2_000), "]".repeat(2_000)), &["config.yaml:1:", "nested"]);
}

#[test]
fn unknown_keys_are_no_error() {
    let config =
        "server: {chek_interval: 5, task_delay: 0}\nllm: {model: x}\nexecutor: {command: ['true']}\n";
    let project = project(config);
    let ran = project.say(&["run"]);
    let warning = "`server.chek_interval` is unknown; did you mean `server.check_interval`?";
    assert!(ran.done().err.contains(warning) && ran.err.contains("llm"), "{}", ran.err);
}

#[test]
fn a_configuration_that_is_no_file() {
    let project = Project::with_list("- [ ] one\n");
    fs::create_dir_all(project.dir().join("config/config.yaml")).unwrap();
    project.say(&["run"]).failed(2, &["config/config.yaml", "folder"]);
    project.say(&["run", "--config", "nowhere.yaml"]).failed(2, &["nowhere.yaml"]);
    project.say(&["run", "--project", "nowhere"]).failed(2, &["nowhere"]);
    fs::write(project.dir().join("latin.yaml"), b"server: {task_delay: 0} # \xe9\n").unwrap();
    project.say(&["run", "--config", "latin.yaml"]).failed(2, &["latin.yaml", "UTF-8"]);
}

#[test]
fn no_executor_is_told_with_the_agents_at_hand() {
    let project = project("server: {task_delay: 0}\n");
    let said = Said::of(project.command(&["run"]).env("PATH", "/nonexistent").output().unwrap());
    said.failed(2, &["no executor", "hint: set `executor.command` in config/config.yaml", "--exec"]);
    assert!(!said.err.contains("agents found"));
    for agent in ["claude", "codex"] {
        project.write(&format!("bin/{agent}"), "#!/bin/sh\n");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.dir().join("bin").join(agent), mode).unwrap();
    }
    let said = Said::of(project.command(&["run"]).env("PATH", project.dir().join("bin")).output().unwrap());
    said.failed(2, &["agents found in PATH: claude, codex"]);
    assert!(!project.dir().join("data").exists(), "nothing was begun");
}

#[test]
fn an_executor_that_cannot_be_started_uses_nothing_up() {
    let project = project("server: {task_delay: 0}\n");
    project.write("plain", "no program");
    project.write("broken", "no program");
    fs::set_permissions(project.dir().join("broken"), fs::Permissions::from_mode(0o755)).unwrap();
    for (command, pieces) in [
        ("no-such-program-anywhere", &["program not found: no-such-program-anywhere"][..]),
        ("./nowhere", &["program not found: ./nowhere"]),
        ("./plain", &["cannot be executed", "plain"]),
        ("./config", &["cannot be executed", "config", "directory"]),
        ("./plain/below", &["program not found"]),
        ("./broken", &["cannot be executed", "broken"]),
    ] {
        let said = project.say(&["run", "--exec", command]);
        said.failed(2, pieces);
        said.failed(2, &["no attempt was used up", "hint: check `--exec`, or `executor.command`"]);
        let task = project.json(&["show", "one", "--json"]);
        assert_eq!(task["state"], "pending", "{command}: {task}");
        let counted = task["attempts"].as_u64().unwrap() - task["excused"].as_u64().unwrap_or(0);
        assert_eq!(counted, 0, "{command}: {task}");
        assert_eq!(project.json(&["status", "--json"])["clean_shutdown"], true);
    }
    assert_eq!(project.read("todo.md"), "- [ ] one <!-- id: one -->\n");
    project.say(&["run", "--exec", ""]).failed(2, &["--exec", "hint: "]);
    project.say(&["run", "--exec", "'open"]).failed(2, &["--exec", "hint: "]);
    project
        .say(&["run", "--exec", "echo {task_tex}"])
        .failed(2, &["--exec: executor.command", "`{task_text}`"]);
    project.say(&["run", "--exec", "true"]).done();
}
