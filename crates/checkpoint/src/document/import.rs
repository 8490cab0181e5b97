//! A document of others becomes a state whose tasks may run without a line in the TODO list.
use codeagent_core::{Origin, State, Task};

use super::{Document, DocumentError};

/// Turns a document into a state to go on from: its tasks run without a line in the list (contract, "Tasks").
/// Of several entries with one text that is only the latest; the older ones stay what they are.
///
/// # Errors
/// As [`Document::into_state`].
pub fn import(document: Document) -> Result<State, DocumentError> {
    let state = document.into_state()?;
    let tasks: Vec<Task> = state.tasks().map(|task| imported(&state, task)).collect();
    let pruned: Vec<_> = state.pruned().copied().collect();
    State::from_parts(state.header().clone(), tasks, pruned)
        .map_err(|duplicate| DocumentError::duplicate(duplicate.id, duplicate.place))
}

fn imported(state: &State, task: &Task) -> Task {
    let latest = state.latest_with_text(&task.text).is_some_and(|latest| latest.id == task.id);
    let origin = if latest { Origin::Added } else { task.origin };
    Task { origin, ..task.clone() }
}
