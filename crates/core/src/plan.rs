//! The list held against the state: what is new, what may run and in which order, what the boxes should say.
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};

use crate::{
    id::{Fingerprint, TaskId},
    list::{self, Line, Mark},
    state::State,
    task::{AfterFailure, Origin, Phase, Task},
    time::Now,
};

/// What a list means for a state.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// One entry for each identity of the list in the list's order, then the tasks that run without a line.
    pub entries: Vec<Entry>,
}

/// One task of the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The task's id in the checkpoint.
    pub id: TaskId,
    /// Its line in the list: the index of the first that is this task. None for a task that came by `add`.
    pub line: Option<usize>,
    /// The entry of the task that it is nested under; that one comes first.
    pub parent: Option<usize>,
    /// What stands in the box.
    pub mark: Mark,
    /// What the checkpoint knows.
    pub known: Known,
}

/// What the checkpoint knows of a line when the plan is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing: it is to be added (unless its box says that it is done or skipped).
    New,
    /// A task of the document.
    Task,
    /// Only that it was completed; the task itself was pruned.
    Pruned,
}

/// What may happen to a task now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may be started.
    Ready,
    /// It may be started after so many milliseconds, or not before its parent's wait is over.
    Waiting(u64),
    /// It waits for its parent, which is ready or runs.
    Blocked,
    /// It runs.
    Running,
    /// Nothing more happens to it unless someone says so: done, given up, or rolled back.
    Settled,
}

impl Plan {
    /// Holds the list against the state; `Claims` says which task a line is.
    pub fn of(state: &State, lines: &[Line]) -> Self {
        let mut claims = Claims::new(state, lines);
        let mut plan = Self::default();
        let mut entry_of_line: Vec<usize> = Vec::with_capacity(lines.len());
        let mut entry_of_id: HashMap<TaskId, usize> = HashMap::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let (id, known) = claims.claim(index, line);
            let next = plan.entries.len();
            let place = *entry_of_id.entry(id.clone()).or_insert(next);
            entry_of_line.push(place);
            if place == next {
                // A new entry's parent stands on an earlier line, and so in an earlier entry: no circles.
                let parent = line.parent.and_then(|parent| entry_of_line.get(parent).copied());
                let parent = parent.filter(|parent| *parent < place);
                plan.entries.push(Entry { id, line: Some(index), parent, mark: line.mark, known });
            } else if line.mark != Mark::Open && plan.entries[place].mark == Mark::Open {
                plan.entries[place].mark = line.mark; // ticked at one of its places is ticked
            }
        }
        plan.append_added(state, &entry_of_id);
        plan
    }

    fn append_added(&mut self, state: &State, listed: &HashMap<TaskId, usize>) {
        let added = state.tasks().filter(|task| {
            task.origin == Origin::Added && !task.is_settled() && !listed.contains_key(&task.id)
        });
        self.entries.extend(added.map(|task| Entry {
            id: task.id.clone(),
            line: None,
            parent: None,
            mark: Mark::Open,
            known: Known::Task,
        }));
    }

    /// What may happen to the entry's task now. A task waits until everything that it is nested under is settled,
    /// however that ended.
    pub fn standing(&self, state: &State, entry: usize, now: Now) -> Standing {
        let own = self.own_standing(state, entry, now);
        let mut delay_ms = match own {
            Standing::Ready => 0,
            Standing::Waiting(ms) => ms,
            Standing::Running | Standing::Settled | Standing::Blocked => return own,
        };
        let mut at = self.entries[entry].parent;
        while let Some(parent) = at {
            match self.own_standing(state, parent, now) {
                Standing::Settled => {}
                Standing::Waiting(ms) => delay_ms = delay_ms.max(ms),
                Standing::Ready | Standing::Running | Standing::Blocked => return Standing::Blocked,
            }
            at = self.entries[parent].parent;
        }
        if delay_ms == 0 { Standing::Ready } else { Standing::Waiting(delay_ms) }
    }

    fn own_standing(&self, state: &State, entry: usize, now: Now) -> Standing {
        let entry = &self.entries[entry];
        match state.task(&entry.id) {
            Some(task) => standing(task, now),
            None if entry.known == Known::New && entry.mark == Mark::Open => Standing::Ready,
            None => Standing::Settled,
        }
    }

    /// What a person said by ticking the box of a task that is not settled: done, or skipped. A task that was
    /// given up, or taken back, can still be said to be done. While an attempt runs, nothing: it ends by itself first.
    pub fn said_by_hand(&self, state: &State, entry: usize) -> Option<Mark> {
        let entry = &self.entries[entry];
        let task = state.task(&entry.id).filter(|task| !task.reopened)?;
        let heard = match (&task.phase, entry.mark) {
            (_, Mark::Open) => false,
            (Phase::Pending(_) | Phase::Failed(AfterFailure::Retry(_)), _) => true,
            (Phase::Failed(AfterFailure::Final(_)) | Phase::RolledBack, mark) => mark == Mark::Done,
            (Phase::InProgress(_) | Phase::Completed, _) => false,
        };
        heard.then_some(entry.mark)
    }

    /// Whether the box of a reopened task says what it should, so that it may speak for a person again.
    pub fn is_box_right(&self, state: &State, entry: usize) -> bool {
        let entry = &self.entries[entry];
        let task = state.task(&entry.id).filter(|task| task.reopened && entry.line.is_some());
        task.is_some_and(|task| due_mark(task, entry.mark) == entry.mark)
    }

    /// What the entry's box should say, by what is durable; none where it says so already or must be left alone,
    /// as a person's word that the checkpoint has not taken over yet must be.
    pub fn owed_mark(&self, state: &State, entry: usize) -> Option<Mark> {
        if self.said_by_hand(state, entry).is_some() {
            return None;
        }
        let entry = &self.entries[entry];
        entry.line?;
        let due = match state.task(&entry.id) {
            Some(task) => due_mark(task, entry.mark),
            None if entry.known == Known::Pruned => Mark::Done,
            None => return None,
        };
        (due != entry.mark).then_some(due)
    }
}

