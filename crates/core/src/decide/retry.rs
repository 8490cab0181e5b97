//! `retry`: run a task again that was done, given up or rolled back; also one that was pruned since.
use alloc::{vec, vec::Vec};

use super::wrong_state;
use crate::{
    event::Event,
    id::{Fingerprint, TaskId},
    refusal::{Refusal, Verb},
    state::State,
    task::{Origin, TaskState},
    time::LocalTime,
};

pub(super) fn retry(
    state: &State,
    id: TaskId,
    text: Option<&str>,
    at: LocalTime,
) -> Result<Vec<Event>, Refusal> {
    match state.task(&id) {
        Some(task) => match task.state() {
            TaskState::Failed | TaskState::RolledBack | TaskState::Completed => {
                Ok(vec![Event::TaskRetried { id, at }])
            }
            TaskState::Pending | TaskState::InProgress => Err(wrong_state(task, Verb::Retry)),
        },
        None => forget(state, id, text, at),
    }
}

/// A pruned task is known by fingerprints only. With its text it becomes a task again, reopened, so that its box
/// is put right whatever it says; without, its line of the list counts as new.
fn forget(state: &State, id: TaskId, text: Option<&str>, at: LocalTime) -> Result<Vec<Event>, Refusal> {
    let of_text = text.map(Fingerprint::of_text);
    let known = [Some(Fingerprint::of_id(&id)), of_text].into_iter().flatten();
    let mut events: Vec<_> = known
        .filter(|fingerprint| state.is_pruned(*fingerprint))
        .map(|fingerprint| Event::CompletionForgotten { fingerprint })
        .collect();
    let text = text.filter(|text| !text.trim().is_empty());
    // An id that does not follow from the text has a fingerprint of the text too, which can't be found without it.
    if events.is_empty() || (text.is_none() && !id.is_derived_form()) {
        return Err(Refusal::UnknownTask(id));
    }
    if let Some(text) = text {
        let added = id.clone();
        events.push(Event::TaskAdded {
            id: added,
            text: text.into(),
            metadata: None,
            origin: Origin::List,
            at,
        });
        events.push(Event::TaskRetried { id, at });
    }
    Ok(events)
}
