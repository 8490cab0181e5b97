//! All cuts of one recorded life, each in all its ways.
use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use codeagent_core::State;

use super::{
    Effort, Flaw, Kind, Recording, record,
    survival::{Survivals, matters},
    verdict::{self, Allowed},
};
use crate::{
    conformance::Dice,
    file::twin::{Log, Twin},
};

/// Flaws of one life that are told; they are rarely different ones.
const ENOUGH: usize = 3;

/// Which disks were seen: by a hash of all files that tell a recovery anything.
#[derive(Default)]
pub struct Seen {
    shards: [Mutex<Shard>; 16],
}

#[derive(Default)]
struct Shard {
    disks: HashSet<u64>,
    judged: HashSet<u64>,
}

impl Seen {
    /// How many different disks.
    pub fn disks(&self) -> u64 {
        let len = |shard: &Mutex<Shard>| shard.lock().unwrap_or_else(PoisonError::into_inner).disks.len();
        self.shards.iter().map(len).sum::<usize>() as u64
    }

    /// Whether this disk was not judged by these rules yet.
    fn is_new(&self, disk: u64, rules: u64) -> bool {
        let mut shard = self.shards[disk as usize % 16].lock().unwrap_or_else(PoisonError::into_inner);
        shard.disks.insert(disk);
        shard.judged.insert(disk ^ rules.rotate_left(32))
    }
}

/// What was tried with one life.
#[derive(Default, Debug)]
pub struct Explored {
    /// Operations that were recorded.
    pub operations: u64,
    /// Recoveries that were judged.
    pub recoveries: u64,
    /// What was found.
    pub flaws: Vec<Flaw>,
}

/// Lives one life of so many processes and cuts it off everywhere.
pub fn explore(seed: u64, processes: usize, effort: Effort, seen: &Seen) -> Explored {
    let mut explorer = Explorer { seed, effort, seen, done: Explored::default(), looks: 0 };
    match catch_unwind(|| record(seed, processes)) {
        Err(_) => explorer.flaw(Flaw::new(Kind::Wrong, format!("seed {seed}: a panic while it was lived"))),
        Ok(Err(flaw)) => explorer.flaw(flaw),
        Ok(Ok(recording)) => {
            explorer.done.operations = recording.log.ops.len() as u64;
            for upto in 0..=recording.log.ops.len() {
                explorer.cut(&recording, upto, true, &format!("seed {seed}"));
                if explorer.done.flaws.len() >= ENOUGH {
                    break;
                }
            }
        }
    }
    explorer.done
}

struct Explorer<'s> {
    seed: u64,
    effort: Effort,
    seen: &'s Seen,
    done: Explored,
    /// Disks that might have been looked at closely.
    looks: u64,
}

impl Explorer<'_> {
    /// All disks that a crash leaves after so many operations.
    fn cut(&mut self, recording: &Recording, upto: usize, is_outer: bool, context: &str) {
        let log = &recording.log;
        let ack = recording.ack(upto);
        let context = format!("{context}, cut after {upto} of {}", log.ops.len());
        // The process alone: what it wrote stays.
        self.disk(&log.killed(upto), &Allowed::by(recording, ack, false), is_outer, || {
            format!("{context} by a kill")
        });
        let cut = log.cut(upto);
        let dice = Dice(self.seed ^ (upto as u64) << 32);
        let allowed = Allowed::by(recording, ack, true);
        let effort =
            if is_outer { self.effort } else { Effort { subsets: 8, tears: 0, mixtures: 1, ..self.effort } };
        Survivals::of(log, &cut, dice, effort).each(|fates| {
            if self.done.flaws.len() < ENOUGH {
                let twin = cut.image(|at, _| fates.of(at));
                self.disk(&twin, &allowed, is_outer, || {
                    format!("{context} with {fates:?}\n{}", tail(log, upto))
                });
            }
        });
    }

    fn disk(&mut self, twin: &Twin, allowed: &Allowed<'_>, is_outer: bool, context: impl Fn() -> String) {
        let disk = twin.hash(matters);
        if !self.seen.is_new(disk, allowed.hash) {
            return;
        }
        self.done.recoveries += 1;
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge(twin, allowed, is_outer, &context)));
        match judged {
            Ok(Ok(())) => {}
            Ok(Err(flaw)) => self.flaw(flaw.in_context(&context())),
            Err(_) => self.flaw(Flaw::new(Kind::Wrong, "a panic".into()).in_context(&context())),
        }
    }

    fn judge(
        &mut self,
        twin: &Twin,
        allowed: &Allowed<'_>,
        is_outer: bool,
        context: &impl Fn() -> String,
    ) -> Result<(), Flaw> {
        let begin = twin.log();
        let Some(found) = verdict::recover(twin, allowed)? else { return Ok(()) };
        verdict::same_again(twin, &found)?;
        if !is_outer {
            return Ok(());
        }
        verdict::recover_by_backup(&begin.killed(0), allowed)?;
        self.looks += 1;
        if self.looks.is_multiple_of(self.effort.close_look) {
            verdict::same_after_close(twin, &found)?;
            self.recovery(&begin, found, &context())?;
        }
        Ok(())
    }

    /// The recovery, and what is done after it, cut off in its turn.
    fn recovery(&mut self, begin: &Log, found: State, context: &str) -> Result<(), Flaw> {
        let twin = begin.killed(0);
        let id = self.seed << 32 | self.looks;
        let recording = Recording::of(&twin, found, id, |worker| {
            let store = worker.open()?;
            worker.add(&store, "after the crash")?;
            worker.checkpoint(&store)?;
            worker.add(&store, "after the checkpoint")?;
            store.abandon();
            Ok(())
        })?;
        for upto in 0..=recording.log.ops.len() {
            self.cut(&recording, upto, false, &format!("{context}, and recovered"));
        }
        Ok(())
    }

    fn flaw(&mut self, flaw: Flaw) {
        if self.done.flaws.len() < ENOUGH {
            self.done.flaws.push(flaw);
        }
    }
}

fn tail(log: &Log, upto: usize) -> String {
    let from = upto.saturating_sub(30);
    let line = |(at, op): (usize, _)| {
        let text: String = format!("{op:?}").chars().take(150).collect();
        format!("    {:4} {text}\n", from + at)
    };
    log.ops[from..upto].iter().enumerate().map(line).collect()
}
