//! The one main path: the life of a task, from the claim to the ticked box, and the loop around it.
//!
//! ```text
//! run ─▶ iteration ─▶ pass ─▶ live ─┬─ prepare (what may fail before anything is used up)
//!                                   ├─ claim   (event durable: nothing starts before its start is on disk)
//!                                   ├─ start   (child's identity written, not synced)
//!                                   ├─ watch   (output to the log; time-outs, stops)
//!                                   ├─ judge   (what the end means)
//!                                   ├─ settle  (event written)
//!                                   └─ show    (box, status file, log: derived, redone after a crash)
//! ```
//! A completed task and the claim of the next share a sync: what was settled is shown once that claim is durable,
//! while the next agent already runs. Where no claim follows at once, it is synced and shown at once.
//! What is asked of the outside (store, list, agents, clock, dice) is handed in; `session.rs` puts it together.
//! `engine/around.rs` has what stands around a task: iterations, waits, the list.
mod around;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use codeagent_checkpoint::{Store, StoreError, clock::Clock, store::ReadState};
use codeagent_core::{Command, Deferral, Event, StartAgain, State, TaskId, task::AfterFailure};
use codeagent_project::{config::Config, task_log::TaskLog, todo::TodoError};
use codeagent_runner::{AttemptSpec, Ended, SpawnError, StopHandle, Verdict};

use crate::{
    agents::{Agent, Agents, Dice},
    api::TaskVerb,
    attempt::Attempt,
    chronicle::Chronicle,
    control::{Control, Stop},
    generate::Generator,
    observe::{Observation, Observer, Outcome, WaitReason},
    socket::Socket,
    worklist::{Next, Worklist},
};

/// Works through the list until nothing is left (`run`), or for ever (`serve`).
pub struct Engine {
    pub(crate) mode: Mode,
    pub(crate) config: Config,
    pub(crate) session_id: String,
    pub(crate) data_dir: std::path::PathBuf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) worklist: Worklist,
    pub(crate) agents: Box<dyn Agents>,
    pub(crate) dice: Box<dyn Dice>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) control: Arc<Control>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) chronicle: Chronicle,
    pub(crate) generator: Option<Generator>,
    pub(crate) tally: Tally,
    pub(crate) socket: Option<Arc<Socket>>,
    /// What was settled last, until it is shown.
    pub(crate) unshown: Option<Settled>,
}

/// An attempt that was settled: written, and durable before it is shown.
pub(crate) struct Settled {
    attempt: Attempt,
    events: Vec<Event>,
    ended: Option<Ended>,
    log: Option<TaskLog>,
}

/// Whether the engine ends when nothing is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `run`: yes.
    Run,
    /// `serve`: no.
    Serve,
}

impl Mode {
    /// The command's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Serve => "serve",
        }
    }
}

/// What this session has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Passes over the list in this session.
    pub(crate) iterations: u64,
    /// Tasks that failed for good, one after the other.
    pub(crate) failures_in_a_row: u32,
    /// Tasks that were started in this session.
    pub(crate) touched: HashSet<TaskId>,
    /// Completed tasks that had left the document when this iteration began.
    pub(crate) pruned: usize,
    /// Task logs that were written since old ones were last removed.
    pub(crate) logs: usize,
    /// What was last said of a list that can't be read: it is said once.
    pub(crate) list_error: Option<String>,
    /// The last wish for a new list came to nothing because it failed.
    pub(crate) is_list_missing: bool,
}

/// Why the engine came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left that could be done now, or `max_iterations` is reached.
    Finished {
        /// So many tasks of the list failed for good or were given up by us.
        failed: usize,
        /// So many are still to do: not reached, or held because their lines are gone.
        left: usize,
        /// The list is done, and the next one could not be written.
        is_list_missing: bool,
    },
    /// It was asked to.
    Stopped(Stop),
    /// Too many tasks in a row failed for good: the agent itself is broken.
    AgentBroken,
}

