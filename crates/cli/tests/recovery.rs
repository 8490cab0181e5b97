//! What a start says and does after a crash, by the guide's own scenarios; and files that the Python implementation wrote.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]
mod common;

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use common::{Project, Said, pause};
use serde_json::Value;

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1 }
executor: { command: [sh, agent.sh], kill_grace: 1, retry: { initial_delay: 0.05, jitter: false } }
";

fn project(list: &str, agent: &str) -> Project {
    let project = Project::with_list(list);
    project.write("agent.sh", agent);
    project.write("config/config.yaml", CONFIG);
    project
}

/// Kills a server in the middle of its first task.
fn crash(project: &Project, lang: &str) {
    let mut run = project.command(&["--lang", lang, "run"]);
    let mut server = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !project.dir().join("working").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "never began");
        pause(Duration::from_millis(5));
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Works long the first time, and at once from then on.
const LONG_ONCE: &str = "[ -e working ] && exit 0; touch working; sleep 600";

/// The lines from the first rule to the last, without their times.
fn block(log: &str) -> Vec<String> {
    let lines: Vec<_> = log.lines().filter_map(|line| line.get(20..)).map(str::to_owned).collect();
    let is_rule = |line: &String| line.ends_with("====");
    let first = lines.iter().position(is_rule).unwrap();
    let last = lines.iter().rposition(is_rule).unwrap();
    lines[first..=last].to_vec()
}

