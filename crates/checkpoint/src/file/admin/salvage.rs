//! What can still be read of ruined files: the best snapshot, single tasks of a damaged one, and every whole record of
//! every journal. What lies in a gap may have changed any task: which of them are certain is kept track of.
use std::collections::{BTreeMap, HashSet};

use codeagent_core::{Event, Fingerprint, State, Task, TaskId, TaskState};

use crate::{
    document::{self, SnapshotMeta, StoreId},
    file::{
        gather::{Found, SnapshotFile},
        journal::{self, Ending, Header, Seed},
        recover,
        replay::has_records,
    },
};

/// What was salvaged.
pub(super) struct Salvage {
    pub(super) state: State,
    /// Events that were read from journals.
    pub(super) events: u64,
    /// Places where something is missing.
    pub(super) gaps: u64,
    /// Tasks that were touched after the last gap; all others are as they were before it.
    certain: HashSet<TaskId>,
    /// The last record that is contained.
    lsn: u64,
    chain: Option<u32>,
    /// The snapshot that all of it stands on, where one is whole.
    base: Option<SnapshotMeta>,
}

impl Salvage {
    /// Reads what is readable. `texts` are the bytes of the two snapshot files, whatever they hold.
    pub(super) fn of(found: &mut Found, texts: &[Vec<u8>]) -> Self {
        let mut salvage = Self::from_snapshots(found, texts);
        let records = records(found, salvage.base.map(|base| base.store_id));
        for (lsn, record) in records.range(salvage.lsn.saturating_add(1)..) {
            let follows = Some(*lsn) == salvage.lsn.checked_add(1)
                && salvage.chain.is_none_or(|chain| chain == record.previous);
            if !follows {
                salvage.gap();
            }
            salvage.apply(record);
            (salvage.lsn, salvage.chain) = (*lsn, Some(record.crc));
        }
        if salvage.ends_in_a_gap(found) {
            salvage.gap();
        }
        salvage
    }

    fn from_snapshots(found: &mut Found, texts: &[Vec<u8>]) -> Self {
        let main = std::mem::replace(&mut found.main, SnapshotFile::Missing);
        let backup = std::mem::replace(&mut found.backup, SnapshotFile::Missing);
        let ruined = [&main, &backup].iter().any(|file| matches!(file, SnapshotFile::Damaged(_)));
        let (mut states, mut lsn, mut chain, mut base) = (Vec::new(), 0, None, None);
        for file in [backup, main] {
            match file {
                SnapshotFile::Ours(it) | SnapshotFile::Saved(it)
                    if states.is_empty() || it.meta.last_lsn >= lsn =>
                {
                    (lsn, chain, base) = (it.meta.last_lsn, Some(it.meta.chain), Some(it.meta));
                    states.push(it.state);
                }
                SnapshotFile::Plain { state, .. } => states.push(*state),
                _ => {}
            }
        }
        let whole = states.pop();
        let has_whole = whole.is_some();
        let state = whole.unwrap_or_else(|| pick_tasks(texts));
        let mut salvage = Self { state, events: 0, gaps: 0, certain: HashSet::new(), lsn, chain, base };
        if ruined || !has_whole {
            salvage.gap();
        }
        salvage
    }

    /// Whether something acknowledged is missing after the last whole record. A gap before it shows in the chain.
    fn ends_in_a_gap(&self, found: &Found) -> bool {
        let with_records = || found.journals.iter().rev().find_map(|(epoch, bytes)| used_by(bytes, *epoch));
        let Some(store) = self.base.map(|base| base.store_id).or_else(with_records) else { return true };
        // An interrupted repair leaves a journal of a new store, which says nothing of this one.
        let header = |epoch: u64| {
            let header = Header::parse(found.journals.get(&epoch)?, epoch).ok()?;
            (header.store == store).then_some(header)
        };
        if self.base.is_some_and(|base| !base.clean && header(base.epoch).is_none()) {
            return true;
        }
        let Some(last) = found.journals.keys().rev().find_map(|epoch| header(*epoch)) else {
            return self.base.is_none();
        };
        let bytes = found.journals.get(&last.epoch).map_or(&[][..], Vec::as_slice);
        let mut later_journals = found.journals.range(last.epoch + 1..);
        let is_ruined = |(epoch, bytes): (&u64, &Vec<u8>)| {
            bytes.iter().any(|byte| *byte != 0) && Header::parse(bytes, *epoch).is_err()
        };
        let mut later_marks = found.marks.range(last.epoch + 1..).map(|(epoch, _)| *epoch);
        last.base.lsn > self.lsn
            || later_journals.any(is_ruined)
            || later_marks.any(|epoch| found.watermark(store, epoch) > 0)
            || match journal::scan(bytes, &last, found.watermark(store, last.epoch)).ending {
                Ending::Damaged { at } => {
                    let seed = Seed::of(store, last.epoch);
                    journal::all_records(bytes, at as usize, seed).next().is_none()
                }
                // The journal in which it goes on was begun before the seal was written.
                Ending::Sealed { .. } => true,
                Ending::Open | Ending::Torn { .. } => false,
            }
    }

