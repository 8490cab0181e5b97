//! Reading one task of the document, and the small values that documents are made of.
use codeagent_core::{
    AttemptId, ChildIdentity, LocalTime, Origin, Phase, RawJson, Task, TaskId, TaskState, Wait,
    task::{AfterFailure, Extra, FinalReason, Running, Steps},
};

use super::{
    error::{ErrorKind, Fault, Scanned},
    raw::{is_empty_object, one_line},
    scan::Scanner,
    time as times,
};

/// A task as far as it was read.
#[derive(Default)]
struct Draft {
    id: Option<TaskId>,
    text: Option<std::sync::Arc<str>>,
    state: Option<TaskState>,
    start_time: Option<LocalTime>,
    end_time: Option<LocalTime>,
    attempts: u32,
    error: Option<Box<str>>,
    metadata: Option<RawJson>,
    result: Option<RawJson>,
    steps: Option<Steps>,
    own: Option<Box<Own>>,
    unknown: String,
    unknown_steps: String,
}

/// The task's `codeagent` object as far as it was read.
#[derive(Default)]
struct Own {
    /// The number of attempts for which what belongs to a state was written down.
    attempts: Option<u32>,
    excused: u32,
    crashes: u32,
    added: bool,
    reopened: bool,
    wait: Option<Wait>,
    end: Option<FinalReason>,
    attempt_id: Option<AttemptId>,
    child: Option<ChildIdentity>,
    unknown: String,
}

pub(super) fn read(s: &mut Scanner<'_>) -> Scanned<Task> {
    let start = s.at();
    let mut draft = Draft::default();
    s.object(|s, key| {
        match &*key.name {
            "task_id" => draft.id = Some(TaskId::new(s.string()?)),
            "task_text" => draft.text = Some(s.string()?.into()),
            "state" => draft.state = Some(state(s)?),
            "start_time" => draft.start_time = time(s)?,
            "end_time" => draft.end_time = time(s)?,
            "attempts" => draft.attempts = or_default(s, Scanner::integer)?,
            "error_message" => draft.error = error(s)?,
            "metadata" => draft.metadata = raw(s)?.filter(|metadata| !is_empty_object(metadata.as_str())),
            "result" => draft.result = raw(s)?,
            "instruction_progress" => {
                draft.unknown_steps.clear();
                draft.steps = steps(s, &mut draft.unknown_steps)?;
            }
            "codeagent" => draft.own = Some(Box::new(Own::read(s)?)),
            _ => s.keep(key, &mut draft.unknown)?,
        }
        Ok(())
    })?;
    draft.finish(start)
}

impl Draft {
    fn finish(mut self, start: usize) -> Scanned<Task> {
        let missing = |what| Fault::new(ErrorKind::BadValue(what), start);
        let id = self.id.take().ok_or_else(|| missing("a task with a `task_id`"))?;
        let text = self.text.take().ok_or_else(|| missing("a task with a `task_text`"))?;
        let own = self.own.take();
        let extra = self.extra(own.as_deref());
        let mut task = Task {
            attempts: self.attempts,
            start_time: self.start_time,
            end_time: self.end_time,
            error: self.error,
            extra,
            ..Task::new(id, text, Origin::List)
        };
        let own = own.map_or_else(Own::default, |own| *own);
        own.complete(&mut task, self.state.unwrap_or(TaskState::Pending));
        Ok(task)
    }

    fn extra(&mut self, own: Option<&Own>) -> Option<Box<Extra>> {
        let extra = Extra {
            metadata: self.metadata.take(),
            result: self.result.take(),
            steps: self.steps.take(),
            unknown: some(&self.unknown),
            unknown_own: own.and_then(|own| some(&own.unknown)),
            unknown_steps: some(&self.unknown_steps),
        };
        (extra != Extra::default()).then(|| Box::new(extra))
    }
}

impl Own {
    fn read(s: &mut Scanner<'_>) -> Scanned<Self> {
        let mut own = Self::default();
        s.object(|s, key| {
            match &*key.name {
                "attempts" => own.attempts = Some(s.integer()?),
                "excused" => own.excused = s.integer()?,
                "crashes" => own.crashes = s.integer()?,
                "origin" => own.added = origin(s)?,
                "reopened" => own.reopened = s.bool()?,
                "wait" => own.wait = wait(s)?,
                "final" => own.end = final_reason(s)?,
                "attempt_id" => own.attempt_id = text(s)?.map(|id| AttemptId(id.into())),
                "child" => own.child = child(s)?,
                _ => s.keep(key, &mut own.unknown)?,
            }
            Ok(())
        })?;
        Ok(own)
    }

