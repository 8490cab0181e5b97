//! Bad lists: hostile texts, broken files, edits at the wrong moment. A clear error or a safe reading, nothing lost.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Stdio,
    time::{Duration, Instant},
};

use common::{Project, pause};

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1 }
executor: { command: [sh, agent.sh], kill_grace: 1, retry: { initial_delay: 0 } }
";

fn project(list: &str, agent: &str) -> Project {
    let project = Project::with_list(list);
    project.write("agent.sh", agent);
    project.write("config/config.yaml", CONFIG);
    project
}

/// Whether a terminal would do what the text says: a control character, or a change of the writing direction.
fn is_raw(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
fn is_harmless(what: &str, text: &str) {
    assert_eq!(text.chars().find(|c| is_raw(*c)), None, "{what}: {text:.2000}");
    assert!(!text.lines().any(|line| line.starts_with("2026-01-18 10:00:00")), "{what}: {text:.2000}");
}

const HOSTILE: &str = r#"tasks:
- "two\n2026-01-18 10:00:00 - CRITICAL - forged"
- "nul \0 byte"
- "red \e[31m \e]0;title\a \u009b2J"
- "rtl \u202egnp.exe \u2066x"
- "line\u2028separator\u2029\u200f"
"#;

/// An agent that cleans up takes the list away, and with it all that is left to do: that is no good end.
#[test]
fn a_list_that_is_gone_is_not_done() {
    for clean_up in ["rm todo.md", ": > todo.md", "rm todo.md; mkdir todo.md"] {
        let project = project("- [ ] one\n- [ ] two\n- [ ] three\n", clean_up);
        let said = project.say(&["run"]);
        said.failed(
            1,
            &["2 tasks are held: their lines are gone from the TODO list: task_", " - two; task_"],
        );
        assert_eq!(said.out, "Done: 1 of 1; failed or skipped: 0; left: 2\n", "{clean_up}");
        // The next start does not call it done either, and goes on once the list is back.
        if clean_up != "rm todo.md; mkdir todo.md" {
            project.say(&["run"]).failed(1, &["2 tasks are held"]);
        } else {
            std::fs::remove_dir(project.dir().join("todo.md")).unwrap();
        }
        project.write("agent.sh", "exit 0");
        project.write("todo.md", "- [ ] one\n- [ ] two\n- [ ] three\n");
        project.say(&["run"]).done();
        assert_eq!(project.read("todo.md").matches("[x]").count(), 3);
    }
}

/// An agent that rewrites the list and drops lines of it does not take tasks away unseen.
#[test]
fn lines_that_go_out_of_the_list_are_told_once() {
    let project = project(
        "- [ ] one <!-- id: one -->\n- [ ] two <!-- id: two -->\n- [ ] three <!-- id: three -->\n",
        "printf -- '- [ ] one <!-- id: one -->\\n' >todo.md",
    );
    let told = "2 tasks are held: their lines are gone from the TODO list: two - two; three - three.";
    for _ in 0..2 {
        let said = project.say(&["run"]);
        said.done();
        assert_eq!(said.err.matches(told).count(), 1, "{said:?}");
    }
    project.say(&["skip", "two", "three"]).done();
    let said = project.say(&["run"]);
    assert!(!said.done().err.contains("held"), "{said:?}");
}

/// Work that someone wrote down twice is done once: whoever wants it twice must learn how.
#[test]
fn lines_with_the_same_text_are_told_with_their_place() {
    let project = project("- [ ] one\n- [ ] one\n- [ ] one <!-- id: twin -->\n", "exit 0");
    let place = "todo.md:2: the same text stands above";
    let said = project.say(&["run", "--dry-run"]);
    said.done();
    assert_eq!((said.out.matches("  one\n").count(), said.err.matches(place).count()), (2, 1), "{said:?}");
    let said = project.say(&["run"]);
    said.done();
    assert_eq!(said.err.matches(place).count(), 1, "{said:?}");
    assert_eq!(project.read("todo.md").matches("[x]").count(), 3);
}

/// Who takes a mark away wants the task done again, and that is not how to say it.
#[test]
fn a_mark_that_someone_took_away_is_told_and_set_again() {
    let project = project("- [ ] one\n- [ ] two <!-- id: b -->\n", "exit 0");
    let said = project.say(&["run"]);
    said.done();
    assert!(!said.err.contains("is marked"), "{said:?}");
    let open = project.read("todo.md").replace("[x] two", "[ ] two");
    project.write("todo.md", &open);
    let said = project.say(&["run"]);
    said.done();
    let told = "A box was open though its task, of the same text or id, is settled; it is marked: b. To run it again: codeagent retry ID";
    assert!(said.err.contains(told), "{said:?}");
    assert_eq!(project.read("todo.md").matches("[x]").count(), 2);
    project.say(&["retry", "b"]).done();
    let said = project.say(&["run"]);
    assert!(said.err.contains("Task completed: b"), "{said:?}");
}

#[test]
fn what_failed_is_tried_again_by_several_ids_or_all_at_once() {
    let project =
        project("- [ ] a <!-- id: a -->\n- [ ] b <!-- id: b -->\n- [ ] c <!-- id: c -->\n", "exit 1");
    project.say(&["run"]).failed(1, &[]);
    let said = project.say(&["retry", "c", "a"]);
    said.done();
    assert_eq!(said.out.lines().count(), 2, "{said:?}");
    project.say(&["retry", "b", "none"]).failed(1, &["none"]);
    project.say(&["run"]).failed(1, &[]);
    project.write("agent.sh", "exit 0");
    assert_eq!(project.say(&["retry", "--failed"]).out.lines().count(), 3);
    project.say(&["run"]).done();
    assert!(project.say(&["retry", "--failed"]).err.contains("No task has failed."));
    project.say(&["retry"]).failed(2, &["ID"]);
}

/// A task that was written down in a way that is not understood must not be missed by nobody noticing.
#[test]
fn items_of_yaml_that_are_not_understood_are_told_with_a_hint() {
    let project = project("", "exit 0");
    std::fs::remove_file(project.dir().join("todo.md")).unwrap();
    project.write("todo.yaml", "- one\n- title: two\n- [three]\n- ~\n- text: four\n  done: perhaps\n");
    let pieces = [
        "todo.yaml:2: an item has neither `text:` nor `task:` and is passed over: write",
        "todo.yaml:3: a list where a task should be is passed over: tasks under a task",
        "todo.yaml:4: an item has no text and is passed over: write",
        "todo.yaml:6: neither true nor false",
    ];
    for words in [&["run", "--dry-run"][..], &["run"]] {
        let said = project.say(words);
        said.failed(0, &pieces);
    }
    assert_eq!(project.json(&["list", "--json"])["tasks"].as_array().map(Vec::len), Some(2));
}

/// An agent that rewrites its own line, ticks it and fails is not believed.
#[test]
fn a_task_whose_line_was_reworded_by_its_failing_agent_is_left() {
    let project = project("- [ ] one\n- [ ] two\n", "sed -i 's/\\[ \\] one/[x] one, done/' todo.md; exit 1");
    project.write("todo.md", "- [ ] one\n");
    let said = project.say(&["run"]);
    let id = project.json(&["list", "--json"])["tasks"][0]["task_id"].as_str().unwrap().to_owned();
    let held = format!("A task is held: its line is gone from the TODO list: {id} - one. Put the line back");
    said.failed(1, &[&held, &format!("or give the task up: codeagent skip {id}\n")]);
    // It is said what helps, and that helps.
    project.say(&["skip", &id]).done();
    assert!(!project.say(&["run"]).err.contains("held"));
}

#[test]
fn what_the_limit_of_iterations_leaves_is_not_done() {
    let project = project("- [ ] one\n", "exit 1");
    let said = project.say(&["run", "--max-iterations", "1"]);
    said.failed(1, &["Task failed"]);
    assert!(!said.err.contains("held"), "{}", said.err);
}

#[test]
fn hostile_texts_steer_no_terminal_and_forge_no_line() {
    let project = project("", "cat \"$CODEAGENT_TASK_FILE\" >> got; exit 0");
    project.write("todo.yaml", HOSTILE);
    project.write("todo.md", &format!("- [ ] big {}\n", "x".repeat(1_000_000)));
    let ran = project.say(&["run"]);
    is_harmless("stdout", &ran.done().out);
    is_harmless("stderr", &ran.err);
    for file in ["logs/code_agent.log", "codeAgentProjectStatus.md"] {
        is_harmless(file, &project.read(file));
    }
    for log in fs::read_dir(project.dir().join("logs")).unwrap() {
        let path = log.unwrap().path();
        is_harmless(&path.display().to_string(), &fs::read_to_string(path).unwrap());
    }
    let listed = project.json(&["list", "--json"]);
    let tasks = listed["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 6);
    for words in [&["list"][..], &["status"]] {
        is_harmless("words", &project.say(words).done().out);
    }
    for task in tasks {
        let id = task["task_id"].as_str().unwrap();
        // What a person typed over several lines is shown over several lines, but indented: no line is forged.
        is_harmless(id, &project.say(&["show", id]).done().out);
        assert_eq!(task["state"], "completed");
    }
    let got = project.read("got");
    for piece in ["nul \0 byte", "\x1b[31m", "\u{202e}gnp.exe", &"x".repeat(1_000_000)] {
        assert!(got.contains(piece), "the agent gets the text as it is");
    }
}

#[test]
fn the_report_after_a_crash_is_harmless_too() {
    let project = project("", "touch working; [ -e go ] || exec sleep 600");
    project.write("todo.yaml", HOSTILE);
    let mut server = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the agent works", || project.dir().join("working").exists());
    server.kill().unwrap();
    server.wait().unwrap();
    project.write("go", "");
    let ran = project.say(&["run"]);
    assert!(ran.done().err.contains("THE SERVER DID NOT STOP CLEANLY"), "{}", ran.err);
    is_harmless("stdout", &ran.out);
    is_harmless("stderr", &ran.err);
    is_harmless("status", &project.read("codeAgentProjectStatus.md"));
}

#[test]
fn a_list_that_is_not_utf8_is_refused_with_its_line() {
    let project = project("", "exit 0");
    fs::write(project.dir().join("todo.md"), b"- [ ] fine\n- [ ] bad \xff\xfe\n").unwrap();
    for words in [&["run"][..], &["run", "--dry-run"], &["serve"]] {
        project.say(words).failed(2, &["todo.md:2", "UTF-8", "hint: "]);
    }
    assert!(!project.dir().join("data").exists(), "nothing was begun");
}

#[test]
fn an_empty_list_is_done() {
    for list in ["", "\n\n", "# only a heading\n\nand prose\n"] {
        let project = project(list, "exit 1");
        assert!(project.say(&["run"]).done().out.contains("Nothing to do"), "{list:?}");
        assert_eq!(project.read("todo.md"), list);
    }
}

#[test]
fn no_list_is_a_mistake_and_the_folder_is_left_as_it_is() {
    let project = Project::new();
    project.write("config/config.yaml", CONFIG);
    for words in [&["run"][..], &["run", "--dry-run"]] {
        project.say(words).failed(2, &["no TODO list in", "hint: ", "codeagent init"]);
    }
    let left: Vec<_> = fs::read_dir(project.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "data"), "{left:?}");
    fs::create_dir(project.dir().join("todo.md")).unwrap();
    project.say(&["run"]).failed(2, &["no TODO list in"]);
}

#[test]
fn notices_of_a_list_are_told_once() {
    let project = project("", "exit 0");
    project.write("todo.yaml", "tasks:\n- one\n- { id: ../x, text: two }\n- three\n- {}\n");
    let ran = project.say(&["run"]);
    assert_eq!(ran.done().err.matches("todo.yaml:").count(), 2, "{}", ran.err);
}

#[test]
fn a_list_that_may_not_be_read_is_named() {
    let project = project("- [ ] one\n", "exit 0");
    let list = project.dir().join("todo.md");
    fs::set_permissions(&list, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&list).is_ok() {
        println!("skipped: root may read everything");
        return;
    }
    let said = project.say(&["run"]);
    said.failed(2, &["todo.md", "ermission denied"]);
}

#[test]
fn a_list_that_links_to_itself_is_told_and_passed_over() {
    let project = project("- [ ] one\n", "exit 0");
    std::os::unix::fs::symlink("TODO.md", project.dir().join("TODO.md")).unwrap();
    let ran = project.say(&["run"]);
    assert_eq!(ran.done().err.matches("TODO.md").count(), 1, "{}", ran.err);
    assert!(project.read("todo.md").starts_with("- [x] one"));

    let project = self::project("- [ ] one\n", "exit 0");
    fs::remove_file(project.dir().join("todo.md")).unwrap();
    std::os::unix::fs::symlink("todo.md", project.dir().join("todo.md")).unwrap();
    project.say(&["run"]).failed(2, &["no TODO list"]);
}

#[test]
fn a_hundred_thousand_tasks() {
    const TASKS: usize = 100_000;
    let list: String = (0..TASKS).map(|n| format!("- [ ] Do number {n} of many\n")).collect();
    // The first one fails and waits: the others are not held up by it.
    let project = project(&list, "[ \"$CODEAGENT_TASK_TEXT\" != 'Do number 0 of many' ]");
    project.write("config/config.yaml", &CONFIG.replace("initial_delay: 0", "initial_delay: 300"));
    let dry = project.say(&["run", "--dry-run"]);
    assert_eq!(dry.done().out.lines().filter(|line| line.contains("Do number")).count(), TASKS);
    let mut server = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let log = || fs::read_to_string(project.dir().join("logs/code_agent.log")).unwrap_or_default();
    wait_until("100 tasks", || log().matches("Task completed").count() >= 100);
    let peak = peak_memory(server.id());
    assert!(project.say(&["stop"]).code == 0 && server.wait().unwrap().code() == Some(0));
    println!("memory at its highest: {} MiB", peak >> 20);
    assert!(peak < 400 << 20, "{peak} bytes for {TASKS} tasks");
    assert_eq!(project.json(&["status", "--json"])["statistics"]["total_tasks"], TASKS);
}

/// `VmHWM` in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn two_tasks_of_one_text_are_one() {
    let project = project("- [ ] same\n- [ ] other\n- [ ] same\n", "echo \"$CODEAGENT_TASK_TEXT\" >> got");
    project.say(&["run"]).done();
    assert_eq!(project.read("got"), "same\nother\n");
    assert_eq!(project.read("todo.md").matches("- [x]").count(), 3, "every place of a task is ticked");
}

