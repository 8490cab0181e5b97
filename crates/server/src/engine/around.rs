//! What stands around the life of a task: iterations, the list, waits, retries, the count of failures.
use std::{collections::HashSet, io::ErrorKind, sync::Arc, time::Duration};

use codeagent_checkpoint::{StoreError, store::ReadState};
use codeagent_core::{
    AttemptId, Command, Deferral, Event, RetryPolicy, Statistics, Task, TaskId, TaskState,
    task::{AfterFailure, FinalReason},
};
use codeagent_project::{task_log::TaskLog, todo::TodoError};
use codeagent_runner::AttemptSpec;

use super::{Ending, Engine, EngineError, Mode};
use crate::{
    api::Activity,
    attempt::{Attempt, TaskFile, Tee},
    control::{Stop, Woken},
    generate::Generated,
    observe::{Observation, Progress, WaitReason},
    order::Order,
    worklist::{named, waits_for_line},
};

/// So many task logs are removed at once: few enough to be gone before even a short agent ends.
const LOGS_AT_ONCE: usize = 4;

impl Engine {
    /// Counts the iteration and, every tenth, prunes (the guide, "Очистка старых задач").
    pub(super) fn begin_iteration(&mut self) -> Result<(), EngineError> {
        self.tally.iterations += 1;
        self.control.set_activity(Activity::Working);
        let now = self.clock.now();
        let _ = self.store.execute(Command::CountIteration, now)?;
        let statistics = self.store.view(Statistics::of)?;
        let number = statistics.iteration_count;
        self.tally.pruned = statistics.pruned;
        if number.is_multiple_of(10) {
            let keep_last_n = self.config.server.checkpoint.keep_completed_tasks;
            let pruned = self.store.execute(Command::Prune { keep_last_n }, now)?.unwrap_or_default();
            self.chronicle.pruned(&pruned);
        }
        self.worklist.rewind();
        self.observer.see(&Observation::IterationBegan { number });
        self.chronicle.iteration(number);
        Ok(())
    }

    /// Takes over what changed in the list. A list that can't be read just now leaves the plan as it is.
    /// True if someone added or asked for something since.
    pub(super) fn refresh(&mut self) -> Result<bool, EngineError> {
        let mut is_news = self.control.take_work();
        if is_news {
            self.worklist.invalidate();
        }
        if self.worklist.is_stale() || self.worklist.changed() {
            self.show_last()?; // before the list is read: it writes boxes, which must not be older than what is read
            match self.worklist.reread() {
                Ok(()) => self.tally.list_error = None,
                Err(error) => self.say_list_error(&error),
            }
        }
        let max_attempts = self.config.server.checkpoint.max_task_attempts;
        let refreshed = self.worklist.refresh(&*self.store, self.clock.now(), max_attempts)?;
        if let Some(refreshed) = refreshed {
            is_news |= refreshed.added > 0 || !refreshed.by_hand.is_empty();
            self.chronicle.list_refreshed(&refreshed, self.control.has_recovered());
            if self.mode == Mode::Serve {
                self.chronicle.held(&self.held()?); // `run` says so at its end
            }
            self.write_boxes(false);
        }
        Ok(is_news)
    }

    fn say_list_error(&mut self, error: &TodoError) {
        let text = error.render(self.chronicle.catalogue());
        if self.tally.list_error.as_ref() != Some(&text) {
            self.chronicle.list_unreadable(&text);
            self.tally.list_error = Some(text);
        }
    }

    /// After an attempt: old task logs go, and a socket that was taken away comes back.
    pub(super) fn keep_house(&mut self) {
        if let Some(socket) = &self.socket {
            socket.keep();
        }
        self.tally.logs += 1;
        if self.tally.logs >= LOGS_AT_ONCE {
            self.tally.logs = 0;
            self.chronicle.rotate_logs(&*self.store);
        }
    }

    pub(super) fn write_boxes(&mut self, force: bool) {
        match self.worklist.flush(&*self.clock, force) {
            Ok(notices) => self.chronicle.boxes_written(&notices),
            Err(error) => self.chronicle.boxes_unwritten(&error),
        }
    }

    /// Waits `task_delay`; true if a stop came.
    pub(super) fn rest_between_tasks(&mut self) -> Result<bool, EngineError> {
        let time = self.config.server.task_delay;
        if time.is_zero() {
            return Ok(false);
        }
        self.show_last()?;
        self.write_boxes(true);
        self.observer.see(&Observation::Waiting { time, why: WaitReason::BetweenTasks });
        Ok(self.control.pause(time))
    }

