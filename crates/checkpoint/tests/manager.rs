//! The guide's `CheckpointManager`, call by call.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use codeagent_checkpoint::{
    CheckpointManager, Clock, FileStoreOptions, ManagerError, MemoryStore, Outcome, Store, clock::FakeClock,
    document,
};
use codeagent_core::{RawJson, Refusal, TaskId, TaskState};

struct Bench {
    store: Arc<dyn Store>,
    clock: Arc<FakeClock>,
}

impl Bench {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::default()), clock: Arc::default() }
    }

    /// A manager as a new process has it.
    fn manager(&self) -> CheckpointManager {
        let clock: Arc<dyn Clock> = self.clock.clone();
        CheckpointManager::new(self.store.clone(), clock, PathBuf::from("data/.checkpoint.json")).unwrap()
    }
}

fn id(name: &str) -> TaskId {
    TaskId::new(name)
}

#[test]
fn the_guides_example() {
    let bench = Bench::new();
    let checkpoint = bench.manager();
    checkpoint.mark_server_start("session_001").unwrap();
    assert!(!checkpoint.was_clean_shutdown().unwrap());
    assert!(checkpoint.add_task(&id("task_001"), "Реализовать функцию", None).unwrap().is_done());
    bench.clock.advance_s(60);
    assert!(checkpoint.mark_task_start(&id("task_001")).unwrap().is_done());
    assert_eq!(checkpoint.get_current_task().unwrap().unwrap().id, id("task_001"));
    let result = Some(RawJson::new("{\"status\": \"ok\"}"));
    assert!(checkpoint.mark_task_completed(&id("task_001"), result.clone()).unwrap().is_done());
    checkpoint.mark_server_stop(true).unwrap();

    let task = checkpoint.find_task(&id("task_001")).unwrap().unwrap();
    assert_eq!((task.state(), task.attempts, task.result()), (TaskState::Completed, 1, result.as_ref()));
    assert_eq!(task.start_time.unwrap().to_string(), "2026-01-18T10:31:00");
    assert!(checkpoint.is_task_completed(" Реализовать  функцию").unwrap());
    assert!(checkpoint.was_clean_shutdown().unwrap());
    assert_eq!(checkpoint.get_current_task().unwrap(), None);
}

#[test]
fn the_files_are_named_as_in_the_guide() {
    let checkpoint = Bench::new().manager();
    assert_eq!(checkpoint.checkpoint_file(), "data/.checkpoint.json");
    assert_eq!(checkpoint.backup_file(), "data/.checkpoint.json.backup");
}

#[test]
fn what_exists_or_is_unknown_changes_nothing() {
    let checkpoint = Bench::new().manager();
    let _ = checkpoint.add_task(&id("a"), "A", None).unwrap();
    let before = checkpoint.checkpoint_data().unwrap();
    let ignored = |outcome| matches!(outcome, Outcome::Ignored(_));
    let again = checkpoint.add_task(&id("a"), "B", None).unwrap();
    assert_eq!(again, Outcome::Ignored(Refusal::TaskExists(id("a"))));
    assert_eq!(
        checkpoint.mark_task_start(&id("x")).unwrap(),
        Outcome::Ignored(Refusal::UnknownTask(id("x")))
    );
    assert!(ignored(checkpoint.mark_task_completed(&id("x"), None).unwrap()));
    assert!(ignored(checkpoint.mark_task_failed(&id("x"), "e").unwrap()));
    assert!(ignored(checkpoint.end_task(&id("x"), true, None).unwrap()));
    assert!(ignored(checkpoint.update_instruction_progress(&id("x"), 1, 2).unwrap()));
    assert!(!checkpoint.should_retry_task(&id("x"), 3).unwrap());
    assert_eq!(checkpoint.find_task(&id("x")).unwrap(), None);
    assert_eq!(checkpoint.get_instruction_progress(&id("x")).unwrap(), None);
    assert_eq!(checkpoint.checkpoint_data().unwrap(), before);
}

