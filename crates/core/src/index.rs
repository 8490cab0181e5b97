//! Where a task stands, by id and by text: slot numbers only, so that an entry costs a few bytes.
use core::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{
    id::TaskId,
    table::{Slot, Table},
    task::Task,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    hasher: DefaultHashBuilder,
    by_id: HashTable<Slot>,
    /// For each text, folded, the entry that was started last (contract, "Tasks": only the latest is runnable).
    latest_by_text: HashTable<Slot>,
}

impl Index {
    pub(crate) fn of(table: &Table) -> Self {
        let mut index = Self::default();
        for (slot, _) in table.iter() {
            index.insert(table, slot);
        }
        index
    }

    pub(crate) fn by_id(&self, table: &Table, id: &TaskId) -> Option<Slot> {
        let found = self.by_id.find(self.hasher.hash_one(id), |&slot| is_id(table, slot, id));
        found.copied()
    }

    pub(crate) fn latest_by_text(&self, table: &Table, text: &str) -> Option<Slot> {
        let found = self.latest_by_text.find(self.hash_text(text), |&slot| is_text(table, slot, text));
        found.copied()
    }

    pub(crate) fn insert(&mut self, table: &Table, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        let hasher = &self.hasher;
        self.by_id.insert_unique(hasher.hash_one(&task.id), slot, |&other| {
            table.get(other).map_or(0, |task| hasher.hash_one(&task.id))
        });
        self.note_latest(table, slot);
    }

    /// Makes the task the latest of its text unless another was started later; to be called when it starts.
    pub(crate) fn note_latest(&mut self, table: &Table, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        let hash = self.hash_text(&task.text);
        let known = self.latest_by_text.find_mut(hash, |&other| is_text(table, other, &task.text));
        match known {
            Some(other) => {
                if rank(table, slot) >= rank(table, *other) {
                    *other = slot;
                }
            }
            None => {
                let hasher = &self.hasher;
                self.latest_by_text.insert_unique(hash, slot, |&other| {
                    table.get(other).map_or(0, |task| hash_folded(hasher, &task.text))
                });
            }
        }
    }

    /// Takes a task out; the table must still hold it.
    pub(crate) fn remove(&mut self, table: &Table, slot: Slot) {
        let Some(Task { id, text, .. }) = table.get(slot) else { return };
        if let Ok(entry) = self.by_id.find_entry(self.hasher.hash_one(id), |&other| other == slot) {
            entry.remove();
        }
        if let Ok(entry) = self.latest_by_text.find_entry(self.hash_text(text), |&other| other == slot) {
            entry.remove();
        }
    }

    fn hash_text(&self, text: &str) -> u64 {
        hash_folded(&self.hasher, text)
    }
}

fn is_id(table: &Table, slot: Slot, id: &TaskId) -> bool {
    table.get(slot).is_some_and(|task| task.id == *id)
}

/// Whether the texts are the same after folding white space, without making the folded texts.
fn is_text(table: &Table, slot: Slot, text: &str) -> bool {
    table.get(slot).is_some_and(|task| task.text.split_whitespace().eq(text.split_whitespace()))
}

fn hash_folded(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    let mut hash = hasher.build_hasher();
    for word in text.split_whitespace() {
        hash.write(word.as_bytes());
        hash.write_u8(b' ');
    }
    hash.finish()
}

/// A later start is later; a task that never started is before all that did.
fn rank(table: &Table, slot: Slot) -> (Option<crate::time::LocalTime>, Slot) {
    (table.get(slot).and_then(|task| task.start_time), slot)
}
