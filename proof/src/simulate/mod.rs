//! The real server (session, engine, list, store) in a simulated world, thousands of times: its clock, disk, agents,
//! people and dice are simulated, and one number decides about all of them.
//!
//! `world` is the world and how it ends a server's life, `seams` how the server meets it, `agents` and `people` what
//! happens in it, `list` the TODO list, `oracle` and `facts` what may be true. Each seed is a project in which a server is
//! killed, cut off from power, stopped, or met by a failing disk, several times; in the end it is left in peace and
//! has to finish.
//!
//! Not simulated: threads (snapshots are written between two steps of the engine, commands are given there), the
//! socket, real signals, real processes and the wait for their output (the runner's), inotify. The list and the other
//! files of the project are real ones, on a disk in memory if there is one: a power cut takes nothing of them.
mod agents;
mod chance;
mod facts;
mod list;
mod oracle;
mod people;
mod seams;
mod world;

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use codeagent_checkpoint::StoreError;
use codeagent_core::task::FinalReason;
use codeagent_core::{Phase, TaskState, task::AfterFailure};
use codeagent_project::{
    config::{Config, Loaded},
    messages::{Catalogue, Lang},
};
use codeagent_server::{Ending, EngineError, Mode, RunRequest, ServerError, Stop, control::Control, session};

use self::{
    chance::Chance,
    facts::Limits,
    list::List,
    seams::{Seam, ground},
    world::{Death, Died, Tally, World},
};
use crate::campaign::{Broken, Campaign, Extent, Finding, Outcome, Terms};

pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "simulate",
    about: "the whole server in a simulated world: crashes, failing disks, clock jumps, edits, commands; one seed for all",
    run,
};

/// Seeds of a run that has to fit into CI.
const CI_SEEDS: u64 = 5_000;
/// Of so many seeds one is lived through twice, to see that it is the same life.
const TWICE_EVERY: u64 = 20;
/// The last lines of a life that are told.
const TOLD: usize = 60;
/// After so many findings it is enough.
const ENOUGH: usize = 5;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let until = terms.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let count = match (terms.seconds, terms.extent) {
        (Some(_), _) => u64::MAX,
        (None, Extent::Ci) => CI_SEEDS,
        (None, Extent::Long) => 50 * CI_SEEDS,
    };
    let next = AtomicU64::new(0);
    let outcome = Mutex::new(Outcome::default());
    let failed = Mutex::new(None);
    let is_over = |at| {
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        at >= count || until.is_some_and(|until| Instant::now() >= until) || outcome.findings.len() >= ENOUGH
    };
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if is_over(at) {
                return;
            }
            match try_seed(terms.seed.wrapping_add(at), &terms.scratch) {
                Ok(part) => add(&mut outcome.lock().unwrap_or_else(PoisonError::into_inner), part),
                Err(error) => {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string())
                }
            }
        }
    };
    thread::scope(|scope| (0..workers()).for_each(|_| drop(scope.spawn(work))));
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(outcome.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn add(outcome: &mut Outcome, part: Outcome) {
    part.tried.into_iter().for_each(|(count, unit)| outcome.tried(count, unit));
    outcome.findings.extend(part.findings);
}

/// Lives one seed, some twice; what was found is lived again and told.
fn try_seed(seed: u64, scratch: &Path) -> io::Result<Outcome> {
    let life = live(seed, scratch, false)?;
    let mut outcome = Outcome::default();
    outcome.tried(1, "seeds");
    outcome.tried(life.tally.attempts, "attempts");
    outcome.tried(life.tally.kills, "kills");
    outcome.tried(life.tally.power_cuts, "power cuts");
    outcome.tried(life.tally.disk_errors, "disk errors");
    outcome.tried(life.tally.happenings, "commands and edits");
    let is_found = !life.findings.is_empty();
    if is_found || seed.is_multiple_of(TWICE_EVERY) {
        let again = live(seed, scratch, is_found)?;
        if again.sum != life.sum || again.tally != life.tally {
            outcome.found(
                Broken::Wrong,
                format!("seed {seed} does not replay: {:?}, {:?}", life.tally, again.tally),
            );
        }
        if let Some(finding) = life.findings.into_iter().next() {
            let last = again.lines.len().saturating_sub(TOLD);
            fs::write(scratch.join(format!("seed-{seed}.txt")), again.lines.join("\n"))?;
            let story = format!(
                "{}\n    again: cargo xtask crash --only simulate --seed {seed} --seconds 1\n    {}",
                finding.story,
                again.lines[last..].join("\n    ")
            );
            outcome.found(finding.broken, story);
        }
    }
    Ok(outcome)
}

/// What a seed came to.
struct Life {
    findings: Vec<Finding>,
    tally: Tally,
    sum: u64,
    lines: Vec<String>,
}

/// In memory if there is room, since a seed writes some hundred small files.
fn folder(scratch: &Path) -> io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return Ok(folder);
    }
    tempfile::tempdir_in(scratch)
}

