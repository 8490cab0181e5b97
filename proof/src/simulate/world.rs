//! The simulated world: its clocks, its disk, its processes, its people, and how it ends a server's life.
//!
//! Everything happens on one thread. Wherever the server asks something of the world it crosses a border
//! ([`World::cross`]); at any of these crossings it may die: the stack is unwound without a panic's message, and
//! from then on the disk answers nothing, so that no destructor can write.
use std::{
    io,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use codeagent_checkpoint::{
    FileStore,
    file::{
        disk::Disk,
        twin::{Fate, Op, Twin},
    },
};
use codeagent_core::{Now, TaskId};
use codeagent_project::config::Loaded;
use codeagent_server::{Stop, observe::WaitReason, service::Service};

use super::{
    chance::Chance,
    facts::{End, Limits},
    list::List,
    oracle::Oracle,
};
use crate::campaign::Broken;

/// Crossings in one life of the server: more is a loop without end.
const MOST_CROSSINGS: u64 = 60_000;

/// What unwinds the server's stack.
pub(super) struct Died;

/// How a server dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Death {
    /// Its process is killed: what was written is kept, its children may live on.
    Killed,
    /// The machine loses power.
    PowerCut,
    /// The simulation gives it up, having found something.
    GivenUp,
}

/// A child process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) attempt: String,
    pub(super) text: String,
    pub(super) is_alive: bool,
    /// When it ends by itself, if nobody ends it.
    pub(super) ends_at_ms: u64,
    /// Nothing ends it for now: it hangs in the kernel.
    pub(super) hangs: bool,
}

/// A world that one seed makes.
pub(super) struct World(Mutex<Inner>);

pub(super) struct Inner {
    pub(super) chance: Chance,
    pub(super) project: Loaded,
    pub(super) list: List,
    pub(super) oracle: Oracle,
    pub(super) twin: Twin,
    pub(super) processes: Vec<Process>,
    pub(super) service: Option<Service>,
    pub(super) store: Option<Arc<FileStore>>,
    /// Texts that the list had once: lines are renamed back to them.
    pub(super) former: Vec<String>,
    pub(super) names: u32,
    pub(super) is_nested: bool,
    /// Nothing is done to the server any more, and agents do what they should.
    pub(super) is_quiet: bool,
    /// Someone is at it: nothing else happens meanwhile.
    pub(super) is_busy: bool,
    /// What the server was asked for in this life.
    pub(super) stops: Vec<Stop>,
    pub(super) rung: u64,
    pub(super) now_ms: u64,
    /// Since when the server looks at a wall clock that was not set: by one that was set back into the midst of a
    /// wait, that wait lasts longer, at most by its delay from the first look on. `None` before that look.
    pub(super) undisturbed_ms: Option<u64>,
    pub(super) wall_ms: i64,
    pub(super) happens_at_ms: u64,
    pub(super) happenings: u32,
    pub(super) boot: u32,
    pub(super) could_not_start: bool,
    /// What it waits for.
    pub(super) waits_for: Option<WaitReason>,
    /// Its files were deleted, and are not written anew yet: no promise holds for this moment.
    pub(super) is_wiped: bool,
    pub(super) disk_failed: bool,
    /// Since the last open something happened that may have taken what was written and not synced.
    pub(super) notes_may_be_gone: bool,
    crossings: u64,
    doom: Option<(u64, Death)>,
    /// It is counted in looks at a running agent: so attempts are cut off more often than chance would have it.
    dooms_attempt: bool,
    pub(super) dead: Option<Death>,
    fault: Option<(u64, i32, bool)>,
    trace: Trace,
    pub(super) tally: Tally,
}

/// What was tried.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Tally {
    pub(super) attempts: u64,
    pub(super) kills: u64,
    pub(super) power_cuts: u64,
    pub(super) disk_errors: u64,
    pub(super) happenings: u64,
}

