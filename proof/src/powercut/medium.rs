//! A disk that fails: some write or flush under a real ext4 is answered with an error, once or from then on; what had been
//! told is on the disk all the same.
use std::{
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    AT_A_TIME,
    device::{self, Exported, Failing, Fault, Mount, System},
    finish, in_own_mounts, panicked, work,
};
use crate::{
    bench::Bench,
    campaign::{Broken, Campaign, Extent, Finding, Outcome, Terms},
    dice::Dice,
    mounts::own_mounts,
};

pub(crate) const CAMPAIGN: Campaign =
    Campaign { name: "medium", about: "writes and flushes that fail under a real file system", run };

/// How long CI tries, in seconds; as a rule it comes to the end of them before.
const CI_SECONDS: u64 = 40;
/// A run takes about 65 writes and 45 flushes.
const WRITES: usize = 90;
const FLUSHES: usize = 60;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    if let Some(what) = device::missing() {
        outcome.skipped = Some(what);
        return Ok(outcome);
    }
    all(terms).map_err(|error| error.to_string())
}

fn all(terms: &Terms) -> io::Result<Outcome> {
    let dir = &terms.scratch;
    let (image, _) = in_own_mounts(|| work::prepare(System::Ext4InPages, &terms.binary, dir))?;
    let seconds = terms.seconds.or((terms.extent == Extent::Ci).then_some(CI_SECONDS));
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let faults = Mutex::new(faults(terms.seed).into_iter());
    let outcome = Mutex::new(Outcome::default());
    let go_on = |worker: usize| -> io::Result<()> {
        own_mounts()?;
        while until.is_none_or(|until| Instant::now() < until) {
            let next = faults.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(fault) = next else { break };
            let dir = dir.join(format!("worker-{worker}"));
            fs::create_dir_all(&dir)?;
            let tried = Trial { terms, image: &image, dir: &dir, fault }.run()?;
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            outcome.tried(1, tried.unit);
            outcome.findings.extend(tried.findings);
            device::remove(&dir)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let go_on = &go_on;
        let workers: Vec<_> = (0..AT_A_TIME).map(|worker| scope.spawn(move || go_on(worker))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(panicked())))
    })?;
    Ok(outcome.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// All that there are, mixed by the seed.
fn faults(seed: u64) -> Vec<Fault> {
    let each = |count, what| {
        let both = move |nth| [true, false].map(|once| Fault { nth, what, once });
        (1..=count).flat_map(both)
    };
    let mut faults: Vec<_> = each(WRITES, Failing::Write).chain(each(FLUSHES, Failing::Flush)).collect();
    Dice::new(seed).shuffle(&mut faults);
    faults
}

/// A run on a disk of its own that fails.
struct Trial<'a> {
    terms: &'a Terms,
    image: &'a Path,
    dir: &'a Path,
    fault: Fault,
}

struct Tried {
    unit: &'static str,
    findings: Vec<Finding>,
}

impl Trial<'_> {
    fn run(&self) -> io::Result<Tried> {
        let (disk, oracle) = (self.dir.join("disk"), self.dir.join("oracle"));
        fs::copy(self.image, &disk)?;
        let Some((code, stuck, said)) = self.work(&disk, &oracle)? else {
            return Ok(Tried { unit: "disks that failed too early", findings: Vec::new() });
        };
        let unit = if code == Some(0) { "runs that came to their end" } else { "runs that were ended" };
        let mut findings = Vec::new();
        let mut found = |broken, what: String| {
            let story = format!("seed {} {:?}: {what}", self.terms.seed, self.fault);
            findings.push(Finding { broken, story });
        };
        match code {
            Some(0 | 5) => {}
            _ if stuck => found(Broken::Stuck, said.clone()),
            _ => found(Broken::Wrong, said.clone()),
        }
        // The medium is whole again: what lies on it is what was written.
        let mounted = self.dir.join("mounted");
        let _mount = Mount::new(System::Ext4InPages, &disk, &mounted)?;
        let ledger = oracle.join("ledger");
        let told = match ledger.exists() {
            true => work::told(&ledger, (code == Some(0)).then_some(0))?,
            false => Vec::new(),
        };
        let bench = Bench::of(&self.terms.binary, &mounted.join("project"), &self.dir.join("oracle-2"))?;
        match bench.list() {
            Err(what) => found(Broken::NeedsHand, format!("the list can't be read: {what}")),
            Ok(list) => {
                for told in told.iter().filter(|told| !told.what.is_known(&list)) {
                    found(Broken::Lost, format!("{:?} had been told; {said}", told.what));
                }
                finish(&bench, &list)?.into_iter().for_each(|(broken, what)| found(broken, what));
            }
        }
        Ok(Tried { unit, findings })
    }

    /// Exit code, whether it was stuck, and what it said. None where the file system could not even be mounted.
    fn work(&self, disk: &Path, oracle: &Path) -> io::Result<Option<(Option<i32>, bool, String)>> {
        let exported = Exported::failing(disk, self.fault, self.dir.join("export"))?;
        let mounted = self.dir.join("mounted");
        let Ok(_mount) = Mount::new(System::Ext4InPages, &exported.file, &mounted) else { return Ok(None) };
        let Ok(bench) = Bench::of(&self.terms.binary, &mounted.join("project"), oracle) else {
            return Ok(None);
        };
        let said = bench.wait_for(work::with_log(&bench, &["run"], disk)?)?;
        Ok(Some((said.code, said.stuck, said.short())))
    }
}
