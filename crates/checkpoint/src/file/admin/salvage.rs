//! What can still be read of ruined files: the best snapshot, single tasks of a damaged one, and every whole record of
//! every journal. What lies in a gap may have changed any task: which of them are certain is kept track of.
//!
//! A record is applied to a task only if the task does not contain it yet:
//!
//! ```text
//! a task of                                               contains the records
//! a whole snapshot                                        up to the snapshot's last_lsn
//! a ruined one whose last_lsn a journal confirms          up to that, or to before a completion that its line lacks
//! any other ruined one                                    that its line shows (lines.rs)
//! ```
//!
//! Of several lines of one task the one with the highest place is taken. Where a place is not known, a completion goes
//! first, then the main file's line; beside a whole backup such a line counts only for a completion, or a task, that
//! the backup lacks; beside a whole main file no line counts. So no completion is lost that can be read, and no attempt is counted twice.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use codeagent_core::{Event, Fingerprint, State, Task, TaskId, TaskState};

use super::lines::{Lines, contained, contained_at};
use crate::{
    document::{SnapshotMeta, StoreId},
    file::{
        disk::Disk,
        gather::{Found, SnapshotFile},
        journal::{self, Ending, Header, Position, Seed},
        names::Names,
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
    known: Known,
}

/// The last record that is contained in what was taken from a ruined file; in all else that is the base's.
#[derive(Default)]
struct Known {
    tasks: HashMap<TaskId, u64>,
    pruned: HashMap<Fingerprint, u64>,
}

impl Salvage {
    /// Reads what is readable.
    pub(super) fn of(disk: &dyn Disk, names: &Names, found: &mut Found) -> Self {
        let ruined = ruined(found, names);
        let mut salvage = Self::from_whole(found);
        let records = records(found, salvage.base.map(|base| base.store_id));
        let texts = ruined.iter().filter_map(|path| disk.read(path).ok().flatten());
        let lines = texts.map(|(text, _)| Lines::of(&text)).collect();
        salvage.take_lines(lines, found, &records);
        for (lsn, record) in records.range(salvage.lsn.saturating_add(1)..) {
            let follows = Some(*lsn) == salvage.lsn.checked_add(1)
                && salvage.chain.is_none_or(|chain| chain == record.previous);
            if !follows {
                salvage.gap();
            }
            salvage.apply(*lsn, record);
            (salvage.lsn, salvage.chain) = (*lsn, Some(record.crc));
        }
        if salvage.ends_in_a_gap(found) {
            salvage.gap();
        }
        salvage
    }

    /// The better of the whole snapshots, or nothing.
    fn from_whole(found: &mut Found) -> Self {
        let main = std::mem::replace(&mut found.main, SnapshotFile::Missing);
        let backup = std::mem::replace(&mut found.backup, SnapshotFile::Missing);
        let ruined = is_ruined(&main) || is_ruined(&backup);
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
        let (state, known) = (whole.unwrap_or_else(recover::empty_state), Known::default());
        let mut salvage =
            Self { state, events: 0, gaps: 0, certain: HashSet::new(), lsn, chain, base, known };
        if ruined || !has_whole {
            salvage.gap();
        }
        salvage
    }

    /// Whether there is nothing to go on with.
    pub(super) fn is_empty(&self) -> bool {
        self.state.tasks().next().is_none() && self.state.pruned().len() == 0
    }

    /// Adds what the lines of ruined files tell more.
    fn take_lines(&mut self, ruined: Vec<Lines>, found: &Found, records: &Records) {
        let mut picked = Picked::of(&self.state, self.lsn);
        for lines in ruined {
            let meta = lines.meta.filter(|meta| is_confirmed(meta, self.base, found, records));
            let place = meta.map(|meta| meta.last_lsn);
            lines.tasks.into_iter().for_each(|task| picked.offer(task, place));
            picked.pruned.extend(lines.pruned.into_iter().map(|pruned| (pruned, place.unwrap_or(u64::MAX))));
        }
        let before = self.state.pruned().copied();
        let pruned: Vec<_> = before.chain(picked.pruned.keys().copied()).collect();
        let header = self.state.header().clone();
        let tasks: Vec<Task> =
            picked.order.iter().filter_map(|id| Some(picked.tasks.get(id)?.0.clone())).collect();
        // (No id comes twice.)
        let Ok(state) = State::from_parts(header, tasks, pruned) else { return };
        self.state = state;
        self.known.pruned = picked.pruned;
        let mut events = events_by_task(records);
        self.known.tasks = picked
            .tasks
            .into_iter()
            .filter(|(_, (_, place))| *place != Place::Whole)
            .map(|(id, (task, place))| {
                let events = events.remove(&id).unwrap_or_default();
                let last = match place {
                    Place::At(lsn) => contained_at(lsn, &task, &events),
                    Place::Whole | Place::Lost => contained(&task, &events),
                };
                (id, last)
            })
            .collect();
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

    fn apply(&mut self, lsn: u64, record: &Whole) {
        for event in &record.events {
            self.events += 1;
            match event {
                Event::TasksPruned { ids, at } => {
                    let ids = ids.iter().filter(|id| !self.contains(id, lsn)).cloned().collect();
                    self.state.apply(&Event::TasksPruned { ids, at: *at });
                }
                Event::CompletionForgotten { fingerprint }
                    if self.known.pruned.get(fingerprint).is_some_and(|last| *last >= lsn) => {}
                _ => match task_of(event) {
                    Some(id) => self.apply_to(id, lsn, event),
                    None => self.state.apply(event),
                },
            }
        }
    }

    fn apply_to(&mut self, id: &TaskId, lsn: u64, event: &Event) {
        if self.state.task(id).is_some() || matches!(event, Event::TaskAdded { .. }) {
            self.certain.insert(id.clone());
        } else if let Event::TaskCompleted { id, .. } = event {
            // The task's text is lost; that it is done is not.
            self.state.apply(&Event::CompletionRemembered { fingerprint: Fingerprint::of_id(id) });
        }
        if !self.contains(id, lsn) {
            self.state.apply(event);
        }
    }

    fn contains(&self, id: &TaskId, lsn: u64) -> bool {
        self.known.tasks.get(id).is_some_and(|last| *last >= lsn)
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

    /// Whether nothing of that task can be missing.
    pub(super) fn is_certain(&self, id: &TaskId) -> bool {
        self.gaps == 0 || self.certain.contains(id)
    }
}

fn is_ruined(file: &SnapshotFile) -> bool {
    matches!(file, SnapshotFile::Damaged(_) | SnapshotFile::Newer(_))
}

/// The files whose lines may tell something: a backup beside a whole main file only tells what is over.
fn ruined(found: &Found, names: &Names) -> Vec<PathBuf> {
    let is_main_whole = !is_ruined(&found.main) && !matches!(found.main, SnapshotFile::Missing);
    let backup = (is_ruined(&found.backup) && !is_main_whole).then(|| names.backup());
    let main = is_ruined(&found.main).then(|| names.main().to_owned());
    backup.into_iter().chain(main).collect()
}

/// A whole record of a journal.
struct Whole {
    events: Vec<Event>,
    previous: u32,
    crc: u32,
}

type Records = BTreeMap<u64, Whole>;

/// Whose journal it is, if it holds a record.
fn used_by(bytes: &[u8], epoch: u64) -> Option<StoreId> {
    let store = Header::parse(bytes, epoch).ok()?.store;
    has_records(bytes, store, epoch).then_some(store)
}

/// Every whole record of every journal, wherever it lies, by its number.
fn records(found: &Found, store: Option<StoreId>) -> Records {
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

fn events_by_task(records: &Records) -> HashMap<TaskId, Vec<(u64, &Event)>> {
    let mut events: HashMap<TaskId, Vec<_>> = HashMap::new();
    for (lsn, record) in records {
        for event in &record.events {
            if let Some(id) = task_of(event) {
                events.entry(id.clone()).or_default().push((*lsn, event));
            }
        }
    }
    events
}

/// Whether the ruined file stands where it says: a journal says so too, with the checksum of its last record.
fn is_confirmed(meta: &SnapshotMeta, base: Option<SnapshotMeta>, found: &Found, records: &Records) -> bool {
    let end = Position { lsn: meta.last_lsn, chain: meta.chain };
    let header = found.journals.get(&meta.epoch).and_then(|bytes| Header::parse(bytes, meta.epoch).ok());
    base.is_none_or(|base| base.store_id == meta.store_id)
        && (header.is_some_and(|header| header.store == meta.store_id && header.base == end)
            || records.get(&end.lsn).is_some_and(|record| record.crc == end.chain))
}

/// Where a task was taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole snapshot.
    Whole,
    /// A ruined one that stands there.
    At(u64),
    /// A ruined one, nobody knows where it stands.
    Lost,
}

/// The best line of each task, in the order in which they were found.
struct Picked {
    tasks: HashMap<TaskId, (Task, Place)>,
    order: Vec<TaskId>,
    pruned: HashMap<Fingerprint, u64>,
    /// Where the whole snapshot stands.
    whole: u64,
}

impl Picked {
    fn of(state: &State, whole: u64) -> Self {
        let tasks = state.tasks().map(|task| (task.id.clone(), (task.clone(), Place::Whole))).collect();
        let order = state.tasks().map(|task| task.id.clone()).collect();
        Self { tasks, order, pruned: HashMap::new(), whole }
    }

    fn offer(&mut self, task: Task, place: Option<u64>) {
        let place = place.map_or(Place::Lost, Place::At);
        let Some((known, known_place)) = self.tasks.get(&task.id) else {
            self.order.push(task.id.clone());
            self.tasks.insert(task.id.clone(), (task, place));
            return;
        };
        let is_done = |task: &Task| task.state() == TaskState::Completed;
        let is_better = match (*known_place, place) {
            (Place::Whole, Place::At(lsn)) => lsn > self.whole,
            (Place::At(known), Place::At(lsn)) => lsn >= known,
            (Place::Whole, _) => is_done(&task) && !is_done(known),
            _ => is_done(&task) || !is_done(known),
        };
        if is_better {
            self.tasks.insert(task.id.clone(), (task, place));
        }
    }
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
