//! The list at work: read when it changed, held against the state, and its boxes kept right.
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use codeagent_checkpoint::{Store, StoreError, clock::Clock, store::ReadState};
use codeagent_core::{
    Command, LocalTime, Now, Origin, Phase, Plan, State, Task, TaskId, TaskState,
    list::{self, Line, Mark},
    plan::{Entry, Known, Standing},
    task::AfterFailure,
};
use codeagent_project::todo::{MarkRequest, TodoError, TodoList, TodoNotice, TodoPlaces, set_marks};

use crate::observe::Progress;

/// Commands in one batch: what a long list adds is written in records of some hundred kilobytes.
const BATCH: usize = 1_000;

/// Writing boxes takes at most one part in this many of the time, or [`SOON`], whichever is later.
const PACE: u32 = 20;
const SOON: Duration = Duration::from_millis(500);

/// The list, the plan that follows from it, and the marks that its boxes are owed.
#[derive(Debug)]
pub(crate) struct Worklist {
    places: TodoPlaces,
    list: TodoList,
    /// What was read since; becomes the list together with the plan that is made of it.
    fresh: Option<TodoList>,
    /// Of the list: its entries' lines are that list's.
    plan: Plan,
    done_before: usize,
    /// Entries before this one have nothing to do in this pass.
    cursor: usize,
    owed: HashMap<TaskId, MarkRequest>,
    /// By the monotonic clock.
    flush_after: Duration,
    stale: bool,
    /// A plan was made since the start.
    is_planned: bool,
}

/// What reading the list again brought.
#[derive(Debug, Default)]
pub(crate) struct Refreshed {
    /// Tasks that are new.
    pub added: usize,
    /// Tasks that someone ticked or skipped in the file.
    pub by_hand: Vec<(TaskId, Mark)>,
    /// Tasks that are settled, and whose boxes do not say so: someone took a mark away, or it never got there.
    pub marked_again: Vec<TaskId>,
    /// Tasks (id and text) that are still to do, and whose lines went out of the list while others stay in it.
    pub gone: Vec<(TaskId, Arc<str>)>,
    /// The list is read for the first time since the start.
    pub is_first: bool,
    /// What the user should know about the lists.
    pub notices: Vec<TodoNotice>,
}

/// What there is to do next in this pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This entry may be started.
    Start(usize),
    /// Nothing now; something after so many milliseconds.
    Wait(u64),
    /// Nothing.
    Nothing,
}

impl Worklist {
    /// Reads the list; [`Worklist::refresh`] makes the plan.
    ///
    /// # Errors
    /// [`TodoError`]: a list is there and can't be read.
    pub(crate) fn load(places: TodoPlaces) -> Result<Self, TodoError> {
        let list = TodoList::load(&places)?;
        let plan = Plan::default();
        Ok(Self {
            places,
            list,
            fresh: None,
            plan,
            done_before: 0,
            cursor: 0,
            owed: HashMap::new(),
            flush_after: Duration::ZERO,
            stale: true,
            is_planned: false,
        })
    }

    /// The files that the list was read from.
    pub(crate) fn files(&self) -> &[std::path::PathBuf] {
        self.list.files()
    }

    /// Whether a list was written since it was read.
    pub(crate) fn changed(&self) -> bool {
        self.newest().changed()
    }