fn live(seed: u64, scratch: &Path, is_told: bool) -> io::Result<Life> {
    let folder = folder(scratch)?;
    let mut chance = Chance::new(seed ^ 0x5eed);
    let project = project(folder.path().to_owned(), &mut chance);
    let is_nested = chance.percent(25);
    let families = families(&mut chance, is_nested);
    let list = List::create(folder.path().join("todo.md"), &families)?;
    let world = Arc::new(World::new(seed, project.clone(), list, limits(&project.config), is_told)?);
    world.look().is_nested = is_nested;
    let mut host = Host { world: Arc::clone(&world), control: None, catalogue: catalogue() };
    let lives = if chance.percent(20) { 12 } else { 1 + chance.below(6) };
    for _ in 0..lives {
        let mode = if chance.percent(60) { Mode::Run } else { Mode::Serve };
        host.life(mode);
        if !world.look().oracle.findings.is_empty() {
            break;
        }
    }
    host.in_peace();
    let mut inner = world.look();
    let trace = inner.trace();
    let findings = std::mem::take(&mut inner.oracle.findings);
    Ok(Life { findings, tally: inner.tally, sum: trace.sum, lines: trace.lines.unwrap_or_default() })
}

fn catalogue() -> Arc<Catalogue> {
    thread_local!(static CATALOGUE: Arc<Catalogue> = Arc::new(Catalogue::new(Lang::En)));
    CATALOGUE.with(Arc::clone)
}

fn project(project_dir: PathBuf, chance: &mut Chance) -> Loaded {
    let mut config = Config::default();
    let pick = |chance: &mut Chance, of: &[u64]| Duration::from_secs(chance.one_of(of).unwrap_or(1));
    config.executor.command = vec!["agent".to_owned(), "{task_text}".to_owned()];
    config.executor.timeout = Some(pick(chance, &[600, 3_600]));
    config.executor.idle_timeout = Some(pick(chance, &[300, 900]));
    config.executor.kill_grace = pick(chance, &[0, 10, 60]);
    config.executor.max_consecutive_failures = 1 + chance.below(6) as u32;
    config.executor.retry.initial_delay = pick(chance, &[0, 1, 5, 60]);
    config.executor.retry.max_delay = pick(chance, &[60, 300, 3_600]);
    config.executor.retry.jitter = chance.percent(50);
    config.server.check_interval = pick(chance, &[1, 60, 600]);
    config.server.task_delay = pick(chance, &[0, 0, 2]);
    config.server.checkpoint.max_task_attempts = 1 + chance.below(4) as u32;
    config.server.checkpoint.max_task_crashes = 1 + chance.below(4) as u32;
    config.server.checkpoint.keep_completed_tasks = chance.index(4);
    Loaded { project_dir, config_path: None, config, notices: vec![], rows: vec![], env_file: vec![] }
}

fn limits(config: &Config) -> Limits {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Limits {
        attempts: config.server.checkpoint.max_task_attempts,
        crashes: config.server.checkpoint.max_task_crashes,
        initial_delay_ms: ms(config.executor.retry.initial_delay),
        max_delay_ms: ms(config.executor.retry.max_delay),
    }
}

fn families(chance: &mut Chance, is_nested: bool) -> Vec<Vec<String>> {
    (0..1 + chance.below(5))
        .map(|family| {
            let size = if is_nested { 1 + chance.below(3) } else { 1 };
            (0..size).map(|place| format!("first {family}-{place}")).collect()
        })
        .collect()
}

/// The machine on which servers run, one after the other.
struct Host {
    world: Arc<World>,
    /// Of a server that is to start again in the same process.
    control: Option<Arc<Control>>,
    catalogue: Arc<Catalogue>,
}

impl Host {
    /// One server from its start to its end, whatever that is. True if it finished.
    fn life(&mut self, mode: Mode) -> bool {
        self.world.look().begin_life();
        let seam = Seam(Arc::clone(&self.world));
        let bell = Arc::new(seam.clone());
        let control =
            self.control.take().unwrap_or_else(|| Arc::new(Control::new(Arc::new(seam.clone()), bell)));
        let request = RunRequest {
            project: self.world.look().project.clone(),
            mode,
            catalogue: Arc::clone(&self.catalogue),
            observer: Arc::new(seam),
            print: Box::new(|_| {}),
        };
        let ran = catch_unwind(AssertUnwindSafe(|| session::run_on(ground(&self.world), &control, request)));
        let mut inner = self.world.look();
        let service = (inner.service.take(), inner.store.take());
        drop(inner);
        drop(service);
        let ending = self.judge(ran);
        if ending == Some(Ending::Stopped(Stop::Restart)) {
            self.control = Some(control);
        }
        let mut inner = self.world.look();
        inner.check_list();
        let time = inner.chance.magnitude(1, 4_000_000);
        inner.pass_time(time);
        if !inner.is_quiet && inner.chance.percent(20) {
            inner.edit_list();
        }
        if !inner.is_quiet && ending.is_some() && inner.chance.percent(20) {
            self.control = None;
            inner.cut_power();
        }
        matches!(ending, Some(Ending::Finished { .. }))
    }

