//! What must hold in every state; checked after every load and after every step of a test.
use alloc::{format, string::String, vec::Vec};

use crate::{
    state::{Counts, State},
    task::Phase,
};

/// What is wrong with a state, one sentence each; empty if it is sound.
pub fn violations(state: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut counts = Counts::default();
    for task in state.tasks() {
        counts.enter(task.state());
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
        if task.excused > task.attempts {
            wrong.push(format!("task {}: {} of {} attempts excused", task.id, task.excused, task.attempts));
        }
        if task.crashes > task.attempts {
            wrong.push(format!("task {}: {} of {} attempts crashed", task.id, task.crashes, task.attempts));
        }
        if matches!(&task.phase, Phase::InProgress(running) if running.attempt_id.is_some())
            && task.attempts == 0
        {
            wrong.push(format!("task {} runs without an attempt", task.id));
        }
    }
    if !state.running().eq(state.tasks().filter(|task| task.running().is_some())) {
        wrong.push(String::from("the tasks that run are not those that are known to"));
    }
    if counts != state.counts() {
        wrong.push(format!("counts are {:?}, should be {counts:?}", state.counts()));
    }
    wrong
}