    /// Waits for the next iteration; a stop, new work and an edit of the list end it early.
    pub(super) fn wait(&mut self, why: WaitReason) -> Result<Option<Stop>, EngineError> {
        self.write_boxes(true);
        // Our own writing must not count as an edit, and what came since the pass must not be slept over.
        if self.refresh()? {
            self.tally.failures_in_a_row = 0;
            return Ok(self.control.stop_requested());
        }
        let soonest = self.soonest()?;
        let time = match why {
            WaitReason::Paused => Duration::MAX,
            WaitReason::Retry => soonest.unwrap_or(Duration::ZERO),
            _ => soonest.unwrap_or(Duration::MAX).min(self.config.server.check_interval),
        };
        let paused = why == WaitReason::Paused;
        self.control.set_activity(if paused { Activity::Paused } else { Activity::Waiting });
        self.chronicle.waiting(why, time);
        self.observer.see(&Observation::Waiting { time, why });
        if self.wait_for_work(time) {
            self.worklist.invalidate();
            self.tally.failures_in_a_row = 0;
        }
        Ok(self.control.stop_requested())
    }

    /// True if there may be work before the time is over.
    pub(super) fn wait_for_work(&self, time: Duration) -> bool {
        let began = self.clock.monotonic();
        loop {
            let passed = self.clock.monotonic().saturating_sub(began);
            match self.control.wait(time.saturating_sub(passed)) {
                Woken::ListTouched if !self.worklist.changed() => {}
                Woken::ListTouched | Woken::Work => return true,
                Woken::Stop | Woken::TimedOut => return false,
            }
        }
    }

    /// Until something may be started; none if nothing is left.
    fn soonest(&self) -> Result<Option<Duration>, StoreError> {
        let (now, worklist) = (self.clock.now(), &self.worklist);
        Ok(self.store.view(|state| worklist.soonest(state, now))?.map(Duration::from_millis))
    }

    fn say_where_it_stands(&self) -> Result<(), StoreError> {
        let touched = self.tally.touched.iter();
        let progress = self.store.view(|state| self.worklist.progress(state, touched))?;
        self.observer.see(&Observation::WorkEnded { progress });
        Ok(())
    }

    /// Whether `max_iterations` is reached.
    pub(crate) fn is_at_limit(&self) -> bool {
        self.config.server.max_iterations.is_some_and(|max| self.tally.iterations >= max)
    }

    /// Whether something is left to do after all: for the moment when nobody can ask for more.
    pub(crate) fn has_work(&mut self) -> Result<bool, EngineError> {
        self.worklist.invalidate();
        self.refresh()?;
        Ok(self.soonest()?.is_some())
    }

    /// Has a new list written, if that is wished for and the session may still do so. True if there is work now.
    pub(super) fn generate(&mut self) -> Result<bool, EngineError> {
        if !self.held()?.is_empty() {
            return Ok(false); // the list is not done, it is gone
        }
        self.write_boxes(true); // a list with open boxes is not archived
        let Some(generator) = &mut self.generator else { return Ok(false) };
        self.control.set_activity(Activity::Working);
        let made = generator.generate(&mut *self.agents, &*self.clock, &self.control, &self.chronicle);
        self.tally.is_list_missing = made == Generated::Failed;
        self.refresh()?;
        // Also where the command wrote to a list of its own: what is there is worked.
        Ok((made == Generated::Tasks || self.soonest()?.is_some()) && self.control.stop_requested().is_none())
    }

    /// The end of `run`; none if something came while the last boxes were written.
    pub(super) fn finished(&mut self) -> Result<Option<Ending>, EngineError> {
        self.write_boxes(true);
        self.refresh()?;
        if self.soonest()?.is_some() {
            return Ok(None);
        }
        self.finish().map(Some)
    }

    /// What has come of the list, and of what was worked on besides.
    pub(super) fn finish(&mut self) -> Result<Ending, EngineError> {
        // Given up by us, or (a process that could not be ended) still running.
        let has_failed = |task: &Task| match task.final_reason() {
            Some(reason) => reason != FinalReason::Skipped,
            None => task.state() == TaskState::InProgress,
        };
        let is_left = |task: &Task| !task.is_settled() && task.state() != TaskState::InProgress;
        self.say_where_it_stands()?;
        let (entries, touched) = (self.worklist.entries(), &self.tally.touched);
        let is_gone = self.worklist.is_list_gone();
        let (failed, left, held) = self.store.view(|state| {
            let listed: HashSet<&TaskId> = entries.iter().map(|entry| &entry.id).collect();
            let is_unlisted = |task: &Task| touched.contains(&task.id) && !listed.contains(&task.id);
            let others = touched.iter().filter(|id| !listed.contains(id));
            let tasks = listed.iter().copied().chain(others).filter_map(|id| state.task(id));
            let (failed, left) = tasks.fold((0, 0), |(failed, left), task| {
                (failed + usize::from(has_failed(task)), left + usize::from(is_left(task)))
            });
            let is_held = |task: &Task| is_gone && waits_for_line(task) || is_unlisted(task) && is_left(task);
            (failed, left, state.tasks().filter(|task| is_held(task)).map(named).collect::<Vec<_>>())
        })?;
        let left = left.max(held.len());
        if !self.is_at_limit() {
            self.chronicle.held(&held);
        }
        Ok(Ending::Finished { failed, left, is_list_missing: self.tally.is_list_missing })
    }

