//! What must hold in every state: of the tasks after every load, of everything after every step of a test.
use alloc::{format, string::String, vec::Vec};

use crate::{
    state::{Counts, State},
    task::{Phase, Task},
};

/// What is wrong with a state, one sentence each; empty if it is sound.
pub fn violations(state: &State) -> Vec<String> {
    let mut wrong = violations_of_tasks(state);
    let mut counts = Counts::default();
    for task in state.tasks() {
        counts.enter(task.state());
        check_indexes(state, task, &mut wrong);
    }
    if !state.running().eq(state.tasks().filter(|task| task.running().is_some())) {
        wrong.push(String::from("the tasks that run are not those that are known to"));
    }
    if counts != state.counts() {
        wrong.push(format!("counts are {:?}, should be {counts:?}", state.counts()));
    }
    wrong
}

/// The same of the tasks alone: what a file may say, or what follows from it. Indexes and counts are made from
/// the tasks at every load, and only a mistake in the making can get them wrong: that is for tests to find, and looking
/// a million tasks up would take a fifth of a start.
pub fn violations_of_tasks(state: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    state.tasks().for_each(|task| check_task(task, &mut wrong));
    wrong
}

fn check_task(task: &Task, wrong: &mut Vec<String>) {
    if task.excused > task.attempts {
        wrong.push(format!("task {}: {} of {} attempts excused", task.id, task.excused, task.attempts));
    }
    if task.crashes > task.attempts {
        wrong.push(format!("task {}: {} of {} attempts crashed", task.id, task.crashes, task.attempts));
    }
    if matches!(&task.phase, Phase::InProgress(running) if running.attempt_id.is_some()) && task.attempts == 0
    {
        wrong.push(format!("task {} runs without an attempt", task.id));
    }
}

fn check_indexes(state: &State, task: &Task, wrong: &mut Vec<String>) {
    if state.task(&task.id).map(|found| &found.id) != Some(&task.id) {
        wrong.push(format!("task {} is not found by its id", task.id));
    }
    match state.latest_with_text(&task.text) {
        None => wrong.push(format!("task {} is not found by its text", task.id)),
        Some(latest) if latest.start_time < task.start_time => {
            wrong.push(format!("task {}, not {}, is the latest of its text", task.id, latest.id));
        }
        Some(_) => {}
    }
    if !task.id.is_derived_form() && state.given_with_text(&task.text).next().is_none() {
        wrong.push(format!("task {} is not found by its text among given ids", task.id));
    }
}
