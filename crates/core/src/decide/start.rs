//! Adding a task, starting an attempt, recording a step.
use alloc::{string::String, vec, vec::Vec};

use super::{MAX_STEPS, in_state, known, wrong_state};
use crate::{
    command::StartAgain,
    event::Event,
    id::{Fingerprint, TaskId},
    json::RawJson,
    refusal::{Refusal, Verb},
    state::State,
    task::{AfterFailure, AttemptId, Origin, Phase, TaskState},
    time::LocalTime,
};

pub(super) fn add(
    state: &State,
    id: TaskId,
    text: String,
    metadata: Option<RawJson>,
    origin: Origin,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::EmptyText);
    }
    if state.task(&id).is_some() || state.is_pruned(Fingerprint::of_id(&id)) {
        return Err(Refusal::TaskExists(id));
    }
    if origin == Origin::Added
        && let Some(known) = known_by_text(state, &id, &text)
    {
        return Err(Refusal::TaskExists(known));
    }
    Ok(vec![Event::TaskAdded { id, text: text.into(), metadata, origin, at }])
}

/// A task that the checkpoint already knows by its text keeps its id (contract, "Tasks"): who adds that text
/// without an id means that task. For a line of the list the plan knows better, since another line may be it.
fn known_by_text(state: &State, id: &TaskId, text: &str) -> Option<TaskId> {
    if *id != TaskId::derive([], text) {
        return None;
    }
    let known = state.given_with_text(text).next().map(|task| task.id.clone());
    known.or_else(|| state.is_pruned(Fingerprint::of_text(text)).then(|| id.clone()))
}

pub(super) fn start(
    state: &State,
    id: TaskId,
    attempt_id: Option<AttemptId>,
    anew: StartAgain,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    let task = known(state, &id)?;
    match &task.phase {
        Phase::Pending(_) | Phase::Failed(AfterFailure::Retry(_)) => {}
        Phase::Failed(AfterFailure::Final(reason)) => {
            if anew == StartAgain::WithinLimits {
                return Err(Refusal::GivenUp { id, reason: *reason });
            }
        }
        // The same command again, after an answer that got lost: the attempt has begun.
        Phase::InProgress(running) if attempt_id.is_some() && running.attempt_id == attempt_id => {
            return Ok(Vec::new());
        }
        Phase::InProgress(_) | Phase::Completed | Phase::RolledBack => {
            return Err(wrong_state(task, Verb::Start));
        }
    }
    Ok(vec![Event::TaskStarted { id, attempt_id, at }])
}

pub(super) fn complete_step(
    state: &State,
    id: TaskId,
    step: u32,
    total: u32,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    let open = [TaskState::Pending, TaskState::InProgress, TaskState::Failed];
    in_state(state, &id, Verb::CompleteStep, &open)?;
    if step == 0 || step > total || total > MAX_STEPS {
        return Err(Refusal::BadStep { step, total });
    }
    Ok(vec![Event::StepCompleted { id, step, total, at }])
}