/// What may happen to a task by itself, whatever stands above it in the list.
pub fn standing(task: &Task, now: Now) -> Standing {
    let wait = match &task.phase {
        Phase::Pending(wait) | Phase::Failed(AfterFailure::Retry(wait)) => wait,
        Phase::InProgress(_) => return Standing::Running,
        Phase::Completed | Phase::RolledBack | Phase::Failed(AfterFailure::Final(_)) => {
            return Standing::Settled;
        }
    };
    match wait.map_or(0, |wait| wait.remaining_ms(now)) {
        0 => Standing::Ready,
        ms => Standing::Waiting(ms),
    }
}

/// `[x]` for what is done, `[-]` for what was given up, `[ ]` for everything else: also for what was taken back,
/// which is to do again, though not before someone says `retry`.
fn due_mark(task: &Task, mark: Mark) -> Mark {
    match task.phase {
        Phase::Completed => Mark::Done,
        Phase::Failed(AfterFailure::Final(_)) => Mark::Skipped,
        // A person's word during the attempt: heard when the attempt has failed.
        Phase::InProgress(_) if !task.reopened => mark,
        // Not ours to contradict: a task that was taken back does not run.
        Phase::RolledBack if mark == Mark::Skipped => mark,
        Phase::Pending(_) | Phase::InProgress(_) | Phase::Failed(_) | Phase::RolledBack => Mark::Open,
    }
}

