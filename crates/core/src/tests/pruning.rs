//! Completed tasks leave the document and stay known.
use alloc::vec;

use super::*;
use crate::{Fingerprint, Origin};

fn add(name: &TaskId, text: &str, origin: Origin) -> Command {
    Command::AddTask { id: name.clone(), text: text.into(), metadata: None, origin }
}

fn retry_text(name: &TaskId, text: &str) -> Command {
    Command::Retry { id: name.clone(), text: Some(text.into()) }
}

fn names(state: &State) -> Vec<&str> {
    state.tasks().map(|task| task.id.as_str()).collect()
}

#[test]
fn the_newest_completed_tasks_stay() {
    let mut state = crate::testkit::state(&["a", "b", "c", "d", "e"]);
    all(&mut state, ["c", "a", "d", "b"].map(start));
    all(&mut state, ["c", "a", "d"].map(complete));
    all(&mut state, [fail("b"), prune(2)]);
    assert_eq!(names(&state), ["a", "b", "d", "e"], "c ended first; failed and pending tasks stay");
    all(&mut state, [prune(0)]);
    assert_eq!(names(&state), ["b", "e"]);
    assert_eq!(try_now(&state, prune(0)), Ok(vec![]));
}

#[test]
fn a_large_file_is_pruned_in_small_records() {
    let tasks = (0..2_500).map(|n| {
        let mut task = crate::testkit::task(&alloc::format!("t{n}"));
        task.phase = crate::Phase::Completed;
        task
    });
    let state = State::from_parts(Default::default(), tasks, []).unwrap();
    let sizes: Vec<_> = try_now(&state, prune(100))
        .unwrap()
        .iter()
        .map(|event| match event {
            Event::TasksPruned { ids, .. } => ids.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [1_000, 1_000, 400]);
}

#[test]
fn an_id_of_the_list_is_remembered_by_itself() {
    let nested = TaskId::derive(["Parser"], "Write tests");
    let mut state = texts(&[(nested.as_str(), "Write tests")]);
    all(&mut state, [complete(nested.as_str()), prune(0)]);
    assert!(
        state.pruned().eq([&Fingerprint::of_id(&nested)]),
        "its text may be another task's under other parents"
    );
    assert_eq!(try_now(&state, add(&nested, "Write tests", Origin::List)), Err(Refusal::TaskExists(nested)));
}

#[test]
fn any_other_id_is_remembered_with_its_text() {
    let mut state = texts(&[("task_1737187800", "Write  tests")]);
    all(&mut state, [complete("task_1737187800"), prune(0)]);
    assert!(state.is_pruned(Fingerprint::of_id(&id("task_1737187800"))));
    assert!(state.is_pruned(Fingerprint::of_text("Write tests")));
}

#[test]
fn a_completed_text_stays_completed_when_pruned_and_when_loaded_again() {
    let derived = TaskId::derive([], "Do it");
    for name in [derived.as_str(), "task_1737187800"] {
        let mut state = texts(&[(name, "Do it")]);
        assert!(!state.is_text_completed("Do it"));
        all(&mut state, [start(name), complete(name)]);
        assert!(state.is_text_completed(" Do\tit "));
        all(&mut state, [prune(0)]);
        assert!(state.is_text_completed("Do it"), "{name}");
        assert!(reload(&state).is_text_completed("Do it"), "{name}");
        assert!(!state.is_text_completed("Do"));
    }
}

#[test]
fn the_latest_entry_of_a_text_decides() {
    let mut state = texts(&[("t1", "Do it"), ("t2", "Do it"), ("t3", "Do  it")]);
    let latest = |state: &State| state.latest_with_text("Do it").unwrap().id.clone();
    all(&mut state, [start("t2"), complete("t2"), start("t1"), fail("t1")]);
    assert_eq!(latest(&state), id("t1"), "started last");
    assert!(!state.is_text_completed("Do it"));
    act(&mut state, start("t3"), crate::testkit::at(-7200)).unwrap();
    assert_eq!(latest(&state), id("t1"), "by the clock: a loaded file knows nothing else");
    assert_eq!(latest(&reload(&state)), id("t1"));
    act(&mut state, start("t1"), crate::testkit::at(-7201)).unwrap();
    assert_eq!(latest(&state), id("t2"), "its own start moved before the others'");
    assert_eq!(latest(&reload(&state)), id("t2"));
}

#[test]
fn when_the_latest_is_pruned_its_text_stays_completed() {
    let mut state = texts(&[("t1", "Do it"), ("t2", "Do it")]);
    all(&mut state, [start("t1"), fail("t1"), start("t2"), complete("t2"), prune(0)]);
    assert_eq!(state.latest_with_text("Do it").unwrap().id, id("t1"));
    assert!(state.is_text_completed("Do it"));
}

#[test]
fn a_pruned_task_runs_again_only_by_retry() {
    let derived = TaskId::derive([], "Do it");
    for name in [derived.as_str(), "task_1737187800"] {
        let mut state = texts(&[(name, "Do it")]);
        all(&mut state, [complete(name), prune(0)]);
        assert_eq!(outcome(&try_now(&state, start(name))), alloc::format!("no: unknown task {name}"));
        let add_again = add(&derived, "Do it", Origin::Added);
        assert_eq!(try_now(&state, add_again), Err(Refusal::TaskExists(derived.clone())));
        all(&mut state, [retry_text(&derived, " Do  it")]);
        assert!(!state.is_text_completed("Do it"), "{name}");
        assert!(the(&state, derived.as_str()).reopened);
        all(&mut state, [start(derived.as_str())]);
    }
}

#[test]
fn a_pruned_task_can_be_reopened_without_its_text() {
    let mut state = texts(&[(TaskId::derive([], "Do it").as_str(), "Do it")]);
    let derived = TaskId::derive([], "Do it");
    all(&mut state, [complete(derived.as_str()), prune(0), retry(derived.as_str())]);
    assert_eq!((state.tasks().count(), state.pruned().len()), (0, 0));
    let nothing = Command::Retry { id: derived.clone(), text: Some("  ".into()) };
    assert_eq!(try_now(&state, nothing), Err(Refusal::UnknownTask(derived)));
}

#[test]
fn retry_of_what_was_never_known_is_refused() {
    let refusal = try_now(&State::default(), retry_text(&id("x"), "Do it")).unwrap_err();
    assert_eq!(refusal, Refusal::UnknownTask(id("x")));
}

#[test]
fn adding_a_text_that_is_known_by_another_id_means_that_task() {
    let derived = TaskId::derive([], "Do it");
    let state = texts(&[("task_1737187800", "Do it")]);
    let refusal = try_now(&state, add(&derived, "Do it", Origin::Added)).unwrap_err();
    assert_eq!(refusal, Refusal::TaskExists(id("task_1737187800")));
    // Who gives an id means another task, and the list has its own rules.
    assert!(try_now(&state, add(&id("again"), "Do it", Origin::Added)).is_ok());
    assert!(try_now(&state, add(&derived, "Do it", Origin::List)).is_ok());
}

#[test]
fn completions_from_elsewhere_are_remembered() {
    let mut state = State::default();
    let fingerprint = Fingerprint::of_text("Do it");
    state.apply(&Event::CompletionRemembered { fingerprint });
    assert!(state.is_text_completed("Do it"));
    assert_eq!(state.header().last_update, None);
}
