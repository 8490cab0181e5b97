//! The tasks in the order of their coming, in chunks that are copied only when they are written while shared.
//!
//! A snapshot of a million tasks is then the copy of some thousand pointers: the writer goes on, and pays
//! for a chunk's copy once per snapshot and only where it writes.
use alloc::{sync::Arc, vec::Vec};

use crate::task::Task;

/// Tasks per chunk: small enough that copying one costs microseconds.
pub(crate) const CHUNK: usize = 64;

/// A task's place in the table; stays the same until [`Table::compact`].
pub(crate) type Slot = u32;

type Chunk = Arc<Vec<Option<Task>>>;

/// Tasks in the order of their coming. Tables that were filled apart can be joined without moving a task.
#[derive(Clone, Debug, Default)]
pub struct Table {
    chunks: Vec<Chunk>,
    /// Slots in use, free ones included.
    slots: usize,
    live: usize,
}

impl Table {
    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Appends a task.
    pub fn add(&mut self, task: Task) {
        self.push(task);
    }

    /// Appends the tasks of another table. What its last chunk has room for stays free at the joint.
    pub fn append(&mut self, other: Self) {
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).resize_with(CHUNK, || None);
        }
        self.slots = self.chunks.len() * CHUNK + other.slots;
        self.live += other.live;
        self.chunks.extend(other.chunks);
    }

    /// The tasks, taken out.
    pub fn into_tasks(self) -> impl Iterator<Item = Task> {
        let own = |chunk: Chunk| Arc::try_unwrap(chunk).unwrap_or_else(|shared| (*shared).clone());
        self.chunks.into_iter().flat_map(own).flatten()
    }

    /// The tasks in their order.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.iter().map(|(_, task)| task)
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
        *self = core::mem::take(self).into_tasks().collect();
    }

    /// The chunks, each with its first slot.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = (Slot, &[Option<Task>])> {
        (0..).step_by(CHUNK).zip(self.chunks.iter().map(|chunk| chunk.as_slice()))
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

impl PartialEq for Table {
    /// Gaps don't count.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.tasks().eq(other.tasks())
    }
}

impl FromIterator<Task> for Table {
    fn from_iter<I: IntoIterator<Item = Task>>(tasks: I) -> Self {
        let mut table = Self::default();
        tasks.into_iter().for_each(|task| table.add(task));
        table
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
    fn joined_tables_are_what_one_would_be() {
        let tasks = |range: core::ops::Range<usize>| range.map(|n| task(&format!("t{n}")));
        let mut joined = Table::default();
        for range in [0..0, 0..CHUNK, CHUNK..CHUNK + 3, CHUNK + 3..CHUNK + 3, CHUNK + 3..200] {
            joined.append(tasks(range).collect());
        }
        let whole: Table = tasks(0..200).collect();
        assert_eq!(joined, whole);
        assert!(joined.iter().all(|(slot, task)| joined.get(slot) == Some(task)));
        let slot = joined.push(task("next"));
        assert_eq!(joined.get(slot).unwrap().id, crate::TaskId::new("next"));
        assert!(joined.tasks().eq(&joined.clone().into_tasks().collect::<Vec<_>>()));
        assert_ne!(joined, whole);
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
