//! Folds an event into the state. Cannot fail: whether it may happen was decided before.
use alloc::boxed::Box;

use crate::{
    decide::MAX_STEPS,
    event::{Event, Excuse},
    id::{Fingerprint, TaskId},
    json::RawJson,
    state::State,
    task::{AfterFailure, Extra, FinalReason, Phase, Running, Steps, Task, TaskState},
    time::LocalTime,
};

impl State {
    /// Makes the event part of the state. An event about a task that is not there changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if let Some(at) = event.at() {
            self.header.last_update = Some(at);
        }
        match event {
            Event::ServerStarted { session_id, at } => {
                self.header.last_start_time = Some(*at);
                self.header.clean_shutdown = false;
                self.header.session_id = Some(session_id.clone());
            }
            Event::ServerStopped { clean, at } => {
                self.header.last_stop_time = Some(*at);
                self.header.clean_shutdown = *clean;
                self.header.current_task = None;
            }
            Event::IterationCounted { .. } => self.header.iteration_count += 1,
            Event::TaskAdded { id, text, metadata, origin, .. } => {
                self.add(Task::new(id.clone(), &**text, *origin), metadata.as_ref());
            }
            Event::TaskStarted { id, attempt_id, at } => {
                let attempt_id = attempt_id.clone();
                self.start(id, Running { attempt_id, child: None }, *at);
            }
            Event::ChildSpawned { id, child } => self.update(id, |task| {
                if let Phase::InProgress(running) = &mut task.phase {
                    running.child = Some(child.clone());
                }
            }),
            Event::StepCompleted { id, step, total, .. } => {
                self.update(id, |task| complete_step(task, *step, *total));
            }
            Event::TaskCompleted { id, result, at } => self.end(id, |task| {
                complete(task, result.as_ref(), *at);
            }),
            Event::TaskFailed { id, error, then, at } => self.end(id, |task| fail(task, error, *then, *at)),
            Event::TaskGivenUp { id, reason, .. } => self.end(id, |task| {
                task.phase = Phase::Failed(AfterFailure::Final(*reason));
            }),
            Event::AttemptExcused { id, cause, wait, .. } => self.end(id, |task| {
                task.phase = Phase::Pending(*wait);
                task.end_time = None;
                excuse(task, *cause);
            }),
            Event::TaskRetried { id, .. } => self.end(id, retry),
            Event::BoxSeen { id } => self.update(id, |task| task.reopened = false),
            Event::TaskRolledBack { id, at } => self.end(id, |task| roll_back(task, *at)),
            Event::TasksPruned { ids, .. } => self.prune(ids),
            Event::CompletionRemembered { fingerprint } => self.pruned.insert(*fingerprint),
            Event::CompletionForgotten { fingerprint } => self.pruned.remove(*fingerprint),
        }
    }

    fn add(&mut self, mut task: Task, metadata: Option<&RawJson>) {
        // Every task of the document has metadata; an empty object says nothing.
        let metadata = metadata.filter(|metadata| metadata.as_str() != "{}");
        if metadata.is_some() {
            task.extra_mut().metadata = metadata.cloned();
        }
        self.insert(task);
    }

    fn start(&mut self, id: &TaskId, running: Running, at: LocalTime) {
        let Some(slot) = self.slot(id) else { return };
        self.index.unlink_text(&self.table, slot);
        self.update_at(slot, |task| {
            task.phase = Phase::InProgress(Box::new(running));
            task.attempts = task.attempts.saturating_add(1);
            task.start_time = Some(at);
            task.end_time = None;
        });
        self.index.link_text(&self.table, slot);
        self.header.current_task = Some(id.clone());
    }

    /// Takes a task out of `in_progress`, or from one of the other states to another.
    fn end(&mut self, id: &TaskId, change: impl FnOnce(&mut Task)) {
        self.update(id, change);
        if self.header.current_task.as_ref() == Some(id) {
            self.header.current_task = None;
        }
    }

    fn prune(&mut self, ids: &[TaskId]) {
        for id in ids {
            let Some(task) = self.remove(id) else { continue };
            self.pruned.insert(Fingerprint::of_id(id));
            // An id that does not follow from the text would not be found again by a line of the list.
            if !id.is_derived_form() {
                self.pruned.insert(Fingerprint::of_text(&task.text));
            }
        }
        self.compact_if_sparse();
    }
}

fn complete(task: &mut Task, result: Option<&RawJson>, at: LocalTime) {
    task.phase = Phase::Completed;
    task.end_time = Some(at);
    task.error = None;
    task.reopened = false;
    complete_all_steps(task);
    set_result(task, result);
}

fn fail(task: &mut Task, error: &str, then: AfterFailure, at: LocalTime) {
    // What was put into the box during an attempt that failed is no word: agents tick what they have not done.
    task.reopened |= task.running().is_some();
    task.phase = Phase::Failed(then);
    task.end_time = Some(at);
    task.error = Some(error.into());
    // The attempt that the last crash cut off is excused here, since no other event says so.
    if then == AfterFailure::Final(FinalReason::CrashLimit) {
        excuse(task, Excuse::Crash);
    }
}

fn excuse(task: &mut Task, cause: Excuse) {
    // Nor is one that was made during an attempt that was cut off: the work it speaks of may not be done.
    task.reopened = true;
    task.excused = task.excused.saturating_add(1).min(task.attempts);
    if cause == Excuse::Crash {
        task.crashes = task.crashes.saturating_add(1).min(task.attempts);
    }
}

/// A failed task goes on after its last step; one that was completed begins anew.
fn retry(task: &mut Task) {
    if task.state() == TaskState::Completed {
        forget_steps(task);
        set_result(task, None);
    }
    task.phase = Phase::Pending(None);
    task.end_time = None;
    task.excused = task.attempts;
    task.crashes = 0;
    task.reopened = true;
}

/// What was taken back has no result, and its steps are to be done again.
fn roll_back(task: &mut Task, at: LocalTime) {
    task.phase = Phase::RolledBack;
    task.end_time = Some(at);
    task.reopened = true;
    forget_steps(task);
    set_result(task, None);
}

fn set_result(task: &mut Task, result: Option<&RawJson>) {
    if result.is_some() || task.result().is_some() {
        task.extra_mut().result = result.cloned();
    }
    // A part without content is none: so it comes back from a document.
    task.extra.take_if(|extra| **extra == Extra::default());
}

fn complete_step(task: &mut Task, step: u32, total: u32) {
    let steps = task.extra_mut().steps.get_or_insert_default();
    steps.last_completed = step;
    steps.total = total;
    steps.completed.retain(|&step| step <= total); // the list of steps may have become shorter
    if let Err(place) = steps.completed.binary_search(&step) {
        steps.completed.insert(place, step);
    }
}

fn forget_steps(task: &mut Task) {
    let Some(steps) = task.extra.as_mut().and_then(|extra| extra.steps.as_mut()) else { return };
    *steps = Steps { total: steps.total, ..Steps::default() };
}

/// A completed task has completed all its steps, as the guide's implementation writes it.
fn complete_all_steps(task: &mut Task) {
    let Some(steps) = task.extra.as_mut().and_then(|extra| extra.steps.as_mut()) else { return };
    if steps.total > MAX_STEPS {
        return; // another program's number: a list of so many would only cost memory
    }
    *steps =
        Steps { last_completed: steps.total, total: steps.total, completed: (1..=steps.total).collect() };
}