/// The guide, "Логи восстановления", apart from times, ids and texts.
#[test]
fn the_russian_report_is_the_guides_line_for_line() {
    let list = "- [ ] Реализовать логирование\n- [ ] Добавить тесты\n- [ ] Обновить документацию\n";
    let project = project(list, LONG_ONCE);
    crash(&project, "ru");
    let mut run = project.command(&["run"]);
    let said = Said::of(run.env("LANG", "ru_RU.UTF-8").output().unwrap());
    said.done();
    let rule = format!("- WARNING - {}", "=".repeat(80));
    let task = project.json(&["list", "--json"])["tasks"][0].clone();
    let id = task["task_id"].as_str().unwrap();
    let found = block(&said.err);
    let from = |start: &str| {
        let line = found.iter().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no `{start}` in {found:#?}")).clone()
    };
    let expected = [
        rule.clone(),
        "- WARNING - ОБНАРУЖЕН НЕКОРРЕКТНЫЙ ОСТАНОВ СЕРВЕРА".to_owned(),
        rule.clone(),
        from("- WARNING - Последний запуск: 20"),
        "- WARNING - Последний останов: None".to_owned(),
        from("- WARNING - Сессия: 20"),
        "- WARNING - Итераций выполнено: 1".to_owned(),
        "- WARNING - Прерванная задача: Реализовать логирование".to_owned(),
        format!("- WARNING -   - ID: {id}"),
        "- WARNING -   - Попыток: 1".to_owned(),
        from("- WARNING -   - Начало: 20"),
        "- INFO - Прерванная задача сброшена для повторного выполнения".to_owned(),
        "- WARNING - Незавершенных задач: 3".to_owned(),
        "- WARNING -   - Добавить тесты (состояние: pending)".to_owned(),
        "- WARNING -   - Обновить документацию (состояние: pending)".to_owned(),
        rule.clone(),
        "- INFO - Сервер продолжит работу с последней контрольной точки".to_owned(),
        rule,
    ];
    assert_eq!(found, expected);
    assert_eq!(block(&project.read("logs/code_agent.log")), expected, "the log file says the same");
    assert!(said.out.contains("⚠ Прерванная задача: Реализовать логирование"), "{}", said.out);
    let status = project.read("codeAgentProjectStatus.md");
    assert!(status.contains("История выполнения"), "{status}");
    assert!(status.contains("## Восстановление после сбоя. Незавершенных задач: 3"), "{status}");
}

#[test]
fn an_interrupted_task_runs_again_and_its_attempt_does_not_count() {
    let project = project("- [ ] one <!-- id: one -->\n", LONG_ONCE);
    crash(&project, "en");
    let said = project.say(&["run"]);
    said.done();
    assert!(said.err.contains("Ended a process that the previous server had left: pid"), "{}", said.err);
    let task = task(&project, "one");
    assert_eq!(
        (&task["state"], &task["attempts"], &task["excused"], &task["crashes"]),
        (&"completed".into(), &2.into(), &1.into(), &1.into())
    );
}

/// A server that was killed had no time for its boxes: nobody took marks away.
#[test]
fn boxes_that_a_crash_kept_from_being_written_are_no_mystery() {
    let project = project("- [ ] a <!-- id: a -->\n", "exit 0");
    project.say(&["run"]).done();
    let list = project.read("todo.md");
    project.write("todo.md", &format!("{list}- [ ] b <!-- id: b -->\n"));
    project.write("agent.sh", LONG_ONCE);
    crash(&project, "en");
    project.write("todo.md", &project.read("todo.md").replace("[x]", "[ ]"));
    let said = project.say(&["run"]);
    assert!(
        said.done().err.contains("INFO - A box is marked that was owed since before the stop: a\n"),
        "{said:?}"
    );
    assert!(!said.err.contains("is settled"), "{said:?}");
}

/// Whatever became of the files: the agent of a dead server is ended before its task is started again.
#[test]
fn files_that_forgot_an_agent_do_not_give_its_task_to_two() {
    type Forget = fn(&Project);
    let nothing: Forget = |_| ();
    let reset: Forget = |project| {
        project.say(&["checkpoint", "reset"]).done();
    };
    let import: Forget = |project| {
        project.say(&["checkpoint", "import", "clean.json"]).done();
    };
    let delete: Forget = |project| std::fs::remove_dir_all(project.dir().join("data")).unwrap();
    // Whoever exchanges the checkpoint has ended the agent already, by what it said.
    let ways = [
        ("", reset, ""),
        ("", import, ""),
        ("", delete, "The checkpoint is new"),
        ("rm -rf data; kill -9 $PPID;", nothing, "The checkpoint is new"),
    ];
    for (meanwhile, forget, told) in ways {
        let project = project("- [ ] zero <!-- id: zero -->\n", "exit 0");
        project.say(&["run"]).done();
        project.say(&["checkpoint", "export", "clean.json"]).done();
        project.write("todo.md", "- [x] zero <!-- id: zero -->\n- [ ] one <!-- id: one -->\n");
        // The lock is held by every process of an attempt as long as it lives.
        let first = format!("{meanwhile} touch working; exec sleep 600");
        let agent = format!("exec 9>lock; flock -n 9 || touch overlap; [ -e working ] && exit 0; {first}");
        project.write("agent.sh", &agent);
        crash(&project, "en");
        forget(&project);
        let said = project.say(&["run"]);
        said.done();
        assert!(!project.dir().join("overlap").exists(), "two attempts at a time: {}", said.err);
        for text in if told.is_empty() {
            vec![]
        } else {
            vec![told, "Ended a process that the previous server had left: pid"]
        } {
            assert!(said.out.contains(text) && said.err.contains(text), "{text}: {}\n{}", said.out, said.err);
        }
    }
}

/// An agent that has put off its mark is known by what the checkpoint recorded: who exchanges that ends it first.
#[test]
fn an_unmarked_agent_does_not_outlive_a_reset_or_an_import() {
    for words in [&["checkpoint", "reset"][..], &["checkpoint", "import", "copy.json"]] {
        let project = project("- [ ] one <!-- id: one -->\n", "");
        let agent = "echo $$ >pid; touch working; exec sleep 600";
        project.write("agent.sh", agent);
        let config = "executor: { command: [env, -i, 'PATH=/usr/bin:/bin', sh, agent.sh], kill_grace: 1 }";
        project.write("config/config.yaml", config);
        crash(&project, "en");
        project.say(&["checkpoint", "export", "copy.json"]).done();
        let pid = project.read("pid");
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            stat.contains(") ") && !stat.contains(") Z ")
        };
        assert!(lives());
        let said = project.say(words);
        assert!(said.done().out.contains(&format!("left: pid {}", pid.trim())), "{said:?}");
        assert!(!lives());
    }
}

