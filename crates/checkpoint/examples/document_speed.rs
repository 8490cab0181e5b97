//! How long a document takes to be read and written, beside serde_json into typed structs:
//! `cargo run --release -p codeagent-checkpoint --example document_speed [TASKS…]`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails should say so")]
use std::{
    hint::black_box,
    io,
    time::{Duration, Instant},
};

use codeagent_checkpoint::document::{self, SnapshotMeta, StoreId};
use codeagent_core::{Header, LocalTime, Origin, Phase, State, Task, TaskId};
use serde::{Deserialize, Serialize};

/// The document as typed structs, the way one would read it with serde alone.
#[derive(Serialize, Deserialize)]
struct Typed {
    version: String,
    server_state: TypedServer,
    tasks: Vec<TypedTask>,
    current_task: Option<String>,
    session_id: Option<String>,
    last_update: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TypedServer {
    last_start_time: Option<String>,
    last_stop_time: Option<String>,
    iteration_count: u64,
    clean_shutdown: bool,
}

#[derive(Serialize, Deserialize)]
struct TypedTask {
    task_id: String,
    task_text: String,
    state: String,
    start_time: Option<String>,
    end_time: Option<String>,
    attempts: u32,
    error_message: Option<String>,
    metadata: serde_json::Map<String, serde_json::Value>,
}

fn state(tasks: usize) -> State {
    let time = |n: usize| LocalTime::from_micros(1_768_732_200_000_000 + n as i64 * 1_234_567);
    let task = |n: usize| {
        let text = format!("Реализовать часть {n} of the parser, with tests and a page in the manual");
        let task = Task::new(TaskId::derive([], &text), text, Origin::List);
        if n.is_multiple_of(3) {
            return task;
        }
        let (start_time, end_time) = (Some(time(n)), Some(time(n + 1)));
        Task { phase: Phase::Completed, attempts: 1, start_time, end_time, ..task }
    };
    State::from_parts(Header::default(), (0..tasks).map(task), []).unwrap()
}

/// The shortest of five.
fn best<T>(mut act: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let start = Instant::now();
        let made = black_box(act());
        let taken = start.elapsed();
        drop(made);
        taken
    };
    (0..5).map(time).min().unwrap()
}

fn main() {
    let mut sizes: Vec<usize> = std::env::args().skip(1).map(|size| size.parse().unwrap()).collect();
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    for size in sizes {
        measure(size);
    }
}

fn measure(size: usize) {
    let meta = SnapshotMeta { store_id: StoreId([7; 16]), epoch: 1, clean: true, last_lsn: 1, chain: 1 };
    let frozen = state(size).freeze();
    let mut bytes = Vec::new();
    document::write(&frozen, Some(&meta), &mut bytes).unwrap();
    println!("{size} tasks, {} MB", bytes.len() / 1_000_000);
    let report = |what: &str, taken: Duration| {
        let rate = bytes.len() as f64 / 1e6 / taken.as_secs_f64();
        println!("  {what:<34}{:>8.1} ms {rate:>8.0} MB/s", taken.as_secs_f64() * 1e3);
    };
    report("serde_json, read into structs", best(|| serde_json::from_slice::<Typed>(&bytes).unwrap()));
    report("read", best(|| document::read(&bytes).unwrap()));
    report("read into a state", best(|| document::read(&bytes).unwrap().into_state().unwrap()));
    let typed: Typed = serde_json::from_slice(&bytes).unwrap();
    report("serde_json, written from structs", best(|| serde_json::to_writer(io::sink(), &typed).unwrap()));
    report("export (no digest)", best(|| document::write(&frozen, None, &mut io::sink()).unwrap()));
    report(
        "snapshot (with digest)",
        best(|| document::write(&frozen, Some(&meta), &mut io::sink()).unwrap()),
    );
}
