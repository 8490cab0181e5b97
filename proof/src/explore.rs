//! Every disk that a crash may leave: lives of the file store on the disk's twin, cut off at each operation.
//!
//! What is tried and asked stands in `codeagent_checkpoint::crash`; here it is decided how much of it.
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use codeagent_checkpoint::crash::{Effort, Explored, Kind, Seen, explore};

use crate::campaign::{Broken, Campaign, Extent, Outcome, Terms};

pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "explore",
    about: "every disk that a crash may leave of the file store recovers to what was acknowledged",
    run,
};

/// How much is tried.
struct Size {
    effort: Effort,
    /// Processes of one life.
    processes: usize,
    /// Lives are begun until there were so many,
    lives: u64,
    /// or so many different disks,
    disks: u64,
    /// or so much time is over.
    time: Duration,
}

const CI: Size = Size {
    effort: Effort { subsets: 12, tears: 1, mixtures: 2, close_look: 1_000 },
    processes: 4,
    lives: 8,
    disks: u64::MAX,
    time: Duration::from_secs(120),
};

const LONG: Size = Size {
    effort: Effort { subsets: 256, tears: 6, mixtures: 16, close_look: 2_000 },
    processes: 8,
    lives: u64::MAX,
    disks: 1_200_000,
    time: Duration::from_secs(4 * 3600),
};

/// Findings that are told: they are rarely different ones.
const ENOUGH: usize = 5;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let mut size = if terms.extent == Extent::Ci { CI } else { LONG };
    if let Some(seconds) = terms.seconds {
        (size.time, size.lives, size.disks) = (Duration::from_secs(seconds), u64::MAX, u64::MAX);
    }
    let all = Lives {
        size,
        first: terms.seed,
        begun: AtomicU64::new(0),
        seen: Seen::default(),
        done: Mutex::default(),
    };
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(|| all.live(began)))));
    let Explored { operations, recoveries, flaws } =
        all.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut outcome = Outcome::default();
    outcome.tried(all.seen.disks(), "disks");
    outcome.tried(recoveries, "recoveries");
    outcome.tried(operations, "cuts");
    outcome.tried(all.begun.into_inner(), "lives");
    for flaw in flaws.into_iter().take(ENOUGH) {
        let broken = match flaw.kind {
            Kind::Lost => Broken::Lost,
            Kind::NeedsHand => Broken::NeedsHand,
            Kind::Wrong => Broken::Wrong,
        };
        outcome.found(broken, flaw.story);
    }
    Ok(outcome)
}

struct Lives {
    size: Size,
    first: u64,
    begun: AtomicU64,
    seen: Seen,
    done: Mutex<Explored>,
}

impl Lives {
    /// One thread: life after life, each with a seed of its own.
    fn live(&self, began: Instant) {
        while !self.is_enough(began) {
            let life = self.begun.fetch_add(1, Ordering::Relaxed);
            if life >= self.size.lives {
                self.begun.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            let seed = self.first.wrapping_add(life);
            let one = explore(seed, self.size.processes, self.size.effort, &self.seen);
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.operations += one.operations;
            done.recoveries += one.recoveries;
            done.flaws.extend(one.flaws);
        }
    }

    fn is_enough(&self, began: Instant) -> bool {
        let flaws = self.done.lock().unwrap_or_else(PoisonError::into_inner).flaws.len();
        flaws >= ENOUGH || self.seen.disks() >= self.size.disks || began.elapsed() >= self.size.time
    }
}
