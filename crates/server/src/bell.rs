//! What wakes a thread that waits for word: the seam at which a simulation lets its own time pass instead.
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Rung by whoever has news.
pub trait Bell: Send + Sync {
    /// How often it was rung. Asked before the news is looked at, so that none is missed.
    fn rung(&self) -> u64;

    /// Wakes all who wait.
    fn ring(&self);

    /// Waits until it was rung more often than `heard`, or the time is over; without a time, until it is rung.
    /// May return early.
    fn wait(&self, heard: u64, time: Option<Duration>);
}

/// Lets the thread sleep.
#[derive(Debug, Default)]
pub struct SystemBell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl SystemBell {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell for SystemBell {
    fn rung(&self) -> u64 {
        *self.lock()
    }

    fn ring(&self) {
        *self.lock() += 1;
        self.changed.notify_all();
    }

    fn wait(&self, heard: u64, time: Option<Duration>) {
        let is_quiet = |rung: &mut u64| *rung == heard;
        let rung = self.lock();
        match time {
            Some(time) => drop(self.changed.wait_timeout_while(rung, time, is_quiet)),
            None => drop(self.changed.wait_while(rung, is_quiet)),
        }
    }
}
