//! Durable transitions per second, one caller and sixteen, side by side with what the disk can do at all:
//! `cargo run --release -p codeagent-checkpoint --example commit_speed -- [FOLDER] [SECONDS]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, for people at a terminal")]
use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use codeagent_checkpoint::{Clock, FileStore, FileStoreOptions, Store, SystemClock};
use codeagent_core::{Command, Origin, StartAgain, TaskId};

/// What the disk can do: 256 bytes into a zero-filled file and a sync, again and again.
fn floor(dir: &Path, time: Duration) -> f64 {
    const LEN: u64 = 8 << 20;
    let path = dir.join("floor");
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
    file.write_all_at(&vec![0; LEN as usize], 0).unwrap();
    file.sync_all().unwrap();
    let (began, mut count) = (Instant::now(), 0u64);
    while began.elapsed() < time {
        file.write_all_at(&[7; 256], count * 256 % LEN).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    rate
}

/// Transitions of tasks of its own by each of so many callers.
fn store(dir: &Path, callers: usize, time: Duration) -> f64 {
    let path = dir.join("data").join("list.json");
    let (store, _) = FileStore::open(&path, FileStoreOptions::default()).unwrap();
    for caller in 0..callers {
        let id = TaskId::new(format!("task of caller {caller}"));
        let add =
            Command::AddTask { id, text: format!("Text {caller}"), metadata: None, origin: Origin::Added };
        store.execute(add, SystemClock.now()).unwrap().unwrap();
    }
    let (began, count) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let (store, count) = (&store, &count);
            scope.spawn(move || {
                let id = TaskId::new(format!("task of caller {caller}"));
                while began.elapsed() < time {
                    let start =
                        Command::StartTask { id: id.clone(), attempt_id: None, anew: StartAgain::Always };
                    store.execute(start, SystemClock.now()).unwrap().unwrap();
                    let reset = Command::ResetInterrupted { id: id.clone(), max_crashes: None };
                    store.execute(reset, SystemClock.now()).unwrap().unwrap();
                    count.fetch_add(2, Ordering::Relaxed);
                }
            });
        }
    });
    let rate = count.into_inner() as f64 / began.elapsed().as_secs_f64();
    store.close().unwrap();
    std::fs::remove_dir_all(dir.join("data")).unwrap();
    rate
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().unwrap_or_else(|| ".".into());
    let time = Duration::from_secs_f64(arguments.next().and_then(|s| s.parse().ok()).unwrap_or(2.0));
    let dir = tempfile::tempdir_in(base).unwrap();
    println!("round   floor/s   1 caller/s  ÷ floor   16 callers/s  ÷ floor");
    for round in 1..=5 {
        let before = floor(dir.path(), time / 2);
        let one = store(dir.path(), 1, time);
        let between = floor(dir.path(), time / 2);
        let sixteen = store(dir.path(), 16, time);
        let after = floor(dir.path(), time / 2);
        let floor_one = f64::midpoint(before, between);
        let floor_sixteen = f64::midpoint(between, after);
        println!(
            "{round:5} {floor_one:9.0} {one:12.0} {:8.2} {sixteen:14.0} {:8.2}",
            one / floor_one,
            sixteen / floor_sixteen
        );
    }
}