#[test]
fn two_texts_of_one_id_are_told() {
    let project = project(
        "- [ ] first <!-- id: a -->\n- [ ] second <!-- id: a -->\n",
        "echo \"$CODEAGENT_TASK_TEXT\" >> got",
    );
    let ran = project.say(&["run"]);
    assert_eq!(project.read("got"), "first\n");
    assert!(ran.done().err.contains("todo.md:2"), "{}", ran.err);
    assert_eq!(ran.err.matches("todo.md:2").count(), 1, "told once: {}", ran.err);
}

#[test]
fn a_list_that_is_edited_while_its_tasks_run() {
    let edits = "
echo \"$CODEAGENT_TASK_ID\" >> got
case $CODEAGENT_TASK_ID in
one) printf -- '- [ ] two <!-- id: two -->\\n- [ ] three <!-- id: three -->\\n' > todo.md;;
two) printf -- '- [ ] renamed <!-- id: two -->\\n- [x] three <!-- id: three -->\\n- [ ] four <!-- id: four -->\\n' > todo.md;;
four) sed -i 's/- \\[ \\] four/- [x] four/' todo.md; [ $CODEAGENT_ATTEMPT = 2 ] || exit 1;;
esac
exit 0";
    let project = project(
        "- [ ] one <!-- id: one -->\n- [ ] two <!-- id: two -->\n- [ ] three <!-- id: three -->\n",
        edits,
    );
    project.say(&["run"]).done();
    let got = project.read("got");
    assert_eq!(
        got, "one\ntwo\nfour\nfour\n",
        "three was ticked by hand; four's tick during an attempt that failed is no word"
    );
    let listed = project.json(&["list", "--json"]);
    let states: Vec<_> = listed["tasks"].as_array().unwrap().iter().map(|task| &task["state"]).collect();
    assert_eq!(states, ["completed"; 4]);
    let list = project.read("todo.md");
    let boxes: Vec<_> = list.lines().map(|line| line.split(" <!--").next().unwrap()).collect();
    assert_eq!(boxes, ["- [x] renamed", "- [x] three", "- [x] four"], "the person's edits stay");
}