fn task(project: &Project, id: &str) -> Value {
    let list = project.json(&["list", "--json"]);
    let tasks = list["tasks"].as_array().unwrap();
    tasks.iter().find(|task| task["task_id"] == id).unwrap_or_else(|| panic!("no {id}: {list}")).clone()
}

/// The guide, "Сценарий 3".
#[test]
fn a_damaged_checkpoint_is_restored_from_the_backup() {
    let project = project("- [ ] one <!-- id: one -->\n- [ ] two <!-- id: two -->\n", "echo x >> runs");
    project.say(&["run"]).done();
    project.write("data/.codeagent_checkpoint.json", "{\"version\": \"1.0\", \"tas");
    let said = Said::of(project.command(&["run"]).env("LANG", "ru_RU.UTF-8").output().unwrap());
    said.done();
    for line in [
        "ERROR - Ошибка загрузки checkpoint: ",
        "INFO - Попытка восстановления из backup файла",
        "INFO - Успешно восстановлено из backup",
    ] {
        assert!(said.err.contains(line), "{line}: {}", said.err);
    }
    assert_eq!(project.read("runs"), "x\nx\n", "nothing ran again");
    let kept = std::fs::read_dir(project.dir().join("data")).unwrap().flatten();
    assert!(kept.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("damaged")));
}

/// The guide, "Сценарий 4".
#[test]
fn a_task_that_fails_runs_three_times_and_is_skipped() {
    let list = "# Plan\r\n\r\n- [ ] bad <!-- id: bad -->\r\n  prose\r\n- [ ] good <!-- id: good -->";
    let project = project(list, "date +%s%N >> \"$CODEAGENT_TASK_ID\"; [ $CODEAGENT_TASK_ID = good ]");
    let said = project.say(&["run"]);
    said.failed(1, &["bad"]);
    let bad = task(&project, "bad");
    assert_eq!(
        (&bad["state"], &bad["attempts"], &bad["final_reason"]),
        (&"failed".into(), &3.into(), &"attempt_limit".into())
    );
    let starts: Vec<i64> = project.read("bad").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(starts.len(), 3);
    assert!(starts[1] - starts[0] >= 50_000_000 && starts[2] - starts[1] >= 100_000_000, "{starts:?}");
    let todo = project.read("todo.md");
    let (before, after) = todo.split_once("- [x] good <!-- id: good -->").unwrap();
    assert_eq!(before, "# Plan\r\n\r\n- [-] bad <!-- id: bad -->\r\n  prose\r\n");
    assert!(after.starts_with(" <!-- codeagent - ") && !after.contains('\n'), "{after}");
    project.say(&["run"]).failed(1, &[]);
    assert_eq!(project.read("bad").lines().count(), 3, "skipped from then on");
    project.say(&["retry", "bad"]).done();
    project.say(&["run"]).failed(1, &[]);
    assert_eq!(project.read("bad").lines().count(), 6, "earlier attempts are excused");
}

const PYTHONS: &str = r#"{
  "version": "1.0",
  "server_state": {
    "last_start_time": "2026-01-18T10:30:00.254894",
    "last_stop_time": null,
    "iteration_count": 42,
    "clean_shutdown": false,
    "host": "old"
  },
  "tasks": [
    {
      "task_id": "task_1737187800",
      "task_text": "done long ago",
      "state": "completed",
      "start_time": "2026-01-18T10:31:00",
      "end_time": "2026-01-18T10:35:00",
      "attempts": 1,
      "error_message": null,
      "metadata": {"score": NaN},
      "instruction_progress": {"last_completed_instruction": 2, "total_instructions": 2, "completed_instructions": [1, 2]},
      "result": {"status": "ok"},
      "colour": "green"
    },
    {
      "task_id": "task_1737187900",
      "task_text": "cut off",
      "state": "in_progress",
      "start_time": "2026-01-18T10:36:00",
      "end_time": null,
      "attempts": 1,
      "error_message": null,
      "metadata": {}
    }
  ],
  "current_task": "task_1737187900",
  "session_id": "20260118_103000",
  "last_update": "2026-01-18T12:45:00",
  "future": [1, 2, 3]
}"#;

