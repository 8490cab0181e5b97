//! Documents of every origin, kept as files: they must be readable for ever.
//!
//! `guide.json` is the guide's example, `python.json` what Python's implementation writes (with unknown members at
//! every level), `python.rewritten.json` what we make of that, `ours.json` a snapshot of ours with every field, and
//! `ours.resaved.json` what is left of it after Python's `json.load` and `json.dump(indent=2, ensure_ascii=False)`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use codeagent_checkpoint::document::{self, Digest, Document, SnapshotMeta, StoreId};
use codeagent_core::{
    AttemptId, ChildIdentity, Fingerprint, Header, LocalTime, Origin, Phase, RawJson, State, Task, TaskId,
    TaskState, Wait,
    task::{AfterFailure, Extra, FinalReason, Running, Steps},
};

const GUIDE: &str = include_str!("golden/guide.json");
const PYTHON: &str = include_str!("golden/python.json");
const PYTHON_REWRITTEN: &str = include_str!("golden/python.rewritten.json");
const OURS: &str = include_str!("golden/ours.json");
const OURS_RESAVED: &str = include_str!("golden/ours.resaved.json");

const META: SnapshotMeta = SnapshotMeta {
    store_id: StoreId(*b"0123456789abcdef"),
    epoch: 7,
    clean: true,
    last_lsn: 1_234_567_890_123,
    chain: 0xDEAD_BEEF,
};

fn read(text: &str) -> Document {
    document::read(text.as_bytes()).unwrap()
}

