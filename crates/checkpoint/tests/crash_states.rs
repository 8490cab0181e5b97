//! A workload on the disk's twin is cut off at every operation, in several ways of losing what was not synced.
//! Whatever is left must open without a hand, with every acknowledged transition, and twice alike.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its way to fail")]
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, Store, StoreError,
    document::StoreId,
    file::twin::{Fate, Log, Op, Twin},
    store::ReadState,
};
use codeagent_core::{
    AttemptId, Command, Origin, StartAgain, State, TaskState, invariants,
    testkit::{at, id},
};

const MAIN: &str = "/project/data/list.json";

fn options() -> FileStoreOptions {
    FileStoreOptions {
        snapshots_beside: false,
        new_store_id: Some(StoreId([9; 16])),
        ..FileStoreOptions::default()
    }
}

fn try_open(twin: &Twin) -> Result<FileStore, StoreError> {
    FileStore::open_on(twin.disk(), Path::new(MAIN), options()).map(|(store, _)| store)
}

fn open(twin: &Twin) -> FileStore {
    try_open(twin).unwrap()
}

fn state(store: &FileStore) -> State {
    store.view(Clone::clone).unwrap()
}

fn add(name: &str) -> Command {
    Command::AddTask { id: id(name), text: format!("Do {name}"), metadata: None, origin: Origin::Added }
}

fn start(name: &str) -> Command {
    let attempt_id = Some(AttemptId(format!("attempt of {name}").into()));
    Command::StartTask { id: id(name), attempt_id, anew: StartAgain::WithinLimits }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

/// The states after each acknowledged step, and the log; step `n` is noted as `n`.
struct Run {
    log: Log,
    states: Vec<State>,
}

struct Worker<'t> {
    twin: &'t Twin,
    states: Vec<State>,
}

impl Worker<'_> {
    fn step(&mut self, store: &FileStore, commands: Vec<Command>) -> Result<(), StoreError> {
        let seconds = self.states.len() as i64;
        store.execute_all(commands, at(seconds))?;
        self.acknowledged(store);
        Ok(())
    }

    fn acknowledged(&mut self, store: &FileStore) {
        self.twin.note(self.states.len() as u64);
        self.states.push(state(store));
    }
}

/// Opens, works in batches, takes snapshots, prunes, dies, opens again, works, closes, opens and works.
fn work(worker: &mut Worker<'_>) -> Result<(), StoreError> {
    let twin = worker.twin;
    let store = try_open(twin)?;
    worker.acknowledged(&store);
    for n in 0..3 {
        worker.step(&store, vec![add(&format!("a{n}")), add(&format!("b{n}"))])?;
        worker.step(&store, vec![start(&format!("a{n}"))])?;
        worker.step(&store, vec![complete(&format!("a{n}")), start(&format!("b{n}"))])?;
        worker.step(&store, vec![complete(&format!("b{n}"))])?;
        if n == 1 {
            store.checkpoint()?;
        }
    }
    worker.step(&store, vec![Command::Prune { keep_last_n: 2 }])?;
    let mut beside = Ok(());
    store.checkpoint_beside(|| {
        beside = worker.step(&store, vec![add("e")]).and_then(|()| worker.step(&store, vec![start("e")]));
    })?;
    beside?;
    worker.step(&store, vec![complete("e")])?;
    worker.step(&store, vec![add("c")])?;
    store.abandon();

    let store = try_open(twin)?;
    worker.acknowledged(&store);
    worker.step(&store, vec![start("c")])?;
    store.checkpoint()?;
    worker.step(&store, vec![complete("c")])?;
    store.close()?;

    let store = try_open(twin)?;
    worker.acknowledged(&store);
    worker.step(&store, vec![add("d"), start("d")])?;
    store.close()?;
    let store = try_open(twin)?;
    worker.acknowledged(&store);
    store.close()
}

fn workload(twin: &Twin) -> Run {
    let mut worker = Worker { twin, states: Vec::new() };
    work(&mut worker).unwrap();
    Run { log: twin.log(), states: worker.states }
}