#[test]
fn pending_may_be_completed_or_failed_at_once() {
    let checkpoint = Bench::new().manager();
    for name in ["a", "b"] {
        let _ = checkpoint.add_task(&id(name), name, None).unwrap();
    }
    assert!(checkpoint.mark_task_completed(&id("a"), None).unwrap().is_done());
    assert!(checkpoint.mark_task_failed(&id("b"), "no").unwrap().is_done());
    let failed = checkpoint.get_failed_tasks().unwrap();
    assert_eq!(failed.iter().map(|t| t.error.as_deref()).collect::<Vec<_>>(), [Some("no")]);
}

#[test]
fn a_task_fails_until_its_attempts_are_used_up() {
    let checkpoint = Bench::new().manager();
    let _ = checkpoint.add_task(&id("a"), "A", None).unwrap();
    for attempt in 1..=3 {
        assert!(checkpoint.should_retry_task(&id("a"), 3).unwrap(), "before attempt {attempt}");
        assert!(checkpoint.mark_task_start(&id("a")).unwrap().is_done());
        assert!(checkpoint.mark_task_failed(&id("a"), "no").unwrap().is_done());
    }
    assert!(!checkpoint.should_retry_task(&id("a"), 3).unwrap());
    assert!(checkpoint.mark_task_start(&id("a")).unwrap().is_done(), "the caller decides");
}

#[test]
fn a_running_task_is_not_started_twice_by_one_process() {
    let checkpoint = Bench::new().manager();
    let _ = checkpoint.add_task(&id("a"), "A", None).unwrap();
    assert!(checkpoint.mark_task_start(&id("a")).unwrap().is_done());
    assert!(!checkpoint.mark_task_start(&id("a")).unwrap().is_done());
    assert_eq!(checkpoint.find_task(&id("a")).unwrap().unwrap().attempts, 1);
}

#[test]
fn what_an_earlier_process_left_running_starts_again() {
    let bench = Bench::new();
    let earlier = bench.manager();
    let _ = earlier.add_task(&id("a"), "A", None).unwrap();
    let _ = earlier.mark_task_start(&id("a")).unwrap();
    let later = bench.manager();
    assert!(later.mark_task_start(&id("a")).unwrap().is_done());
    let task = later.find_task(&id("a")).unwrap().unwrap();
    assert_eq!((task.attempts, task.crashes, task.counted_attempts()), (2, 1, 1));
    assert!(!later.mark_task_start(&id("a")).unwrap().is_done(), "it is its own now");
}

#[test]
fn the_interrupted_task_is_reset_and_keeps_its_steps() {
    let bench = Bench::new();
    let earlier = bench.manager();
    earlier.mark_server_start("s").unwrap();
    for name in ["a", "b"] {
        assert!(earlier.start_task(name, &id(name)).unwrap().is_done());
    }
    let _ = earlier.update_instruction_progress(&id("b"), 1, 5).unwrap();
    let later = bench.manager();
    let info = later.get_recovery_info().unwrap();
    assert!(!info.was_clean_shutdown);
    assert_eq!(info.current_task.map(|task| task.id), Some(id("b")));
    assert_eq!(later.reset_interrupted_task().unwrap(), [id("a"), id("b")]);
    assert_eq!(later.reset_interrupted_task().unwrap(), []);
    assert_eq!(later.get_incomplete_tasks().unwrap().len(), 2);
    assert_eq!(later.get_instruction_progress(&id("b")).unwrap().unwrap().completed, [1]);
    assert_eq!(later.get_instruction_progress(&id("a")).unwrap().unwrap().total, 0);
}

