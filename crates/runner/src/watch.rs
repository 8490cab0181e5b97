//! The watch over one attempt: from its start until nothing of its tree is left.
use std::collections::HashSet;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::ended::{Ended, Exit, How};
use crate::linux::pidfd::Held;
use crate::pump::Pump;
use crate::stop::{StopHandle, Urgency};
use crate::tree::{self, Leader};

/// After the child's end, how long others may go on before they are ended: `cmd > >(tee log)` needs a moment,
/// a daemon has no claim to more.
const LINGER: Duration = Duration::from_millis(500);
/// The grace of what a child left behind when it ended by itself.
const REST_GRACE: Duration = Duration::from_secs(2);
/// How often the rest of a tree is looked at again: it may start new processes while it ends.
const REST_LOOK: Duration = Duration::from_millis(200);
/// How often it is looked at again where its control group says that something lives, and nobody was found.
const UNSEEN_LOOK: Duration = Duration::from_millis(10);
/// After SIGKILL: what has not ended by then hangs in the kernel.
const GIVE_UP: Duration = Duration::from_secs(30);
/// How often dead orphans are reaped while the child runs.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// The times that an attempt has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) kill_grace: Duration,
}

/// An end that we brought about.
#[derive(Clone, Copy)]
struct Ending {
    how: How,
    /// When SIGKILL is due; `None` is never (a grace beyond all clocks).
    kill_at: Option<Instant>,
    killed_at: Option<Instant>,
}

