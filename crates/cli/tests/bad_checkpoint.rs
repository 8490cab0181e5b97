//! Bad checkpoint files: refused with exit code 4 and left byte for byte as they were, or read safely.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::{collections::BTreeMap, fs, path::Path};

use common::Project;

const MAIN: &str = "data/.codeagent_checkpoint.json";
const BACKUP: &str = "data/.codeagent_checkpoint.json.backup";

fn project() -> Project {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n");
    project.write("config/config.yaml", "server: {task_delay: 0}\nexecutor: {command: [sh, agent.sh]}\n");
    project.write("agent.sh", "echo \"$CODEAGENT_TASK_ID\" >> got");
    project
}

/// A document around these tasks.
fn document(tasks: &str) -> String {
    format!(
        r#"{{"version": "1.0", "server_state": {{"last_start_time": null, "last_stop_time": null, "iteration_count": 1,
        "clean_shutdown": true}}, "tasks": [{tasks}], "current_task": null, "session_id": "s", "last_update": "2026-01-18T12:45:00"}}"#
    )
}

fn task(id: &str, text: &str, state: &str) -> String {
    format!(
        r#"{{"task_id": "{id}", "task_text": "{text}", "state": "{state}", "attempts": 0, "metadata": {{}}}}"#
    )
}

/// Every file under the data folder.
fn files(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(project.dir().join("data")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.map(|path| (name(&path), fs::read(&path).unwrap_or_default())).collect()
}

/// Refused by all that reads or writes it, with these words, and nothing is changed.
#[track_caller]
fn refused(project: &Project, pieces: &[&str]) {
    let before = files(project);
    for words in [
        &["run"][..],
        &["serve"],
        &["run", "--dry-run"],
        &["list"],
        &["status"],
        &["show", "one"],
        &["add", "x"],
    ] {
        let said = project.say(words);
        said.failed(4, pieces);
        said.failed(4, &["error: ", "nothing was changed", "hint: "]);
        assert_eq!(files(project), before, "{words:?}");
    }
    assert!(!project.dir().join("got").exists());
}

#[test]
fn what_is_no_checkpoint_is_refused_and_untouched() {
    let good = document(&task("a", "one", "pending"));
    let same_twice = document(&[task("a", "one", "pending"), task("a", "two", "pending")].join(","));
    let deep = format!(r#"{{"version": "1.0", "x": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (content, piece) in [
        ("", "empty"),
        (&good[..60], "line 1"),
        ("null", "null"),
        ("[]", "a list"),
        ("{}", "`version`"),
        (r#"{"version": "1.0"}"#, "`tasks`"),
        (r#"{"tasks": 5}"#, "`tasks`"),
        ("not json", "JSON"),
        (&"\0".repeat(500), "JSON"),
        (&"[".repeat(100_000), "nested"),
        (&deep, "nested"),
        (&same_twice, "two tasks have the id"),
        (&document(&task("a", "one", "weird")), "weird"),
        (&document(r#"{"task_id": null, "task_text": "x", "state": "pending"}"#), "task_id"),
        (&document(r#"{"task_id": "a", "task_text": "x", "state": "pending", "attempts": -5}"#), "attempts"),
        (
            &document(r#"{"task_id": "a", "task_text": "x", "state": "pending", "attempts": 1e400}"#),
            "attempts",
        ),
        (&document(r#"{"task_id": "a", "task_text": "\ud800", "state": "pending"}"#), "surrogate"),
        (
            &document(r#"{"task_id": "a", "task_text": "x", "state": "pending", "start_time": "yesterday"}"#),
            "start_time",
        ),
    ] {
        let project = project();
        project.write(MAIN, content);
        refused(&project, &[".codeagent_checkpoint.json", piece]);
    }
}

#[test]
fn a_newer_version_is_refused_even_beside_a_good_backup() {
    let project = project();
    project.write(BACKUP, &document(&task("a", "one", "pending")));
    project.write(MAIN, &document(&task("a", "one", "pending")).replace("1.0", "2.0"));
    refused(&project, &["newer version (2.0)"]);
}

#[test]
fn both_damaged_is_refused() {
    let project = project();
    project.say(&["run"]).done();
    fs::remove_file(project.dir().join("got")).unwrap();
    for file in [MAIN, BACKUP] {
        let text = project.read(file);
        project.write(file, &text.replace("completed", "cOmpleted"));
    }
    refused(&project, &[".codeagent_checkpoint.json", ".backup", "repair"]);
}

#[test]
fn a_damaged_main_file_costs_nothing_and_is_kept() {
    let project = project();
    project.say(&["run"]).done();
    let whole = project.read(MAIN);
    let cut = whole.len() / 2;
    for damage in
        [String::new(), whole[..cut].to_owned(), "\0".repeat(whole.len()), whole.replace("one", "eno")]
    {
        project.write(MAIN, &damage);
        let ran = project.say(&["run"]);
        assert!(ran.done().err.contains("backup"), "{}", ran.err);
        assert_eq!(project.read("got"), "one\n", "the completed task did not run again");
        let kept = files(&project)
            .into_iter()
            .any(|(name, bytes)| name.contains(".json.") && bytes == damage.as_bytes());
        assert!(kept, "the damaged file is there under another name");
    }
}

#[test]
fn a_journal_of_zeros_after_a_kill() {
    let project = project();
    project.write("agent.sh", "touch working; while [ -e working ]; do sleep 0.05; done");
    let mut server = project.command(&["run"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !project.dir().join("working").exists() {
        common::pause(std::time::Duration::from_millis(5));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    for (name, bytes) in files(&project) {
        if name.contains("journal") {
            project.write(&format!("data/{name}"), &"\0".repeat(bytes.len()));
        }
    }
    refused(&project, &["journal"]);
}

#[test]
fn a_folder_in_the_place_of_a_file() {
    for (place, code, piece) in [
        (MAIN, 4, "is a directory"),
        (BACKUP, 4, "is a directory"),
        ("data/.codeagent_checkpoint.lock", 5, "is a directory"),
    ] {
        let project = project();
        fs::create_dir_all(project.dir().join(place).join("x")).unwrap();
        project.say(&["run"]).failed(code, &["error: ", place, piece, "hint: "]);
        assert!(project.dir().join(place).join("x").is_dir(), "untouched");
    }
    let project = project();
    project.write("data", "a file where the folder should be");
    project.say(&["run"]).failed(5, &["error: ", "data", "hint: "]);
    assert_eq!(project.read("data"), "a file where the folder should be");
}

#[test]
fn folders_in_the_place_of_what_nothing_depends_on() {
    for place in [
        "logs/code_agent.log",
        "codeAgentProjectStatus.md",
        ".codeagent_sessions.json",
        "data/.codeagent.sock",
    ] {
        let project = project();
        fs::create_dir_all(project.dir().join(place).join("x")).unwrap();
        let ran = project.say(&["run"]);
        assert!(project.read("todo.md").contains("- [x] one"), "{place}: {}", ran.done().err);
        let said = ran.err.to_lowercase().matches("is a directory").count();
        assert!(said <= 1, "{place}: said {said} times: {}", ran.err);
    }
    let project = project();
    project.write("logs", "a file where the folder should be");
    project.say(&["run"]).done();
}

#[test]
fn an_id_that_is_a_path_names_no_file_outside() {
    for id in ["../../x", "/etc/x", "..", ".", "a/b", "-rf", "a\\u0000b", "a\\u001b[31m\\n"] {
        let project = project();
        project.write(MAIN, &document(&task(id, "one", "pending")));
        let before: Vec<_> = names_above(&project);
        let ran = project.say(&["run"]);
        if id == "a\\u0000b" {
            ran.failed(1, &["CODEAGENT_TASK_ID: a NUL byte"]); // no variable holds it: its task fails, with the reason
        } else {
            ran.done();
        }
        assert!(!ran.err.contains('\x1b') && !ran.out.contains('\x1b'));
        assert_eq!(names_above(&project), before, "{id}");
        for entry in fs::read_dir(project.dir().join("logs")).unwrap() {
            let entry = entry.unwrap();
            assert!(entry.file_type().unwrap().is_file(), "{id}: {:?}", entry.path());
        }
        project.say(&["list"]).done();
    }
}

/// What lies in the project folder besides what a run leaves there.
fn names_above(project: &Project) -> Vec<std::ffi::OsString> {
    let ours = ["logs", "got", "codeAgentProjectStatus.md", ".codeagent_sessions.json"];
    let mut names: Vec<_> =
        fs::read_dir(project.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| !ours.iter().any(|ours| name == ours));
    names.sort();
    names
}

#[test]
fn a_large_file_is_read_or_refused_and_never_a_panic() {
    let project = project();
    let metadata = "x".repeat(20 << 20);
    let big = document(
        &task("a", "one", "completed")
            .replace(r#""metadata": {}"#, &format!(r#""metadata": {{"x": "{metadata}"}}"#)),
    );
    project.write(MAIN, &big);
    let ran = project.say(&["run"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(project.read(MAIN).contains(&metadata), "what is others' stays");
}
