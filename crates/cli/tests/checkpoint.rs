//! `checkpoint verify | export | import | reset | repair` on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]

mod common;

use common::Project;

const MAIN: &str = "data/.codeagent_checkpoint.json";
const BACKUP: &str = "data/.codeagent_checkpoint.json.backup";

/// The guide's example, with a key of somebody else.
const GUIDE: &str = r#"{
  "version": "1.0",
  "server_state": {
    "last_start_time": "2026-01-18T10:30:00",
    "last_stop_time": "2026-01-18T12:45:00",
    "iteration_count": 42,
    "clean_shutdown": true
  },
  "tasks": [
    {
      "task_id": "task_001",
      "task_text": "Реализовать функцию X",
      "state": "completed",
      "start_time": "2026-01-18T10:31:00",
      "end_time": "2026-01-18T10:35:00",
      "attempts": 1,
      "error_message": null,
      "metadata": {},
      "mood": "good"
    }
  ],
  "current_task": null,
  "session_id": "20260118_103000",
  "last_update": "2026-01-18T12:45:00"
}"#;

fn with_two_tasks() -> Project {
    let project = Project::new();
    project.say(&["add", "One", "--id", "one"]).done();
    project.say(&["add", "Two", "--id", "two"]).done();
    project
}

fn names(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.dir().join("data")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn verify_of_whole_files() {
    let project = with_two_tasks();
    let said = project.say(&["checkpoint", "verify"]);
    assert!(
        said.done().out.contains("✓ Everything that was acknowledged is there; tasks: 2"),
        "{}",
        said.out
    );
    let report = project.json(&["checkpoint", "verify", "--json"]);
    assert_eq!((&report["whole"], &report["tasks"]), (&true.into(), &2.into()));
    assert_eq!(report["files"][0]["condition"], "snapshot");
    assert!(Project::new().say(&["checkpoint", "verify"]).done().out.contains("does not exist yet"));
}

#[test]
fn verify_changes_nothing_and_says_what_a_start_would_do() {
    let project = with_two_tasks();
    project.write(MAIN, "{ half");
    let before = names(&project);
    let said = project.say(&["checkpoint", "verify"]);
    assert!(
        said.done().out.contains("damaged: ") && said.out.contains("Restored from the backup"),
        "{}",
        said.out
    );
    assert_eq!((names(&project), project.read(MAIN).as_str()), (before, "{ half"));
    project.write(BACKUP, "{ half");
    project.say(&["checkpoint", "verify"]).failed(4, &["error: ", "hint: `codeagent checkpoint repair`"]);
    let said = project.say(&["checkpoint", "verify", "--json"]);
    said.failed(4, &[]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["whole"], false);
}

#[test]
fn what_was_exported_can_be_imported() {
    let project = with_two_tasks();
    project.say(&["skip", "one"]).done();
    project.say(&["checkpoint", "export", "out.json"]).done();
    assert_eq!(project.say(&["checkpoint", "export", "-"]).done().out, project.read("out.json"));
    let said = project.say(&["checkpoint", "export", "out.json"]);
    said.failed(2, &["error: out.json exists already and is not overwritten\n", "hint: choose another name"]);
    let said = project.say(&["checkpoint", "export", "out.json", "--lang", "ru"]);
    said.failed(2, &["ошибка: out.json уже есть и не перезаписывается\n", "подсказка: выберите другое имя"]);
    project.say(&["checkpoint", "reset"]).done();
    assert_eq!(project.json(&["list", "--json"])["tasks"], serde_json::json!([]));
    assert!(names(&project).iter().any(|name| name.contains("reset")), "{:?}", names(&project));
    project.say(&["checkpoint", "import", "out.json"]).done();
    let tasks = project.json(&["list", "--json"])["tasks"].clone();
    assert_eq!((&tasks[0]["task_id"], &tasks[0]["state"]), (&"one".into(), &"failed".into()));
    assert_eq!(tasks[1]["state"], "pending");
}

#[test]
fn what_is_no_checkpoint_is_not_imported() {
    let project = with_two_tasks();
    project.write("bad.json", "not json");
    project
        .say(&["checkpoint", "import", "bad.json"])
        .failed(2, &["error: this is no checkpoint", "bad.json"]);
    project.say(&["checkpoint", "import", "none.json"]).failed(2, &["none.json: No such file"]);
    assert_eq!(project.json(&["list", "--json"])["tasks"].as_array().unwrap().len(), 2);
}

#[test]
fn the_guides_example_is_opened_as_it_is() {
    let project = Project::new();
    project.write(MAIN, GUIDE);
    let task = project.json(&["show", "task_001", "--json"]);
    assert_eq!((&task["state"], &task["end_time"]), (&"completed".into(), &"2026-01-18T10:35:00".into()));
    project.say(&["add", "Next", "--id", "next"]).done();
    let written: serde_json::Value = serde_json::from_str(&project.read(MAIN)).unwrap();
    assert_eq!(written["tasks"][0]["mood"], "good");
    assert_eq!(written["server_state"]["iteration_count"], 42);
    assert_eq!(written["tasks"][1]["task_id"], "next");
}

#[test]
fn repair_saves_what_is_readable() {
    let project = with_two_tasks();
    assert_eq!(
        project.say(&["checkpoint", "repair"]).done().out,
        "The checkpoint is whole: nothing to repair.\n"
    );
    // Both files lose their end, and with it their proof; the tasks' own lines are whole.
    for file in [MAIN, BACKUP] {
        let text = project.read(file);
        project.write(file, &text[..text.len() - 30]);
    }
    project.say(&["list"]).failed(4, &["error: "]);
    let said = project.say(&["checkpoint", "repair"]);
    assert!(said.done().out.contains("Repaired: "), "{}", said.out);
    assert_eq!(project.json(&["list", "--json"])["tasks"].as_array().unwrap().len(), 2);
    assert!(names(&project).iter().any(|name| name.contains("repaired")), "{:?}", names(&project));
}
