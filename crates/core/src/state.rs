//! The whole state: tasks, server, and what is known of tasks that left the document.
use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use crate::{
    id::{Fingerprint, TaskId},
    index::{Both, Index},
    pruned::Pruned,
    table::{Slot, Table},
    task::{Task, TaskState},
    time::LocalTime,
};

/// What the document holds besides tasks.
#[derive(Clone, PartialEq, Debug)]
pub struct Header {
    /// `server_state.last_start_time`.
    pub last_start_time: Option<LocalTime>,
    /// `server_state.last_stop_time`.
    pub last_stop_time: Option<LocalTime>,
    /// `server_state.iteration_count`.
    pub iteration_count: u64,
    /// `server_state.clean_shutdown`; true in a brand-new document.
    pub clean_shutdown: bool,
    /// `current_task`: the task that was started last and is not ended.
    pub current_task: Option<TaskId>,
    /// `session_id`.
    pub session_id: Option<Box<str>>,
    /// `last_update`: when the last event happened.
    pub last_update: Option<LocalTime>,
    /// Top-level members that we don't know: `"key": value, …`, compact.
    pub unknown: Option<Box<str>>,
    /// The same for `server_state`.
    pub unknown_server: Option<Box<str>>,
    /// The same for our own top-level `codeagent` object.
    pub unknown_own: Option<Box<str>>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            last_start_time: None,
            last_stop_time: None,
            iteration_count: 0,
            clean_shutdown: true,
            current_task: None,
            session_id: None,
            last_update: None,
            unknown: None,
            unknown_server: None,
            unknown_own: None,
        }
    }
}

/// Everything that is persisted, with indexes for every question that is asked often.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) header: Header,
    pub(crate) table: Table,
    pub(crate) index: Index,
    pub(crate) counts: Counts,
    pub(crate) pruned: Pruned,
    /// Slots of running tasks: few, and asked for by every `status`.
    running: BTreeSet<Slot>,
}

/// How many tasks are in each state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts([usize; 5]);

impl Counts {
    /// How many are in that state.
    pub fn of(&self, state: TaskState) -> usize {
        self.0[state as usize]
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    pub(crate) fn enter(&mut self, state: TaskState) {
        self.0[state as usize] += 1;
    }

    pub(crate) fn leave(&mut self, state: TaskState) {
        self.0[state as usize] = self.0[state as usize].saturating_sub(1);
    }
}

/// Two tasks of a loaded document have one id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DuplicateId {
    /// The id.
    pub id: TaskId,
    /// How many tasks stand before the later of the two.
    pub place: usize,
}

impl DuplicateId {
    fn at(table: &Table, slot: Slot) -> Self {
        let place = table.iter().take_while(|(before, _)| *before < slot).count();
        let id = table.get(slot).map_or_else(|| TaskId::new(""), |task| task.id.clone());
        Self { id, place }
    }
}

/// The [`Both`] of whoever has no threads, or too little to do for two.
pub fn in_turn(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    one();
    other();
}

impl State {
    /// Puts a state together from what a snapshot holds.
    ///
    /// # Errors
    /// [`DuplicateId`]: identities are the ground that every promise stands on.
    pub fn from_parts(
        header: Header,
        tasks: impl IntoIterator<Item = Task>,
        pruned: impl IntoIterator<Item = Fingerprint>,
    ) -> Result<Self, DuplicateId> {
        Self::from_table(header, tasks.into_iter().collect(), pruned, in_turn)
    }

    /// The same of a table, with what two threads can do done by `both`.
    ///
    /// # Errors
    /// As [`State::from_parts`].
    pub fn from_table(
        header: Header,
        table: Table,
        pruned: impl IntoIterator<Item = Fingerprint>,
        both: Both,
    ) -> Result<Self, DuplicateId> {
        let (index, twice) = Index::of(&table, both);
        if let Some(slot) = twice {
            return Err(DuplicateId::at(&table, slot));
        }
        let mut state = Self { header, index, pruned: pruned.into_iter().collect(), ..Self::default() };
        for (slot, task) in table.iter() {
            state.enter(slot, task.state());
        }
        Ok(Self { table, ..state })
    }

