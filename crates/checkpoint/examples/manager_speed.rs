//! Durable transitions per second of one caller of the guide's `CheckpointManager`, with so many tasks in the file:
//! `cargo run --release -p codeagent-checkpoint --example manager_speed -- FOLDER TASKS SECONDS`
//!
//! What `python/bench/transitions.py` holds Python against: the same calls on the same tasks. Each line read from
//! standard input is answered with one round's figure, so that rounds of others can go between.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, for people at a terminal")]
use std::{
    io::{BufRead, Write},
    path::Path,
    time::{Duration, Instant},
};

use codeagent_checkpoint::{CheckpointManager, FileStoreOptions};
use codeagent_core::TaskId;

fn round(manager: &CheckpointManager, time: Duration) -> f64 {
    let id = TaskId::new("measured");
    let (began, mut count) = (Instant::now(), 0u32);
    while began.elapsed() < time {
        assert!(manager.mark_task_start(&id).unwrap().is_done());
        assert!(manager.mark_task_failed(&id, "planned").unwrap().is_done());
        count += 2;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, tasks, seconds] = arguments.as_slice() else {
        println!("manager_speed FOLDER TASKS SECONDS");
        return;
    };
    let (tasks, seconds): (u32, f64) = (tasks.parse().unwrap(), seconds.parse().unwrap());
    let dir = tempfile::tempdir_in(folder).unwrap();
    let file = Path::new("data/speed.json");
    let (manager, _) = CheckpointManager::open(dir.path(), file, FileStoreOptions::default()).unwrap();
    for number in 0..tasks {
        let id = TaskId::new(format!("task_{number:06}"));
        let text = format!("Task number {number} of many");
        assert!(manager.add_task(&id, &text, None).unwrap().is_done());
    }
    assert!(manager.add_task(&TaskId::new("measured"), "The one that is measured", None).unwrap().is_done());
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        line.unwrap();
        println!("{:.1}", round(&manager, Duration::from_secs_f64(seconds)));
        std::io::stdout().flush().unwrap();
    }
    manager.close().unwrap();
}
