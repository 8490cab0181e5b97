//! `clear_old_tasks`: completed tasks beyond the newest leave the document; their fingerprints stay.
use alloc::vec::Vec;

use crate::{event::Event, state::State, task::TaskState, time::LocalTime};

/// Ids in one event: keeps records of the journal small when a large file is pruned for the first time.
const IDS_PER_EVENT: usize = 1_000;

pub(super) fn prune(state: &State, keep_last_n: usize, at: LocalTime) -> Vec<Event> {
    let surplus = state.counts().of(TaskState::Completed).saturating_sub(keep_last_n);
    if surplus == 0 {
        return Vec::new();
    }
    let completed = state.table.iter().filter(|(_, task)| task.state() == TaskState::Completed);
    let mut oldest_first: Vec<_> = completed.map(|(slot, task)| (task.end_time, slot)).collect();
    oldest_first.sort_unstable();
    oldest_first.truncate(surplus);
    let ids: Vec<_> = oldest_first
        .into_iter()
        .filter_map(|(_, slot)| state.table.get(slot).map(|task| task.id.clone()))
        .collect();
    ids.chunks(IDS_PER_EVENT).map(|ids| Event::TasksPruned { ids: ids.into(), at }).collect()
}
