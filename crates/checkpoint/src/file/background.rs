//! The thread that writes snapshots beside the work: soon after a change, seldom enough not to be felt, and never
//! awake while nothing is owed.
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::core::Shared;

/// A snapshot may take one part in so many of the time (promise 9).
const REST: u32 = 20;

/// Wakes the thread.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    /// Waits until it rings, or until then.
    fn wait(&self, until: Option<Instant>) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !*rung {
            rung = match until {
                None => self.heard.wait(rung).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return;
                    }
                    self.heard.wait_timeout(rung, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *rung = false;
    }
}

/// Works until the store ends.
pub(crate) fn work(shared: &Arc<Shared>) {
    let mut last = Pace { ended: Instant::now(), took: Duration::ZERO };
    while shared.check().is_ok() {
        let due = last.due(shared);
        match due {
            Some(due) if due <= Instant::now() => {
                let began = Instant::now();
                // What goes wrong ends the store, and the next caller is told.
                let _ = shared.checkpoint(|| {});
                last = Pace { ended: Instant::now(), took: began.elapsed() };
            }
            due => shared.bell.wait(due),
        }
    }
}

/// The last snapshot.
struct Pace {
    ended: Instant,
    took: Duration,
}

impl Pace {
    /// When the next one is due, if any is owed.
    fn due(&self, shared: &Shared) -> Option<Instant> {
        let core = shared.look().ok()?;
        let since = core.owed_since?;
        let rested = self.ended + self.took * REST;
        if core.segment.len() > shared.options.journal_limit {
            return Some(rested);
        }
        Some(rested.max(since + shared.options.settle))
    }
}
