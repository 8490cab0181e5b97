//! Files that are no documents, or bad ones: each is refused with its reason and place, or read safely.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use codeagent_checkpoint::document::{self, Digest, Document, DocumentError, ErrorKind};
use codeagent_core::{Header, Origin, RawJson, State, Task, TaskId, TaskState};

fn read(text: &str) -> Result<Document, DocumentError> {
    document::read(text.as_bytes())
}

fn error(text: &str) -> DocumentError {
    read(text).and_then(|document| document.into_state().map(drop)).unwrap_err()
}

/// A document whose tasks are these.
fn with_tasks(tasks: &str) -> String {
    format!("{{\"version\": \"1.0\",\n \"tasks\": [{tasks}]}}")
}

/// A document with one task that has these members too.
fn with_task(members: &str) -> String {
    with_tasks(&format!("{{\"task_id\": \"a\", \"task_text\": \"A\", {members}}}"))
}

#[test]
fn what_is_no_document_is_named() {
    let cases = [
        ("", "empty"),
        (" \n", "empty"),
        ("null", "null"),
        ("[]", "a list"),
        ("\"{}\"", "a string"),
        ("true", "true or false"),
        ("12", "a number"),
        ("NaN", "a number"),
        ("{}", "an object with neither `version` nor `tasks`"),
        ("{\"tasks\": []}", "an object without `version`"),
        ("{\"version\": \"1.0\"}", "an object without `tasks`"),
        ("{\"tasks\":5}", "`tasks` is not a list"),
        ("{\"version\": \"1.0\", \"tasks\": null}", "`tasks` is not a list"),
    ];
    for (text, what) in cases {
        let kind = error(text).kind;
        assert_eq!(kind, ErrorKind::NotADocument(what), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    let bad = [
        "{",
        "{\"version\"",
        "{\"version\": \"1.0\", \"tasks\": [}",
        "{} {}",
        "{,}",
        "[1,]",
        "nul",
        "{\"a\" 1}",
        "{\"version\": \"1.0\", \"tasks\": [],}",
        "{\"version\": \"1.0\" \"tasks\": []}",
        "{'a': 1}",
        "{\"version\": \"1.0\", \"tasks\": []}\0",
        "\0\0\0\0",
        "{\"a\": 01}",
        "{\"a\": .5}",
        "{\"a\": 1.}",
        "{\"a\": 1e}",
        "{\"a\": +1}",
        "{\"a\": -}",
        "{\"a\": --1}",
        "{\"a\": Nan}",
        "{\"a\": \"\u{1}\"}",
        "{\"a\": \"\n\"}",
        r#"{"a": "\x"}"#,
        r#"{"a": "\u12"}"#,
        "{\"a\": \"",
        "{\"a\": [1, 2}",
        "/* */ {}",
    ];
    for text in bad {
        assert!(matches!(error(text).kind, ErrorKind::NotJson(_)), "{text:?}: {}", error(text));
    }
}

#[test]
fn a_newer_version_is_named_whatever_else_is_different() {
    let cases = [
        ("{\"version\": \"2.0\", \"tasks\": []}", "2.0"),
        ("{\"tasks\": {\"a\": 1}, \"version\": \"1.1\"}", "1.1"),
        ("{\"version\": \"1.0\", \"tasks\": 5, \"codeagent\": {\"format\": 2}}", "format 2"),
        ("{\"version\": \"1.0\", \"tasks\": [], \"codeagent\": {\"format\": 2, \"pruned\": 7}}", "format 2"),
    ];
    for (text, version) in cases {
        assert_eq!(error(text).kind, ErrorKind::NewerVersion(version.into()), "{text}");
    }
    // A file that is cut off says nothing of that kind: it is damaged.
    assert!(matches!(
        error("{\"tasks\": 5, \"version\": \"2.0\"").kind,
        ErrorKind::NotADocument(_) | ErrorKind::NotJson(_)
    ));
}

#[test]
fn a_bad_value_is_found_by_line_column_and_path() {
    let wrong = error(
        "{\"version\": \"1.0\",\n \"tasks\": [\n  {\"task_id\": \"ы\", \"task_text\": \"\"},\n  {\"task_id\": \"ы2\", \"attempts\": -1}]}",
    );
    assert_eq!(wrong.path, "tasks[1].attempts");
    let place = wrong.place.unwrap();
    assert_eq!((place.line, place.column), (4, 33));
    assert_eq!(
        wrong.to_string(),
        "line 4, column 33: tasks[1].attempts: expected a whole number, not negative and not too large"
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    let members = [
        "\"attempts\": 1.5",
        "\"attempts\": 4294967296",
        "\"attempts\": \"1\"",
        "\"attempts\": true",
        "\"attempts\": NaN",
        "\"start_time\": \"yesterday\"",
        "\"start_time\": 5",
        "\"task_id\": 5",
        "\"task_text\": null",
        "\"state\": null",
        "\"instruction_progress\": []",
        "\"instruction_progress\": {\"total_instructions\": -1}",
        "\"instruction_progress\": {\"completed_instructions\": {}}",
        "\"codeagent\": 5",
        "\"codeagent\": {\"wait\": 5}",
        "\"codeagent\": {\"final\": \"tired\"}",
        "\"codeagent\": {\"origin\": 1}",
        r#""task_text": "\ud800""#,
    ];
    for member in members {
        let wrong = error(&with_task(member));
        assert!(matches!(wrong.kind, ErrorKind::BadValue(_)), "{member}: {wrong}");
        assert!(wrong.path.starts_with("tasks[0]."), "{member}: {wrong}");
    }
    for tasks in ["5", "null", "[]", "{}", "{\"task_id\": \"a\"}", "{\"task_text\": \"a\"}"] {
        assert!(matches!(error(&with_tasks(tasks)).kind, ErrorKind::BadValue(_)), "{tasks}");
    }
    let unknown = error(&with_task("\"state\": \"done\""));
    assert_eq!(unknown.kind, ErrorKind::UnknownState("done".into()));
}

#[test]
fn two_tasks_with_one_id_are_refused() {
    let task = "{\"task_id\": \"a\", \"task_text\": \"A\"}";
    let wrong = error(&with_tasks(&format!("{task}, {}, {task}", task.replace("\"a\"", "\"b\""))));
    assert_eq!(wrong.kind, ErrorKind::DuplicateId(TaskId::new("a")));
    assert_eq!(wrong.path, "tasks[2].task_id");
}

#[test]
fn what_is_missing_or_null_is_the_default() {
    for text in [
        with_task("\"x\": 1"),
        with_task(
            "\"attempts\": null, \"start_time\": null, \"metadata\": null, \"codeagent\": {}, \"instruction_progress\": null, \"result\": null, \"error_message\": null",
        ),
    ] {
        let state = read(&text).unwrap().into_state().unwrap();
        let task = state.tasks().next().unwrap();
        assert_eq!((task.state(), task.attempts, task.metadata()), (TaskState::Pending, 0, None));
        assert!(state.header().clean_shutdown);
    }
    let text = "{\"version\": \"1.0\", \"tasks\": [], \"server_state\": null, \"codeagent\": {}}";
    assert!(read(text).unwrap().header.clean_shutdown);
}

#[test]
fn of_a_key_that_comes_twice_the_last_counts() {
    let text =
        with_task("\"attempts\": 5, \"attempts\": 7, \"codeagent\": {\"excused\": 3}, \"codeagent\": {}");
    let task = read(&text).unwrap().tasks.into_tasks().next().unwrap();
    assert_eq!((task.attempts, task.excused), (7, 0));
    let text = "{\"version\": \"1.0\", \"tasks\": [5], \"tasks\": []}";
    assert!(matches!(error(text).kind, ErrorKind::BadValue(_)), "but each must be readable");
}

#[test]
fn a_key_may_be_escaped() {
    let text = with_task(r#""att\u0065mpts": 7"#);
    assert_eq!(read(&text).unwrap().tasks.tasks().next().unwrap().attempts, 7);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let document = read(&format!("\u{feff}{}", with_task("\"x\": 1"))).unwrap();
    assert_eq!(document.tasks.len(), 1);
    let ours = include_str!("golden/ours.json");
    assert_eq!(read(&format!("\u{feff}{ours}")).unwrap().digest, Digest::Fails);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let wrong = document::read(b"{\"version\": \"1.0\",\n\"tasks\": \"\xff\"}").unwrap_err();
    let place = wrong.place.unwrap();
    assert_eq!((wrong.kind, place.line, place.column), (ErrorKind::InvalidUtf8, 2, 11));
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    for bracket in ["[", "{\"a\":"] {
        let deep = bracket.repeat(2_000_000);
        assert_eq!(error(&deep).kind, ErrorKind::TooDeep);
        assert_eq!(error(&with_task(&format!("\"x\": {deep}"))).kind, ErrorKind::TooDeep);
    }
    let deep = format!("{}{}", "[".repeat(document::MAX_DEPTH), "]".repeat(document::MAX_DEPTH));
    assert!(read(&with_task(&format!("\"metadata\": {deep}"))).is_ok());
}

#[test]
fn many_unknown_members_cost_no_more_than_their_length() {
    let mut text = String::from("{\"version\": \"1.0\", \"tasks\": []");
    (0..300_000).for_each(|n| text.push_str(&format!(", \"k{n}\": {n}")));
    text.push('}');
    let unknown = read(&text).unwrap().header.unknown.unwrap();
    assert!(unknown.starts_with("\"k0\": 0, \"k1\": 1, ") && unknown.ends_with("\"k299999\": 299999"));
}

#[test]
fn impossible_counts_of_another_hand_are_brought_into_bounds() {
    let text = with_task("\"attempts\": 1, \"codeagent\": {\"excused\": 9, \"crashes\": 9}");
    let task = read(&text).unwrap().tasks.into_tasks().next().unwrap();
    assert_eq!((task.excused, task.crashes), (1, 1));
    let text = with_task("\"state\": \"in_progress\", \"codeagent\": {\"attempt_id\": \"x\"}");
    assert_eq!(read(&text).unwrap().tasks.tasks().next().unwrap().running().unwrap().attempt_id, None);
}

#[test]
fn a_digest_at_another_place_is_none_of_ours() {
    let ours = include_str!("golden/ours.json");
    assert_eq!(read(ours).unwrap().digest, Digest::Matches);
    let without_newline = ours.trim_end();
    let longer = format!("{ours}\n");
    let moved = ours.replace("\"digest\": ", "\"later2\": 1, \"digest\": ");
    for changed in [without_newline, &longer, &moved] {
        assert_eq!(read(changed).unwrap().digest, Digest::Fails);
    }
}

#[test]
fn what_a_careless_caller_gave_does_not_spoil_the_document() {
    for bad in ["", "{", "}, {", "\"", "\\", "nil", "{} {}", "\"\\ы", "[\n"] {
        let mut task = Task::new(TaskId::new("a"), "A", Origin::List);
        task.extra_mut().metadata = Some(RawJson::new(bad));
        task.extra_mut().result = Some(RawJson::new(bad));
        let state = State::from_parts(Header::default(), [task], []).unwrap();
        let text = document::to_string(&state.freeze());
        let kept =
            read(&text).unwrap().tasks.into_tasks().next().unwrap().result().unwrap().as_str().to_owned();
        assert_eq!(serde_json::from_str::<String>(&kept).unwrap(), bad);
    }
}
