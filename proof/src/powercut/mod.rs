//! Power cuts on a real file system: every write of a real server's disk is logged, and every disk that a cut may leave
//! is mounted and worked on.
mod device;
mod log;
mod medium;
mod work;

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use self::{
    device::{Mount, System},
    log::{Cut, Fate},
    work::{Recording, TASKS},
};
use crate::{
    bench::{Bench, Listed, completed},
    campaign::{Broken, Campaign, Extent, Finding, Outcome, Terms},
    dice::Dice,
    mounts::own_mounts,
};

pub(crate) const CAMPAIGN: Campaign =
    Campaign { name: "powercut", about: "every disk that a power cut may leave, mounted and worked on", run };

/// How long CI looks at disks, in seconds.
const CI_SECONDS: u64 = 30;
pub(crate) use medium::CAMPAIGN as MEDIUM;

const AT_A_TIME: usize = 4;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    if let Some(what) = device::missing() {
        outcome.skipped = Some(what);
        return Ok(outcome);
    }
    let seconds = match terms.extent {
        Extent::Ci => Some(terms.seconds.unwrap_or(CI_SECONDS)),
        Extent::Long => terms.seconds,
    };
    let systems = match terms.extent {
        Extent::Ci => &[System::Ext4][..],
        Extent::Long => &[System::Ext4, System::Xfs],
    };
    for system in systems {
        one(*system, terms, seconds, &mut outcome).map_err(|error| format!("{}: {error}", system.name()))?;
    }
    Ok(outcome)
}

fn one(system: System, terms: &Terms, seconds: Option<u64>, outcome: &mut Outcome) -> io::Result<()> {
    let dir = terms.scratch.join(system.name());
    let recording = in_own_mounts(|| work::record(system, &terms.binary, &dir))?;
    let cuts = cuts(&recording, terms.seed);
    let look = Look {
        system,
        terms,
        dir: &dir,
        recording,
        until: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
        cuts: Mutex::new(cuts.into_iter()),
        outcome: Mutex::new(std::mem::take(outcome)),
    };
    let looked = std::thread::scope(|scope| {
        let look = &look;
        let workers: Vec<_> = (0..AT_A_TIME).map(|worker| scope.spawn(move || look.go_on(worker))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(panicked())))
    });
    *outcome = look.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    looked
}

/// On a thread, with whose end the mounts are gone.
fn in_own_mounts<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| own_mounts().and_then(|()| work()));
        thread.join().unwrap_or_else(|_| Err(panicked()))
    })
}

fn panicked() -> io::Error {
    io::Error::other("a worker panicked")
}

/// First the moments at which something had just been told, then those before each flush, all mixed by the seed.
fn cuts(recording: &Recording, seed: u64) -> Vec<Cut> {
    let mut dice = Dice::new(seed);
    let entries = &recording.entries;
    let moment = |log_len: u64| entries.partition_point(|entry| entry.log_len < log_len) + 1;
    let told = recording.told.iter().map(|told| moment(told.log_len).min(entries.len()));
    let mut first: Vec<Cut> =
        told.flat_map(|after| [Fate::Dropped, Fate::Kept].map(|fate| Cut { after, fate })).collect();
    let mut rest = Vec::new();
    for after in log::before_flushes(entries) {
        rest.extend([Fate::Dropped, Fate::Kept].map(|fate| Cut { after, fate }));
        rest.extend((0..3).map(|_| Cut { after, fate: Fate::Mixed(dice.any()) }));
    }
    for after in 1..=entries.len() {
        rest.push(Cut { after, fate: Fate::Mixed(dice.any()) });
    }
    dice.shuffle(&mut first);
    dice.shuffle(&mut rest);
    first.extend(rest);
    first
}

/// What the workers share.
struct Look<'a> {
    system: System,
    terms: &'a Terms,
    dir: &'a Path,
    recording: Recording,
    until: Option<Instant>,
    cuts: Mutex<std::vec::IntoIter<Cut>>,
    outcome: Mutex<Outcome>,
}

impl Look<'_> {
    fn go_on(&self, worker: usize) -> io::Result<()> {
        own_mounts()?;
        while self.until.is_none_or(|until| Instant::now() < until) {
            let next = self.cuts.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(cut) = next else { break };
            let dir = self.dir.join(format!("worker-{worker}"));
            fs::create_dir_all(&dir)?;
            let found = self.at(cut, &dir)?;
            self.count(found);
            device::remove(&dir)?;
        }
        Ok(())
    }

    /// Mounts what the cut left, and works on it. None where the file system itself can't be mounted.
    fn at(&self, cut: Cut, dir: &Path) -> io::Result<Option<Vec<Finding>>> {
        let (image, mounted) = (dir.join("image"), dir.join("mounted"));
        fs::copy(&self.recording.image, &image)?;
        log::apply(&self.recording.entries, cut, &image)?;
        let Ok(_mount) = Mount::new(self.system, &image, &mounted) else { return Ok(None) };
        let bench = Bench::of(&self.terms.binary, &mounted.join("project"), &dir.join("oracle"))?;
        let mut findings = Vec::new();
        let mut found = |broken, what: String| {
            let story = format!("{} seed {} {cut:?}: {what}", self.system.name(), self.terms.seed);
            findings.push(Finding { broken, story });
        };
        match bench.list() {
            Err(what) => found(Broken::NeedsHand, format!("the list can't be read: {what}")),
            Ok(list) => {
                self.lacks(cut, &list).into_iter().for_each(|what| found(Broken::Lost, what));
                finish(&bench, &list)?.into_iter().for_each(|(broken, what)| found(broken, what));
            }
        }
        Ok(Some(findings))
    }

    /// What had been told by then, and is not known.
    fn lacks(&self, cut: Cut, list: &BTreeMap<String, Listed>) -> Vec<String> {
        let begun = cut.after.checked_sub(1).map_or(0, |last| self.recording.entries[last].log_len);
        let told = self.recording.told.iter().filter(|told| told.log_len <= begun);
        told.filter(|told| !told.what.is_known(list))
            .map(|told| format!("{:?} had been told", told.what))
            .collect()
    }

    fn count(&self, found: Option<Vec<Finding>>) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            None => outcome.tried(1, "disks that did not mount"),
            Some(findings) => {
                outcome.tried(1, if self.system == System::Xfs { "xfs disks" } else { "ext4 disks" });
                outcome.findings.extend(findings);
            }
        }
    }
}

/// The next run finishes the list, and repeats nothing that was completed.
fn finish(bench: &Bench, list: &BTreeMap<String, Listed>) -> io::Result<Vec<(Broken, String)>> {
    let said = bench.say(&["run"])?;
    if said.code != Some(0) {
        let broken = if said.stuck { Broken::Stuck } else { Broken::NeedsHand };
        return Ok(vec![(broken, format!("the next run: {}", said.short()))]);
    }
    let ledger = bench.ledger();
    let again = completed(list).into_iter().filter(|id| ledger.starts.contains_key(id));
    let mut found: Vec<_> = again.map(|id| (Broken::Repeated, format!("{id} ran again"))).collect();
    let after = bench.list().map_err(io::Error::other)?;
    let done = completed(&after);
    for id in (1..=TASKS).map(|n| format!("t{n}")).filter(|id| !done.contains(id)) {
        let todo = fs::read_to_string(bench.dir.join("todo.md")).unwrap_or_default();
        found.push((
            Broken::Lost,
            format!("{id} is not completed at the end; the list has {} bytes", todo.len()),
        ));
    }
    Ok(found)
}