    /// Something that is not in the files changed what is to be done: the next refresh makes the plan anew.
    pub(crate) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Whether the next refresh makes the plan anew.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }

    /// Starts another pass: entries that were passed over may be looked at again.
    pub(crate) fn rewind(&mut self) {
        self.cursor = 0;
    }

    /// Reads the list again if it changed. A list that can't be read now (half saved, say) leaves the plan as it is.
    ///
    /// # Errors
    /// [`TodoError`] from a list that changed.
    pub(crate) fn reread(&mut self) -> Result<(), TodoError> {
        if self.changed() {
            self.fresh = Some(TodoList::load(&self.places)?);
            self.stale = true;
        }
        Ok(())
    }

    fn newest(&self) -> &TodoList {
        self.fresh.as_ref().unwrap_or(&self.list)
    }

    /// Holds the list against the checkpoint, once something changed: new tasks are added, a person's ticks are
    /// taken over, boxes that say something else than the checkpoint are put right. None if nothing changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn refresh(
        &mut self,
        store: &dyn Store,
        now: Now,
        max_attempts: u32,
    ) -> Result<Option<Refreshed>, StoreError> {
        if !std::mem::take(&mut self.stale) {
            return Ok(None);
        }
        let (lines, notices) = (self.newest().lines(), self.newest().notices());
        let plan = store.view(|state| Plan::of(state, lines))?;
        let mut refreshed = Refreshed { notices: notices.to_vec(), ..Refreshed::default() };
        let commands = store.view(|state| sync(state, &plan, lines, max_attempts, &mut refreshed))?;
        refreshed.is_first = !std::mem::replace(&mut self.is_planned, true);
        refreshed.gone = store.view(|state| self.gone(state, &plan, refreshed.is_first))?;
        let mut commands = commands.into_iter();
        loop {
            let batch: Vec<_> = commands.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            // A refusal means that someone else (the socket) was quicker: the next refresh sees what is so.
            let _ = store.execute_all(batch, now)?;
        }
        let is_done_before = |entry: &&Entry| entry.known == Known::New && entry.mark == Mark::Done;
        self.done_before = plan.entries.iter().filter(is_done_before).count();
        if let Some(fresh) = self.fresh.take() {
            self.list = fresh;
        }
        self.plan = plan;
        self.cursor = 0;
        // It was owed by a plan that is no more.
        let not_written = std::mem::take(&mut self.owed);
        refreshed.marked_again = store.view(|state| self.owe_all(state, now, &not_written))?;
        Ok(Some(refreshed))
    }

    /// What the new plan lacks of the former one; at first, of all tasks. A list without any line is another matter.
    fn gone(&self, state: &State, plan: &Plan, is_first: bool) -> Vec<(TaskId, Arc<str>)> {
        if plan.entries.iter().all(|entry| entry.line.is_none()) {
            return Vec::new();
        }
        // As a rule only boxes were written: then there is nothing to look up.
        let mut both = self.plan.entries.iter().zip(&plan.entries);
        if !is_first
            && self.plan.entries.len() <= plan.entries.len()
            && both.all(|(former, now)| former.id == now.id)
        {
            return Vec::new();
        }
        let listed: HashSet<&TaskId> = plan.entries.iter().map(|entry| &entry.id).collect();
        let waits = |task: &&Task| {
            let is_free = task.state() != TaskState::InProgress && waits_for_line(task);
            is_free && !listed.contains(&task.id)
        };
        let former = self.plan.entries.iter().filter_map(|entry| state.task(&entry.id));
        let gone: Vec<&Task> = match is_first {
            true => state.tasks().filter(waits).collect(),
            false => former.filter(waits).collect(),
        };
        gone.into_iter().map(named).collect()
    }

    /// The next entry that may be started and was not tried in this pass. Looks at each entry once in a pass; one
    /// whose wait ends meanwhile has its turn in the next.
    pub(crate) fn next(&mut self, state: &State, now: Now, tried: &HashSet<TaskId>) -> Next {
        while self.cursor < self.plan.entries.len() {
            let index = self.cursor;
            self.cursor += 1;
            let is_ready = self.plan.standing(state, index, now) == Standing::Ready;
            if is_ready && !tried.contains(&self.plan.entries[index].id) {
                return Next::Start(index);
            }
        }
        self.soonest(state, now).map_or(Next::Nothing, Next::Wait)
    }

    /// After how many milliseconds something may be started; none if nothing is left.
    pub(crate) fn soonest(&self, state: &State, now: Now) -> Option<u64> {
        let waits =
            (0..self.plan.entries.len()).filter_map(|index| match self.plan.standing(state, index, now) {
                Standing::Ready => Some(0),
                Standing::Waiting(ms) => Some(ms),
                // One that runs is not ours (it could not be ended at the start), and nothing may follow before it ends.
                Standing::Settled | Standing::Running | Standing::Blocked => None,
            });
        waits.min()
    }

    /// Whether there is no line in any list.
    pub(crate) fn is_list_gone(&self) -> bool {
        self.list.lines().is_empty()
    }

    /// Lines that were ticked before the checkpoint ever knew them: done, though no task stands for them.
    pub(crate) fn done_before(&self) -> usize {
        self.done_before
    }

    /// Where the work stands, counted over the list and `others` (tasks that were worked on and are in no list).
    pub(crate) fn progress<'a>(&self, state: &State, others: impl Iterator<Item = &'a TaskId>) -> Progress {
        let listed: HashSet<&TaskId> = self.plan.entries.iter().map(|entry| &entry.id).collect();
        let mut progress = Progress::default();
        for entry in &self.plan.entries {
            match state.task(&entry.id) {
                Some(task) => count(task, &mut progress),
                None => {
                    progress.total += 1;
                    let is_done = entry.known == Known::Pruned || entry.mark == Mark::Done;
                    progress.completed += usize::from(is_done);
                    progress.failed += usize::from(!is_done && entry.mark == Mark::Skipped);
                }
            }
        }
        for task in others.filter(|id| !listed.contains(id)).filter_map(|id| state.task(id)) {
            count(task, &mut progress);
        }
        progress
    }

    /// An entry of the plan.
    pub(crate) fn entry(&self, index: usize) -> &Entry {
        &self.plan.entries[index]
    }

    /// The entries of the plan.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.plan.entries
    }

    /// The line that an entry stands on.
    pub(crate) fn line(&self, entry: &Entry) -> Option<&Line> {
        self.list.lines().get(entry.line?)
    }

    /// The texts of an entry's parents, outermost first.
    pub(crate) fn parents(&self, entry: &Entry) -> Vec<&str> {
        entry.line.map_or_else(Vec::new, |line| list::parents(self.list.lines(), line))
    }

    /// The entry's box is owed what the checkpoint says; written with the next [`Worklist::flush`].
    pub(crate) fn owe(&mut self, state: &State, index: usize, now: Now) {
        let Some(mark) = self.plan.owed_mark(state, index) else { return };
        let Some(line) = self.plan.entries[index].line else { return };
        self.plan.entries[index].mark = mark;
        let id = self.list.ids()[line].clone();
        let done_at = state.task(&self.plan.entries[index].id).and_then(|task| task.end_time);
        let comment = (mark == Mark::Done).then(|| comment(done_at.unwrap_or(now.local)));
        self.owed.insert(id.clone(), MarkRequest { id, mark, comment });
    }

    /// Returns the settled tasks whose marks are owed, but for those that only wait to be written.
    fn owe_all(
        &mut self,
        state: &State,
        now: Now,
        not_written: &HashMap<TaskId, MarkRequest>,
    ) -> Vec<TaskId> {
        let mut again = Vec::new();
        for index in 0..self.plan.entries.len() {
            let before = self.plan.entries[index].mark;
            self.owe(state, index, now);
            let Entry { id, line, mark, .. } = &self.plan.entries[index];
            let is_waiting = || line.is_some_and(|line| not_written.contains_key(&self.list.ids()[line]));
            if before == Mark::Open && *mark != before && !is_waiting() {
                again.push(id.clone());
            }
        }
        again
    }

    /// Whether the entry's box waits to be written.
    pub(crate) fn owes(&self, index: usize) -> bool {
        let line = self.plan.entries[index].line;
        line.is_some_and(|line| self.owed.contains_key(&self.list.ids()[line]))
    }

    /// Writes the boxes that are owed: at once if `force`, else when the last writing is long enough ago.
    /// What can't be written stays owed.
    ///
    /// # Errors
    /// [`TodoError`]; the checkpoint has what the boxes lack, and the next start writes them.
    pub(crate) fn flush(&mut self, clock: &dyn Clock, force: bool) -> Result<Vec<TodoNotice>, TodoError> {
        let began = clock.monotonic();
        if self.owed.is_empty() || (!force && began < self.flush_after) {
            return Ok(Vec::new());
        }
        let requests: Vec<_> = self.owed.values().cloned().collect();
        let report = set_marks(&self.places, &requests)?;
        // The list counts as changed now and is read again: someone may have edited it in the same moment.
        self.owed.clear();
        let ended = clock.monotonic();
        self.flush_after = ended + (ended.saturating_sub(began) * PACE).max(SOON);
        Ok(report.notices)
    }

    /// The project folder.
    pub(crate) fn project_dir(&self) -> &Path {
        &self.places.project_dir
    }
}

