//! What may be true: the state by what the store has answered, kept by itself, and for each task what the simulated
//! world saw happen to it. Every event must follow from something that happened.
use std::collections::{BTreeMap, BTreeSet};

use codeagent_checkpoint::Decided;
use codeagent_core::{Command, Event, Fingerprint, Now, State, TaskId, decide, invariants};
use codeagent_server::api::TaskVerb;

use super::facts::{End, Facts, Limits};
use crate::campaign::{Broken, Finding};

/// How far an answer may be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ack {
    /// It is on disk.
    Durable,
    /// It is written; whoever reads has it made durable first.
    Ahead,
    /// It is written.
    Note,
}

pub(super) struct Oracle {
    limits: Limits,
    /// What is on disk for sure.
    durable: State,
    /// The same, and what was acknowledged without a sync.
    seen: State,
    /// Acknowledged without a sync since.
    notes: Vec<Vec<Event>>,
    /// Among them is what was executed ahead.
    is_ahead: bool,
    /// Asked for and not yet answered, or answered by an error.
    in_flight: Option<Vec<Event>>,
    /// In which life of the server.
    asked_in: u64,
    facts: BTreeMap<String, Facts>,
    /// As they were before the first of the notes.
    facts_before: BTreeMap<String, Facts>,
    /// Counts the lives of the server.
    life: u64,
    pub(super) findings: Vec<Finding>,
}

