//! What signals, the socket and the engine say to each other: stop, wake, cancel; and what the engine does just now.
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codeagent_checkpoint::clock::{Clock, SystemClock};
use codeagent_core::TaskId;
use codeagent_runner::StopHandle;

use crate::{
    api::{Activity, RecoveredView, ServerView, TaskVerb},
    bell::{Bell, SystemBell},
};

/// Why the engine is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `stop`: after the current task.
    AfterTask,
    /// `restart`: after the current task, then start again.
    Restart,
    /// `stop --now`: the running attempt is ended and excused.
    Now,
    /// A signal: likewise; the number decides about the exit code.
    Signal(i32),
}

impl Stop {
    fn ends_attempt(self) -> bool {
        matches!(self, Self::Now | Self::Signal(_))
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// A stop was asked for.
    Stop,
    /// Something changed that may be work: a task was added or retried.
    Work,
    /// A file of the list was written; perhaps by ourselves.
    ListTouched,
    /// The time is over.
    TimedOut,
}

/// Shared by the engine, the signals' thread and the socket's.
pub struct Control {
    inner: Mutex<Inner>,
    announce: Mutex<Option<Announce>>,
    changed: Arc<dyn Bell>,
    clock: Arc<dyn Clock>,
    started: Duration,
}

/// Tells the person at the keyboard that the server is stopping and waits for the running attempt to end.
pub type Announce = Box<dyn Fn() + Send>;

#[derive(Debug)]
struct Inner {
    stop: Option<Stop>,
    /// It was asked for twice: without grace.
    at_once: bool,
    woken: bool,
    list_touched: bool,
    attempt: Option<CurrentAttempt>,
    /// Counts settled attempts, so that whoever asked for an end can wait for it.
    settled: u64,
    /// The engine is gone: nobody will settle anything any more.
    gone: bool,
    activity: Activity,
    recovered: Option<RecoveredView>,
}

#[derive(Debug)]
struct CurrentAttempt {
    id: TaskId,
    /// None while the claim is on its way to the disk and the agent not yet started.
    handle: Option<StopHandle>,
    /// By the monotonic clock.
    began: Duration,
    wish: Option<TaskVerb>,
    last_line: Option<String>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemBell::default()))
    }
}