#[test]
fn a_task_that_is_removed_while_it_runs_and_fails_is_not_tried_again() {
    let project =
        project("- [ ] one\n- [ ] two\n", "echo x >> got; printf -- '- [ ] two\\n' > todo.md; exit 1");
    project.say(&["run"]).failed(1, &[]);
    assert_eq!(
        project.read("got").lines().count(),
        1 + 3,
        "once for the removed one, three times for the other"
    );
}

#[test]
fn a_list_that_breaks_during_the_work_waits_until_it_is_mended() {
    let project =
        project("- [ ] one\n- [ ] two\n", "[ -e broken ] || { touch broken; printf 'x\\377\\n' > todo.md; }");
    let ran = project.say(&["run"]);
    for sentence in ["cannot be read just now", "were not written"] {
        assert!(ran.done().err.matches(sentence).count() <= 1, "told once: {}", ran.err);
    }
    assert!(ran.err.contains("todo.md:1: not UTF-8"), "{}", ran.err);
    assert_eq!(fs::read(project.dir().join("todo.md")).unwrap(), b"x\xff\n", "and not overwritten");
    assert_eq!(
        project.json(&["list", "--state", "completed", "--json"])["tasks"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn yaml_bombs_and_deep_nesting() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let nine = vec![format!("*{from}"); 9].join(", ");
        bomb.push_str(&format!("{to}: &{to} [{nine}]\n"));
    }
    bomb.push_str("tasks: *i\n");
    let deep = format!("tasks: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (yaml, what) in
        [(bomb.as_str(), "aliases"), (deep.as_str(), "nested"), ("tasks: [", "YAML"), ("- a\n\t- b\n", "tab")]
    {
        let project = Project::new();
        project.write("config/config.yaml", CONFIG);
        project.write("todo.yaml", yaml);
        let began = Instant::now();
        project.say(&["run"]).failed(2, &["todo.yaml:", what]);
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn deeply_nested_markdown_is_worked() {
    let list: String = (0..300).map(|n| format!("{}- [ ] level {n}\n", "  ".repeat(n))).collect();
    let project = project(&list, "exit 0");
    project.say(&["run"]).done();
    assert_eq!(project.read("todo.md").matches("- [x]").count(), 300);
}

#[test]
fn an_id_that_is_a_path_names_no_file() {
    let project = project("- [ ] by markdown <!-- id: ../x -->\n", "exit 0");
    project
        .write("todo.yaml", "tasks:\n- { id: ../../y, text: by yaml }\n- { id: /etc/z, text: absolute }\n");
    let ran = project.say(&["run"]);
    assert!(ran.done().err.contains("todo.md:1") && ran.err.contains("todo.yaml:2"), "{}", ran.err);
    let listed = project.json(&["list", "--json"]);
    for task in listed["tasks"].as_array().unwrap() {
        assert!(task["task_id"].as_str().unwrap().starts_with("task_"), "the task goes by its text: {task}");
    }
    project.say(&["add", "x", "--id", "../x"]).failed(2, &["error: an id consists of"]);
    project.say(&["show", "../../etc/passwd"]).failed(1, &["no task"]);
    project.say(&["log", "../code_agent"]).failed(1, &["no task"]);
}

#[test]
fn a_text_that_no_argument_holds_fails_alone() {
    let list = format!("- [ ] a\n- [ ] {}\n- [ ] c\n", "x".repeat(200 * 1024));
    let project = project(&list, "exit 0");
    let ran = project.say(&["run", "--exec", "echo {task_text}"]);
    ran.failed(1, &["204800 bytes are more than the system takes", "{task_file}", "stdin: prompt"]);
    let boxes: Vec<_> = project.read("todo.md").lines().map(|line| line[..5].to_owned()).collect();
    assert_eq!(boxes, ["- [x]", "- [-]", "- [x]"]);
    let failed = project.json(&["list", "--state", "failed", "--json"]);
    let id = failed["tasks"][0]["task_id"].as_str().unwrap();
    assert_eq!(failed["tasks"][0]["attempts"], 1, "the same text would be refused again");
    project.say(&["retry", id]).done();
    project.say(&["run", "--exec", "sh -c 'wc -c < \"$1\" > size' sh {task_file}"]).done();
    assert_eq!(project.read("size").trim(), "204800");
    project.say(&["retry", id]).done();
    let by_stdin = project
        .command(&["run", "--exec", "sh -c 'wc -c > size'"])
        .env("CODEAGENT_EXECUTOR__STDIN", "prompt")
        .output();
    assert!(by_stdin.unwrap().status.success());
    assert_eq!(project.read("size").trim(), "204800");
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(120), "never: {what}");
        pause(Duration::from_millis(10));
    }
}

/// One text can mean several things: a mark is set where it means only its task, and no list ends the server.
#[test]
fn yaml_with_anchors_and_merge_keys_is_worked() {
    let first = "tasks:\n- &first {text: one, done: false}\n- <<: *first\n  text: two\n";
    for (list, agent, code, done) in [
        ("tasks: &t\n- text: a\n  done: false\ntodo: *t\n", "exit 0", 0, 1),
        (
            "base: &base {done: false}\ntasks:\n- <<: *base\n  text: a\n- <<: *base\n  text: b\n",
            "exit 0",
            0,
            2,
        ),
        (first, "exit 0", 0, 2),
        (
            "tasks:\n- text: p\n  children: &kids\n  - text: k\n    done: false\n- text: q\n  children: *kids\n",
            "exit 0",
            0,
            2,
        ),
        ("base: &base {skipped: false}\ntasks:\n- <<: *base\n  text: a\n", "exit 1", 1, 0),
    ] {
        let project = project("", agent);
        fs::remove_file(project.dir().join("todo.md")).unwrap();
        project.write("todo.yaml", list);
        for _ in 0..2 {
            let said = project.say(&["run"]);
            if code == 0 {
                said.done();
            } else {
                said.failed(code, &[]);
            }
            assert!(!said.err.contains("panicked"), "{said:?}");
        }
        let after = project.read("todo.yaml");
        assert_eq!(after.matches("done: true").count(), done, "{after}");
        // What the items are made of is as it was.
        assert!(!list.starts_with("base") || after.lines().next() == list.lines().next(), "{after}");
    }
}
