//! What can still be read of ruined files: the best snapshot, single tasks of a damaged one, and every whole record of
//! every journal. What lies in a gap may have changed any task: which of them are certain is kept track of.
use std::collections::{BTreeMap, HashSet};

use codeagent_core::{Event, Fingerprint, State, Task, TaskId, TaskState};

use crate::{
    document,
    file::{
        gather::{Found, SnapshotFile},
        journal::{self, Ending, Header, Seed},
        recover,
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
}

impl Salvage {
    /// Reads what is readable. `texts` are the bytes of the two snapshot files, whatever they hold.
    pub(super) fn of(found: &mut Found, texts: &[Vec<u8>]) -> Self {
        let mut salvage = Self::from_snapshots(found, texts);
        let records = records(found);
        for (lsn, record) in records.range(salvage.lsn.saturating_add(1)..) {
            let follows = Some(*lsn) == salvage.lsn.checked_add(1)
                && salvage.chain.is_none_or(|chain| chain == record.previous);
            if !follows {
                salvage.gap();
            }
            salvage.apply(record);
            (salvage.lsn, salvage.chain) = (*lsn, Some(record.crc));
        }
        if ends_in_a_gap(found) {
            salvage.gap();
        }
        salvage
    }

    fn from_snapshots(found: &mut Found, texts: &[Vec<u8>]) -> Self {
        let main = std::mem::replace(&mut found.main, SnapshotFile::Missing);
        let backup = std::mem::replace(&mut found.backup, SnapshotFile::Missing);
        let ruined = [&main, &backup].iter().any(|file| matches!(file, SnapshotFile::Damaged(_)));
        let (mut states, mut lsn, mut chain) = (Vec::new(), 0, None);
        for file in [backup, main] {
            match file {
                SnapshotFile::Ours(it) | SnapshotFile::Saved(it)
                    if states.is_empty() || it.meta.last_lsn >= lsn =>
                {
                    (lsn, chain) = (it.meta.last_lsn, Some(it.meta.chain));
                    states.push(it.state);
                }
                SnapshotFile::Plain { state, .. } => states.push(*state),
                _ => {}
            }
        }
        let whole = states.pop();
        let has_whole = whole.is_some();
        let state = whole.unwrap_or_else(|| pick_tasks(texts));
        let mut salvage = Self { state, events: 0, gaps: 0, certain: HashSet::new(), lsn, chain };
        if ruined || !has_whole {
            salvage.gap();
        }
        salvage
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

/// Every whole record of every journal, wherever it lies, by its number.
fn records(found: &Found) -> BTreeMap<u64, Whole> {
    let stores: HashSet<_> = found
        .journals
        .iter()
        .filter_map(|(epoch, bytes)| Header::parse(bytes, *epoch).ok())
        .map(|header| header.store)
        .collect();
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

/// Whether something acknowledged is missing after the last whole record. A gap before it shows in the chain.
fn ends_in_a_gap(found: &Found) -> bool {
    let used = found.journals.iter().rev().find(|(_, bytes)| bytes.iter().any(|byte| *byte != 0));
    let Some((&epoch, bytes)) = used else {
        return !found.journals.is_empty();
    };
    let Ok(header) = Header::parse(bytes, epoch) else { return true };
    let watermark = found.watermark(header.store, epoch);
    let lost = |later: u64| found.watermark(header.store, later) > 0 && !found.journals.contains_key(&later);
    let later_is_lost = found.marks.range(epoch + 1..).any(|(later, _)| lost(*later));
    later_is_lost
        || match journal::scan(bytes, &header, watermark).ending {
            Ending::Damaged { at } => {
                let seed = Seed::of(header.store, epoch);
                journal::all_records(bytes, at as usize, seed).next().is_none()
            }
            Ending::Sealed { next } => !found.journals.contains_key(&next),
            Ending::Open | Ending::Torn { .. } => false,
        }
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