fn fresh() -> Twin {
    let twin = Twin::default();
    codeagent_checkpoint::file::disk::Disk::make_dir(&twin, Path::new("/project")).unwrap();
    codeagent_checkpoint::file::disk::Disk::sync_dir(&twin, Path::new("/")).unwrap();
    twin
}

fn is_dir_op(op: &Op) -> bool {
    !matches!(op, Op::Write { .. } | Op::SetLen { .. })
}

/// The ways in which a power cut treats what is pending.
fn survivals(log: &Log, upto: usize) -> Vec<(String, Twin)> {
    let pending = log.pending(upto);
    let last_write = pending.iter().rev().copied().find(|at| matches!(log.ops[*at], Op::Write { .. }));
    let mut images = vec![
        ("all kept".to_owned(), log.killed(upto)),
        ("only synced".to_owned(), log.image(upto, |_, _| Fate::Lost)),
        (
            "names lost".to_owned(),
            log.image(upto, |_, op| if is_dir_op(op) { Fate::Lost } else { Fate::Kept }),
        ),
        (
            "bytes lost".to_owned(),
            log.image(upto, |_, op| if is_dir_op(op) { Fate::Kept } else { Fate::Lost }),
        ),
        (
            "bytes zeroed".to_owned(),
            log.image(upto, |_, op| if is_dir_op(op) { Fate::Kept } else { Fate::Zeroed }),
        ),
    ];
    if let Some(last) = last_write {
        let Op::Write { bytes, .. } = &log.ops[last] else { unreachable!() };
        for kept in [0, 1, 3, 7, 40, 100, 511, 512, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            let torn = |at, _: &Op| if at == last { Fate::Torn(kept) } else { Fate::Kept };
            images.push((format!("last write torn at {kept}"), log.image(upto, torn)));
        }
    }
    for &lost in &pending {
        let one = |at, _: &Op| if at == lost { Fate::Lost } else { Fate::Kept };
        images.push((format!("only {lost} lost"), log.image(upto, one)));
        let from = |at, _: &Op| if at >= lost { Fate::Lost } else { Fate::Kept };
        images.push((format!("lost from {lost}"), log.image(upto, from)));
    }
    images
}

/// What may be there: what was acknowledged, or the step that was under way.
fn check(run: &Run, upto: usize, found: &State, context: &str) {
    assert_eq!(invariants::violations(found), Vec::<String>::new(), "{context}");
    let Some(acknowledged) = run.log.noted(upto) else {
        // Not even the first open was over.
        assert_eq!(found.counts().total(), 0, "{context}");
        return;
    };
    let acknowledged = acknowledged as usize;
    let allowed = &run.states[acknowledged..(acknowledged + 2).min(run.states.len())];
    assert!(
        allowed.contains(found),
        "{context}: {} tasks, {} completed; acknowledged {} and {}",
        found.counts().total(),
        found.counts().of(TaskState::Completed),
        allowed[0].counts().total(),
        allowed[0].counts().of(TaskState::Completed),
    );
}

#[test]
fn every_cut_leaves_what_was_acknowledged() {
    let run = workload(&fresh());
    let mut seen = HashSet::new();
    for upto in 0..=run.log.ops.len() {
        for (how, twin) in survivals(&run.log, upto) {
            if !seen.insert((run.log.noted(upto), hash(&twin))) {
                continue;
            }
            let context = format!("cut after {upto} of {} operations, {how}", run.log.ops.len());
            let opened = FileStore::open_on(twin.disk(), Path::new(MAIN), options());
            let (store, _) =
                opened.unwrap_or_else(|error| panic!("{context}: {error}\n{}", tail(&run.log, upto)));
            let found = state(&store);
            check(&run, upto, &found, &context);
            store.abandon();
            let again = open(&twin);
            assert_eq!(state(&again), found, "{context}: opened twice");
            again.close().unwrap();
            assert_eq!(state(&open(&twin)), found, "{context}: opened after a close");
        }
    }
    assert!(seen.len() > 1_000, "{}", seen.len());
}

/// Many cuts leave the same bytes: one look at them is enough.
fn hash(twin: &Twin) -> u64 {
    let mut hasher = DefaultHasher::new();
    twin.files().hash(&mut hasher);
    hasher.finish()
}

