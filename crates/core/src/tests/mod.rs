//! The rules by value and by property. What a file tests is its name.
mod answers;
mod attempts;
mod format;
mod listed;
mod planned;
mod properties;
mod pruning;
mod steps;
mod verbs;

use alloc::{string::String, vec::Vec};

use crate::{
    Command, Deferral, Event, Now, Refusal, State, TaskId, TaskState,
    command::StartAgain,
    decide,
    task::Task,
    testkit::{act, id, now},
};

/// Names of the events, or of the refusal.
pub(super) fn outcome(decided: &Result<Vec<Event>, Refusal>) -> String {
    match decided {
        Ok(events) if events.is_empty() => "nothing".into(),
        Ok(events) => events.iter().map(name).collect::<Vec<_>>().join("+"),
        Err(Refusal::WrongState { .. }) => "no".into(),
        Err(refusal) => alloc::format!("no: {refusal}"),
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::ServerStarted { .. } => "server_started",
        Event::ServerStopped { .. } => "server_stopped",
        Event::IterationCounted { .. } => "iteration",
        Event::TaskAdded { .. } => "added",
        Event::TaskStarted { .. } => "started",
        Event::ChildSpawned { .. } => "child",
        Event::StepCompleted { .. } => "step",
        Event::TaskCompleted { .. } => "completed",
        Event::TaskFailed { .. } => "failed",
        Event::TaskGivenUp { .. } => "given_up",
        Event::AttemptExcused { .. } => "excused",
        Event::TaskRetried { .. } => "retried",
        Event::TaskRolledBack { .. } => "rolled_back",
        Event::BoxSeen { .. } => "box_seen",
        Event::TasksPruned { .. } => "pruned",
        Event::CompletionRemembered { .. } => "remembered",
        Event::CompletionForgotten { .. } => "forgotten",
    }
}

pub(super) fn start(name: &str) -> Command {
    Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::WithinLimits }
}

pub(super) fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

pub(super) fn fail(name: &str) -> Command {
    Command::FailTask { id: id(name), error: "broken".into(), policy: None }
}

pub(super) fn retry(name: &str) -> Command {
    Command::Retry { id: id(name), text: None }
}

pub(super) fn rollback(name: &str) -> Command {
    Command::Rollback { id: id(name) }
}

pub(super) fn crash(name: &str) -> Command {
    Command::ResetInterrupted { id: id(name), max_crashes: Some(10) }
}

pub(super) fn stop(name: &str) -> Command {
    Command::DeferTask { id: id(name), cause: Deferral::Stop }
}

pub(super) fn prune(keep_last_n: usize) -> Command {
    Command::Prune { keep_last_n }
}

/// Carries the commands out, all of which must be allowed, one second after the other.
pub(super) fn all(state: &mut State, commands: impl IntoIterator<Item = Command>) {
    for (second, command) in commands.into_iter().enumerate() {
        let at = crate::testkit::at(second as i64);
        act(state, command.clone(), at).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    }
}

pub(super) fn try_now(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    decide(state, command, now())
}

pub(super) fn the<'s>(state: &'s State, name: &str) -> &'s Task {
    state.task(&id(name)).unwrap_or_else(|| panic!("no task {name}"))
}

pub(super) fn state_of(state: &State, name: &str) -> TaskState {
    the(state, name).state()
}

/// What a store does between two runs: the parts written down, and put together again.
pub(super) fn reload(state: &State) -> State {
    let frozen = state.freeze();
    let pruned: Vec<_> = frozen.pruned().copied().collect();
    State::from_parts(frozen.header().clone(), frozen.to_tasks(), pruned).unwrap()
}

/// A state in which the tasks are in these states, in this order; texts are the names.
pub(super) fn texts(tasks: &[(&str, &str)]) -> State {
    let tasks = tasks.iter().map(|(name, text)| {
        Task::new(TaskId::new(*name), alloc::sync::Arc::<str>::from(*text), crate::Origin::List)
    });
    State::from_parts(Default::default(), tasks, []).unwrap()
}

/// The same moment, for commands whose time does not matter.
pub(super) fn moment() -> Now {
    now()
}