    /// The tasks that wait for a list that is gone as a whole: id and text. One line that is gone was taken out by
    /// someone; all of them at once were rather deleted by an agent that cleaned up.
    fn held(&self) -> Result<Vec<(TaskId, Arc<str>)>, StoreError> {
        if !self.worklist.is_list_gone() {
            return Ok(Vec::new());
        }
        self.store.view(|state| state.tasks().filter(|task| waits_for_line(task)).map(named).collect())
    }

    /// An attempt that never began is given back: it does not count.
    pub(super) fn give_back(&mut self, id: &TaskId) -> Result<(), StoreError> {
        let back = Command::DeferTask { id: id.clone(), cause: Deferral::Stop };
        let _ = self.store.execute(back, self.clock.now())?;
        Ok(())
    }

    /// The file with the text, beside the checkpoint; where that place was just taken away, once it is back.
    pub(super) fn task_file(&self, attempt_id: &AttemptId, text: &str) -> Result<TaskFile, StoreError> {
        let write = || TaskFile::write(&self.data_dir, attempt_id, text);
        let is_gone = |error: &StoreError| match error {
            StoreError::Io { source, .. } => {
                matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
            }
            _ => false,
        };
        match write() {
            Err(error) if is_gone(&error) => {
                self.store.keep()?;
                write()
            }
            written => written,
        }
    }

    /// The process to start for an attempt.
    pub(super) fn spec(&self, attempt: &Attempt) -> AttemptSpec {
        let date = self.clock.now().local.to_string();
        Order {
            id: &attempt.id,
            text: &attempt.text,
            heading: &attempt.heading,
            parents: &attempt.parents,
            attempt: attempt.number,
            attempt_id: &attempt.attempt_id,
            task_file: attempt.task_file.path(),
            project_dir: self.worklist.project_dir(),
            session_id: &self.session_id,
            date: date.get(..10).unwrap_or_default(),
        }
        .spec(&self.config.executor)
    }

    pub(super) fn retry_policy(&mut self) -> RetryPolicy {
        let retry = &self.config.executor.retry;
        RetryPolicy {
            max_attempts: self.config.server.checkpoint.max_task_attempts,
            initial_delay_ms: millis(retry.initial_delay),
            max_delay_ms: millis(retry.max_delay),
            dice: retry.jitter.then(|| self.dice.throw()),
        }
    }

    /// What was cancelled or put back says nothing about the agent.
    pub(super) fn count_failures(&mut self, events: &[Event]) {
        match events.last() {
            Some(Event::TaskCompleted { .. }) => self.tally.failures_in_a_row = 0,
            Some(Event::TaskFailed { then: AfterFailure::Final(FinalReason::AttemptLimit), .. }) => {
                self.tally.failures_in_a_row += 1;
            }
            _ => {}
        }
    }

    /// Where an agent's output goes.
    pub(super) fn tee<'a>(&'a self, log: Option<&'a mut TaskLog>) -> Tee<'a> {
        Tee::new(log, &self.control, &*self.observer, &self.chronicle)
    }

    pub(super) fn is_agent_broken(&self) -> bool {
        let broken = self.tally.failures_in_a_row >= self.config.executor.max_consecutive_failures.max(1);
        if broken {
            self.chronicle.agent_broken(self.tally.failures_in_a_row);
        }
        broken
    }

    /// Where the work stands, for those who watch.
    pub(super) fn progress(&self) -> Result<Progress, StoreError> {
        let listed = self.worklist.entries().len();
        let gone = self.tally.pruned + self.worklist.done_before();
        self.store.view(|state| {
            let counts = state.counts();
            Progress {
                total: listed.max(counts.total() + gone),
                completed: counts.of(TaskState::Completed) + gone,
                failed: counts.of(TaskState::Failed),
            }
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