#[test]
fn a_file_of_the_python_implementation_is_opened_as_it_is() {
    let project =
        project("- [ ] done long ago\n- [ ] cut off\n- [ ] new\n", "echo \"$CODEAGENT_TASK_TEXT\" >> runs");
    project.write("data/.codeagent_checkpoint.json", PYTHONS);
    let said = project.say(&["run"]);
    said.done();
    assert!(said.err.contains("Interrupted task: cut off"), "{}", said.err);
    assert_eq!(project.read("runs"), "cut off\nnew\n");
    let document = project.read("data/.codeagent_checkpoint.json");
    for kept in ["\"future\": [1", "\"host\": \"old\"", "\"colour\": \"green\"", "NaN", "\"status\": \"ok\""]
    {
        assert!(document.contains(kept), "{kept}: {document}");
    }
    let task = task(&project, "task_1737187900");
    assert_eq!((&task["state"], &task["attempts"]), (&"completed".into(), &2.into()));
    assert_eq!(project.read("todo.md").matches("- [x]").count(), 3);
}

#[test]
fn a_new_list_is_generated_when_the_old_one_is_done() {
    let project = project("- [ ] one\n", "echo \"$CODEAGENT_TASK_TEXT\" >> runs");
    let generation = "
server:
  task_delay: 0
  auto_todo_generation: { enabled: true, max_generations_per_session: 2, command: [sh, generate.sh, '{todo_file}'] }
executor: { command: [sh, agent.sh] }
";
    project.write("config/config.yaml", generation);
    project.write("generate.sh", "echo x >> generated; echo \"- [ ] new $(wc -l < generated)\" > \"$1\"");
    project.say(&["run"]).done();
    assert_eq!(project.read("runs"), "one\nnew 1\nnew 2\n");
    let sessions: Value = serde_json::from_str(&project.read(".codeagent_sessions.json")).unwrap();
    assert_eq!(sessions["total_generations"], 2);
    assert!(project.read("todo/CURRENT.md").starts_with("- [x] new 2"));
    let names: Vec<_> = std::fs::read_dir(project.dir().join("todo")).unwrap().flatten().collect();
    assert!(names.iter().any(|entry| entry.file_name().to_string_lossy().starts_with("ARCHIVE_")));
}

/// Who lets it run unattended learns by the exit code that the planner is broken.
#[test]
fn a_new_list_that_could_not_be_generated_is_no_good_end() {
    let project = project("- [ ] one\n", "echo \"$CODEAGENT_TASK_TEXT\" >> runs");
    let generation = "
server:
  task_delay: 0
  auto_todo_generation: { enabled: true, command: [sh, generate.sh, '{todo_file}'] }
executor: { command: [sh, agent.sh] }
";
    project.write("config/config.yaml", generation);
    for (planner, why) in [
        ("echo no idea >&2; exit 3", "exit code 3: no idea"),
        ("exit 0", "the command succeeded, but there is no file: "),
    ] {
        project.write("generate.sh", planner);
        let said = project.say(&["run"]);
        said.failed(1, &[&format!("No new list: {why}"), "error: the list is done, but the next one"]);
    }
    project.write("generate.sh", "echo 'nothing more to do' > \"$1\"");
    project.say(&["run"]).done();
    assert_eq!(project.read("runs"), "one\n");
}

#[test]
fn the_demo_keeps_its_promises() {
    let project = Project::new();
    let said = project.say(&["demo"]);
    said.done();
    assert!(said.out.contains("0 lost, 0 repeated"), "{}", said.out);
}
