//! One round: a command is broken at one call, and then everything that was promised is checked.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use super::{
    room::{Disk, Room},
    scene::{Scene, TASKS},
    trace::{self, Call, Class, Fault, Plan, Traced},
};
use crate::{
    bench::{Bench, Ledger, Listed, PATIENCE, Said, completed},
    campaign::{Broken, Finding},
    dice::Dice,
};

/// What is broken, where, and in the midst of what.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) scene: Scene,
    pub(crate) class: Class,
    pub(crate) at: usize,
    pub(crate) fault: Fault,
    /// Instead of one call: little room for all of them.
    pub(crate) room: Option<Room>,
    /// Where a first run was killed, for scenes that have one.
    pub(crate) dice: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) hit: bool,
    pub(crate) findings: Vec<Finding>,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, class, at, fault, dice, room } = self;
        match room {
            Some(room) => write!(f, "{scene:?}:{room:?}:{dice}"),
            None => write!(f, "{scene:?}:{class:?}:{at}:{fault:?}:{dice}"),
        }
    }
}

/// Whether a log line warns of something.
fn is_said(err: &str) -> bool {
    [" - WARNING - ", " - ERROR - ", "warning: "].iter().any(|level| err.contains(level))
}

/// The journals of a project.
fn journals(project: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let entries = match fs::read_dir(project.join("data")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    let journals = names.iter().filter(|name| name.to_string_lossy().contains(".journal-"));
    Ok(journals.map(|name| Path::new("data").join(name)).collect())
}

/// A round that is under way.
struct Trial<'a> {
    round: &'a Round,
    bench: Bench,
    call: Option<Call>,
    /// Journals that were there before it, by their paths in the project.
    earlier: BTreeSet<PathBuf>,
    findings: Vec<Finding>,
    /// Starts of each task that the files said was completed, when they first said so.
    done: BTreeMap<String, u64>,
}

impl Round {
    /// Plays it in an empty folder.
    pub(crate) fn play(&self, binary: &Path, dir: &Path) -> io::Result<Played> {
        let bench = Bench::lay_out(binary, &dir.join("project"), &dir.join("oracle"), TASKS)?;
        self.scene.prepare(&bench, &mut Dice::new(self.dice))?;
        let (findings, done, earlier) = (Vec::new(), BTreeMap::new(), journals(&bench.dir)?);
        let mut trial = Trial { round: self, bench, call: None, earlier, findings, done };
        if !self.scene.begins_damaged() {
            trial.look();
        }
        let disk = self.room.map(|room| room.prepare(&trial.bench)).transpose()?;
        let traced = match self.room {
            Some(room) => Traced { hit: true, ..room.run(&trial.bench, self.scene.words())? },
            None => trial.break_it()?,
        };
        disk.as_ref().map(Disk::has_room_again).transpose()?;
        if traced.hit {
            trial.after(&traced)?;
        }
        Ok(Played { hit: traced.hit, findings: trial.findings })
    }
}

