//! Parts by themselves, for whoever works on one of them: `cargo bench -p codeagent-bench`.
//!
//! Times, so they want a quiet machine; what guards them from getting dearer is `cargo xtask guard`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement that fails should say so")]
use std::io;

use codeagent_checkpoint::{FileStore, FileStoreOptions, Store, document};
use codeagent_core::{Command, Header, Origin, StartAgain, State, Task, TaskId, decide, testkit};
use divan::{Bencher, black_box};

const SIZES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    divan::main();
}

fn id(n: usize) -> TaskId {
    TaskId::new(format!("task_{n:012x}"))
}

fn state(tasks: usize) -> State {
    let task = |n| Task::new(id(n), format!("Write part {n}, with its tests"), Origin::List);
    State::from_parts(Header::default(), (0..tasks).map(task), []).unwrap()
}

fn start(n: usize) -> Command {
    Command::StartTask { id: id(n), attempt_id: None, anew: StartAgain::Always }
}

fn reset(n: usize) -> Command {
    Command::ResetInterrupted { id: id(n), max_crashes: None }
}

/// A start and a reset, decided and applied.
#[divan::bench(args = SIZES)]
fn decide_and_apply(bencher: Bencher<'_, '_>, tasks: usize) {
    let mut state = state(tasks);
    let mut n = 0;
    bencher.bench_local(|| {
        n = (n + 7) % tasks;
        for command in [start(n), reset(n)] {
            let events = decide(&state, command, testkit::now()).unwrap();
            events.iter().for_each(|event| state.apply(event));
        }
    });
}

/// What a snapshot costs whoever waits: the copy of the pointers.
#[divan::bench(args = SIZES)]
fn freeze(bencher: Bencher<'_, '_>, tasks: usize) {
    let state = state(tasks);
    bencher.bench_local(|| black_box(state.freeze()));
}

#[divan::bench(args = SIZES)]
fn encode_document(bencher: Bencher<'_, '_>, tasks: usize) {
    let frozen = state(tasks).freeze();
    bencher.bench_local(|| document::write(&frozen, None, &mut io::sink()).unwrap());
}

#[divan::bench(args = SIZES)]
fn decode_document(bencher: Bencher<'_, '_>, tasks: usize) {
    let text = document::to_string(&state(tasks).freeze());
    bencher.bench_local(|| document::read(text.as_bytes()).unwrap().into_state().unwrap());
}

#[divan::bench]
fn encode_event(bencher: Bencher<'_, '_>) {
    let events = decide(&state(1), start(0), testkit::now()).unwrap();
    bencher.bench_local(|| serde_json::to_vec(black_box(&events)).unwrap());
}

#[divan::bench]
fn decode_event(bencher: Bencher<'_, '_>) {
    let bytes = serde_json::to_vec(&decide(&state(1), start(0), testkit::now()).unwrap()).unwrap();
    bencher.bench_local(|| serde_json::from_slice::<Vec<codeagent_core::Event>>(black_box(&bytes)).unwrap());
}

/// A start after a crash that left so many records; the disk has its share in it.
#[divan::bench(args = [0, 1_000, 10_000], sample_count = 10, sample_size = 1)]
fn recovery(bencher: Bencher<'_, '_>, records: usize) {
    let left = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.json");
        let options = FileStoreOptions { snapshots_beside: false, ..FileStoreOptions::default() };
        let (store, _) = FileStore::open(&path, options.clone()).unwrap();
        let add = Command::AddTask { id: id(0), text: "Do it".into(), metadata: None, origin: Origin::Added };
        store.execute(add, testkit::now()).unwrap().unwrap();
        for n in 0..records {
            let command = if n % 2 == 0 { start(0) } else { reset(0) };
            store.note(command, testkit::now()).unwrap().unwrap();
        }
        store.abandon();
        (folder, path, options)
    };
    bencher.with_inputs(left).bench_local_values(|(folder, path, options)| {
        let (store, _) = FileStore::open(&path, options).unwrap();
        store.abandon();
        folder
    });
}