/// Whether it runs only while a list has its line.
pub(crate) fn waits_for_line(task: &Task) -> bool {
    task.origin == Origin::List && !task.is_settled()
}

/// What people are told of it.
pub(crate) fn named(task: &Task) -> (TaskId, Arc<str>) {
    (task.id.clone(), task.text.clone())
}

fn count(task: &Task, progress: &mut Progress) {
    progress.total += 1;
    match task.phase {
        Phase::Completed => progress.completed += 1,
        Phase::Failed(AfterFailure::Final(_)) | Phase::RolledBack => progress.failed += 1,
        _ => {}
    }
}

/// What a ticked line is told, as the guide's implementation writes it.
fn comment(at: LocalTime) -> String {
    let at = at.to_civil().map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
    format!("codeagent - {at}")
}

/// The commands that bring the checkpoint up to the list.
fn sync(
    state: &State,
    plan: &Plan,
    lines: &[Line],
    max_attempts: u32,
    refreshed: &mut Refreshed,
) -> Vec<Command> {
    let mut commands = Vec::new();
    for (index, entry) in plan.entries.iter().enumerate() {
        let id = entry.id.clone();
        if let (Known::New, Mark::Open, Some(line)) = (entry.known, entry.mark, entry.line) {
            refreshed.added += 1;
            let text = lines[line].text.clone();
            commands.push(Command::AddTask { id, text, metadata: None, origin: Origin::List });
        } else if let Some(mark) = plan.said_by_hand(state, index) {
            refreshed.by_hand.push((id.clone(), mark));
            commands.push(match mark {
                Mark::Skipped => Command::Skip { id },
                Mark::Done | Mark::Open => Command::TickByHand { id },
            });
        } else if plan.is_box_right(state, index) {
            commands.push(Command::SeeBox { id });
        } else if state.task(&id).is_some_and(|task| is_exhausted(task, max_attempts)) {
            commands.push(Command::GiveUpIfExhausted { id, max_attempts });
        }
    }
    commands
}

fn is_exhausted(task: &Task, max_attempts: u32) -> bool {
    matches!(task.phase, Phase::Failed(AfterFailure::Retry(_)))
        && task.counted_attempts() >= max_attempts.max(1)
}