fn written(state: &State, meta: Option<&SnapshotMeta>) -> String {
    let mut bytes = Vec::new();
    document::write(&state.freeze(), meta, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn time(text: &str) -> Option<LocalTime> {
    LocalTime::parse(text)
}

fn task(number: usize, phase: Phase, attempts: u32) -> Task {
    let id = TaskId::new(format!("task_{number:03}"));
    Task { phase, attempts, ..Task::new(id, format!("Задача {number}"), Origin::List) }
}

/// A state with every field that a document has.
fn every_field() -> State {
    let wait = Some(Wait { since_unix_ms: 1_768_732_200_000, delay_ms: 5_000 });
    let child = ChildIdentity {
        pid: 4_321,
        start_ticks: 987_654,
        boot_id: "7b2c0f6e-3f43-4a4c-9f57-6d2f3a1f0c55".into(),
    };
    let running = Running {
        attempt_id: Some(AttemptId("00112233445566778899aabbccddeeff".into())),
        child: Some(child),
    };
    let extra = Extra {
        metadata: Some(RawJson::new("{\"weight\": NaN, \"big\": 123456789012345678901234567890}")),
        result: Some(RawJson::new("{\"status\": \"ok\"}")),
        steps: Some(Steps { last_completed: 2, total: 3, completed: vec![1, 2] }),
        unknown: Some("\"priority\": 5, \"tags\": [\"a\", {\"b\": null}]".into()),
        unknown_own: Some("\"later\": true".into()),
        unknown_steps: Some("\"note\": \"по шагам\"".into()),
    };
    let tasks = [
        Task {
            start_time: time("2026-01-18T10:31:00.000001"),
            end_time: time("2026-01-18T10:35:00"),
            error: Some("quote \" backslash \\ newline \n escape \u{1b}".into()),
            excused: 1,
            crashes: 1,
            reopened: true,
            origin: Origin::Added,
            extra: Some(Box::new(extra)),
            ..task(1, Phase::Completed, 2)
        },
        Task { start_time: time("2026-01-18T10:36:00"), ..task(2, Phase::InProgress(Box::new(running)), 1) },
        task(3, Phase::Failed(AfterFailure::Retry(wait)), 1),
        task(4, Phase::Failed(AfterFailure::Final(FinalReason::AttemptLimit)), 3),
        task(5, Phase::Pending(wait), 1),
        task(6, Phase::Pending(None), 0),
        task(7, Phase::RolledBack, 1),
    ];
    let header = Header {
        last_start_time: time("2026-01-18T10:30:00.254894"),
        last_stop_time: time("2026-01-17T18:00:00"),
        iteration_count: 42,
        clean_shutdown: false,
        current_task: Some(TaskId::new("task_002")),
        session_id: Some("20260118_103000".into()),
        last_update: time("2026-01-18T10:36:00"),
        unknown: Some("\"schema_hint\": {\"by\": \"another tool\"}".into()),
        unknown_server: Some("\"host\": \"dev-1\"".into()),
        unknown_own: Some("\"later\": [1, 2]".into()),
    };
    State::from_parts(header, tasks, (0..60).map(|n| Fingerprint([n; 16]))).unwrap()
}

#[test]
fn ours_is_written_to_the_byte() {
    assert_eq!(written(&every_field(), Some(&META)), OURS);
}

#[test]
fn ours_is_read() {
    let document = read(OURS);
    assert_eq!((document.digest, document.meta), (Digest::Matches, Some(META)));
    assert_eq!(document.own_last_update, every_field().header().last_update);
    assert_eq!(document.into_state().unwrap(), every_field());
}

#[test]
fn what_python_resaved_is_known_as_such_and_complete() {
    let document = read(OURS_RESAVED);
    assert_eq!((document.digest, document.saved_by_python), (Digest::Fails, true));
    assert_eq!(document.meta, Some(META));
    assert_eq!(document.into_state().unwrap(), every_field());
}

#[test]
fn what_python_goes_on_with_loses_only_what_belonged_to_our_attempt() {
    // Python starts the task that we had given up, and ends the one that ran.
    let gone_on = OURS_RESAVED
        .replace("\"attempts\": 3,\n      \"error", "\"attempts\": 4,\n      \"error")
        .replace("\"state\": \"in_progress\"", "\"state\": \"failed\"");
    let state = read(&gone_on).into_state().unwrap();
    let phase = |name: &str| state.task(&TaskId::new(name)).unwrap().phase.clone();
    assert_eq!(phase("task_004"), Phase::Failed(AfterFailure::Retry(None)));
    assert_eq!(phase("task_002"), Phase::Failed(AfterFailure::Retry(None)));
    assert_eq!(state.task(&TaskId::new("task_001")).unwrap().excused, 1);
}

#[test]
fn the_guides_example_is_read() {
    let document = read(GUIDE);
    assert_eq!((document.digest, document.meta, document.has_own), (Digest::Absent, None, false));
    let state = document.into_state().unwrap();
    assert_eq!(state.header().iteration_count, 42);
    let task = state.tasks().next().unwrap();
    assert_eq!((task.id.as_str(), task.state(), task.attempts), ("task_001", TaskState::Completed, 1));
    assert_eq!(task.extra, None);
}

#[test]
fn what_python_wrote_is_read_and_rewritten() {
    let document = read(PYTHON);
    assert!(document.saved_by_python && !document.has_own && document.pruned.is_empty());
    let state = document.into_state().unwrap();
    assert_eq!(state.task(&TaskId::new("task_1768732200")).unwrap().steps().unwrap().completed, [1, 2, 3]);
    assert_eq!(state.current_task().unwrap().text.as_ref(), "Добавить тесты");
    assert_eq!(written(&state, None), PYTHON_REWRITTEN);
    assert_eq!(read(PYTHON_REWRITTEN).into_state().unwrap(), state);
}

#[test]
fn imported_tasks_run_without_a_line() {
    let state = document::import(read(PYTHON)).unwrap();
    let added = state.tasks().filter(|task| task.origin == Origin::Added).map(|task| task.id.as_str());
    // Of the two entries with one text, the one that was started later.
    assert_eq!(
        added.collect::<Vec<_>>(),
        ["task_1768732200", "task_1768732260", "task_1768732380", "task_1768732440"]
    );
    assert_eq!(state.tasks().count(), 5);
}
