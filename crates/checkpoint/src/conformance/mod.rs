//! What "the same" means for stores: checks that every one of them passes (feature `testing`).
//!
//! A store's tests say where it is kept, once, and get one test for each check:
//!
//! ```ignore
//! codeagent_checkpoint::conformance_tests!(Memory::default());
//! codeagent_checkpoint::lasting_conformance_tests!(Files::in_a_new_folder());
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "checks are tests: they fail by panicking"
)]
mod life;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use codeagent_core::{
    AttemptId, ChildIdentity, Command, Event, Origin, RawJson, Refusal, StartAgain, State, Task, TaskId,
    TaskState, invariants,
    testkit::{at, now},
};

pub use self::life::{Dice, random_command};
use crate::{
    memory::MemoryStore,
    store::{ReadState, Store, StoreError},
};

/// Where a store is kept.
pub trait Place {
    /// Opens the store that is kept here; what was acknowledged before is there again. The one before it was
    /// closed or dropped.
    fn open(&self) -> Arc<dyn Store>;
}

/// One test for each check that any store passes.
#[macro_export]
macro_rules! conformance_tests {
    ($place:expr) => {
        $crate::conformance_tests!(@each $place;
            a_new_store_is_empty, a_task_lives_and_ends, a_batch_is_decided_in_its_order,
            a_refusal_touches_no_other, an_empty_batch_is_answered, a_start_is_repeated_safely,
            what_is_noted_is_seen, closed_is_closed, a_reader_sees_what_was_acknowledged,
            every_caller_is_answered_once, one_of_many_wins_a_task, a_random_life_is_the_models,
        );
    };
    (@each $place:expr; $($check:ident),* $(,)?) => {
        $(#[test] fn $check() { $crate::conformance::$check(&$place) })*
    };
}

/// One test for each check that a store passes which outlasts its process, besides [`conformance_tests`].
#[macro_export]
macro_rules! lasting_conformance_tests {
    ($place:expr) => {
        $crate::conformance_tests!(@each $place;
            what_was_closed_comes_back, what_was_dropped_comes_back, a_start_is_repeated_safely_after_reopening,
            what_was_pruned_stays_known, texts_of_every_kind_come_back, a_random_life_survives_reopening,
        );
    };
}

fn id(name: &str) -> TaskId {
    TaskId::new(name)
}

fn add(name: &str) -> Command {
    Command::AddTask { id: id(name), text: format!("Do {name}"), metadata: None, origin: Origin::List }
}

fn start(name: &str, attempt: Option<&str>) -> Command {
    let attempt_id = attempt.map(|attempt| AttemptId(attempt.into()));
    Command::StartTask { id: id(name), attempt_id, anew: StartAgain::WithinLimits }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

fn task(store: &dyn Store, name: &str) -> Option<Task> {
    store.view(|state| state.task(&id(name)).cloned()).unwrap()
}

fn state_of(store: &dyn Store) -> State {
    let state = store.view(State::clone).unwrap();
    assert_eq!(invariants::violations(&state), Vec::<String>::new());
    state
}

/// Nobody was here before.
pub fn a_new_store_is_empty(place: &dyn Place) {
    let state = state_of(&*place.open());
    assert_eq!(state.counts().total(), 0);
    assert!(state.header().clean_shutdown);
    assert_eq!(state.pruned().len(), 0);
}

/// pending → in_progress → completed, and the guide's fields on the way.
pub fn a_task_lives_and_ends(place: &dyn Place) {
    let store = place.open();
    store.execute(Command::StartServer { session_id: "s".into() }, at(0)).unwrap().unwrap();
    store.execute(add("a"), at(1)).unwrap().unwrap();
    let events = store.execute(start("a", Some("1")), at(2)).unwrap().unwrap();
    assert!(matches!(&events[..], [Event::TaskStarted { .. }]), "{events:?}");
    assert_eq!(store.view(|state| state.current_task().map(|t| t.id.clone())).unwrap(), Some(id("a")));
    store.execute(complete("a"), at(3)).unwrap().unwrap();
    let ended = task(&*store, "a").unwrap();
    assert_eq!((ended.state(), ended.attempts), (TaskState::Completed, 1));
    assert_eq!((ended.start_time, ended.end_time), (Some(at(2).local), Some(at(3).local)));
    assert_eq!(state_of(&*store).header().last_update, Some(at(3).local));
}

/// Each command of a batch sees what those before it did.
pub fn a_batch_is_decided_in_its_order(place: &dyn Place) {
    let store = place.open();
    let batch = vec![start("a", None), add("a"), start("a", None), complete("a"), start("a", None)];
    let decided = store.execute_all(batch, now()).unwrap();
    let done: Vec<_> = decided.iter().map(Result::is_ok).collect();
    assert_eq!(done, [false, true, true, true, false]);
    assert_eq!(task(&*store, "a").unwrap().state(), TaskState::Completed);
}

/// A refusal is an answer to its own command only.
pub fn a_refusal_touches_no_other(place: &dyn Place) {
    let store = place.open();
    let decided = store.execute_all(vec![add("a"), add("a"), add("b")], now()).unwrap();
    assert_eq!(decided[1], Err(Refusal::TaskExists(id("a"))));
    assert!(decided[0].is_ok() && decided[2].is_ok());
    assert_eq!(state_of(&*store).counts().total(), 2);
    let before = state_of(&*store);
    assert_eq!(store.execute(complete("x"), at(9)).unwrap(), Err(Refusal::UnknownTask(id("x"))));
    assert_eq!(state_of(&*store), before);
}

/// Nothing asked, nothing answered.
pub fn an_empty_batch_is_answered(place: &dyn Place) {
    assert!(place.open().execute_all(Vec::new(), now()).unwrap().is_empty());
}

/// The same attempt id again changes nothing; another one is refused.
pub fn a_start_is_repeated_safely(place: &dyn Place) {
    let store = place.open();
    store.execute_all(vec![add("a"), start("a", Some("1"))], now()).unwrap();
    let before = state_of(&*store);
    assert_eq!(store.execute(start("a", Some("1")), at(5)).unwrap(), Ok(Vec::new()));
    assert!(store.execute(start("a", Some("2")), at(5)).unwrap().is_err());
    assert_eq!(state_of(&*store), before);
}

/// A note is part of the state at once.
pub fn what_is_noted_is_seen(place: &dyn Place) {
    let store = place.open();
    store.execute_all(vec![add("a"), start("a", Some("1"))], now()).unwrap();
    let child = ChildIdentity { pid: 7, start_ticks: 8, boot_id: "b".into() };
    store.note(Command::RecordChild { id: id("a"), child: child.clone() }, now()).unwrap().unwrap();
    let running = task(&*store, "a").unwrap();
    assert_eq!(running.running().and_then(|running| running.child.clone()), Some(child.clone()));
    assert!(store.note(Command::RecordChild { id: id("x"), child }, now()).unwrap().is_err());
}

/// After `close` nothing is answered any more.
pub fn closed_is_closed(place: &dyn Place) {
    let store = place.open();
    store.execute(add("a"), now()).unwrap().unwrap();
    store.close().unwrap();
    assert!(matches!(store.execute(add("b"), now()), Err(StoreError::Closed)));
    assert!(matches!(store.note(add("b"), now()), Err(StoreError::Closed)));
    assert!(matches!(store.view(|_| ()), Err(StoreError::Closed)));
}

/// What was acknowledged before a reading began is seen, and nothing that was not yet asked for when it ended.
pub fn a_reader_sees_what_was_acknowledged(place: &dyn Place) {
    const TASKS: usize = 100;
    let store = place.open();
    let (asked, acknowledged) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..TASKS {
                asked.fetch_add(1, Ordering::SeqCst);
                store.execute(add(&n.to_string()), now()).unwrap().unwrap();
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        loop {
            let least = acknowledged.load(Ordering::SeqCst);
            let seen = store.view(|state| state.counts().total()).unwrap();
            let most = asked.load(Ordering::SeqCst);
            assert!((least..=most).contains(&seen), "{seen} of {least} to {most}");
            if least == TASKS {
                break;
            }
        }
    });
}

/// Sixteen callers at once: each gets the answer to its own commands, and all of it happened once.
pub fn every_caller_is_answered_once(place: &dyn Place) {
    const CALLERS: usize = 16;
    const EACH: usize = 20;
    let store = place.open();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let store = &store;
            scope.spawn(move || {
                for n in 0..EACH {
                    let name = format!("{caller}-{n}");
                    let decided = store.execute_all(vec![add(&name), start(&name, Some(&name))], now()).unwrap();
                    assert!(matches!(&decided[0], Ok(e) if matches!(&e[..], [Event::TaskAdded { id, .. }] if id.as_str() == name)));
                    assert!(decided[1].is_ok());
                    assert!(store.execute(complete(&name), now()).unwrap().is_ok());
                    assert!(store.execute(complete(&name), now()).unwrap().is_err());
                }
            });
        }
    });
    let state = state_of(&*store);
    assert_eq!(state.counts().of(TaskState::Completed), CALLERS * EACH);
    assert!(state.tasks().all(|task| task.attempts == 1));
}