/// Which task each line is (contract, "Tasks"):
///
/// 1. the one that has its identity, also if it was pruned;
/// 2. for a line with a given id, the one that has the id which the line had without it: the id was added later;
/// 3. one that was known by that text, completed and pruned;
/// 4. of the tasks that have that text and an id which does not follow from it (another program's, or one that the
///    list gave once), the one that was started last: those before it are earlier attempts at the same;
/// 5. else a new one.
///
/// 2 to 4 hold only for tasks that no other line is. An id of the derived form is never looked up by text alone:
/// it says which parents it belongs to. Costs one pass over the list.
struct Claims<'a> {
    state: &'a State,
    derived: Vec<TaskId>,
    /// Identities of lines, and tasks that a line became by 2.
    taken: HashSet<TaskId>,
    /// For each text that a line was looked up by in 4, the latest task with it.
    looked_up: HashSet<TaskId>,
    /// Texts of pruned tasks that a line became by 1 or 3.
    taken_texts: HashSet<Fingerprint>,
    /// What identities that are not known by themselves became: the same identity is the same task wherever it stands.
    became: HashMap<TaskId, (TaskId, Known)>,
}

impl<'a> Claims<'a> {
    /// First pass: identities come before texts, wherever they stand in the list.
    fn new(state: &'a State, lines: &[Line]) -> Self {
        let mut claims = Self {
            state,
            derived: list::derived_ids(lines),
            taken: HashSet::with_capacity(lines.len()),
            looked_up: HashSet::new(),
            taken_texts: HashSet::new(),
            became: HashMap::new(),
        };
        for (index, line) in lines.iter().enumerate() {
            let id = claims.identity(index, line);
            if line.given_id.is_some() && claims.is_pruned(&id) {
                claims.taken_texts.insert(Fingerprint::of_text(&line.text));
            }
            claims.taken.insert(id);
        }
        claims
    }

    fn identity(&self, index: usize, line: &Line) -> TaskId {
        line.given_id.as_ref().unwrap_or(&self.derived[index]).clone()
    }

    /// Second pass, line by line.
    fn claim(&mut self, index: usize, line: &Line) -> (TaskId, Known) {
        let id = self.identity(index, line);
        if let Some(known) = self.known(&id) {
            return (id, known);
        }
        if let Some(same) = self.became.get(&id) {
            return same.clone();
        }
        let derived = line.given_id.as_ref().map(|_| self.derived[index].clone());
        let claimed = derived
            .and_then(|derived| self.by_derived_id(derived))
            .or_else(|| self.by_pruned_text(&id, line))
            .or_else(|| self.by_text(line))
            .unwrap_or_else(|| (id.clone(), Known::New));
        self.became.insert(id, claimed.clone());
        claimed
    }

    fn known(&self, id: &TaskId) -> Option<Known> {
        match self.state.task(id) {
            Some(_) => Some(Known::Task),
            None => self.is_pruned(id).then_some(Known::Pruned),
        }
    }

    fn by_derived_id(&mut self, derived: TaskId) -> Option<(TaskId, Known)> {
        let known = self.known(&derived)?;
        self.taken.insert(derived.clone()).then_some((derived, known))
    }

    fn by_pruned_text(&mut self, id: &TaskId, line: &Line) -> Option<(TaskId, Known)> {
        if self.state.pruned().len() == 0 {
            return None;
        }
        let text = Fingerprint::of_text(&line.text);
        let free = self.state.is_pruned(text) && self.taken_texts.insert(text);
        free.then(|| (id.clone(), Known::Pruned))
    }

    fn by_text(&mut self, line: &Line) -> Option<(TaskId, Known)> {
        let latest = self.state.given_with_text(&line.text).next()?;
        if !self.looked_up.insert(latest.id.clone()) {
            return None; // another line became that text's task
        }
        let mut tasks = self.state.given_with_text(&line.text);
        let free = tasks.find(|task| !self.taken.contains(&task.id))?;
        Some((free.id.clone(), Known::Task))
    }

    fn is_pruned(&self, id: &TaskId) -> bool {
        self.state.pruned().len() > 0 && self.state.is_pruned(Fingerprint::of_id(id))
    }
}
