//! Tasks on the files, without a server: added, listed, shown, moved from state to state.

mod common;

use common::Project;

#[test]
fn an_empty_project() {
    let project = Project::new();
    let list = project.say(&["list"]);
    assert_eq!((list.done().out.as_str(), list.err.as_str()), ("", "No tasks.\n"));
    assert_eq!(project.json(&["list", "--json"]), serde_json::json!({"tasks": []}));
    let status = project.json(&["status", "--json"]);
    assert_eq!(status["server"], serde_json::Value::Null);
    assert_eq!(status["checkpoint_exists"], false);
    assert_eq!(status["statistics"]["total_tasks"], 0);
    assert!(project.say(&["status"]).done().out.contains("does not exist yet"));
    assert!(!project.dir().join("data").exists(), "what only reads writes nothing");
}

#[test]
fn json_has_the_guides_names() {
    let project = Project::new();
    project.say(&["add", "Write tests", "--id", "t1", "--metadata", r#"{"area": "docs"}"#]).done();
    let listed = project.json(&["list", "--json"]);
    let task = &listed["tasks"][0];
    assert_eq!(*task, project.json(&["show", "t1", "--json"]));
    for (key, value) in [
        ("task_id", serde_json::json!("t1")),
        ("task_text", "Write tests".into()),
        ("state", "pending".into()),
        ("attempts", 0.into()),
        ("start_time", serde_json::Value::Null),
        ("end_time", serde_json::Value::Null),
        ("error_message", serde_json::Value::Null),
        ("metadata", serde_json::json!({"area": "docs"})),
    ] {
        assert_eq!(task[key], value, "{key}");
    }
    assert_eq!(project.json(&["list", "--json", "--state", "failed"])["tasks"], serde_json::json!([]));
}

#[test]
fn add_answers_with_the_task() {
    let project = Project::new();
    let added = project.json(&["add", "One", "--json"]);
    let id = added["task_id"].as_str().unwrap();
    assert!(id.starts_with("task_") && id.len() == 17, "{id}");
    let said = project.say(&["add", "Two", "--id", "two"]);
    assert_eq!(said.done().out, "Added two: Two\n");
    project
        .say(&["add", "Again", "--id", "two"])
        .failed(1, &["error: there is a task two already", "hint: "]);
    project.say(&["add", "x", "--id", "../x"]).failed(2, &["error: an id consists of"]);
    project.say(&["add", "  "]).failed(2, &["error: a task needs a text"]);
}

#[test]
fn a_long_text_comes_by_stdin() {
    let project = Project::new();
    let text = "x".repeat(200 * 1024);
    project.write("text", &text);
    let file = std::fs::File::open(project.dir().join("text")).unwrap();
    let status = project.command(&["add", "--id", "long", "-"]).stdin(file).status().unwrap();
    assert!(status.success());
    assert_eq!(project.json(&["show", "long", "--json"])["task_text"], text.as_str());
}

#[test]
fn verbs_on_the_files() {
    let project = Project::new();
    project.say(&["add", "One", "--id", "one"]).done();
    assert_eq!(project.say(&["skip", "one"]).done().out, "one is skipped. One\n");
    let task = project.json(&["show", "one", "--json"]);
    assert_eq!((&task["state"], &task["final_reason"]), (&"failed".into(), &"skipped".into()));
    assert_eq!(project.say(&["retry", "one"]).done().out, "one will run again. One\n");
    project.say(&["retry", "one"]).failed(1, &["error: cannot retry one: it is pending", "hint: "]);
    project.say(&["cancel", "one"]).failed(1, &["cannot cancel one", "only a running task"]);
    project.say(&["skip", "none"]).failed(1, &["error: there is no task none", "`codeagent list`"]);
    project.say(&["stop"]).failed(1, &["error: no server runs", "hint: "]);
    project.say(&["log", "one"]).failed(1, &["error: there is no log of one"]);
    project.say(&["log", "none"]).failed(1, &["error: there is no task none"]);
}

#[test]
fn escapes_in_texts_are_shown_not_obeyed() {
    let project = Project::new();
    project.say(&["add", "red \x1b[31m\u{202e}\nline", "--id", "evil"]).done();
    for words in [&["list"][..], &["show", "evil"], &["skip", "evil"]] {
        let said = project.say(words);
        assert!(!said.done().out.contains(['\x1b', '\u{202e}']), "{words:?}: {}", said.out);
        assert!(said.out.contains("\\x1b[31m"), "{words:?}: {}", said.out);
    }
}

#[test]
fn colours_on_demand() {
    let project = Project::new();
    project.say(&["add", "One"]).done();
    assert!(!project.say(&["list"]).out.contains('\x1b'));
    assert!(project.say(&["list", "--color", "always"]).out.contains("\x1b[1m· pending"));
}

#[test]
fn a_damaged_checkpoint_is_refused_and_untouched() {
    let project = Project::new();
    for (i, text) in ["", "null", "[]", "{}", r#"{"tasks": 5}"#, "not json"].iter().enumerate() {
        project.write("data/.codeagent_checkpoint.json", text);
        for words in [&["list"][..], &["add", "x"], &["status"]] {
            project.say(words).failed(4, &["error: ", "hint: "]);
        }
        assert_eq!(project.read("data/.codeagent_checkpoint.json"), *text, "case {i}");
    }
    project.write("data/.codeagent_checkpoint.json", r#"{"version": "2.0", "tasks": []}"#);
    project.say(&["list"]).failed(4, &["2.0"]);
}

/// JSON and `--state` have the guide's names in any language.
#[test]
fn states_are_named_in_the_users_language() {
    let project = Project::new();
    project.say(&["add", "Написать", "--id", "a"]).done();
    let russian = |words: &[&str]| project.say(&[words, &["--lang", "ru"]].concat());
    assert!(russian(&["list"]).done().out.contains("· ожидает "));
    assert!(russian(&["show", "a"]).done().out.contains("· ожидает\n"));
    assert!(russian(&["status"]).done().out.contains("· 1 ожидает"));
    russian(&["retry", "a"]).failed(1, &["retry для a невозможен: состояние задачи — ожидает"]);
    assert!(russian(&["list", "--state", "pending"]).done().out.contains("Написать"));
    assert_eq!(project.json(&["list", "--json", "--lang", "ru"])["tasks"][0]["state"], "pending");
}

/// A hint helps, or there is none.
#[test]
fn what_is_done_cannot_be_skipped_nor_cancelled_instead() {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n");
    project.say(&["run", "--exec", "true"]).done();
    let said = project.say(&["skip", "one"]);
    said.failed(1, &["error: cannot skip one: it is completed"]);
    assert!(!said.err.contains("hint"), "{}", said.err);
}

#[test]
fn of_several_tasks_each_is_tried_and_retry_failed_means_those_that_failed() {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n- [ ] two <!-- id: two -->\n");
    let empty = project.say(&["list"]);
    assert!(empty.done().err.contains("the first run takes the TODO list over"), "{}", empty.err);
    project.write("config/config.yaml", "server: {checkpoint: {max_task_attempts: 1}}");
    project.say(&["run", "--exec", "false"]).failed(1, &[]);
    project.say(&["add", "three", "--id", "three"]).done();
    project.say(&["skip", "three"]).done();
    assert_eq!(
        project.say(&["retry", "--failed"]).done().out,
        "one will run again. one\ntwo will run again. two\n"
    );
    let said = project.say(&["skip", "one", "nope", "two"]);
    said.failed(1, &["error: there is no task nope"]);
    assert_eq!(said.out, "one is skipped. one\ntwo is skipped. two\n");
}

/// Also by a server's answer, whose readers have a limit.
#[test]
fn what_is_nested_too_deep_to_be_read_is_shown_as_its_text() {
    let project = Project::new();
    let deep = format!("{}1{}", "{\"a\":".repeat(120), "}".repeat(120));
    project.say(&["add", "deep", "--id", "deep", "--metadata", &deep]).done();
    let shallow = format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60));
    project.say(&["add", "shallow", "--id", "shallow", "--metadata", &shallow]).done();
    let tasks = project.json(&["list", "--json"])["tasks"].clone();
    assert_eq!(tasks[0]["metadata"], deep.as_str());
    assert!(tasks[1]["metadata"]["a"]["a"].is_object());
}

/// `failed` is the guide's word for all of these.
#[test]
fn a_list_says_why_a_task_has_failed() {
    let project = Project::new();
    for id in ["a", "b"] {
        project.say(&["add", &format!("Do {id}"), "--id", id]).done();
    }
    project.say(&["skip", "a"]).done();
    let list = project.say(&["list"]);
    assert!(list.out.contains("  (skipped) Do a\n") && list.out.contains("  Do b\n"), "{list:?}");
}

/// A completed task that left the checkpoint is not unknown: whoever asks for it learns that it is done.
#[test]
fn a_pruned_task_is_said_to_be_completed() {
    let project = Project::with_list("- [ ] one <!-- id: one -->\n");
    project.write(
        "config/config.yaml",
        "server: { checkpoint: { keep_completed_tasks: 0 } }\nexecutor: { command: [\"true\"] }",
    );
    let logs = project.dir().join("logs");
    // Every tenth pass over the list prunes.
    for _ in 0..10 {
        project.say(&["run"]).done();
    }
    assert!(project.say(&["log", "one", "--follow"]).done().out.contains("Task completed: one"));
    std::fs::remove_dir_all(logs).unwrap();
    assert_eq!(project.json(&["status", "--json"])["statistics"]["pruned"], 1);
    for verb in ["log", "show", "skip", "cancel", "rollback"] {
        let said = project.say(&[verb, "one"]);
        said.failed(1, &["error: one is completed and was pruned", "`codeagent retry one` runs it again"]);
    }
    project.say(&["show", "two"]).failed(1, &["error: there is no task two"]);
    project.say(&["retry", "one"]).done();
    assert_eq!(project.json(&["show", "one", "--json"])["state"], "pending");
}