    fn gap(&mut self) {
        self.gaps += 1;
        self.certain.clear();
    }

    fn apply(&mut self, record: &Whole) {
        for event in &record.events {
            self.events += 1;
            let id = task_of(event);
            if let Some(id) =
                id.filter(|id| self.state.task(id).is_some() || matches!(event, Event::TaskAdded { .. }))
            {
                self.certain.insert(id.clone());
            } else if let Event::TaskCompleted { id, .. } = event {
                // The task's text is lost; that it is done is not.
                self.state.apply(&Event::CompletionRemembered { fingerprint: Fingerprint::of_id(id) });
            }
            self.state.apply(event);
        }
    }

    /// Tasks that may have gone on in a gap: not to be run again unasked.
    pub(super) fn uncertain(&self) -> Vec<TaskId> {
        if self.gaps == 0 {
            return Vec::new();
        }
        let open = |task: &&Task| !matches!(task.state(), TaskState::Completed | TaskState::RolledBack);
        self.state
            .tasks()
            .filter(open)
            .map(|task| task.id.clone())
            .filter(|id| !self.certain.contains(id))
            .collect()
    }
}

/// A whole record of a journal.
struct Whole {
    events: Vec<Event>,
    previous: u32,
    crc: u32,
}

/// Whose journal it is, if it holds a record.
fn used_by(bytes: &[u8], epoch: u64) -> Option<StoreId> {
    let store = Header::parse(bytes, epoch).ok()?.store;
    has_records(bytes, store, epoch).then_some(store)
}

/// Every whole record of every journal, wherever it lies, by its number.
fn records(found: &Found, store: Option<StoreId>) -> BTreeMap<u64, Whole> {
    let headers = found.journals.iter().filter_map(|(epoch, bytes)| Header::parse(bytes, *epoch).ok());
    let stores: HashSet<_> = headers.map(|header| header.store).chain(store).collect();
    let mut records = BTreeMap::new();
    for (epoch, bytes) in &found.journals {
        for store in &stores {
            for record in journal::all_records(bytes, 0, Seed::of(*store, *epoch)) {
                if let Some(events) = record.events().filter(|events| !events.is_empty()) {
                    let whole = Whole { events, previous: record.previous, crc: record.crc };
                    records.insert(record.lsn, whole);
                }
            }
        }
    }
    records
}

/// Single tasks of a damaged snapshot: ours has one a line. Of two that are found the later state wins.
fn pick_tasks(texts: &[Vec<u8>]) -> State {
    let mut tasks: Vec<Task> = Vec::new();
    let mut pruned = Vec::new();
    for line in texts.iter().flat_map(|text| text.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        let line = line.strip_suffix(b",").unwrap_or(line);
        let document = match line.first() {
            Some(b'{') => [b"{\"version\":\"1.0\",\"tasks\":[", line, b"]}"].concat(),
            Some(b'"') => {
                [b"{\"version\":\"1.0\",\"tasks\":[],\"codeagent\":{\"pruned\":[", line, b"]}}"].concat()
            }
            _ => continue,
        };
        if let Ok(document) = document::read(&document) {
            tasks.extend(document.tasks);
            pruned.extend(document.pruned);
        }
    }
    let mut seen: BTreeMap<TaskId, Task> = BTreeMap::new();
    let mut order = Vec::new();
    for task in tasks {
        match seen.get(&task.id) {
            Some(known) if known.state() == TaskState::Completed => {}
            Some(_) => drop(seen.insert(task.id.clone(), task)),
            None => {
                order.push(task.id.clone());
                seen.insert(task.id.clone(), task);
            }
        }
    }
    let tasks: Vec<Task> = order.iter().filter_map(|id| seen.remove(id)).collect();
    State::from_parts(Default::default(), tasks, pruned).unwrap_or_else(|_| recover::empty_state())
}

fn task_of(event: &Event) -> Option<&TaskId> {
    match event {
        Event::TaskAdded { id, .. }
        | Event::TaskStarted { id, .. }
        | Event::ChildSpawned { id, .. }
        | Event::StepCompleted { id, .. }
        | Event::TaskCompleted { id, .. }
        | Event::TaskFailed { id, .. }
        | Event::TaskGivenUp { id, .. }
        | Event::AttemptExcused { id, .. }
        | Event::TaskRetried { id, .. }
        | Event::TaskRolledBack { id, .. }
        | Event::BoxSeen { id } => Some(id),
        Event::ServerStarted { .. }
        | Event::ServerStopped { .. }
        | Event::IterationCounted { .. }
        | Event::TasksPruned { .. }
        | Event::CompletionRemembered { .. }
        | Event::CompletionForgotten { .. } => None,
    }
}