pub(crate) struct Watch<'a> {
    leader: Leader,
    leader_dead: bool,
    pump: Pump<'a>,
    stop: &'a StopHandle,
    stop_seen: Option<Urgency>,
    limits: Limits,
    started: Instant,
    ending: Option<Ending>,
    /// Processes besides the leader that were signalled, by pid and start.
    ended: HashSet<(i32, u64)>,
    tidy_at: Instant,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        leader: Leader,
        pump: Pump<'a>,
        stop: &'a StopHandle,
        limits: Limits,
        started: Instant,
    ) -> Self {
        Self {
            leader,
            leader_dead: false,
            pump,
            stop,
            stop_seen: None,
            limits,
            started,
            ending: None,
            ended: HashSet::new(),
            tidy_at: started + HOUSEKEEPING,
        }
    }

    /// The life of an attempt after its start.
    pub(crate) fn run(mut self) -> Ended {
        self.until_leader_ends();
        let elapsed = self.started.elapsed();
        let exit = self.leader.reap();
        self.let_others_finish();
        let left_over = self.end_the_rest() + usize::from(!self.leader_dead);
        let pumped = self.pump.finish();
        Ended {
            how: how(self.ending, exit),
            exit,
            last_lines: pumped.last_lines,
            bytes_out: pumped.bytes_out,
            elapsed,
            tree_ended: self.ended.len(),
            left_over,
            sink_error: pumped.sink_error,
        }
    }

    fn until_leader_ends(&mut self) {
        loop {
            self.wait(&[], self.next_deadline());
            if self.leader_dead {
                return;
            }
            self.obey_stop();
            self.obey_clock();
            if self.is_hopeless() {
                return;
            }
        }
    }

    /// Starts or hastens the end when a stop was requested.
    fn obey_stop(&mut self) {
        let requested = self.stop.requested();
        if requested <= self.stop_seen {
            return;
        }
        self.stop_seen = requested;
        let at_once = requested == Some(Urgency::Now);
        match &mut self.ending {
            None => {
                let grace = if at_once { Duration::ZERO } else { self.limits.kill_grace };
                self.begin_ending(How::Stopped, grace);
            }
            // It is ending already, and why does not change: only the urgency can grow.
            Some(ending) if at_once => ending.kill_at = Some(Instant::now()),
            Some(_) => {}
        }
    }

    /// Does what is due: time-outs, SIGKILL after the grace, housekeeping.
    fn obey_clock(&mut self) {
        let now = Instant::now();
        match self.ending {
            None => {
                if let Some(how) = self.overdue(now) {
                    self.begin_ending(how, self.limits.kill_grace);
                }
            }
            Some(ending) => {
                if ending.killed_at.is_none() && is_past(ending.kill_at, now) {
                    self.ending = Some(Ending { killed_at: Some(now), ..ending });
                    self.signal_tree(Signal::KILL);
                }
            }
        }
        if now >= self.tidy_at {
            tree::reap_orphans();
            self.tidy_at = now + HOUSEKEEPING;
        }
    }

    fn overdue(&self, now: Instant) -> Option<How> {
        if is_past(self.timeout_at(), now) {
            Some(How::TimedOut)
        } else if is_past(self.idle_at(), now) {
            Some(How::IdleTimedOut)
        } else {
            None
        }
    }

    fn timeout_at(&self) -> Option<Instant> {
        self.started.checked_add(self.limits.timeout?)
    }

    fn idle_at(&self) -> Option<Instant> {
        self.pump.last_byte().checked_add(self.limits.idle_timeout?)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let due = match self.ending {
            None => [self.timeout_at(), self.idle_at()],
            Some(Ending { killed_at: Some(killed), .. }) => [Some(killed + GIVE_UP), None],
            Some(ending) => [ending.kill_at, None],
        };
        due.into_iter().flatten().chain([self.tidy_at]).min()
    }

    fn is_hopeless(&self) -> bool {
        let killed_at = self.ending.and_then(|ending| ending.killed_at);
        killed_at.is_some_and(|killed| killed.elapsed() >= GIVE_UP)
    }

    /// SIGTERM to the tree, unless there is no grace: then the clock finds SIGKILL due.
    fn begin_ending(&mut self, how: How, grace: Duration) {
        let kill_at = Instant::now().checked_add(grace);
        self.ending = Some(Ending { how, kill_at, killed_at: None });
        if !grace.is_zero() {
            self.signal_tree(Signal::TERM);
        }
    }

    /// Signals the leader's group at one stroke, then whoever left it.
    fn signal_tree(&mut self, signal: Signal) {
        let rest = self.leader.rest();
        if signal == Signal::KILL {
            self.leader.kill_at_once();
        } else {
            self.leader.signal_group(signal);
        }
        for held in &rest {
            self.ended.insert(held.key());
            // Once is enough: to many programs a second SIGTERM means "now".
            if !self.leader.has_in_group(&held.stat) {
                held.signal(signal);
            }
        }
    }

    /// Lets those who outlive the child empty their buffers into its pipes and end, for a moment.
    fn let_others_finish(&mut self) {
        let until = Instant::now() + LINGER;
        while self.ending.is_none() && self.stop.requested() <= self.stop_seen && Instant::now() < until {
            let rest = if self.pump.has_writers() { Vec::new() } else { self.leader.rest() };
            if rest.is_empty() && !self.pump.has_writers() {
                return;
            }
            self.wait(&rest, Some(until));
        }
    }

    /// Ends what the leader left behind: SIGTERM, grace, SIGKILL, again for those that come up meanwhile.
    /// Returns how many could not be ended.
    fn end_the_rest(&mut self) -> usize {
        let grace = self.limits.kill_grace.min(REST_GRACE);
        let began = self.ending.map(|ending| (ending.kill_at, ending.killed_at));
        let (mut kill_at, mut killed_at) = began.unwrap_or((Some(Instant::now() + grace), None));
        // Held over all rounds: once its parent is dead, nothing may show any more whose a process is.
        let mut rest: Vec<Held> = Vec::new();
        loop {
            rest.retain(Held::is_alive);
            let known: HashSet<_> = rest.iter().map(Held::key).collect();
            rest.extend(self.leader.rest().into_iter().filter(|held| !known.contains(&held.key())));
            let is_unseen = rest.is_empty();
            if is_unseen && !self.leader.goes_on() {
                return 0;
            }
            let now = Instant::now();
            self.stop_seen = self.stop.requested();
            if self.stop_seen == Some(Urgency::Now) {
                kill_at = Some(now);
            }
            let kill = is_past(kill_at, now);
            if kill && now - *killed_at.get_or_insert(now) >= GIVE_UP {
                return rest.len().max(1);
            }
            self.signal_each(&rest, kill);
            let look_again = now + if is_unseen { UNSEEN_LOOK } else { REST_LOOK };
            let deadline = kill_at.filter(|at| !kill && *at < look_again).unwrap_or(look_again);
            self.wait(&rest, Some(deadline));
        }
    }

    fn signal_each(&mut self, rest: &[Held], kill: bool) {
        if kill {
            self.leader.kill_at_once();
        }
        for held in rest {
            let is_new = self.ended.insert(held.key());
            if kill {
                held.signal(Signal::KILL);
            } else if is_new {
                held.signal(Signal::TERM);
            }
        }
    }

    /// Waits until something happens or `deadline`, and moves output and input meanwhile. What happened is seen in
    /// `leader_dead` and in the stop handle; the end of one of `others` is only noticed.
    fn wait(&mut self, others: &[Held], deadline: Option<Instant>) {
        let wanted = self.pump.wanted();
        let ours = wanted.each_ref().map(Option::is_some);
        let mut fds: Vec<PollFd<'_>> = wanted.into_iter().flatten().collect();
        let piped = fds.len();
        let leader = (!self.leader_dead).then(|| self.leader.fd());
        let watched = leader.into_iter().chain(self.stop.more_than(self.stop_seen).into_iter().flatten());
        fds.extend(watched.chain(others.iter().map(Held::fd)).map(readable));
        let timeout = deadline.into_iter().chain(self.pump.due()).min().map(until);
        if poll(&mut fds, timeout.as_ref()).is_err() {
            // Interrupted: the caller looks at its deadlines and comes again.
            return;
        }
        let mut happened = fds.iter().map(|fd| !fd.revents().is_empty());
        let ready = ours.map(|is_polled| is_polled && happened.next() == Some(true));
        let leader_died = leader.is_some() && !fds[piped].revents().is_empty();
        self.leader_dead |= leader_died;
        self.pump.serve(ready);
    }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}

fn until(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    // Centuries are cut to what the kernel takes; the caller comes again.
    Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
}

fn is_past(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now >= at)
}

fn how(ending: Option<Ending>, exit: Exit) -> How {
    match (ending, exit) {
        (Some(ending), _) => ending.how,
        (None, Exit::Code(code)) => How::Exited(code),
        (None, Exit::Signal(signal)) => How::Signalled(signal),
        (None, Exit::Unknown) => How::Unknown,
    }
}
