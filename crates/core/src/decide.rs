//! Every rule: what a command leads to in a state, or why it can't be had. One file for each verb that has more than a line to say.
//!
//! ```text
//!           ┌──── reset (crash), defer (stop, quota): the attempt is excused ────┐
//!           ▼                                                                    │
//! add ─▶ pending ───────────────────────── start ─────────────────────────▶ in_progress
//!                                            ▲                               │       │
//!                                            │ while attempts are left       │       │ complete
//!                                            └──────── failed ◀──────────────┘       ▼
//!                                                      fail, cancel,             completed
//!                                                      reset at the limit            │ prune
//!                                                                                    ▼
//! besides:                                                                      fingerprint
//!   retry      failed, rolled_back, completed, fingerprint ─▶ pending
//!   rollback   in_progress, completed, failed ─▶ rolled_back
//!   skip       pending, failed ─▶ failed for good
//!   tick       pending, failed, rolled_back ─▶ completed
//!   complete, fail   pending ─▶ completed, failed: the guide's API allows it
//! ```
mod prune;
mod retry;
mod settle;
mod start;

use alloc::{vec, vec::Vec};

use crate::{
    command::Command,
    event::Event,
    id::TaskId,
    refusal::{Refusal, Verb},
    state::State,
    task::{AfterFailure, FinalReason, Task, TaskState},
    time::Now,
};

/// Steps of one task: more is a mistake, and would cost memory for nothing.
pub const MAX_STEPS: u32 = 10_000;

/// Decides a command. No event means that what was asked for is so already.
///
/// # Errors
/// A [`Refusal`] where the rules forbid it; nothing may be changed then.
pub fn decide(state: &State, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
    let at = now.local;
    match command {
        Command::StartServer { session_id } => Ok(vec![Event::ServerStarted { session_id, at }]),
        Command::StopServer { clean } => Ok(vec![Event::ServerStopped { clean, at }]),
        Command::CountIteration => Ok(vec![Event::IterationCounted { at }]),
        Command::AddTask { id, text, metadata, origin } => start::add(state, id, text, metadata, origin, at),
        Command::StartTask { id, attempt_id, anew } => start::start(state, id, attempt_id, anew, at),
        Command::RecordChild { id, child } => {
            in_state(state, &id, Verb::RecordChild, &[TaskState::InProgress])?;
            Ok(vec![Event::ChildSpawned { id, child }])
        }
        Command::CompleteStep { id, step, total } => start::complete_step(state, id, step, total, at),
        Command::CompleteTask { id, result } => {
            in_state(state, &id, Verb::Complete, &[TaskState::InProgress, TaskState::Pending])?;
            Ok(vec![Event::TaskCompleted { id, result, at }])
        }
        Command::FailTask { id, error, policy } => settle::fail(state, id, error, policy, now),
        Command::GiveUpIfExhausted { id, max_attempts } => {
            settle::give_up_if_exhausted(state, id, max_attempts, at)
        }
        Command::DeferTask { id, cause } => settle::defer(state, id, cause, at),
        Command::ResetInterrupted { id, max_crashes } => settle::reset(state, id, max_crashes, at),
        Command::TickByHand { id } => settle::tick(state, id, at),
        Command::Skip { id } => give_up(state, id, Verb::Skip, FinalReason::Skipped, now),
        Command::Cancel { id } => give_up(state, id, Verb::Cancel, FinalReason::Cancelled, now),
        Command::Retry { id, text } => retry::retry(state, id, text.as_deref(), at),
        Command::Rollback { id } => {
            let allowed = [TaskState::InProgress, TaskState::Completed, TaskState::Failed];
            in_state(state, &id, Verb::Rollback, &allowed)?;
            Ok(vec![Event::TaskRolledBack { id, at }])
        }
        Command::SeeBox { id } => {
            let is_news = known(state, &id)?.reopened;
            Ok(if is_news { vec![Event::BoxSeen { id }] } else { Vec::new() })
        }
        Command::Prune { keep_last_n } => Ok(prune::prune(state, keep_last_n, at)),
    }
}

/// skip: pending or failed; cancel: in_progress (contract, "Commands").
fn give_up(
    state: &State,
    id: TaskId,
    verb: Verb,
    reason: FinalReason,
    now: Now,
) -> Result<Vec<Event>, Refusal> {
    let allowed: &[_] = match verb {
        Verb::Cancel => &[TaskState::InProgress],
        _ => &[TaskState::Pending, TaskState::Failed],
    };
    in_state(state, &id, verb, allowed)?;
    let then = AfterFailure::Final(reason);
    Ok(vec![Event::TaskFailed { id, error: reason.as_str().into(), then, at: now.local }])
}

fn known<'s>(state: &'s State, id: &TaskId) -> Result<&'s Task, Refusal> {
    state.task(id).ok_or_else(|| Refusal::UnknownTask(id.clone()))
}

fn in_state<'s>(
    state: &'s State,
    id: &TaskId,
    verb: Verb,
    allowed: &[TaskState],
) -> Result<&'s Task, Refusal> {
    let task = known(state, id)?;
    if allowed.contains(&task.state()) { Ok(task) } else { Err(wrong_state(task, verb)) }
}

fn wrong_state(task: &Task, verb: Verb) -> Refusal {
    Refusal::WrongState { id: task.id.clone(), state: task.state(), verb }
}