impl Trial<'_> {
    fn break_it(&mut self) -> io::Result<Traced> {
        let Round { scene, class, at, fault, .. } = *self.round;
        let fault = Some((at, fault));
        let plan = Plan { root: &self.bench.dir, class, fault, patience: PATIENCE };
        let traced = trace::run(&mut self.bench.command(scene.words())?, &plan)?;
        self.call = traced.broken_call(fault).cloned();
        Ok(traced)
    }

    fn after(&mut self, traced: &Traced) -> io::Result<()> {
        let said = Said { code: traced.code, stuck: traced.stuck, ..self.bench.heard() };
        self.judge_end(&said);
        if self.round.scene == Scene::Reset {
            self.done.clear(); // what was asked for
        }
        if self.round.scene.begins_damaged() && said.code != Some(0) {
            let again = self.bench.say(self.round.scene.words())?;
            if again.code != Some(0) {
                self.found(Broken::NeedsHand, &format!("repair, once more: {}", again.short()));
                return Ok(());
            }
        }
        let Some(list) = self.look() else { return Ok(()) };
        if said.code == Some(0)
            && let Err(what) = self.round.scene.acknowledged(&self.bench, &list)
        {
            self.found(Broken::Lost, &what);
        }
        // What can't be read can't be salvaged, nor told from what was lost.
        let is_blind = self.round.class == Class::Looks && self.round.scene == Scene::Repair;
        if !is_blind && let Err(what) = self.round.scene.always(&self.bench, &list) {
            self.found(Broken::Lost, &what);
        }
        self.was_told_only_what_is_durable(&said);
        self.finish()
    }

    /// How a broken command may end: as if nothing had been, or with exit code 5 and a word about it.
    fn judge_end(&mut self, said: &Said) {
        let killed = matches!(self.round.fault, Fault::KillBefore | Fault::KillHalfway);
        match said.code {
            _ if said.stuck => self.found(Broken::Stuck, "it did not end"),
            None if killed => {}
            Some(0) if self.must_be_refused() => {
                self.found(Broken::Wrong, "what the checkpoint needs failed, and the exit code is 0");
            }
            Some(0) if self.must_be_said() && !is_said(&said.err) => {
                self.found(Broken::Wrong, &format!("it failed, and nothing was said: {}", said.short()));
            }
            Some(0) => {}
            Some(5) if said.err.contains("error: ") => {}
            // A list, or a configuration, that can't be read.
            Some(2) if self.round.class == Class::Looks && !self.is_of_checkpoint() => {}
            // What the medium does not give back is damage; the next start, which can read it, must know everything.
            Some(4) if self.round.class == Class::Looks && self.is_of_checkpoint() => {}
            _ => self.found(Broken::Wrong, &format!("ended otherwise: {}", said.short())),
        }
    }

    fn is_of_checkpoint(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.path.starts_with("data"))
    }

    /// An error of anything that the checkpoint's durability needs: every change of its files, and of their folder's names.
    ///
    /// A journal of an earlier process is only written once more, as it is, for a backup that may have to lead through it.
    fn must_be_refused(&self) -> bool {
        let is_needed = |call: &Call| {
            let name = call.path.to_string_lossy();
            let is_once_more =
                matches!(call.name, "openat" | "pwrite64" | "fdatasync") && self.earlier.contains(&call.path);
            let is_file = name.starts_with("data/.codeagent_checkpoint");
            (is_file && !is_once_more) || (name == "data" && call.name == "fsync")
        };
        self.is_error_of_a_change() && self.call.as_ref().is_some_and(is_needed)
    }

    /// An error of what is only derived, and can be done again: list, status file, logs.
    fn must_be_said(&self) -> bool {
        let is_derived = |call: &Call| {
            !matches!(call.name, "unlink" | "mkdir" | "fchmod") && !call.path.starts_with("data")
        };
        self.is_error_of_a_change() && self.call.as_ref().is_some_and(is_derived)
    }

    fn is_error_of_a_change(&self) -> bool {
        self.round.class == Class::Changes
            && matches!(self.round.fault, Fault::Errno(_) | Fault::ErrnoFromThenOn(_))
    }

    /// What the files say now; what they call completed may never start again, and what started they must know.
    fn look(&mut self) -> Option<BTreeMap<String, Listed>> {
        let ledger = self.bench.ledger();
        let list = match self.bench.list() {
            Ok(list) => list,
            Err(what) => {
                self.found(Broken::NeedsHand, &format!("the list can't be read: {what}"));
                return None;
            }
        };
        for id in completed(&list) {
            self.done.entry(id.clone()).or_insert_with(|| ledger.starts.get(&id).copied().unwrap_or(0));
        }
        if !matches!(self.round.scene, Scene::Reset | Scene::Repair | Scene::Import) {
            for (id, starts) in &ledger.starts {
                let known = list.get(id).map_or(0, |task| task.attempts);
                if known < *starts {
                    self.found(Broken::Wrong, &format!("{id} started {starts} times, {known} are known"));
                }
            }
        }
        Some(list)
    }

    /// Every completion that was logged is in the files.
    fn was_told_only_what_is_durable(&mut self, said: &Said) {
        let told = said.err.lines().filter_map(|line| line.split_once("Task completed: "));
        for (_, rest) in told {
            let id = rest.split(' ').next().unwrap_or_default();
            if !self.done.contains_key(id) {
                self.found(Broken::Lost, &format!("{id} was told to be completed, and is not"));
            }
        }
    }

    /// The next start, undisturbed, finishes the list.
    fn finish(&mut self) -> io::Result<()> {
        let said = self.bench.say(&["run"])?;
        let broken = match said.code {
            Some(0) => None,
            Some(1) if self.round.scene == Scene::Repair => None, // uncertain tasks are for a person
            _ if said.stuck => Some(Broken::Stuck),
            _ => Some(Broken::NeedsHand),
        };
        if let Some(broken) = broken {
            self.found(broken, &format!("the next run: {}", said.short()));
            return Ok(());
        }
        let ledger = self.bench.ledger();
        self.nothing_repeated(&ledger);
        let Some(list) = self.look() else { return Ok(()) };
        if self.round.scene != Scene::Repair {
            for (id, task) in list.iter().filter(|(_, task)| task.state != "completed") {
                self.found(Broken::Lost, &format!("{id} is {} at the end", task.state));
            }
        }
        for id in completed(&list).iter().filter(|id| !ledger.ends.contains_key(*id)) {
            self.found(Broken::Lost, &format!("{id} is called completed and never came to its end"));
        }
        let left = self.bench.left_over();
        if !left.is_empty() {
            self.found(Broken::Wrong, &format!("agents are left over: {left:?}"));
        }
        Ok(())
    }

    fn nothing_repeated(&mut self, ledger: &Ledger) {
        for (id, before) in self.done.clone() {
            let now = ledger.starts.get(&id).copied().unwrap_or(0);
            if now > before && !(self.round.scene == Scene::Retry && id == "t1") {
                self.found(Broken::Repeated, &format!("{id} started again after its completion was durable"));
            }
        }
        for id in &ledger.overlaps {
            self.found(Broken::Repeated, &format!("{id} ran twice at a time"));
        }
    }

    fn found(&mut self, broken: Broken, what: &str) {
        let call = self.call.as_ref().map(|call| format!("{} of {}", call.name, call.path.display()));
        let story = format!("round {}: {}: {what}", self.round, call.unwrap_or_default());
        self.findings.push(Finding { broken, story });
    }
}
