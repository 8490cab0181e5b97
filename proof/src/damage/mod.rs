//! Every damaged file: each bit, each length, garbage, other files, alone and in pairs, against the decision table.
mod ruin;
mod sample;
mod verdict;

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use self::{
    ruin::Case,
    sample::Sample,
    verdict::{End, Trial},
};
use crate::{
    campaign::{Broken, Campaign, Extent, Outcome, Terms},
    dice::Dice,
};

pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "damage",
    about: "every damaged file of a checkpoint costs nothing, or is refused with nothing changed, and can be repaired",
    run,
};

/// Findings that are told.
const ENOUGH: usize = 8;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let is_long = terms.extent == Extent::Long;
    let (sample, other) = (Sample::of_store(9)?, Sample::of_store(7)?);
    let pairs = if is_long { 20_000 } else { 250 };
    let cases = Case::all(&sample, pairs, &mut Dice::new(terms.seed));
    let each_cut_off = if is_long { 40 } else { 400 };
    let work = Work { sample, other, cases, next: AtomicUsize::new(0), each_cut_off, done: Mutex::default() };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(|| work.some()))));
    let done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut outcome = done.outcome;
    outcome.tried(done.seen.len() as u64, "damaged checkpoints");
    outcome.tried(done.refused, "refused and repaired");
    outcome.tried(done.cut_off, "repairs cut off");
    Ok(outcome)
}

struct Work {
    sample: Sample,
    other: Sample,
    cases: Vec<Case>,
    next: AtomicUsize,
    /// Of so many repairs one is cut off at each of its operations.
    each_cut_off: u64,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    outcome: Outcome,
    seen: HashSet<u64>,
    refused: u64,
    cut_off: u64,
}

impl Work {
    /// One thread: case after case.
    fn some(&self) {
        while let Some(case) = self.cases.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let trial = Trial::new(&self.sample, &self.other, case);
            let tried = catch_unwind(AssertUnwindSafe(|| self.one(&trial)));
            let tried = tried.unwrap_or_else(|_| Err((Broken::Wrong, "a panic".to_owned())));
            if let Err((broken, story)) = tried {
                let mut done = self.done();
                done.outcome.found(broken, format!("{case:?}: {story}"));
                if done.outcome.findings.len() >= ENOUGH {
                    return;
                }
            }
        }
    }

    fn one(&self, trial: &Trial<'_>) -> Result<(), (Broken, String)> {
        let disk = trial.disk()?.hash(|_| true);
        if !self.done().seen.insert(disk) {
            return Ok(());
        }
        if trial.open()? != End::Refused {
            return Ok(());
        }
        trial.repair()?;
        let refused = {
            let mut done = self.done();
            done.refused += 1;
            done.refused
        };
        if refused.is_multiple_of(self.each_cut_off) {
            let disks = trial.repair_cut_off()?;
            self.done().cut_off += disks;
        }
        Ok(())
    }

    fn done(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
