//! A small part of the campaign `explore` of `proof/`, for everyone who changes the store: seconds instead of minutes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its way to fail")]

use codeagent_checkpoint::{
    FileStore, Store, StoreError,
    crash::{self, Effort, Seen, explore},
    file::twin::{Fate, Twin},
    store::ReadState,
};
use codeagent_core::{
    Command, Origin, StartAgain, State, TaskState,
    testkit::{at, id},
};

#[test]
fn every_crash_of_a_short_life_leaves_what_was_acknowledged() {
    let seen = Seen::default();
    let effort = Effort { subsets: 4, tears: 0, mixtures: 1, close_look: 500 };
    let done = explore(2, 2, effort, &seen);
    assert!(done.flaws.is_empty(), "{}", done.flaws[0]);
    assert!(done.operations > 20 && seen.disks() > 500, "{done:?}, {} disks", seen.disks());
}

fn fresh() -> Twin {
    crash::fresh().unwrap()
}

fn open(twin: &Twin) -> FileStore {
    crash::open(twin).unwrap()
}

fn add(name: &str) -> Command {
    Command::AddTask { id: id(name), text: format!("Do {name}"), metadata: None, origin: Origin::Added }
}

fn start(name: &str) -> Command {
    Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::WithinLimits }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

fn state(store: &FileStore) -> State {
    store.view(Clone::clone).unwrap()
}

#[test]
fn after_an_error_nothing_is_served_and_the_reason_stays() {
    let twin = fresh();
    let store = open(&twin);
    store.execute(add("a"), at(1)).unwrap().unwrap();
    twin.fail_at(twin.len() + 1, 28, false); // the sync that follows the write: ENOSPC
    let first = store.execute(add("b"), at(2)).unwrap_err().to_string();
    let operations = twin.len();
    assert_eq!(store.execute(add("c"), at(3)).unwrap_err().to_string(), first);
    assert_eq!(store.view(|_| ()).unwrap_err().to_string(), first);
    assert_eq!(store.close().unwrap_err().to_string(), first);
    assert_eq!(twin.len(), operations, "no second try");
    assert!(state(&open(&twin)).task(&id("a")).is_some());
}

/// What `durability="batch"` stands on.
#[test]
fn what_is_noted_survives_a_kill_and_after_a_flush_a_power_cut() {
    let twin = fresh();
    let store = open(&twin);
    let before = state(&store);
    assert_eq!(store.note_all(vec![add("a"), start("a")], at(1)).unwrap().len(), 2);
    let noted = state(&store);
    let after_note = twin.len();
    store.flush().unwrap();
    let after_flush = twin.len();
    store.flush().unwrap();
    assert_eq!(twin.len(), after_flush); // nothing was owed
    store.abandon();
    let log = twin.log();
    let unsynced_lost = |upto: usize| log.image(upto, |_, _| Fate::Lost);
    assert_eq!(state(&open(&log.killed(after_note))), noted);
    assert_eq!(state(&open(&unsynced_lost(after_note))), before);
    assert_eq!(state(&open(&unsynced_lost(after_flush))), noted);
}

/// Whoever is answered, or looks, after something was executed ahead has it on the disk first; only a look ahead has not.
#[test]
fn what_is_executed_ahead_is_durable_before_anybody_sees_it() {
    type Look = fn(&FileStore);
    let seen: [(&str, Look); 4] = [
        ("a view", |store| drop(state(store))),
        ("a flush", |store| store.flush().unwrap()),
        ("the next change", |store| drop(store.execute(add("c"), at(3)).unwrap())),
        ("a refusal", |store| assert!(store.execute(complete("nobody"), at(3)).unwrap().is_err())),
    ];
    for (what, look) in seen {
        let twin = fresh();
        let store = open(&twin);
        store.execute_all(vec![add("a"), add("b"), start("a")], at(1)).unwrap();
        store.execute_ahead(complete("a"), at(2)).unwrap().unwrap();
        let is_done = |state: &State| state.task(&id("a")).unwrap().state() == TaskState::Completed;
        let on_disk = || is_done(&state(&open(&twin.log().image(twin.len(), |_, _| Fate::Lost))));
        assert!(store.view_ahead(is_done).unwrap(), "{what}");
        assert!(!on_disk(), "{what}");
        look(&store);
        assert!(on_disk(), "{what}");
        let operations = twin.len();
        store.flush().unwrap();
        assert!(store.view(is_done).unwrap(), "{what}");
        assert_eq!(twin.len(), operations, "{what}: no second sync");
        store.abandon();
    }
}

/// The name of the folder rests on a sync of the one above it, which a first start that died may have left undone.
#[test]
fn a_folder_whose_maker_died_is_made_durable_by_the_next_open() {
    let twin = fresh();
    twin.fail_at(twin.len() + 1, 28, false);
    assert!(matches!(crash::open(&twin), Err(StoreError::Io { action: "sync", .. })));
    let store = open(&twin);
    store.execute(add("a"), at(0)).unwrap().unwrap();
    store.close().unwrap();
    let log = twin.log();
    let after = open(&log.image(log.ops.len(), |_, _| Fate::Lost));
    assert_eq!(state(&after).counts().total(), 1);
}

/// Whoever deletes our files may not be done when they are written again: each operation of that may find its place gone.
#[test]
fn files_that_are_deleted_again_while_they_are_written_anew_are_written_once_more() {
    for at_operation in 0..40 {
        let twin = fresh();
        let store = open(&twin);
        store.execute(add("a"), at(1)).unwrap().unwrap();
        for path in twin.files().into_keys().filter(|path| path.starts_with("/project/data")) {
            twin.disk().unlink(&path).unwrap();
        }
        twin.fail_at(twin.len() + 2 + at_operation, 2, false); // after a write and a sync to the deleted journal: ENOENT
        store.execute(add("b"), at(2)).unwrap().unwrap();
        let before = state(&store);
        twin.revive();
        store.abandon();
        assert_eq!(state(&open(&twin)), before, "operation {at_operation}");
    }
}

#[test]
fn what_was_read_from_the_page_cache_after_a_failed_sync_is_durable_once_it_is_served() {
    let twin = fresh();
    let store = open(&twin);
    store.execute(add("a"), at(1)).unwrap().unwrap();
    twin.fail_at(twin.len() + 1, 5, false); // the sync that follows the write
    store.execute(add("b"), at(2)).unwrap_err();
    store.abandon();
    twin.revive();
    let store = open(&twin);
    let served = state(&store);
    assert!(served.task(&id("b")).is_some(), "the kernel calls those pages clean");
    store.abandon();
    // The power goes, and takes the main file with it: the backup leads through the journal whose sync failed.
    let log = twin.log();
    let after = log.image(log.ops.len(), |_, _| Fate::Lost);
    after.disk().unlink(std::path::Path::new(crash::MAIN)).unwrap();
    assert_eq!(state(&open(&after)), served);
}
