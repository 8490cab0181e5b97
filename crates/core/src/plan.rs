//! The list held against the state: what is new, what may run and in which order, what the boxes should say.
use alloc::{string::String, vec::Vec};

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
    /// Its line in the list: the index of the first that has this identity. None for a task that came by `add`.
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
    /// It may be started after so many milliseconds.
    Waiting(u64),
    /// It runs.
    Running,
    /// Nothing more happens to it unless someone says so: done, given up, or rolled back.
    Settled,
}

impl Plan {
    /// Holds the list against the state.
    ///
    /// A line is the task that has its identity. A line that no task has by identity is the task that the
    /// checkpoint knows by that text, if no other line is that one (contract, "Tasks"), unless that task's id
    /// was derived from other parents. Costs one pass over the list and one over the tasks.
    pub fn of(state: &State, lines: &[Line]) -> Self {
        let mut claims = Claims::by_identity(state, lines);
        let mut plan = Self::default();
        let mut entry_of_line: Vec<usize> = Vec::with_capacity(lines.len());
        let mut entry_of_id: HashMap<TaskId, usize> = HashMap::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let (id, known) = claims.claim(state, index, line);
            let next = plan.entries.len();
            let place = *entry_of_id.entry(id.clone()).or_insert(next);
            entry_of_line.push(place);
            if place == next {
                let parent = line.parent.map(|parent| entry_of_line[parent]).filter(|p| *p != place);
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
            task.origin == Origin::Added && !is_settled(task) && !listed.contains_key(&task.id)
        });
        self.entries.extend(added.map(|task| Entry {
            id: task.id.clone(),
            line: None,
            parent: None,
            mark: Mark::Open,
            known: Known::Task,
        }));
    }

    /// What may happen to the entry's task now. A task waits for its parent to be settled.
    pub fn standing(&self, state: &State, entry: usize, now: Now) -> Standing {
        let own = self.own_standing(state, entry, now);
        if own == Standing::Settled || own == Standing::Running {
            return own;
        }
        let mut longest = match own {
            Standing::Waiting(ms) => ms,
            _ => 0,
        };
        let mut at = self.entries[entry].parent;
        while let Some(parent) = at {
            match self.own_standing(state, parent, now) {
                Standing::Settled => {}
                Standing::Waiting(ms) => longest = longest.max(ms).max(1),
                Standing::Ready | Standing::Running => return Standing::Waiting(longest.max(1)),
            }
            at = self.entries[parent].parent;
        }
        if longest == 0 { Standing::Ready } else { Standing::Waiting(longest) }
    }

    fn own_standing(&self, state: &State, entry: usize, now: Now) -> Standing {
        let entry = &self.entries[entry];
        match state.task(&entry.id) {
            Some(task) => standing(task, now),
            None if entry.known == Known::New && entry.mark == Mark::Open => Standing::Ready,
            None => Standing::Settled,
        }
    }

    /// What a person said by ticking the box of a task that is not settled: done, or skipped.
    pub fn said_by_hand(&self, state: &State, entry: usize) -> Option<Mark> {
        let entry = &self.entries[entry];
        let task = state.task(&entry.id)?;
        let open = matches!(task.phase, Phase::Pending(_) | Phase::Failed(AfterFailure::Retry(_)))
            || (entry.mark == Mark::Done && matches!(task.phase, Phase::Failed(_) | Phase::RolledBack));
        (open && !task.reopened && entry.mark != Mark::Open).then_some(entry.mark)
    }

    /// What the entry's box should say, by what is durable; none where it says so already or must be left alone.
    pub fn owed_mark(&self, state: &State, entry: usize) -> Option<Mark> {
        let entry = &self.entries[entry];
        entry.line?;
        let due = match state.task(&entry.id) {
            Some(task) => due_mark(task),
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

fn is_settled(task: &Task) -> bool {
    matches!(task.phase, Phase::Completed | Phase::RolledBack | Phase::Failed(AfterFailure::Final(_)))
}

/// `[x]` for what is done, `[-]` for what was given up, `[ ]` for everything that may run.
fn due_mark(task: &Task) -> Mark {
    match task.phase {
        Phase::Completed => Mark::Done,
        Phase::Failed(AfterFailure::Final(_)) => Mark::Skipped,
        _ => Mark::Open,
    }
}

/// Which task each line is.
struct Claims {
    identities: Vec<TaskId>,
    taken: HashSet<TaskId>,
    /// New lines by their text: a second line of the same new text under the same identity is the same task.
    by_text: HashMap<String, TaskId>,
}

impl Claims {
    /// First pass: identities come before texts, wherever they stand in the list.
    fn by_identity(state: &State, lines: &[Line]) -> Self {
        let identities: Vec<_> = (0..lines.len()).map(|index| list::identity(lines, index)).collect();
        let taken = identities.iter().filter(|id| state.task(id).is_some()).cloned().collect();
        Self { identities, taken, by_text: HashMap::new() }
    }

    /// Second pass, line by line.
    fn claim(&mut self, state: &State, index: usize, line: &Line) -> (TaskId, Known) {
        let id = self.identities[index].clone();
        if state.task(&id).is_some() {
            return (id, Known::Task);
        }
        if state.is_pruned(Fingerprint::of_id(&id)) {
            return (id, Known::Pruned);
        }
        let folded = crate::id::fold_text(&line.text);
        if let Some(same) = self.by_text.get(&folded).filter(|_| line.given_id.is_none()) {
            return (same.clone(), Known::Task);
        }
        if let Some(task) = state.latest_with_text(&line.text).filter(|task| self.is_free(task)) {
            let id = task.id.clone();
            self.taken.insert(id.clone());
            if line.given_id.is_none() {
                self.by_text.insert(folded, id.clone());
            }
            return (id, Known::Task);
        }
        let known_text = state.is_pruned(Fingerprint::of_text(&line.text));
        (id, if known_text { Known::Pruned } else { Known::New })
    }

    fn is_free(&self, task: &Task) -> bool {
        !task.id.is_derived_form() && !self.taken.contains(&task.id)
    }
}
