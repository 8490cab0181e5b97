//! The tasks in the order of their coming, in chunks that are copied only when they are written while shared.
//!
//! A snapshot of a million tasks is then the copy of some thousand pointers: the writer goes on, and pays
//! for a chunk's copy once per snapshot and only where it writes.
use alloc::{sync::Arc, vec::Vec};

use crate::task::Task;

/// Tasks per chunk: small enough that copying one costs microseconds.
const CHUNK: usize = 64;

/// A task's place in the table; stays the same until [`Table::compact`].
pub(crate) type Slot = u32;

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    chunks: Vec<Arc<Vec<Option<Task>>>>,
    /// Slots in use, free ones included.
    slots: usize,
    live: usize,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Task> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Task> {
        let slot = slot as usize;
        Arc::make_mut(self.chunks.get_mut(slot / CHUNK)?).get_mut(slot % CHUNK)?.as_mut()
    }

    /// Appends a task. The table holds fewer than 2^32 tasks: more would not fit into memory.
    pub(crate) fn push(&mut self, task: Task) -> Slot {
        if self.slots.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            Arc::make_mut(chunk).push(Some(task));
        }
        self.slots += 1;
        self.live += 1;
        (self.slots - 1) as Slot
    }

    /// Takes the task back that was appended last.
    pub(crate) fn pop(&mut self) -> Option<Task> {
        let task = Arc::make_mut(self.chunks.last_mut()?).pop()?;
        self.slots -= 1;
        if self.slots.is_multiple_of(CHUNK) {
            self.chunks.pop();
        }
        self.live -= usize::from(task.is_some());
        task
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Task> {
        let slot = slot as usize;
        let removed = Arc::make_mut(self.chunks.get_mut(slot / CHUNK)?).get_mut(slot % CHUNK)?.take();
        self.live -= usize::from(removed.is_some());
        removed
    }

    /// Whether so many slots are free that the table should be made anew.
    pub(crate) fn is_sparse(&self) -> bool {
        self.slots > 2 * self.live + CHUNK
    }

    /// Closes the gaps; every slot number changes.
    pub(crate) fn compact(&mut self) {
        let old = core::mem::take(self);
        for chunk in old.chunks {
            let tasks = Arc::try_unwrap(chunk).unwrap_or_else(|shared| (*shared).clone());
            for task in tasks.into_iter().flatten() {
                self.push(task);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Slot, &Task)> {
        self.chunks.iter().enumerate().flat_map(|(c, chunk)| {
            chunk
                .iter()
                .enumerate()
                .filter_map(move |(i, task)| task.as_ref().map(|task| ((c * CHUNK + i) as Slot, task)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::task;
    use alloc::format;

    #[test]
    fn a_copy_does_not_see_later_writes() {
        let mut table = Table::default();
        for n in 0..200 {
            table.push(task(&format!("t{n}")));
        }
        let copy = table.clone();
        table.get_mut(150).unwrap().attempts = 7;
        table.remove(3);
        assert_eq!(copy.get(150).unwrap().attempts, 0);
        assert_eq!((copy.len(), table.len()), (200, 199));
        assert!(copy.get(3).is_some());
    }

    #[test]
    fn what_was_appended_last_is_taken_back() {
        let mut table = Table::default();
        for n in 0..=CHUNK {
            table.push(task(&format!("t{n}")));
        }
        let ids = [table.pop(), table.pop()].map(|task| task.unwrap().id);
        assert_eq!(ids, [format!("t{CHUNK}"), format!("t{}", CHUNK - 1)].map(crate::TaskId::new));
        assert_eq!((table.len(), table.push(task("next"))), (CHUNK - 1, CHUNK as Slot - 1));
    }

    #[test]
    fn compacting_keeps_the_order() {
        let mut table = Table::default();
        for n in 0..300 {
            table.push(task(&format!("t{n}")));
        }
        for slot in 0..250 {
            table.remove(slot);
        }
        assert!(table.is_sparse());
        table.compact();
        assert!(!table.is_sparse());
        let ids: Vec<_> = table.iter().map(|(_, t)| t.id.as_str()).collect();
        assert_eq!((ids[0], ids[49], ids.len()), ("t250", "t299", 50));
    }
}
