//! What is measured in a process of its own, since its memory or its death is what counts.
use std::{fs, path::Path, process::Command};

use codeagent_checkpoint::{Clock, FileStore, FileStoreOptions, Store, SystemClock, store::ReadState};
use serde_json::{Value, json};

use super::typed::Typed;
use crate::{
    measure::{Result, memory, timed},
    tasks,
};

/// What such a process has to say.
pub(super) struct Said {
    pub(super) wall_ms: f64,
    pub(super) cpu_ms: f64,
    /// Memory that the result takes beside its texts, a task.
    pub(super) bytes_per_task: f64,
}

/// Has this program do one of the tasks below.
pub(super) fn ask(args: &[&str]) -> Result<Said> {
    let output = Command::new(std::env::current_exe()?).arg("child").args(args).output()?;
    if !output.status.success() {
        return Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let figure = |name: &str| said[name].as_f64().unwrap_or(f64::NAN);
    Ok(Said {
        wall_ms: figure("wall_ms"),
        cpu_ms: figure("cpu_ms"),
        bytes_per_task: figure("bytes_per_task"),
    })
}

/// Leaves the store of a server that died: so many tasks in the snapshot, so many records after it.
pub(super) fn crash(folder: &str, tasks: &str, records: &str) -> Result<()> {
    let _ =
        Command::new(std::env::current_exe()?).args(["child", "crash", folder, tasks, records]).status()?;
    let left = fs::read_dir(folder)?.count();
    if left < 3 { Err("nothing was left by the crash".into()) } else { Ok(()) }
}

/// The other side of both.
pub(crate) fn run(args: &[&str]) -> Result<String> {
    match args {
        ["crash", folder, tasks, records] => {
            let tasks: usize = tasks.parse()?;
            let store = tasks::store(Path::new(folder), tasks, false)?;
            // A second one, so that the backup has all tasks too, as where a server has worked for some seconds.
            store.checkpoint()?;
            for record in 0..records.parse::<usize>()? {
                let command = if record % 2 == 0 { tasks::start } else { tasks::reset };
                // Not synced: a kill leaves the page cache, and the file has the same records.
                store.note(command(record / 2 % tasks), SystemClock.now())?.map_err(|r| format!("{r:?}"))?;
            }
            std::process::abort();
        }
        ["open", folder] => {
            let before = memory("VmRSS");
            let path = Path::new(folder).join("list.json");
            let options = FileStoreOptions { snapshots_beside: false, ..FileStoreOptions::default() };
            let (opened, took) = timed(|| FileStore::open(&path, options));
            let (store, _) = opened?;
            let after = memory("VmRSS");
            let (tasks, texts) = store.view(|state| {
                (state.counts().total(), state.tasks().map(|task| task.text.len()).sum::<usize>())
            })?;
            store.abandon();
            let beside = (after - before - texts as f64) / tasks as f64;
            Ok(json!({"wall_ms": took.wall_ms, "cpu_ms": took.cpu_ms, "bytes_per_task": beside}).to_string())
        }
        ["typed", file] => {
            let (typed, took) = timed(|| -> Result<Typed> { Ok(serde_json::from_slice(&fs::read(file)?)?) });
            let tasks = typed?.tasks.len();
            Ok(json!({"wall_ms": took.wall_ms, "cpu_ms": took.cpu_ms, "tasks": tasks}).to_string())
        }
        _ => Err("not a task for a child".into()),
    }
}
