//! Writing one task of the document: one line.
use codeagent_core::{
    AttemptId, Origin, Phase, RawJson, Task,
    task::{AfterFailure, Extra, Running, Steps},
};

use super::write::Sink;

/// Writes a task on one line.
pub(super) fn write(out: &mut Sink<'_>, task: &Task) {
    out.text("    {\"task_id\": ");
    out.string(task.id.as_str());
    out.text(", \"task_text\": ");
    out.string(&task.text);
    out.text(", \"state\": \"");
    out.text(task.state().as_str());
    out.text("\", \"start_time\": ");
    out.time(task.start_time);
    out.text(", \"end_time\": ");
    out.time(task.end_time);
    out.text(", \"attempts\": ");
    out.number(u64::from(task.attempts));
    out.text(", \"error_message\": ");
    out.string_or_null(task.error.as_deref());
    out.text(", \"metadata\": ");
    out.raw(task.metadata().map_or("{}", RawJson::as_str));
    if let Some(extra) = &task.extra {
        write_extra(out, extra);
    }
    write_own(out, task);
    out.text("}");
}

fn write_extra(out: &mut Sink<'_>, extra: &Extra) {
    if extra.steps.is_some() || extra.unknown_steps.is_some() {
        write_steps(out, extra.steps.as_ref(), extra.unknown_steps.as_deref());
    }
    if let Some(result) = &extra.result {
        out.text(", \"result\": ");
        out.raw(result.as_str());
    }
    if let Some(unknown) = &extra.unknown {
        out.text(", ");
        out.text(unknown);
    }
}

fn write_steps(out: &mut Sink<'_>, steps: Option<&Steps>, unknown: Option<&str>) {
    let none = Steps::default();
    let steps = steps.unwrap_or(&none);
    out.text(", \"instruction_progress\": {\"last_completed_instruction\": ");
    out.number(u64::from(steps.last_completed));
    out.text(", \"total_instructions\": ");
    out.number(u64::from(steps.total));
    out.text(", \"completed_instructions\": [");
    for (index, step) in steps.completed.iter().enumerate() {
        if index > 0 {
            out.text(", ");
        }
        out.number(u64::from(*step));
    }
    out.text("]");
    if let Some(unknown) = unknown {
        out.text(", ");
        out.text(unknown);
    }
    out.text("}");
}

/// Writes the task's `codeagent` object: only what differs from the default, and nothing where nothing does.
fn write_own(out: &mut Sink<'_>, task: &Task) {
    let mut before = ", \"codeagent\": {";
    let mut key = |out: &mut Sink<'_>, name: &str| {
        out.text(std::mem::replace(&mut before, ", "));
        out.text("\"");
        out.text(name);
        out.text("\": ");
    };
    let mut count = |out: &mut Sink<'_>, name: &str, count: u32| {
        if count > 0 {
            key(out, name);
            out.number(u64::from(count));
        }
    };
    count(out, "excused", task.excused);
    count(out, "crashes", task.crashes);
    if task.origin == Origin::Added {
        key(out, "origin");
        out.text("\"added\"");
    }
    if belongs_to_an_attempt(task) {
        key(out, "attempts");
        out.number(u64::from(task.attempts));
    }
    if task.reopened {
        key(out, "reopened");
        out.bool(true);
    }
    write_phase(out, &task.phase, &mut key);
    if let Some(unknown) = task.extra.as_ref().and_then(|extra| extra.unknown_own.as_deref()) {
        out.text(std::mem::replace(&mut before, ", "));
        out.text(unknown);
    }
    if before == ", " {
        out.text("}");
    }
}

/// Whether there is anything that another program's going on with the task makes void.
fn belongs_to_an_attempt(task: &Task) -> bool {
    task.reopened
        || match &task.phase {
            Phase::Pending(wait) | Phase::Failed(AfterFailure::Retry(wait)) => wait.is_some(),
            Phase::InProgress(running) => **running != Running::default(),
            Phase::Failed(AfterFailure::Final(_)) => true,
            Phase::Completed | Phase::RolledBack => false,
        }
}

fn write_phase(out: &mut Sink<'_>, phase: &Phase, key: &mut impl FnMut(&mut Sink<'_>, &str)) {
    match phase {
        Phase::Pending(Some(wait)) | Phase::Failed(AfterFailure::Retry(Some(wait))) => {
            key(out, "wait");
            out.text(&format!(
                "{{\"since_unix_ms\": {}, \"delay_ms\": {}}}",
                wait.since_unix_ms, wait.delay_ms
            ));
        }
        Phase::Failed(AfterFailure::Final(reason)) => {
            key(out, "final");
            out.string(reason.as_str());
        }
        Phase::InProgress(running) => write_running(out, running, key),
        _ => {}
    }
}

fn write_running(out: &mut Sink<'_>, running: &Running, key: &mut impl FnMut(&mut Sink<'_>, &str)) {
    if let Some(AttemptId(id)) = &running.attempt_id {
        key(out, "attempt_id");
        out.string(id);
    }
    if let Some(child) = &running.child {
        key(out, "child");
        out.text(&format!("{{\"pid\": {}, \"start_ticks\": {}, \"boot_id\": ", child.pid, child.start_ticks));
        out.string(&child.boot_id);
        out.text("}");
    }
}