fn tail(log: &Log, upto: usize) -> String {
    let from = upto.saturating_sub(25);
    let line = |(at, op): (usize, &Op)| {
        let mut text = format!("{op:?}");
        text.truncate(160);
        format!("{:4} {text}\n", from + at)
    };
    log.ops[from..upto].iter().enumerate().map(line).collect()
}

#[test]
fn a_crash_during_recovery_is_no_new_loss() {
    let run = workload(&fresh());
    let mut seen = HashSet::new();
    // Every twentieth cut, and of the recovery that follows every cut.
    for upto in (0..=run.log.ops.len()).step_by(20) {
        let cut = run.log.image(upto, |at, _| if at % 2 == 0 { Fate::Lost } else { Fate::Kept });
        let store = open(&cut);
        let found = state(&store);
        check(&run, upto, &found, &format!("cut after {upto}"));
        store.checkpoint().unwrap();
        store.abandon();
        let recovery = cut.log();
        for at in 0..=recovery.ops.len() {
            for (how, twin) in survivals(&recovery, at) {
                if !seen.insert((upto, hash(&twin))) {
                    continue;
                }
                let context = format!("cut after {upto}, recovery cut after {at}, {how}");
                let store = try_open(&twin).unwrap_or_else(|error| panic!("{context}: {error}"));
                assert_eq!(state(&store), found, "{context}");
                store.abandon();
            }
        }
    }
}

/// The machine lives on after an error: what recovery reads then may not be on the disk. Whatever it makes of it,
/// what it acknowledges must outlast a power cut.
#[test]
fn what_is_acknowledged_after_an_error_of_the_disk_outlasts_a_power_cut() {
    const EIO: i32 = 5;
    let whole = workload(&fresh()).log;
    for at in 0..whole.ops.len() {
        let is_sync = matches!(whole.ops[at], Op::SyncFile { .. } | Op::SyncDir { .. });
        if !is_sync && at % 7 != 0 {
            continue;
        }
        let twin = fresh();
        twin.fail_at(at, EIO, false);
        let mut worker = Worker { twin: &twin, states: Vec::new() };
        if work(&mut worker).is_ok() {
            continue; // it failed where nothing depends on it
        }
        let failed_at = twin.len();
        let store = try_open(&twin).unwrap_or_else(|error| panic!("failed at {at}: {error}"));
        // What was under way when it failed may have become so.
        worker.states.truncate(twin.log().noted(failed_at).map_or(0, |noted| noted as usize + 1));
        let found = state(&store);
        worker.acknowledged(&store);
        worker.step(&store, vec![add("after")]).unwrap();
        store.checkpoint().unwrap();
        worker.step(&store, vec![start("after")]).unwrap();
        store.abandon();
        let run = Run { log: twin.log(), states: worker.states };
        check_after_error(&run, failed_at, &found, &format!("failed at {at}"));
    }
}

fn check_after_error(run: &Run, failed_at: usize, found: &State, context: &str) {
    let mut seen = HashSet::new();
    for upto in failed_at..=run.log.ops.len() {
        let kept = run.log.killed(upto);
        let lost = run.log.image(upto, |_, _| Fate::Lost);
        let bytes_lost = run.log.image(upto, |_, op| if is_dir_op(op) { Fate::Kept } else { Fate::Lost });
        for (how, twin) in [("all kept", kept), ("only synced", lost), ("bytes lost", bytes_lost)] {
            if !seen.insert((run.log.noted(upto), hash(&twin))) {
                continue;
            }
            let context = format!("{context}, cut after {upto}, {how}");
            let store = try_open(&twin).unwrap_or_else(|error| panic!("{context}: {error}"));
            let now = state(&store);
            store.abandon();
            if now != *found {
                check(run, upto, &now, &context);
            }
        }
    }
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
    let twin = Twin::default();
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
    assert!(matches!(try_open(&twin), Err(StoreError::Io { action: "sync", .. })));
    let store = open(&twin);
    store.execute(add("a"), at(0)).unwrap().unwrap();
    store.close().unwrap();
    let log = twin.log();
    let after = open(&log.image(log.ops.len(), |_, _| Fate::Lost));
    assert_eq!(state(&after).counts().total(), 1);
}