impl Oracle {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            durable: State::default(),
            seen: State::default(),
            notes: Vec::new(),
            is_ahead: false,
            in_flight: None,
            asked_in: 0,
            facts: BTreeMap::new(),
            facts_before: BTreeMap::new(),
            life: 0,
            findings: Vec::new(),
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.seen
    }

    pub(super) fn found(&mut self, broken: Broken, story: impl Into<String>) {
        self.findings.push(Finding { broken, story: story.into() });
    }

    fn facts(&mut self, text: &str) -> &mut Facts {
        self.facts.entry(text.to_owned()).or_default()
    }

    fn text_of(&self, id: &TaskId) -> String {
        self.seen.task(id).map(|task| task.text.to_string()).unwrap_or_default()
    }

    /// Whether the task was completed and nobody took that back.
    pub(super) fn is_completed(&self, text: &str) -> bool {
        self.facts.get(text).is_some_and(|facts| facts.completed)
    }

    /// Whether an attempt at it began in this life of the server.
    pub(super) fn is_of_this_life(&self, text: &str) -> bool {
        self.facts.get(text).is_some_and(|facts| facts.last_life == self.life)
    }

    /// A new life of the server begins.
    pub(super) fn begin_life(&mut self) {
        self.life += 1;
    }

    /// What the commands should lead to, by the rules; remembered until they are answered.
    pub(super) fn expect(&mut self, commands: &[Command], now: Now) -> Vec<Decided> {
        let mut state = self.seen.clone();
        let decided: Vec<Decided> = commands
            .iter()
            .map(|command| {
                let events = decide(&state, command.clone(), now)?;
                events.iter().for_each(|event| state.apply(event));
                Ok(events)
            })
            .collect();
        // After an error the store is latched: what was asked then is what may be on the disk, and nothing later.
        if self.in_flight.is_none() {
            self.asked_in = self.life;
        }
        self.in_flight.get_or_insert_with(|| decided.iter().flatten().flatten().cloned().collect());
        decided
    }

    /// They were answered: what follows is acknowledged.
    pub(super) fn acknowledged(&mut self, how: Ack, now_ms: u64) {
        let events = self.in_flight.take().unwrap_or_default();
        if events.is_empty() {
            return;
        }
        if how != Ack::Durable && self.notes.is_empty() {
            self.facts_before = self.facts.clone();
        }
        self.happened(&events, now_ms);
        if how == Ack::Durable {
            return self.flushed();
        }
        self.is_ahead |= how == Ack::Ahead;
        self.notes.push(events);
    }

    /// Everything acknowledged is durable now.
    pub(super) fn flushed(&mut self) {
        self.notes.clear();
        self.is_ahead = false;
        self.durable = self.seen.clone();
    }

    /// Someone has looked: what was executed ahead is durable now.
    pub(super) fn was_read(&mut self) {
        if self.is_ahead {
            self.flushed();
        }
    }

    fn happened(&mut self, events: &[Event], now_ms: u64) {
        for event in events {
            self.judge(event, now_ms);
            self.seen.apply(event);
        }
        for wrong in invariants::violations(&self.seen) {
            self.found(Broken::Wrong, format!("an invariant does not hold: {wrong}"));
        }
    }

    /// The store was opened: what it holds must be what is durable, and a first part of what was not acknowledged.
    /// After nothing but kills also what was acknowledged without a sync. An error says what is different.
    pub(super) fn opened(&mut self, found: &State, keeps_notes: bool, now_ms: u64) -> Result<(), String> {
        let notes = std::mem::take(&mut self.notes);
        let least = if keeps_notes { notes.len() } else { 0 };
        let in_flight = self.in_flight.take();
        let count = notes.len();
        let mut state = self.durable.clone();
        let mut fits = (least == 0 && state == *found).then_some(0);
        for (at, events) in notes.iter().chain(&in_flight).enumerate() {
            events.iter().for_each(|event| state.apply(event));
            if at + 1 >= least && state == *found {
                fits = Some(at + 1);
            }
        }
        let mut known = Ok(());
        match fits {
            Some(fits) if fits > count => {
                let life = std::mem::replace(&mut self.life, self.asked_in);
                self.happened(&in_flight.unwrap_or_default(), now_ms);
                self.life = life;
            }
            Some(fits) if fits < count => self.take_back(&notes[..fits], now_ms),
            Some(_) => {}
            None => {
                let story = difference(&self.seen, found);
                known = Err(format!("after a start the state is another: {story}"));
            }
        }
        self.seen = found.clone();
        self.flushed();
        known
    }

    /// A power cut took what was not durable: only these notes are left.
    fn take_back(&mut self, left: &[Vec<Event>], now_ms: u64) {
        self.seen = self.durable.clone();
        let after = std::mem::replace(&mut self.facts, std::mem::take(&mut self.facts_before));
        for (text, after) in after {
            self.facts(&text).hear(after);
        }
        let life = std::mem::replace(&mut self.life, self.asked_in);
        left.iter().for_each(|events| self.happened(events, now_ms));
        self.life = life;
    }

    /// All files were deleted, and the server ended before it could write them anew: a new beginning.
    pub(super) fn forget(&mut self, found: &State) {
        self.facts.clear();
        self.in_flight = None;
        self.seen = found.clone();
        self.flushed();
    }

    /// An agent begins to work.
    pub(super) fn agent_starts(&mut self, id: &TaskId, attempt: &str, text: &str) {
        let running =
            self.durable.task(id).and_then(|task| task.running()).and_then(|r| r.attempt_id.clone());
        if running.is_none_or(|running| *running.0 != *attempt) {
            self.found(
                Broken::Wrong,
                format!("an agent of {text:?} was started before its start was durable"),
            );
        }
        if self.facts(text).completed {
            self.found(Broken::Repeated, format!("{text:?} runs again after its completion"));
        }
    }

    pub(super) fn agent_ended(&mut self, text: &str, attempt: &str, end: End) {
        if let Some((id, _, ended)) = &mut self.facts(text).attempt
            && *id.0 == *attempt
        {
            ended.get_or_insert(end);
        }
    }

    /// Someone put a mark into a box; `own`: the task's own attempt did.
    pub(super) fn marked(&mut self, text: &str, mark: char, own: bool) {
        let facts = self.facts(text);
        match mark {
            _ if own => facts.own_tick |= mark != ' ',
            'x' => facts.said_done = true,
            '-' => facts.said_skip = true,
            _ => {}
        }
    }

    /// Someone asks for something.
    pub(super) fn asked(&mut self, verb: TaskVerb, text: &str) {
        self.facts(text).asked.insert(word(verb));
    }

    /// Waits that should be over: texts of tasks, with the time for which nothing held them up.
    pub(super) fn overdue(&self, now_ms: u64, undisturbed_since_ms: u64) -> Vec<String> {
        let is_over = |facts: &Facts| {
            facts.wait.is_some_and(|(since, delay)| now_ms > since.max(undisturbed_since_ms) + delay + 2_000)
        };
        self.facts.iter().filter(|(_, facts)| is_over(facts)).map(|(text, _)| text.clone()).collect()
    }

    fn judge(&mut self, event: &Event, now_ms: u64) {
        let (limits, life) = (self.limits, self.life);
        let id = match event {
            Event::TaskAdded { id, text, .. } => {
                if self.facts(text).completed {
                    self.found(
                        Broken::Repeated,
                        format!("{text:?} came in again as {id} after its completion"),
                    );
                }
                return;
            }
            Event::TasksPruned { ids, .. } => {
                for text in ids.iter().map(|id| self.text_of(id)).collect::<Vec<_>>() {
                    if !self.facts(&text).completed {
                        self.found(Broken::Lost, format!("{text:?} was pruned and not completed"));
                    }
                }
                return;
            }
            Event::CompletionForgotten { fingerprint } => {
                let is_it = |text: &String| {
                    [Fingerprint::of_text(text), Fingerprint::of_id(&TaskId::derive([], text))]
                        .contains(fingerprint)
                };
                self.facts.iter_mut().filter(|(text, _)| is_it(text)).for_each(|(_, f)| f.completed = false);
                return;
            }
            Event::TaskStarted { id, .. }
            | Event::TaskCompleted { id, .. }
            | Event::TaskFailed { id, .. }
            | Event::TaskGivenUp { id, .. }
            | Event::AttemptExcused { id, .. }
            | Event::TaskRetried { id, .. }
            | Event::TaskRolledBack { id, .. } => id.clone(),
            _ => return,
        };
        let text = self.text_of(&id);
        let facts = self.facts(&text);
        if let Some((broken, what)) = facts.follow(event, limits, life, now_ms) {
            let story = format!("{text:?}: {what}; {event:?} after {facts:?}");
            self.found(broken, story);
        }
    }
}

fn word(verb: TaskVerb) -> &'static str {
    match verb {
        TaskVerb::Retry => "retry",
        TaskVerb::Skip => "skip",
        TaskVerb::Cancel => "cancel",
        TaskVerb::Rollback => "rollback",
    }
}

fn difference(expected: &State, found: &State) -> String {
    let tasks = |state: &State| -> BTreeMap<String, String> {
        state.tasks().map(|task| (task.text.to_string(), format!("{task:?}"))).collect()
    };
    let (expected_tasks, found_tasks) = (tasks(expected), tasks(found));
    let texts: BTreeSet<_> = expected_tasks.keys().chain(found_tasks.keys()).collect();
    let mut lines: Vec<String> = texts
        .into_iter()
        .filter(|text| expected_tasks.get(*text) != found_tasks.get(*text))
        .map(|text| format!("{:?} is now {:?}", expected_tasks.get(text), found_tasks.get(text)))
        .collect();
    if expected.header() != found.header() {
        lines.push(format!("{:?} is now {:?}", expected.header(), found.header()));
    }
    lines.join("; ")
}
