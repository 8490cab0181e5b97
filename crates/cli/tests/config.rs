//! `config show | check | schema` and `init`.

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Project, command, say};

#[test]
fn init_makes_a_project_and_overwrites_nothing() {
    let project = Project::new();
    let said = project.say(&["init"]);
    assert_eq!(
        said.done().out.lines().filter(|line| line.starts_with("written: ")).count(),
        2,
        "{}",
        said.out
    );
    project.say(&["config", "check"]).done();
    assert!(project.read("todo.md").contains("- [ ] "));
    project.write("config/config.yaml", "server: {task_delay: 1}\n");
    project.write("todo.md", "mine\n");
    let again = project.say(&["init"]);
    assert_eq!(
        again.done().out.lines().filter(|line| line.starts_with("is there")).count(),
        2,
        "{}",
        again.out
    );
    assert_eq!(project.read("config/config.yaml"), "server: {task_delay: 1}\n");
    assert_eq!(project.read("todo.md"), "mine\n");
}

#[test]
fn init_makes_private_files_and_keeps_an_old_list() {
    let project = Project::new();
    project.write("TODO.txt", "old\n");
    project.say(&["init", "--lang", "ru"]).done();
    assert!(!project.dir().join("todo.md").exists());
    assert!(project.read("config/config.yaml").contains("секунд"));
    let mode = |path| std::fs::metadata(project.dir().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("config"), mode("config/config.yaml")), (0o700, 0o600));
}

#[test]
fn show_says_where_each_value_comes_from() {
    let project = Project::new();
    project.write("config/config.yaml", "server:\n  check_interval: 7\n");
    let mut asked = project.command(&["config", "show", "--json"]);
    let output = asked.env("CODEAGENT_SERVER__TASK_DELAY", "3").output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let values = &shown["values"];
    assert_eq!(values["server.check_interval"]["value"], 7);
    assert_eq!(values["server.check_interval"]["origin"], "config/config.yaml:2:19");
    assert_eq!(values["server.task_delay"]["value"], 3);
    assert_eq!(values["server.task_delay"]["origin"], "$CODEAGENT_SERVER__TASK_DELAY");
    assert_eq!(values["server.http_port"]["origin"], "default");
    let table = project.say(&["config", "show"]);
    let line = table.done().out.lines().find(|line| line.starts_with("server.check_interval ")).unwrap();
    let cells: Vec<_> = line.split_whitespace().collect();
    assert_eq!(cells, ["server.check_interval", "config/config.yaml:2:19", "7"]);
}

#[test]
fn mistakes_have_a_place_and_exit_2() {
    let project = Project::new();
    let cases = [
        ("server:\n\tx: 1\n", "config/config.yaml:2:"),
        ("server:\n  task_delay: soon\n", "error: config/config.yaml:2:15: server.task_delay: "),
        ("server:\n  task_delay: -1\n", "server.task_delay: a time cannot be negative"),
        ("locale: ru\nlocale: en\n", "config/config.yaml:2:"),
    ];
    for (text, piece) in cases {
        project.write("config/config.yaml", text);
        project.say(&["config", "check"]).failed(2, &[piece]);
        project.say(&["list"]).failed(2, &[piece]);
    }
    say(&["--config", "/nowhere.yaml", "config", "check"]).failed(2, &["/nowhere.yaml"]);
    say(&["--project", "/nowhere", "status"]).failed(2, &["error: /nowhere: does not exist"]);
}

#[test]
fn typos_and_foreign_sections_are_told_and_no_error() {
    let project = Project::new();
    project.write("config/config.yaml", "llm: {model: x}\nserver: {check_intervall: 5}\n");
    let said = project.say(&["config", "check"]);
    said.failed(0, &["warning: ", "check_interval", "note: ", "llm"]);
    let quiet = project.say(&["config", "check", "--quiet"]);
    assert!(quiet.err.contains("warning: ") && !quiet.err.contains("note: "), "{}", quiet.err);
}

#[test]
fn the_language_of_the_configuration_counts() {
    let project = Project::with_list("- [ ] one\n");
    project.write("config/config.yaml", "locale: ru\nexecutor: {command: ['true', '{prompt}']}\n");
    assert!(project.say(&["config", "check"]).done().out.contains("всё в порядке"));
    assert!(project.say(&["config", "check", "--lang", "en"]).done().out.contains("fine"));
}

#[test]
fn nothing_is_fine_where_nothing_could_be_worked() {
    let project = Project::with_list("- [ ] one\n");
    let config = "config/config.yaml";
    let command = |words: &str| format!("executor: {{command: [{words}]}}\n");
    let doubted = |text: &str, piece: &str| {
        project.write(config, text);
        let said = project.say(&["config", "check"]);
        said.failed(0, &["warning: ", piece]);
        assert!(!said.out.contains("fine"), "{}", said.out);
    };
    doubted("server: {task_delay: 0}\n", "executor.command is not set");
    doubted(
        &command("no-such-program-anywhere, '{task_text}'"),
        "executor.command: program not found: no-such",
    );
    let generation = "server: {auto_todo_generation: {enabled: true}}\n";
    doubted(&(command("'true'") + generation), "server.auto_todo_generation.command is not set");
    project.write("todo.md", "1. [ ] one\n");
    doubted(&command("'true'"), "todo.md:1: looks like a task");
    std::fs::remove_file(project.dir().join("todo.md")).unwrap();
    doubted(&command("'true'"), "there is no TODO list");
    project.write("todo.md", "- [ ] one\n");
    doubted(&command("'true', -p"), "executor.command has no placeholder");
    project.write("agent.sh", "");
    for handed in ["'true', 'Do {task_text}'", "sh, agent.sh"] {
        project.write(config, &command(handed));
        assert!(project.say(&["config", "check"]).done().err.is_empty(), "{handed}");
    }
    project.write(config, "executor: {command: ['true'], stdin: prompt}\n");
    let said = project.say(&["config", "check"]);
    assert!(said.done().out.contains("fine") && said.err.is_empty(), "{}{}", said.out, said.err);
}

#[test]
fn the_schema_is_a_schema() {
    let output = command(&["config", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["server"]["properties"]["check_interval"].is_object());
}
