//! How long a store of many tasks takes to open, to write down and to close, and what memory it needs:
//! `cargo run --release -p codeagent-checkpoint --example open_speed -- [FOLDER] [TASKS]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, for people at a terminal")]
use std::{path::Path, time::Instant};

use codeagent_checkpoint::{Clock, FileStore, FileStoreOptions, Store, SystemClock, file::reader};
use codeagent_core::{Command, Origin, TaskId};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().unwrap_or_else(|| ".".into());
    let tasks: usize = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir_in(base).unwrap();
    let path = dir.path().join("data").join("list.json");

    let (store, _) = FileStore::open(&path, FileStoreOptions::default()).unwrap();
    let adds = (0..tasks).map(|n| Command::AddTask {
        id: TaskId::new(format!("task_{n:012x}")),
        text: format!("Write the part number {n} of the program, with its tests and its documentation"),
        metadata: None,
        origin: Origin::List,
    });
    let commands = adds.collect();
    timed("add all in one batch", || store.execute_all(commands, SystemClock.now()).map(drop).unwrap());
    timed("snapshot", || store.checkpoint().unwrap());
    timed("close", || store.close().unwrap());
    println!("{:>24} {:8.1} MB", "file", std::fs::metadata(&path).unwrap().len() as f64 / 1e6);
    let open = |what| timed(what, || FileStore::open(&path, FileStoreOptions::default()).unwrap().0);
    let store = open("open after a close");
    store.execute(Command::CountIteration, SystemClock.now()).unwrap().unwrap();
    timed("close after a change", || store.close().unwrap());
    timed("read without a lock", || reader::read(&path).map(drop).unwrap());
    println!("{:>24} {:8.1} MB", "memory at most", peak_mb());
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("{what:>24} {:8.1} ms", began.elapsed().as_secs_f64() * 1e3);
    done
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}