    /// Whether the server may end so.
    fn judge(&self, ran: thread::Result<Result<Ending, ServerError>>) -> Option<Ending> {
        let mut inner = self.world.look();
        let death = inner.dead;
        inner.bury(death);
        match ran {
            Err(payload) => {
                if death.is_none() || !payload.is::<Died>() {
                    let text = payload.downcast_ref::<String>().map(String::as_str);
                    let what = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("?");
                    inner.found(Broken::Wrong, format!("a panic: {what}"));
                }
                None
            }
            Ok(Ok(ending)) => {
                inner.tell(|| format!("{ending:?}"));
                self.judge_ending(&mut inner, ending);
                Some(ending)
            }
            Ok(Err(error)) => {
                inner.tell(|| format!("{error}"));
                let is_right = match &error {
                    ServerError::Engine(EngineError::Store(StoreError::Damaged(_))) => {
                        inner.found(Broken::NeedsHand, format!("it does not start: {error}"));
                        true
                    }
                    ServerError::Engine(EngineError::Store(_)) => inner.disk_failed,
                    ServerError::Engine(EngineError::CannotStart(_)) => inner.could_not_start,
                    _ => false,
                };
                if !is_right && death.is_none() {
                    inner.found(Broken::Wrong, format!("it ended with {error:?}"));
                }
                None
            }
        }
    }

    fn judge_ending(&self, inner: &mut world::Inner, ending: Ending) {
        let is_right = match ending {
            Ending::Stopped(stop) => inner.stops.contains(&stop),
            Ending::Finished { failed, .. } if inner.is_quiet => {
                let expected = left(inner);
                if expected != failed {
                    let story = format!("it says that {failed} tasks are left, and {expected} are");
                    inner.found(Broken::Wrong, story);
                }
                true
            }
            Ending::Finished { .. } | Ending::AgentBroken => true,
        };
        if !is_right {
            inner.found(Broken::Wrong, format!("{ending:?}, and nobody asked for it: {:?}", inner.stops));
        }
    }

    /// Nobody disturbs the server any more: it must come to an end, with every task settled and every box right.
    fn in_peace(&mut self) {
        {
            let mut inner = self.world.look();
            inner.is_quiet = true;
            inner.processes.clear();
            inner.tell(|| "peace".to_owned());
        }
        self.control = None;
        for _ in 0..30 {
            if !self.world.look().oracle.findings.is_empty() {
                return;
            }
            if self.life(Mode::Run) {
                return check_end(&mut self.world.look());
            }
        }
        self.world.look().found(Broken::Stuck, "thirty starts in peace, and it has not finished");
    }
}

/// Tasks of the list, and of this session's, that failed for good and not because someone skipped them.
fn left(inner: &world::Inner) -> usize {
    let items = inner.list.items().unwrap_or_default();
    let state = inner.oracle.state();
    let is_meant =
        |text: &str| items.iter().any(|item| item.text == text) || inner.oracle.is_of_this_life(text);
    let is_left = |reason: FinalReason| reason != FinalReason::Skipped;
    state
        .tasks()
        .filter(|task| task.final_reason().is_some_and(is_left) || task.state() == TaskState::InProgress)
        .filter(|task| is_meant(&task.text))
        .count()
}

fn check_end(inner: &mut world::Inner) {
    if inner.dead == Some(Death::GivenUp) {
        return;
    }
    let items = match inner.list.items() {
        Ok(items) => items,
        Err(error) => return inner.must(Err(error)),
    };
    for item in &items {
        let task = inner.oracle.state().latest_with_text(&item.text);
        let expected: &[char] = match task.map(|task| &task.phase) {
            Some(Phase::Completed) => &['x'],
            Some(Phase::Failed(AfterFailure::Final(_))) => &['-'],
            Some(Phase::RolledBack) => &[' ', '-'],
            Some(phase) => {
                let story = format!("{:?} came to no end: {phase:?}", item.text);
                inner.found(Broken::Stuck, story);
                continue;
            }
            None if inner.oracle.is_completed(&item.text) => &['x'],
            None => &['x', '-'],
        };
        if !expected.contains(&item.mark) {
            let story = format!("the box of {:?} says [{}] and not {expected:?}", item.text, item.mark);
            inner.found(Broken::Wrong, story);
        }
    }
    let added: Vec<String> = inner
        .oracle
        .state()
        .tasks()
        .filter(|task| task.text.starts_with("added") && task.state() != TaskState::Completed)
        .filter(|task| task.final_reason().is_none() && task.state() != TaskState::RolledBack)
        .map(|task| format!("{:?} came to no end: {:?}", task.text, task.phase))
        .collect();
    added.into_iter().for_each(|story| inner.found(Broken::Stuck, story));
}