impl Control {
    /// With a clock, and what waits.
    pub fn new(clock: Arc<dyn Clock>, changed: Arc<dyn Bell>) -> Self {
        Self {
            inner: Mutex::new(Inner {
                stop: None,
                at_once: false,
                woken: false,
                list_touched: false,
                attempt: None,
                settled: 0,
                gone: false,
                activity: Activity::Working,
                recovered: None,
            }),
            announce: Mutex::new(None),
            changed,
            started: clock.monotonic(),
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A thread that panicked here left whole values behind: each is written by one assignment.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the engine to stop. A second request that ends the attempt ends it without grace.
    pub fn request_stop(&self, stop: Stop) {
        let mut inner = self.lock();
        let again = inner.stop.is_some_and(Stop::ends_attempt);
        if again {
            inner.at_once |= stop.ends_attempt();
        } else {
            inner.stop = Some(stop);
        }
        inner.activity = Activity::Stopping;
        let handle = inner.attempt.as_ref().and_then(|attempt| attempt.handle.as_ref());
        let is_ending = inner.attempt.as_ref().is_some_and(|attempt| attempt.wish.is_some());
        match handle.filter(|_| stop.ends_attempt()) {
            Some(handle) if again => handle.stop_now(),
            Some(handle) if !is_ending => handle.stop_gracefully(),
            _ => {}
        }
        let must_wait = matches!(stop, Stop::Signal(_)) && !again && handle.is_some();
        drop(inner);
        self.changed.ring();
        if let (true, Some(announce)) = (must_wait, &*self.announcer()) {
            announce();
        }
    }

    fn announcer(&self) -> MutexGuard<'_, Option<Announce>> {
        self.announce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server begins; what was asked of the one before it in this process is done, unless it was to end.
    pub fn server_begins(&self, announce: Announce) {
        *self.announcer() = Some(announce);
        let mut inner = self.lock();
        inner.gone = false;
        inner.recovered = None;
        if matches!(inner.stop, None | Some(Stop::Restart)) {
            inner.stop = None;
            inner.activity = Activity::Working;
        }
    }

    /// The stop that was asked for.
    pub fn stop_requested(&self) -> Option<Stop> {
        self.lock().stop
    }

    /// Says that there may be work.
    pub fn wake(&self) {
        self.lock().woken = true;
        self.changed.ring();
    }

    /// Whether it was said that there may be work, since it was last asked.
    pub fn take_work(&self) -> bool {
        std::mem::take(&mut self.lock().woken)
    }

    /// Says that a file of the list was written.
    pub fn list_touched(&self) {
        self.lock().list_touched = true;
        self.changed.ring();
    }

    /// Waits for a stop, for work, or for the time to pass.
    pub fn wait(&self, time: Duration) -> Woken {
        let deadline = self.clock.monotonic().checked_add(time);
        loop {
            let heard = self.changed.rung();
            if let Some(woken) = self.take_news() {
                return woken;
            }
            let left = deadline.map(|deadline| deadline.saturating_sub(self.clock.monotonic()));
            if left.is_some_and(|left| left.is_zero()) {
                return Woken::TimedOut;
            }
            self.changed.wait(heard, left);
        }
    }

    fn take_news(&self) -> Option<Woken> {
        let mut inner = self.lock();
        if inner.stop.is_some() {
            Some(Woken::Stop)
        } else if std::mem::take(&mut inner.woken) {
            Some(Woken::Work)
        } else {
            std::mem::take(&mut inner.list_touched).then_some(Woken::ListTouched)
        }
    }

    /// Waits so long, whatever work comes; true if a stop was asked for.
    pub fn pause(&self, time: Duration) -> bool {
        let deadline = self.clock.monotonic().saturating_add(time);
        loop {
            let heard = self.changed.rung();
            if self.stop_requested().is_some() {
                return true;
            }
            let left = deadline.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return false;
            }
            self.changed.wait(heard, Some(left));
        }
    }

    /// An attempt is about to be claimed: from now on, and not only once it is durable, a wish for its end
    /// is the engine's to fulfil.
    pub fn claim_begins(&self, id: &TaskId) {
        let began = self.clock.monotonic();
        self.lock().attempt =
            Some(CurrentAttempt { id: id.clone(), handle: None, began, wish: None, last_line: None });
    }

    /// The agent was started. A stop or a wish that came before reaches it too.
    pub fn attempt_began(&self, handle: &StopHandle) {
        let mut inner = self.lock();
        let (is_stopping, at_once) = (inner.stop.is_some_and(Stop::ends_attempt), inner.at_once);
        if let Some(attempt) = &mut inner.attempt {
            if at_once {
                handle.stop_now();
            } else if is_stopping || attempt.wish.is_some() {
                handle.stop_gracefully();
            }
            attempt.handle = Some(handle.clone());
        }
    }

    /// The attempt has ended and is about to be settled; answers what someone wished for it meanwhile.
    pub fn attempt_ended(&self) -> Option<TaskVerb> {
        self.lock().attempt.take().and_then(|attempt| attempt.wish)
    }

    /// The attempt is settled: whoever wished for its end may look.
    pub fn attempt_settled(&self) {
        self.lock().settled += 1;
        self.changed.ring();
    }

    /// The engine ends: nobody may wait for it any more.
    pub fn engine_gone(&self) {
        self.lock().gone = true;
        self.changed.ring();
    }

    /// Ends the task's running attempt, to be settled as wished, and waits until it is. False if no attempt of
    /// this task runs: then the wish is a matter of the store alone.
    pub fn end_attempt_as(&self, id: &TaskId, wish: TaskVerb) -> bool {
        let Some(before) = self.wish_end(id, wish) else { return false };
        loop {
            let heard = self.changed.rung();
            let inner = self.lock();
            if inner.settled != before || inner.gone {
                return true;
            }
            drop(inner);
            self.changed.wait(heard, None);
        }
    }

    /// The same without waiting. Answers how many attempts were settled before this one; none if no attempt of
    /// this task runs.
    pub fn wish_end(&self, id: &TaskId, wish: TaskVerb) -> Option<u64> {
        let mut inner = self.lock();
        let settled = inner.settled;
        let is_ending = inner.stop.is_some_and(Stop::ends_attempt);
        let attempt = inner.attempt.as_mut().filter(|attempt| attempt.id == *id)?;
        let is_ending = attempt.wish.replace(wish).is_some() || is_ending;
        // Asked again, it would have no grace: that is for a person's second Ctrl+C.
        if let (Some(handle), false) = (&attempt.handle, is_ending) {
            handle.stop_gracefully();
        }
        Some(settled)
    }

    /// Keeps the last line that the agent printed.
    pub fn saw_line(&self, line: String) {
        if let Some(attempt) = &mut self.lock().attempt {
            attempt.last_line = Some(line);
        }
    }

    /// Says what the engine does. A stop that was asked for stays visible.
    pub fn set_activity(&self, activity: Activity) {
        let mut inner = self.lock();
        if inner.stop.is_none() {
            inner.activity = activity;
        }
    }

    /// Says what the start recovered.
    pub fn set_recovered(&self, recovered: Option<RecoveredView>) {
        self.lock().recovered = recovered;
    }

    /// Whether the start had something to recover.
    pub fn has_recovered(&self) -> bool {
        self.lock().recovered.is_some()
    }

    /// What only a running server knows.
    pub fn view(&self, mode: &str) -> ServerView {
        let inner = self.lock();
        let attempt = inner.attempt.as_ref();
        let elapsed_s = |since: Duration| self.clock.monotonic().saturating_sub(since).as_secs();
        ServerView {
            pid: std::process::id(),
            mode: mode.to_owned(),
            activity: inner.activity,
            uptime_s: elapsed_s(self.started),
            attempt_elapsed_s: attempt.map(|attempt| elapsed_s(attempt.began)),
            last_line: attempt.and_then(|attempt| attempt.last_line.clone()),
            recovered: inner.recovered.clone(),
        }
    }
}

#[cfg(test)]
impl Control {
    fn has_wish(&self) -> bool {
        self.lock().attempt.as_ref().is_some_and(|attempt| attempt.wish.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_stop_ends_every_wait() {
        let control = Arc::new(Control::default());
        let waiting = thread::spawn({
            let control = Arc::clone(&control);
            move || (control.wait(Duration::from_secs(600)), control.pause(Duration::from_secs(600)))
        });
        control.request_stop(Stop::AfterTask);
        assert_eq!(waiting.join().unwrap(), (Woken::Stop, true));
    }

    #[test]
    fn work_that_came_before_the_wait_is_not_missed() {
        let control = Control::default();
        control.wake();
        assert_eq!(control.wait(Duration::from_secs(600)), Woken::Work);
        assert_eq!(control.wait(Duration::ZERO), Woken::TimedOut);
    }

    #[test]
    fn a_stop_between_claim_and_start_reaches_the_attempt() {
        let control = Control::default();
        control.request_stop(Stop::Signal(2));
        let handle = StopHandle::new().unwrap();
        control.claim_begins(&TaskId::new("a"));
        control.attempt_began(&handle);
        assert!(handle.is_requested());
    }

    #[test]
    fn stop_after_the_task_leaves_the_attempt_alone() {
        let control = Control::default();
        let handle = StopHandle::new().unwrap();
        control.claim_begins(&TaskId::new("a"));
        control.attempt_began(&handle);
        control.request_stop(Stop::AfterTask);
        assert!(!handle.is_requested());
        control.request_stop(Stop::Signal(15));
        assert!(handle.is_requested());
        assert_eq!(control.stop_requested(), Some(Stop::Signal(15)));
    }

    /// Each of them grants the grace once, and all of them together, too.
    #[test]
    fn a_second_cancel_or_a_stop_after_it_takes_no_grace_away() {
        let control = Control::default();
        let (id, handle) = (TaskId::new("a"), StopHandle::new().unwrap());
        control.claim_begins(&id);
        control.attempt_began(&handle);
        for wish in [TaskVerb::Cancel, TaskVerb::Cancel, TaskVerb::Rollback] {
            assert_eq!(control.wish_end(&id, wish), Some(0));
            assert!(handle.is_requested() && !handle.is_urgent());
        }
        control.request_stop(Stop::Now);
        assert!(!handle.is_urgent());
        assert_eq!(control.wish_end(&id, TaskVerb::Cancel), Some(0));
        assert!(!handle.is_urgent());
        control.request_stop(Stop::Signal(2));
        assert!(handle.is_urgent());
    }

    #[test]
    fn whoever_ends_an_attempt_waits_until_it_is_settled() {
        let control = Arc::new(Control::default());
        let id = TaskId::new("a");
        let handle = StopHandle::new().unwrap();
        assert!(!control.end_attempt_as(&id, TaskVerb::Cancel));
        control.claim_begins(&id);
        let asking = thread::spawn({
            let (control, id) = (Arc::clone(&control), id.clone());
            move || control.end_attempt_as(&id, TaskVerb::Cancel)
        });
        // The wish came while the claim was on its way to the disk: the agent is ended as soon as it runs.
        while !control.has_wish() {
            thread::yield_now();
        }
        control.attempt_began(&handle);
        assert!(handle.is_requested());
        assert_eq!(control.attempt_ended(), Some(TaskVerb::Cancel));
        control.attempt_settled();
        assert!(asking.join().unwrap());
    }
}