/// What happened, as a number, and as lines where someone wants to read it.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) sum: u64,
    pub(super) lines: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(
        seed: u64,
        project: Loaded,
        list: List,
        limits: Limits,
        is_told: bool,
    ) -> io::Result<Self> {
        let twin = Twin::default();
        twin.make_dir(std::path::Path::new("/project"))?;
        twin.sync_dir(std::path::Path::new("/"))?;
        let trace = Trace { sum: seed, lines: is_told.then(Vec::new) };
        Ok(Self(Mutex::new(Inner {
            chance: Chance::new(seed),
            project,
            list,
            oracle: Oracle::new(limits),
            twin,
            processes: Vec::new(),
            service: None,
            store: None,
            former: Vec::new(),
            names: 0,
            is_nested: false,
            is_quiet: false,
            is_busy: false,
            stops: Vec::new(),
            rung: 0,
            now_ms: 1_000,
            undisturbed_ms: None,
            wall_ms: 0,
            happens_at_ms: u64::MAX,
            happenings: 0,
            boot: 1,
            could_not_start: false,
            waits_for: None,
            is_wiped: false,
            disk_failed: false,
            notes_may_be_gone: false,
            crossings: 0,
            doom: None,
            dooms_attempt: false,
            dead: None,
            fault: None,
            trace,
            tally: Tally::default(),
        })))
    }

    /// Never held while the server is called.
    pub(super) fn look(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server asks something of the world: it may die here.
    pub(super) fn cross(&self, place: &str) {
        if thread::panicking() {
            return;
        }
        let mut inner = self.look();
        if inner.dead.is_some() {
            return;
        }
        inner.crossings += 1;
        inner.fold(place);
        if inner.crossings > MOST_CROSSINGS {
            inner.found(Broken::Stuck, "the server works on and on, and comes to no end");
            inner.dead = Some(Death::GivenUp);
        } else if let Some(how) = inner.is_doomed(place) {
            inner.tell(|| format!("{how:?} at {place}"));
            inner.dead = Some(how);
        }
        let is_dead = inner.dead.is_some();
        drop(inner);
        if is_dead {
            resume_unwind(Box::new(Died));
        }
    }

    /// The same for an operation of the disk, which may also fail. Nothing reaches the disk of a dead server.
    pub(super) fn cross_to_disk(&self, operation: &str) -> io::Result<()> {
        self.cross(operation);
        let mut inner = self.look();
        if inner.dead.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        if operation.starts_with("sync") {
            let slow = inner.chance.percent(3);
            let ms = if slow { inner.chance.magnitude(10, 30_000) } else { 1 };
            inner.now_ms += ms;
        }
        if inner.is_wiped {
            return Ok(()); // a disk that fails in this moment takes all with it
        }
        match &mut inner.fault {
            Some((0, errno, for_good)) => {
                let (errno, for_good) = (*errno, *for_good);
                inner.twin.fail_at(inner.twin.len(), errno, for_good);
                inner.fault = None;
                (inner.disk_failed, inner.notes_may_be_gone) = (true, true);
                inner.tally.disk_errors += 1;
                inner.tell(|| format!("error {errno} at {operation}"));
            }
            Some((left, ..)) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    /// Gives the server up: something was found that it does not come out of.
    pub(super) fn give_up(&self, broken: Broken, story: &str) -> ! {
        let mut inner = self.look();
        inner.found(broken, story);
        inner.dead = Some(Death::GivenUp);
        drop(inner);
        resume_unwind(Box::new(Died))
    }
}

impl Inner {
    fn is_doomed(&mut self, place: &str) -> Option<Death> {
        let (left, how) = self.doom.as_mut()?;
        *left -= u64::from(*left > 0 && (!self.dooms_attempt || place == "watch"));
        (*left == 0 && !self.is_wiped).then_some(*how)
    }

    /// Another server starts; perhaps its end is fixed already.
    pub(super) fn begin_life(&mut self) {
        self.oracle.begin_life();
        (self.dead, self.doom, self.fault, self.crossings) = (None, None, None, 0);
        (self.is_busy, self.could_not_start, self.disk_failed) = (false, false, false);
        self.stops.clear();
        self.undisturbed_ms = None;
        self.happens_at_ms = u64::MAX;
        self.twin.fail_at(usize::MAX, 0, false);
        if self.is_quiet {
            return;
        }
        self.happenings = 5 + self.chance.magnitude(1, 40) as u32;
        self.plan_happening();
        self.dooms_attempt = self.chance.percent(30);
        let most = if self.dooms_attempt { 8 } else { 2_500 };
        match self.chance.below(100) {
            0..35 => self.doom = Some((self.chance.magnitude(1, most), Death::Killed)),
            35..75 => self.doom = Some((self.chance.magnitude(1, most), Death::PowerCut)),
            _ => {}
        }
        // Also where the end is fixed: only a power cut shows what an error that was swallowed has cost.
        if self.chance.percent(30) {
            let errno = if self.chance.percent(50) { 5 } else { 28 };
            self.fault = Some((self.chance.magnitude(1, 1_000), errno, self.chance.percent(50)));
        }
    }

    pub(super) fn plan_happening(&mut self) {
        self.happens_at_ms = self.now_ms + self.chance.magnitude(1, 2_000_000);
    }

    /// The server is gone; the disk and the processes are as its death left them.
    pub(super) fn bury(&mut self, death: Option<Death>) {
        (self.service, self.store) = (None, None);
        match death {
            Some(Death::PowerCut) => self.cut_power(),
            Some(Death::Killed) => {
                self.tally.kills += 1;
                for at in 0..self.processes.len() {
                    self.processes[at].is_alive &= self.chance.percent(60);
                }
            }
            _ => {}
        }
    }

    pub(super) fn cut_power(&mut self) {
        self.tally.power_cuts += 1;
        self.boot += 1;
        self.processes.clear();
        let log = self.twin.log();
        let how = self.chance.below(4);
        let chance = &mut self.chance;
        self.twin = log.image(log.ops.len(), |_, op| match how {
            0 => Fate::Lost,
            1 => Fate::Kept,
            _ => fate(chance, op),
        });
        self.notes_may_be_gone = true;
        let sum = log.ops.len();
        self.tell(|| format!("the power is back, of {sum} operations"));
    }

    /// Time passes; processes that nobody watches come to their ends, and may tick their boxes before.
    pub(super) fn pass_time(&mut self, ms: u64) {
        self.now_ms += ms;
        for at in 0..self.processes.len() {
            if self.processes[at].is_alive && self.processes[at].ends_at_ms <= self.now_ms {
                self.processes[at].is_alive = false;
                if self.chance.percent(30) {
                    let text = self.processes[at].text.clone();
                    self.mark(&text, 'x', true);
                }
            }
        }
    }

    /// Puts a mark into a box.
    pub(super) fn mark(&mut self, text: &str, mark: char, own: bool) {
        self.tell(|| format!("[{mark}] {text}, own: {own}"));
        self.oracle.marked(text, mark, own);
        let marked = self.list.mark(text, mark);
        self.must(marked);
    }

    /// What the simulation needs of the real system for itself must be had.
    pub(super) fn must(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.found(Broken::Wrong, format!("the simulation can't go on: {error}"));
        }
    }

    pub(super) fn now(&self) -> Now {
        let unix_ms = 1_768_732_200_000 + self.wall_ms + i64::try_from(self.now_ms).unwrap_or(0);
        Now { local: codeagent_core::LocalTime::from_micros(unix_ms * 1_000), unix_ms }
    }

    pub(super) fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms)
    }

    pub(super) fn is_alive(&self, text: &str) -> bool {
        self.processes.iter().any(|process| process.is_alive && process.text == text)
    }

    pub(super) fn end_attempt(&mut self, text: &str, attempt: &str, end: End) {
        self.tell(|| format!("agent of {text} {end:?}"));
        self.oracle.agent_ended(text, attempt, end);
        for process in &mut self.processes {
            process.is_alive &= process.attempt != attempt;
        }
    }

    /// A task's id and text, of those that the server knows.
    pub(super) fn some_task(&mut self) -> Option<(TaskId, String)> {
        let count = self.oracle.state().counts().total();
        let at = self.chance.index(count);
        self.oracle.state().tasks().nth(at).map(|task| (task.id.clone(), task.text.to_string()))
    }

    pub(super) fn found(&mut self, broken: Broken, story: impl Into<String>) {
        let story = story.into();
        self.tell(|| format!("FOUND {story}"));
        self.oracle.found(broken, story);
    }

    pub(super) fn tell(&mut self, what: impl FnOnce() -> String) {
        let what = what();
        self.fold(&what);
        let now_ms = self.now_ms;
        if let Some(lines) = &mut self.trace.lines {
            lines.push(format!("{:>12.3} {what}", Duration::from_millis(now_ms).as_secs_f64()));
        }
    }

    fn fold(&mut self, what: &str) {
        let bytes = what.bytes().chain(self.now_ms.to_le_bytes());
        // FNV-1a.
        self.trace.sum = bytes.fold(self.trace.sum ^ 0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }

    pub(super) fn trace(&mut self) -> Trace {
        std::mem::take(&mut self.trace)
    }
}

/// What a power cut does to an operation that was not durable.
fn fate(chance: &mut Chance, op: &Op) -> Fate {
    match (chance.below(4), op) {
        (0 | 1, _) => Fate::Kept,
        (2, Op::Write { bytes, .. }) => Fate::Torn(chance.index(bytes.len())),
        (3, Op::Write { .. }) if chance.percent(30) => Fate::Zeroed,
        _ => Fate::Lost,
    }
}
