//! Where a task stands, by id and by text: slot numbers only, so that an entry costs a few bytes.
use alloc::collections::BTreeSet;
use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};

use crate::{
    id::{TaskId, fold_text},
    table::{CHUNK, Slot, Table},
    task::Task,
    time::LocalTime,
};

/// Does two things, in turn or at once: there are no threads here, so whoever has some hands this in.
pub type Both = fn(&mut (dyn FnMut() + Send), &mut (dyn FnMut() + Send));

#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    hasher: DefaultHashBuilder,
    by_id: HashTable<Slot>,
    by_text: ByText,
    /// Only tasks whose id was given, by a person or another program: those that a line without an id is
    /// looked up among. Empty for most lists of our own.
    given_by_text: ByText,
}

/// For each text, folded, the task that was started last (contract, "Tasks": only the latest is runnable).
#[derive(Clone, Debug, Default)]
struct ByText {
    latest: HashTable<Slot>,
    /// Tasks behind the latest of their text, by the text's hash: the next in line when that one is removed.
    older: BTreeSet<(u64, Rank)>,
}

/// A later start is later; a task that never started is before all that did.
type Rank = (Option<LocalTime>, Slot);

impl Index {
    /// The index of a whole table; and the first slot whose task has the id of one before it, and is not entered by it.
    ///
    /// Entering a million tasks is waiting for memory: so ids and texts are entered beside each other, where `both` can.
    pub(crate) fn of(table: &Table, both: Both) -> (Self, Option<Slot>) {
        let hasher = DefaultHashBuilder::default();
        let (mut ids, mut texts) = Default::default();
        both(&mut || ids = ids_of(table, &hasher), &mut || texts = texts_of(table, &hasher));
        let ((by_id, twice), [by_text, given_by_text]) = (ids, texts);
        (Self { hasher, by_id, by_text, given_by_text }, twice)
    }

    pub(crate) fn by_id(&self, table: &Table, id: &TaskId) -> Option<Slot> {
        let found = self.by_id.find(self.hasher.hash_one(id), |&slot| is_id(table, slot, id));
        found.copied()
    }

    pub(crate) fn latest_by_text(&self, table: &Table, text: &str) -> Option<Slot> {
        self.by_text.find(table, &self.hasher, text)
    }

    /// Tasks with a given id and that text, the latest first.
    pub(crate) fn given_by_text(&self, table: &Table, text: &str) -> impl Iterator<Item = Slot> {
        let latest = self.given_by_text.find(table, &self.hasher, text);
        let behind =
            latest.map(|_| behind(&self.given_by_text.older, table, hash_folded(&self.hasher, text), text));
        latest.into_iter().chain(behind.into_iter().flatten().map(|(_, (_, slot))| *slot))
    }

    /// Enters the task at that slot. False, and nothing is changed, where another one has its id.
    pub(crate) fn insert(&mut self, table: &Table, slot: Slot) -> bool {
        let Some(task) = table.get(slot) else { return false };
        let hasher = &self.hasher;
        let hash_of = |&other: &Slot| table.get(other).map_or(0, |task| hasher.hash_one(&task.id));
        let hash = hasher.hash_one(&task.id);
        match self.by_id.entry(hash, |&other| is_id(table, other, &task.id), hash_of) {
            Entry::Occupied(_) => return false,
            Entry::Vacant(free) => free.insert(slot),
        };
        self.link_text(table, slot);
        true
    }

    /// Takes a task out; the table must still hold it.
    pub(crate) fn remove(&mut self, table: &Table, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        if let Ok(entry) = self.by_id.find_entry(self.hasher.hash_one(&task.id), |&other| other == slot) {
            entry.remove();
        }
        self.unlink_text(table, slot);
    }

    /// Enters a task under its text, by its present start.
    pub(crate) fn link_text(&mut self, table: &Table, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        let hash = hash_folded(&self.hasher, &task.text);
        self.by_text.link(table, &self.hasher, hash, slot);
        if !task.id.is_derived_form() {
            self.given_by_text.link(table, &self.hasher, hash, slot);
        }
    }

    /// Takes a task out from under its text: before it is removed, and before its start changes.
    pub(crate) fn unlink_text(&mut self, table: &Table, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        self.by_text.unlink(table, &self.hasher, slot, task);
        if !task.id.is_derived_form() {
            self.given_by_text.unlink(table, &self.hasher, slot, task);
        }
    }
}

impl ByText {
    fn find(&self, table: &Table, hasher: &DefaultHashBuilder, text: &str) -> Option<Slot> {
        self.latest.find(hash_folded(hasher, text), |&slot| is_text(table, slot, text)).copied()
    }

    fn link(&mut self, table: &Table, hasher: &DefaultHashBuilder, hash: u64, slot: Slot) {
        let Some(task) = table.get(slot) else { return };
        let hash_of = |&other: &Slot| table.get(other).map_or(0, |task| hash_folded(hasher, &task.text));
        let entry = self.latest.entry(hash, |&other| is_text(table, other, &task.text), hash_of);
        let latest = match entry {
            Entry::Occupied(latest) => latest.into_mut(),
            Entry::Vacant(free) => {
                free.insert(slot);
                return;
            }
        };
        let later = rank(table, slot).max(rank(table, *latest)).1;
        let earlier = if later == slot { core::mem::replace(latest, slot) } else { slot };
        self.older.insert((hash, rank(table, earlier)));
    }

