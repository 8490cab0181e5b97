//! What an attempt comes to: failed, deferred, found cut off by a crash, or made needless by a tick.
use alloc::{string::String, vec, vec::Vec};

use super::in_state;
use crate::{
    command::Deferral,
    event::{Event, Excuse},
    id::TaskId,
    refusal::{Refusal, Verb},
    retry::RetryPolicy,
    state::State,
    task::{AfterFailure, FinalReason, Phase, TaskState},
    time::{LocalTime, Now},
};

pub(super) fn fail(
    state: &State,
    id: TaskId,
    error: String,
    policy: Option<RetryPolicy>,
    now: Now,
) -> Result<Vec<Event>, Refusal> {
    let task = in_state(state, &id, Verb::Fail, &[TaskState::InProgress, TaskState::Pending])?;
    let counted = task.counted_attempts();
    let then = match policy {
        None => AfterFailure::Retry(None),
        Some(policy) if policy.is_exhausted(counted) => AfterFailure::Final(FinalReason::AttemptLimit),
        Some(policy) => AfterFailure::Retry(Some(policy.wait(counted, now))),
    };
    Ok(vec![Event::TaskFailed { id, error: error.into(), then, at: now.local }])
}

pub(super) fn give_up_if_exhausted(
    state: &State,
    id: TaskId,
    max_attempts: u32,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    let task = in_state(state, &id, Verb::Fail, &[TaskState::Failed])?;
    let exhausted = task.counted_attempts() >= max_attempts.max(1);
    if !exhausted || matches!(task.phase, Phase::Failed(AfterFailure::Final(_))) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::TaskGivenUp { id, reason: FinalReason::AttemptLimit, at }])
}

pub(super) fn defer(
    state: &State,
    id: TaskId,
    cause: Deferral,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    in_state(state, &id, Verb::Defer, &[TaskState::InProgress])?;
    let (cause, wait) = match cause {
        Deferral::Stop => (Excuse::Stop, None),
        Deferral::Quota(wait) => (Excuse::Quota, Some(wait)),
    };
    Ok(vec![Event::AttemptExcused { id, cause, wait, at }])
}

/// Crashes have a limit of their own: power cuts don't use a task up, and a task that kills its server ends.
pub(super) fn reset(
    state: &State,
    id: TaskId,
    max_crashes: Option<u32>,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    let task = in_state(state, &id, Verb::Reset, &[TaskState::InProgress])?;
    let crashes = task.crashes.saturating_add(1);
    if max_crashes.is_some_and(|max| crashes >= max.max(1)) {
        let reason = FinalReason::CrashLimit;
        let then = AfterFailure::Final(reason);
        return Ok(vec![Event::TaskFailed { id, error: reason.as_str().into(), then, at }]);
    }
    Ok(vec![Event::AttemptExcused { id, cause: Excuse::Crash, wait: None, at }])
}

/// A person says that the task is done; one that runs just now goes on, and is judged by its own end.
pub(super) fn tick(state: &State, id: TaskId, at: LocalTime) -> Result<Vec<Event>, Refusal> {
    let allowed = [TaskState::Pending, TaskState::Failed, TaskState::RolledBack];
    in_state(state, &id, Verb::Tick, &allowed)?;
    Ok(vec![Event::TaskCompleted { id, result: None, at }])
}