/// Sixteen callers want one task: one gets it.
pub fn one_of_many_wins_a_task(place: &dyn Place) {
    let store = place.open();
    store.execute(add("a"), now()).unwrap().unwrap();
    let won = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..16 {
            let (store, won) = (&store, &won);
            scope.spawn(move || {
                if store.execute(start("a", Some(&caller.to_string())), now()).unwrap().is_ok() {
                    won.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(won.into_inner(), 1);
    assert_eq!(task(&*store, "a").unwrap().attempts, 1);
}

/// The store decides and answers as the store in memory does, whatever comes.
pub fn a_random_life_is_the_models(place: &dyn Place) {
    let (store, model) = (place.open(), MemoryStore::default());
    let mut dice = Dice(1);
    for step in 0..400 {
        live_a_step(&*store, &model, &mut dice, step);
    }
    assert_eq!(state_of(&*store), state_of(&model));
}

/// A closed store is what it was when it is opened again.
pub fn what_was_closed_comes_back(place: &dyn Place) {
    let before = live_briefly(place, |store| store.close().unwrap());
    assert_eq!(state_of(&*place.open()), before);
}

/// So is one that was never closed.
pub fn what_was_dropped_comes_back(place: &dyn Place) {
    let before = live_briefly(place, drop);
    assert_eq!(state_of(&*place.open()), before);
}

fn live_briefly(place: &dyn Place, end: impl FnOnce(Arc<dyn Store>)) -> State {
    let store = place.open();
    let child = ChildIdentity { pid: 7, start_ticks: 8, boot_id: "b".into() };
    let batch = vec![
        Command::StartServer { session_id: "s".into() },
        Command::CountIteration,
        add("a"),
        add("b"),
        add("c"),
        start("a", Some("1")),
        Command::CompleteTask { id: id("a"), result: Some(RawJson::new("{\"x\": NaN}")) },
        start("b", Some("2")),
        Command::CompleteStep { id: id("b"), step: 1, total: 3 },
    ];
    assert!(store.execute_all(batch, now()).unwrap().iter().all(Result::is_ok));
    store.note(Command::RecordChild { id: id("b"), child }, now()).unwrap().unwrap();
    let before = state_of(&*store);
    end(store);
    before
}

/// An attempt id is known across openings.
pub fn a_start_is_repeated_safely_after_reopening(place: &dyn Place) {
    let store = place.open();
    store.execute_all(vec![add("a"), start("a", Some("1"))], now()).unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.execute(start("a", Some("1")), at(5)).unwrap(), Ok(Vec::new()));
    assert!(store.execute(start("a", Some("2")), at(5)).unwrap().is_err());
}

/// A completed task that left the document does not come back.
pub fn what_was_pruned_stays_known(place: &dyn Place) {
    let store = place.open();
    let batch = vec![add("a"), start("a", None), complete("a"), add("b"), Command::Prune { keep_last_n: 0 }];
    assert!(store.execute_all(batch, now()).unwrap().iter().all(Result::is_ok));
    store.close().unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(state_of(&*store).counts().total(), 1);
    assert!(store.view(|state| state.is_text_completed("Do  a")).unwrap());
    assert_eq!(store.execute(add("a"), now()).unwrap(), Err(Refusal::TaskExists(id("a"))));
}

/// Control characters, a megabyte, Python's JSON.
pub fn texts_of_every_kind_come_back(place: &dyn Place) {
    let texts = ["\0", "\u{1b}[31mred\u{1b}[0m\r\n\t\"\\", "\u{202e}abc\u{feff}", &"ы".repeat(1 << 19)];
    let store = place.open();
    for (n, text) in texts.iter().enumerate() {
        let metadata = Some(RawJson::new("{\"n\": [NaN, -Infinity, 1e999, 12345678901234567890123]}"));
        let command = Command::AddTask {
            id: id(&format!("../{n}\n")),
            text: (*text).into(),
            metadata,
            origin: Origin::Added,
        };
        store.execute(command, now()).unwrap().unwrap();
    }
    let before = state_of(&*store);
    drop(store);
    let store = place.open();
    assert_eq!(state_of(&*store), before);
    store.close().unwrap();
    drop(store);
    assert_eq!(state_of(&*place.open()), before);
}

/// A long life with endings of both kinds in it is the life of the store in memory.
pub fn a_random_life_survives_reopening(place: &dyn Place) {
    let model = MemoryStore::default();
    let mut store = place.open();
    let mut dice = Dice(2);
    for step in 0..400 {
        live_a_step(&*store, &model, &mut dice, step);
        if dice.throw(12) == 0 {
            if dice.throw(2) == 0 {
                store.close().unwrap();
            }
            drop(store);
            store = place.open();
            assert_eq!(state_of(&*store), state_of(&model), "after step {step}");
        }
    }
}

fn live_a_step(store: &dyn Store, model: &dyn Store, dice: &mut Dice, step: i64) {
    let batch: Vec<_> = (0..=dice.throw(3)).map(|_| random_command(dice)).collect();
    let decided = store.execute_all(batch.clone(), at(step)).unwrap();
    assert_eq!(decided, model.execute_all(batch.clone(), at(step)).unwrap(), "step {step}: {batch:?}");
}