#[test]
fn start_and_end_in_one_word_each() {
    let checkpoint = Bench::new().manager();
    assert!(checkpoint.start_task("A", &id("a")).unwrap().is_done());
    assert!(checkpoint.end_task(&id("a"), false, Some("no")).unwrap().is_done());
    assert!(checkpoint.start_task("A", &id("a")).unwrap().is_done());
    assert!(checkpoint.end_task(&id("a"), true, None).unwrap().is_done());
    let task = checkpoint.find_task(&id("a")).unwrap().unwrap();
    assert_eq!((task.state(), task.attempts), (TaskState::Completed, 2));
    assert!(!checkpoint.start_task("A", &id("a")).unwrap().is_done(), "completed");
}

#[test]
fn cleared_tasks_stay_completed() {
    let bench = Bench::new();
    let checkpoint = bench.manager();
    for name in ["a", "b", "c"] {
        let _ = checkpoint.start_task(name, &id(name)).unwrap();
        bench.clock.advance_s(1);
        let _ = checkpoint.end_task(&id(name), true, None).unwrap();
    }
    assert_eq!(checkpoint.clear_old_tasks(1).unwrap(), 2);
    assert_eq!(checkpoint.clear_old_tasks(1).unwrap(), 0);
    assert!(checkpoint.is_task_completed("a").unwrap());
    let refused = checkpoint.start_task("a", &id("a")).unwrap();
    assert_eq!(refused, Outcome::Ignored(Refusal::TaskExists(id("a"))));
    assert_eq!(checkpoint.get_statistics().unwrap().completed, 1);
}

#[test]
fn iterations_are_counted() {
    let checkpoint = Bench::new().manager();
    checkpoint.increment_iteration().unwrap();
    checkpoint.increment_iteration().unwrap();
    assert_eq!(checkpoint.get_iteration_count().unwrap(), 2);
}

#[test]
fn values_of_callers_are_checked() {
    let checkpoint = Bench::new().manager();
    let add = |text: &str| checkpoint.add_task(&id("a"), "A", Some(RawJson::new(text)));
    for bad in ["", "{", "[1]", "null", "{} {}", "{\"a\": 1,}", "{'a': 1}"] {
        assert!(matches!(add(bad), Err(ManagerError::BadJson { what: "metadata", .. })), "{bad}");
    }
    assert!(add("{\n  \"a\": [NaN,\n 1e999]\n}").unwrap().is_done());
    let metadata = checkpoint.find_task(&id("a")).unwrap().unwrap().metadata().cloned();
    assert_eq!(metadata, Some(RawJson::new("{\"a\": [NaN, 1e999]}")));
    assert!(checkpoint.mark_task_completed(&id("a"), Some(RawJson::new("nil"))).is_err());
    document::read(checkpoint.checkpoint_data().unwrap().as_bytes()).unwrap();
}

#[test]
fn errors_of_the_store_are_told() {
    let checkpoint = Bench::new().manager();
    checkpoint.close().unwrap();
    assert!(checkpoint.mark_server_start("s").is_err());
    assert!(checkpoint.add_task(&id("a"), "A", None).is_err());
    assert!(checkpoint.get_statistics().is_err());
}

#[test]
fn a_manager_on_files_goes_on_where_the_last_one_was() {
    let project = tempfile::tempdir().unwrap();
    let open = || {
        let file = Path::new("data/.checkpoint.json");
        CheckpointManager::open(project.path(), file, FileStoreOptions::default()).unwrap().0
    };
    let earlier = open();
    earlier.mark_server_start("s").unwrap();
    assert!(earlier.start_task("A", &id("a")).unwrap().is_done());
    drop(earlier);
    let later = open();
    assert!(!later.was_clean_shutdown().unwrap());
    assert_eq!(later.reset_interrupted_task().unwrap(), [id("a")]);
    later.mark_server_stop(true).unwrap();
    later.close().unwrap();
    let document = document::read(&std::fs::read(later.checkpoint_file()).unwrap()).unwrap();
    assert_eq!(document.tasks.tasks().next().unwrap().state(), TaskState::Pending);
    assert!(later.backup_file().exists());
}
