//! Our server: a list, a configuration, `codeagent run`.
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{measure::Result, program};

pub(super) const NAME: &str = "codeagent";

/// A project folder with so many tasks.
fn project(dir: &Path, count: usize) -> Result<()> {
    let list: String = (0..count).map(|number| format!("- [ ] Task number {number}\n")).collect();
    fs::write(dir.join("todo.md"), list)?;
    fs::create_dir(dir.join("config"))?;
    let config = "server: { task_delay: 0, checkpoint: { keep_completed_tasks: 1000000 } }\n\
                  executor: { command: [/bin/true] }\n";
    Ok(fs::write(dir.join("config/config.yaml"), config)?)
}

pub(super) fn work(dir: &Path, count: usize) -> Result<()> {
    project(dir, count)?;
    let mut run = Command::new(program::path());
    let status = run.arg("run").current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("codeagent run: {status}").into()) }
}

/// When each task was completed, in seconds of that day, in order.
pub(super) fn ends(dir: &Path, count: usize) -> Result<Vec<f64>> {
    work(dir, count)?;
    let output = Command::new(program::path()).args(["list", "--json"]).current_dir(dir).output()?;
    let listed: Value = serde_json::from_slice(&output.stdout)?;
    let tasks = listed["tasks"].as_array().ok_or("no tasks")?;
    let ends = tasks.iter().filter_map(|task| task["end_time"].as_str()).filter_map(seconds);
    let mut ends: Vec<f64> = ends.collect();
    ends.sort_by(f64::total_cmp);
    if ends.len() == count { Ok(ends) } else { Err(format!("{} of {count} completed", ends.len()).into()) }
}

/// Of `2026-01-18T10:30:00.254894` the part after the T, in seconds.
fn seconds(time: &str) -> Option<f64> {
    let parts = time.split_once('T')?.1.split(':').map(str::parse::<f64>);
    parts
        .collect::<std::result::Result<Vec<_>, _>>()
        .ok()
        .map(|hms| hms.iter().fold(0.0, |sum, part| sum * 60.0 + part))
}