    /// What the document holds besides tasks.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All tasks in the order of their coming.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.table.iter().map(|(_, task)| task)
    }

    /// The task of that id.
    pub fn task(&self, id: &TaskId) -> Option<&Task> {
        self.table.get(self.slot(id)?)
    }

    /// Of all tasks with that text, white space folded, the one that was started last.
    pub fn latest_with_text(&self, text: &str) -> Option<&Task> {
        self.table.get(self.index.latest_by_text(&self.table, text)?)
    }

    /// The tasks with that text, white space folded, whose id does not follow from it, the one that was started
    /// last first. Ids of the derived form say by themselves which line they are.
    pub fn given_with_text(&self, text: &str) -> impl Iterator<Item = &Task> {
        self.index.given_by_text(&self.table, text).filter_map(|slot| self.table.get(slot))
    }

    /// How many tasks are in each state.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The task that runs, as the guide's `get_current_task` sees it; none where a document that others wrote
    /// names one that does not run.
    pub fn current_task(&self) -> Option<&Task> {
        self.task(self.header.current_task.as_ref()?).filter(|task| task.running().is_some())
    }

    /// The tasks that run, in the order of their coming.
    pub fn running(&self) -> impl Iterator<Item = &Task> {
        self.running.iter().filter_map(|slot| self.table.get(*slot))
    }

    /// Fingerprints of completed tasks that left the document, ascending.
    pub fn pruned(&self) -> impl ExactSizeIterator<Item = &Fingerprint> {
        self.pruned.iter()
    }

    /// How many tasks left the document as completed: some have a fingerprint of their text besides that of their id.
    pub fn pruned_tasks(&self) -> usize {
        self.pruned.of_ids()
    }

    /// Whether the fingerprint of a completed task that left the document is this one.
    pub fn is_pruned(&self, fingerprint: Fingerprint) -> bool {
        self.pruned.contains(fingerprint)
    }

    /// The guide's `is_task_completed`: whether the latest attempt at that text was completed, also if
    /// it was pruned since.
    ///
    /// A fingerprint does not tell when: a text that was completed and pruned counts as completed until `retry`
    /// says otherwise, whatever other entries of it there are.
    pub fn is_text_completed(&self, text: &str) -> bool {
        self.latest_with_text(text).is_some_and(|task| task.state() == TaskState::Completed)
            || self.is_pruned(Fingerprint::of_text(text))
            || self.is_pruned(Fingerprint::of_id(&TaskId::derive([], text)))
    }

    /// A copy for a snapshot, at the price of some pointers: what is asked of it must not need an index.
    pub fn freeze(&self) -> Frozen {
        Frozen { header: self.header.clone(), table: self.table.clone(), pruned: self.pruned.clone() }
    }

    pub(crate) fn slot(&self, id: &TaskId) -> Option<Slot> {
        self.index.by_id(&self.table, id)
    }

    /// Appends a task. Gives its id back, and changes nothing, where another one has it.
    pub(crate) fn insert(&mut self, task: Task) -> Option<TaskId> {
        let state = task.state();
        let slot = self.table.push(task);
        if !self.index.insert(&self.table, slot) {
            return self.table.pop().map(|task| task.id);
        }
        self.enter(slot, state);
        None
    }

    pub(crate) fn remove(&mut self, id: &TaskId) -> Option<Task> {
        let slot = self.slot(id)?;
        self.index.remove(&self.table, slot);
        let task = self.table.remove(slot)?;
        self.leave(slot, task.state());
        Some(task)
    }

    /// Closes the gaps that removals left, once they are many.
    pub(crate) fn compact_if_sparse(&mut self) {
        if self.table.is_sparse() {
            self.table.compact();
            (self.index, _) = Index::of(&self.table, in_turn);
            let running = self.table.iter().filter(|(_, task)| task.running().is_some());
            self.running = running.map(|(slot, _)| slot).collect();
        }
    }

    /// Changes a task and keeps the counts right.
    pub(crate) fn update(&mut self, id: &TaskId, change: impl FnOnce(&mut Task)) {
        if let Some(slot) = self.slot(id) {
            self.update_at(slot, change);
        }
    }

    pub(crate) fn update_at(&mut self, slot: Slot, change: impl FnOnce(&mut Task)) {
        let Some(task) = self.table.get_mut(slot) else { return };
        let before = task.state();
        change(task);
        let after = task.state();
        if before != after {
            self.leave(slot, before);
            self.enter(slot, after);
        }
    }

    fn enter(&mut self, slot: Slot, state: TaskState) {
        self.counts.enter(state);
        if state == TaskState::InProgress {
            self.running.insert(slot);
        }
    }

    fn leave(&mut self, slot: Slot, state: TaskState) {
        self.counts.leave(state);
        if state == TaskState::InProgress {
            self.running.remove(&slot);
        }
    }
}

impl PartialEq for State {
    /// Equal if the document would be: indexes and gaps don't count.
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header && self.pruned == other.pruned && self.table == other.table
    }
}

/// The state at one moment, for writing it down beside the work.
#[derive(Clone, Debug)]
pub struct Frozen {
    header: Header,
    table: Table,
    pruned: Pruned,
}

impl Frozen {
    /// What the document holds besides tasks.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All tasks in the order of their coming.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.table.iter().map(|(_, task)| task)
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fingerprints of completed tasks that left the document, ascending.
    pub fn pruned(&self) -> impl ExactSizeIterator<Item = &Fingerprint> {
        self.pruned.iter()
    }

    /// The tasks as one list, for tests and `verify`.
    pub fn to_tasks(&self) -> Vec<Task> {
        self.tasks().cloned().collect()
    }
}