    fn unlink(&mut self, table: &Table, hasher: &DefaultHashBuilder, slot: Slot, task: &Task) {
        let hash = hash_folded(hasher, &task.text);
        if self.older.remove(&(hash, rank(table, slot))) {
            return;
        }
        let Ok(mut latest) = self.latest.find_entry(hash, |&other| other == slot) else { return };
        let next = behind(&self.older, table, hash, &task.text).next().copied();
        match next {
            Some(key) => {
                *latest.get_mut() = key.1.1;
                self.older.remove(&key);
            }
            None => {
                latest.remove();
            }
        }
    }
}

/// All ids, and the first slot whose id was there already.
fn ids_of(table: &Table, hasher: &DefaultHashBuilder) -> (HashTable<Slot>, Option<Slot>) {
    // With room for all of them: growing would hash them again, and again.
    let (mut by_id, mut twice) = (HashTable::with_capacity(table.len()), None);
    let hash_of = |&other: &Slot| table.get(other).map_or(0, |task| hasher.hash_one(&task.id));
    for_each_hashed(
        table,
        |task| hasher.hash_one(&task.id),
        |slot, task, hash| match by_id.entry(hash, |&other| is_id(table, other, &task.id), hash_of) {
            Entry::Occupied(_) => twice = twice.or(Some(slot)),
            Entry::Vacant(free) => drop(free.insert(slot)),
        },
    );
    (by_id, twice)
}

/// All texts, and those of the tasks whose id was given.
fn texts_of(table: &Table, hasher: &DefaultHashBuilder) -> [ByText; 2] {
    let (mut all, mut given) = (ByText::default(), ByText::default());
    all.latest.reserve(table.len(), |_| 0); // empty: there is nothing to hash
    for_each_hashed(
        table,
        |task| hash_folded(hasher, &task.text),
        |slot, task, hash| {
            all.link(table, hasher, hash, slot);
            if !task.id.is_derived_form() {
                given.link(table, hasher, hash, slot);
            }
        },
    );
    [all, given]
}

/// Goes through a table in batches: first the hashes of a batch, which are work, then its entries, which are waiting
/// for memory, and for several at once where nothing comes between.
fn for_each_hashed(table: &Table, hash: impl Fn(&Task) -> u64, mut enter: impl FnMut(Slot, &Task, u64)) {
    let mut hashes = [0; CHUNK];
    for (first, chunk) in table.chunks() {
        for (hashed, task) in hashes.iter_mut().zip(chunk) {
            *hashed = task.as_ref().map_or(0, &hash);
        }
        for ((slot, task), hashed) in (first..).zip(chunk).zip(hashes) {
            if let Some(task) = task {
                enter(slot, task, hashed);
            }
        }
    }
}

/// The tasks of a text that are not its latest, the later first.
fn behind<'a>(
    older: &'a BTreeSet<(u64, Rank)>,
    table: &Table,
    hash: u64,
    text: &str,
) -> impl Iterator<Item = &'a (u64, Rank)> {
    let of_hash = (hash, (None, 0))..=(hash, (Some(LocalTime::MAX), Slot::MAX));
    older.range(of_hash).rev().filter(move |(_, (_, slot))| is_text(table, *slot, text))
}

fn is_id(table: &Table, slot: Slot, id: &TaskId) -> bool {
    table.get(slot).is_some_and(|task| task.id == *id)
}

/// Whether the texts are the same after folding white space, without making the folded texts.
fn is_text(table: &Table, slot: Slot, text: &str) -> bool {
    table
        .get(slot)
        .is_some_and(|task| *task.text == *text || task.text.split_whitespace().eq(text.split_whitespace()))
}

fn hash_folded(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    if is_surely_folded(text) {
        return hasher.hash_one(text.as_bytes());
    }
    hasher.hash_one(fold_text(text).as_bytes())
}

/// Whether folding would change nothing, seen without decoding characters: most texts are so, and a start
/// hashes all of them. Lead bytes of characters that may be white space count as such.
fn is_surely_folded(text: &str) -> bool {
    let mut after_space = true;
    for byte in text.bytes() {
        match byte {
            b' ' if after_space => return false,
            b'\t'..=b'\r' | 0xC2 | 0xE1..=0xE3 => return false,
            _ => after_space = byte == b' ',
        }
    }
    !after_space
}

fn rank(table: &Table, slot: Slot) -> Rank {
    (table.get(slot).and_then(|task| task.start_time), slot)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_white_space_is_seen_by_its_lead_byte() {
        for space in (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|c| c.is_whitespace()) {
            let text = alloc::format!("a{space}b");
            assert_eq!(is_surely_folded(&text), space == ' ', "{space:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_surely_folded_is_folded(text in "[a-zA-Zа-я \t\u{a0}\u{2003}é—]{0,12}") {
            let folded = fold_text(&text);
            prop_assert!(!is_surely_folded(&text) || folded == text);
            let hasher = DefaultHashBuilder::default();
            prop_assert_eq!(hash_folded(&hasher, &text), hash_folded(&hasher, &folded));
        }
    }
}