    /// Completes a task. Another program may have gone on with it and left our part as it was: what belongs
    /// to one state of one attempt counts only in that state of that attempt.
    fn complete(self, task: &mut Task, state: TaskState) {
        let current = self.attempts.is_none_or(|attempts| attempts == task.attempts);
        let wait = self.wait.filter(|_| current);
        task.phase = match state {
            TaskState::Pending => Phase::Pending(wait),
            TaskState::InProgress if current && task.attempts > 0 => {
                Phase::InProgress(Box::new(Running { attempt_id: self.attempt_id, child: self.child }))
            }
            TaskState::InProgress => Phase::InProgress(Box::default()),
            TaskState::Completed => Phase::Completed,
            TaskState::Failed => Phase::Failed(match self.end {
                Some(reason) if current => AfterFailure::Final(reason),
                _ => AfterFailure::Retry(wait),
            }),
            TaskState::RolledBack => Phase::RolledBack,
        };
        task.excused = self.excused.min(task.attempts);
        task.crashes = self.crashes.min(task.attempts);
        task.reopened = self.reopened && current;
        if self.added {
            task.origin = Origin::Added;
        }
    }
}

pub(super) fn some(members: &str) -> Option<Box<str>> {
    (!members.is_empty()).then(|| members.into())
}

/// `null` stands for the default.
pub(super) fn or_default<'a, T: Default>(
    s: &mut Scanner<'a>,
    read: impl FnOnce(&mut Scanner<'a>) -> Scanned<T>,
) -> Scanned<T> {
    if s.null() { Ok(T::default()) } else { read(s) }
}

/// A string or `null`.
pub(super) fn text(s: &mut Scanner<'_>) -> Scanned<Option<Box<str>>> {
    or_default(s, |s| Ok(Some(s.string()?.into())))
}

/// A time or `null`.
pub(super) fn time(s: &mut Scanner<'_>) -> Scanned<Option<LocalTime>> {
    let start = s.at();
    or_default(s, |s| {
        let time = times::parse(&s.string()?);
        time.map(Some).ok_or_else(|| Fault::new(ErrorKind::BadValue("an ISO 8601 time"), start))
    })
}

fn state(s: &mut Scanner<'_>) -> Scanned<TaskState> {
    let start = s.at();
    let name = s.string()?;
    TaskState::parse(&name).ok_or_else(|| Fault::new(ErrorKind::UnknownState(name.into_owned()), start))
}

/// An error message; one that is no string (a script's own idea) is kept as its JSON text.
fn error(s: &mut Scanner<'_>) -> Scanned<Option<Box<str>>> {
    match s.peek() {
        b'"' => text(s),
        _ => Ok(raw(s)?.map(|value| value.0)),
    }
}

/// Any value but `null`, as text.
fn raw(s: &mut Scanner<'_>) -> Scanned<Option<RawJson>> {
    or_default(s, |s| Ok(Some(RawJson::new(one_line(s.raw()?)))))
}

fn steps(s: &mut Scanner<'_>, unknown: &mut String) -> Scanned<Option<Steps>> {
    if s.null() {
        return Ok(None);
    }
    let mut steps = Steps::default();
    s.object(|s, key| {
        match &*key.name {
            "last_completed_instruction" => steps.last_completed = or_default(s, Scanner::integer)?,
            "total_instructions" => steps.total = or_default(s, Scanner::integer)?,
            "completed_instructions" => steps.completed = or_default(s, numbers)?,
            _ => s.keep(key, unknown)?,
        }
        Ok(())
    })?;
    Ok(Some(steps))
}

/// Numbers of steps: ascending, each once, as the rules keep them.
fn numbers(s: &mut Scanner<'_>) -> Scanned<Vec<u32>> {
    let mut numbers = Vec::new();
    s.array(|s, _| {
        numbers.push(s.integer()?);
        Ok(())
    })?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

fn origin(s: &mut Scanner<'_>) -> Scanned<bool> {
    let start = s.at();
    match &*s.string()? {
        "added" => Ok(true),
        "list" => Ok(false),
        _ => Err(Fault::new(ErrorKind::BadValue("`added` or `list`"), start)),
    }
}

fn final_reason(s: &mut Scanner<'_>) -> Scanned<Option<FinalReason>> {
    let start = s.at();
    or_default(s, |s| {
        let reason = FinalReason::parse(&s.string()?);
        reason.map(Some).ok_or_else(|| Fault::new(ErrorKind::BadValue("a reason that we know"), start))
    })
}

fn wait(s: &mut Scanner<'_>) -> Scanned<Option<Wait>> {
    if s.null() {
        return Ok(None);
    }
    let mut wait = Wait { since_unix_ms: 0, delay_ms: 0 };
    s.object(|s, key| {
        match &*key.name {
            "since_unix_ms" => wait.since_unix_ms = s.signed()?,
            "delay_ms" => wait.delay_ms = s.integer()?,
            _ => s.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(wait))
}

fn child(s: &mut Scanner<'_>) -> Scanned<Option<ChildIdentity>> {
    if s.null() {
        return Ok(None);
    }
    let mut child = ChildIdentity { pid: 0, start_ticks: 0, boot_id: "".into() };
    s.object(|s, key| {
        match &*key.name {
            "pid" => child.pid = s.integer()?,
            "start_ticks" => child.start_ticks = s.integer()?,
            "boot_id" => child.boot_id = s.string()?.into(),
            _ => s.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(child))
}