/// Why the engine can't go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The checkpoint can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The agent's command could not be started at all; no attempt was used up.
    #[error(transparent)]
    CannotStart(#[from] SpawnError),
    /// The list can't be read.
    #[error(transparent)]
    Todo(#[from] TodoError),
}

/// An agent that runs, and the way to end it; or why its task's text could not be handed over.
type Started = Result<(Box<dyn Agent>, StopHandle), SpawnError>;

/// How one pass over the list ended.
enum Pass {
    Stopped(Stop),
    Broken,
    /// Something may be done after so long; none: nothing is left.
    Done(Option<Duration>),
}

impl Engine {
    /// Works until the end. The caller has recovered and marked the start, and marks the stop.
    ///
    /// # Errors
    /// [`EngineError`]: what was acknowledged is kept; the next start goes on from there.
    pub fn run(&mut self) -> Result<Ending, EngineError> {
        let ending = self.iterate();
        self.show_last()?; // whatever ended the work
        let ending = ending?;
        self.refresh()?; // what was said just before a stop has its boxes, too
        self.write_boxes(true);
        Ok(ending)
    }

    fn iterate(&mut self) -> Result<Ending, EngineError> {
        loop {
            self.begin_iteration()?;
            let wait = match self.pass()? {
                Pass::Stopped(stop) => return Ok(Ending::Stopped(stop)),
                Pass::Broken if self.mode == Mode::Run => return Ok(Ending::AgentBroken),
                Pass::Broken => WaitReason::Paused,
                Pass::Done(Some(_)) => WaitReason::Retry,
                Pass::Done(None) if self.generate()? => continue,
                Pass::Done(None) if self.mode == Mode::Run => match self.finished()? {
                    Some(ending) => return Ok(ending),
                    None => continue, // something came in the last moment
                },
                Pass::Done(None) => WaitReason::NextIteration,
            };
            if self.is_at_limit() {
                return self.finish();
            }
            if let Some(stop) = self.wait(wait)? {
                return Ok(Ending::Stopped(stop));
            }
        }
    }

    /// One pass: every task that may run is tried once, in the list's order.
    fn pass(&mut self) -> Result<Pass, EngineError> {
        let mut tried = HashSet::new();
        let pass = loop {
            if let Some(stop) = self.control.stop_requested() {
                break Pass::Stopped(stop);
            }
            self.refresh()?;
            let now = self.clock.now();
            let worklist = &mut self.worklist;
            let next = self.store.view_ahead(|state| worklist.next(state, now, &tried))?;
            let entry = match next {
                Next::Start(entry) => entry,
                Next::Wait(ms) => break Pass::Done(Some(Duration::from_millis(ms))),
                Next::Nothing => break Pass::Done(None),
            };
            if !tried.is_empty() && self.rest_between_tasks()? {
                continue;
            }
            tried.insert(self.worklist.entry(entry).id.clone());
            self.live(entry)?;
            if self.is_agent_broken() {
                break Pass::Broken;
            }
        };
        self.show_last()?;
        Ok(pass)
    }

    /// The life of a task: one attempt, from the claim to the ticked box.
    fn live(&mut self, entry: usize) -> Result<(), EngineError> {
        if self.worklist.owes(entry) {
            self.write_boxes(true); // what an old box says must not count as a word about this attempt
        }
        let Some((attempt, spec)) = self.prepare(entry)? else { return Ok(()) };
        if !self.claim(&attempt)? {
            return Ok(());
        }
        let agent = self.start(&attempt, spec)?;
        self.show_last()?; // the claim has made it durable, and the agent does not wait for it
        let mut log = self.tell_of_start(&attempt)?;
        let ended = agent.map(|(agent, stop)| agent.watch(&mut self.tee(log.as_mut()), &stop));
        self.settle(attempt, ended, log)
    }

    /// Everything that can fail before an attempt is used up: its file, its command. None if the task is gone.
    fn prepare(&mut self, entry: usize) -> Result<Option<(Attempt, AttemptSpec)>, EngineError> {
        let id = self.worklist.entry(entry).id.clone();
        let known = |state: &State| state.task(&id).map(|task| (task.text.to_string(), task.attempts));
        let known = self.store.view_ahead(known)?;
        let Some((text, attempts)) = known else { return Ok(None) };
        let attempt_id = self.dice.attempt_id();
        let entry_of_list = self.worklist.entry(entry);
        let attempt = Attempt {
            heading: self.worklist.line(entry_of_list).and_then(|l| l.heading.clone()).unwrap_or_default(),
            parents: self.worklist.parents(entry_of_list).join(" / "),
            task_file: self.task_file(&attempt_id, &text)?,
            began: Instant::now(),
            number: attempts.saturating_add(1),
            id,
            text,
            entry,
            attempt_id,
        };
        let spec = self.spec(&attempt);
        match self.agents.check(&spec) {
            Err(error) if !is_fault_of_the_text(&error) => Err(error.into()),
            _ => Ok(Some((attempt, spec))),
        }
    }

    /// Makes the start of the attempt durable. False if someone else was quicker to settle the task.
    fn claim(&mut self, attempt: &Attempt) -> Result<bool, EngineError> {
        let start = Command::StartTask {
            id: attempt.id.clone(),
            attempt_id: Some(attempt.attempt_id.clone()),
            anew: StartAgain::WithinLimits,
        };
        self.control.claim_begins(&attempt.id);
        if let Err(refusal) = self.store.execute(start, self.clock.now())? {
            tracing::debug!(%refusal, "not started");
            let _ = self.control.attempt_ended();
            self.control.attempt_settled();
            return Ok(false);
        }
        self.tally.touched.insert(attempt.id.clone());
        Ok(true)
    }

    /// Starts the agent and notes which process it is. A text that can't be handed over fails its task alone.
    fn start(&mut self, attempt: &Attempt, spec: AttemptSpec) -> Result<Started, EngineError> {
        let stop = StopHandle::new().map_err(SpawnError::Other);
        let started = stop.and_then(|stop| Ok((self.agents.start(spec)?, stop)));
        let (agent, stop) = match started {
            Ok(started) => started,
            Err(error) if is_fault_of_the_text(&error) => return Ok(Err(error)),
            Err(error) => {
                self.give_back(&attempt.id)?;
                return Err(error.into());
            }
        };
        self.control.attempt_began(&stop);
        let child = agent.identity();
        // Should this fail, the agent is dropped, and so ended: nobody would find it after a crash.
        let noted =
            self.store.note(Command::RecordChild { id: attempt.id.clone(), child }, self.clock.now())?;
        noted.map_or_else(|refusal| tracing::debug!(%refusal, "child not recorded"), drop);
        Ok(Ok((agent, stop)))
    }

    /// Tells those who watch, and opens the attempt's log.
    fn tell_of_start(&mut self, attempt: &Attempt) -> Result<Option<TaskLog>, EngineError> {
        self.chronicle.started(attempt);
        let progress = self.progress()?;
        let (id, text, number) = (&attempt.id, attempt.text.as_str(), attempt.number);
        self.observer.see(&Observation::TaskStarted { id, text, attempt: number, progress });
        Ok(self.chronicle.open_log(attempt, self.clock.now()))
    }

    /// Writes down what the attempt came to. What is not completed is synced and shown at once: the list is read
    /// again before the next task.
    fn settle(
        &mut self,
        attempt: Attempt,
        ended: Result<Ended, SpawnError>,
        log: Option<TaskLog>,
    ) -> Result<(), EngineError> {
        let command = self.judge(&attempt, &ended);
        let decided = self.store.execute_ahead(command, self.clock.now());
        self.control.attempt_settled();
        let events = decided?.unwrap_or_else(|refusal| {
            tracing::debug!(%refusal, "settled by someone else");
            Vec::new()
        });
        self.count_failures(&events);
        let is_completed = outcome(&events) == Some(Outcome::Completed);
        self.unshown = Some(Settled { attempt, events, ended: ended.ok(), log });
        if is_completed { Ok(()) } else { self.show_last() }
    }

    /// What the end of an attempt means: what a person wished for it, else how it ended.
    fn judge(&mut self, attempt: &Attempt, ended: &Result<Ended, SpawnError>) -> Command {
        let id = attempt.id.clone();
        match self.control.attempt_ended() {
            Some(TaskVerb::Rollback) => return Command::Rollback { id },
            Some(_) => return Command::Cancel { id },
            None => {}
        }
        let error = match ended {
            Ok(ended) => match ended.verdict() {
                Verdict::Succeeded => return Command::CompleteTask { id, result: None },
                Verdict::Stopped => return Command::DeferTask { id, cause: Deferral::Stop },
                Verdict::Failed => self.chronicle.error_message(ended),
            },
            Err(error) => self.chronicle.spawn_error(error),
        };
        let mut policy = self.retry_policy();
        if ended.is_err() {
            policy.max_attempts = 1; // the same text would be refused again
        }
        Command::FailTask { id, error, policy: Some(policy) }
    }

    /// Shows what was settled last, once it is durable: the box, the status file, the log, those who watch.
    pub(crate) fn show_last(&mut self) -> Result<(), EngineError> {
        let Some(Settled { attempt, events, ended, log }) = self.unshown.take() else { return Ok(()) };
        self.store.view(|_| ())?; // a look makes it durable if no claim has; a flush would wait for the next child's note, too
        let now = self.clock.now();
        let outcome = outcome(&events);
        if let Some(outcome) = &outcome {
            let progress = self.progress()?;
            self.chronicle.ended(&attempt, outcome, ended.as_ref(), log, now);
            self.observer.see(&Observation::TaskEnded {
                id: &attempt.id,
                text: &attempt.text,
                outcome: outcome.clone(),
                elapsed: attempt.began.elapsed(),
                progress,
            });
        }
        let worklist = &mut self.worklist;
        self.store.view(|state| worklist.owe(state, attempt.entry, now))?;
        if outcome != Some(Outcome::Completed) {
            worklist.invalidate(); // from here on its box speaks for a person again, once it was seen to be right
        }
        self.write_boxes(false);
        self.keep_house();
        Ok(())
    }
}

/// Whether no other task would meet the same error.
fn is_fault_of_the_text(error: &SpawnError) -> bool {
    matches!(error, SpawnError::TooLong { .. } | SpawnError::NulByte { .. })
}

/// What the events of a settlement say; none if someone else settled the task.
fn outcome(events: &[Event]) -> Option<Outcome> {
    Some(match events.last()? {
        Event::TaskCompleted { .. } => Outcome::Completed,
        Event::TaskFailed { error, then: AfterFailure::Final(_), .. } => {
            Outcome::GivenUp { error: error.to_string() }
        }
        Event::TaskFailed { error, then: AfterFailure::Retry(wait), .. } => Outcome::WillRetry {
            error: error.to_string(),
            delay: Duration::from_millis(wait.map_or(0, |wait| wait.delay_ms)),
        },
        Event::AttemptExcused { .. } => Outcome::Deferred,
        Event::TaskRolledBack { .. } => Outcome::RolledBack,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
