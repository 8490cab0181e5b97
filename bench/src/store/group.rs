//! Group commit for the peers, as their users would write it: of several callers one commits for all that wait.
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Durable;
use crate::measure::Result;

/// A database that makes a batch of transitions durable.
pub(super) trait Sink: Send {
    /// Task and number of the transition.
    fn commit(&mut self, batch: &[(usize, u64)]) -> Result<()>;
}

pub(super) struct Grouped<S> {
    sink: Mutex<S>,
    line: Mutex<Line>,
    done: Condvar,
}

#[derive(Default)]
struct Line {
    waiting: Vec<(usize, u64)>,
    /// The number of the batch that is gathered, and of the last one that is durable.
    gathered: u64,
    durable: u64,
    is_led: bool,
    failed: bool,
}

impl<S: Sink> Grouped<S> {
    pub(super) fn new(sink: S) -> Self {
        let line = Line { gathered: 1, ..Line::default() };
        Self { sink: Mutex::new(sink), line: Mutex::new(line), done: Condvar::new() }
    }

    fn lead<'l>(&'l self, mut line: MutexGuard<'l, Line>) -> Result<MutexGuard<'l, Line>> {
        let batch = std::mem::take(&mut line.waiting);
        let number = line.gathered;
        line.gathered += 1;
        line.is_led = true;
        drop(line);
        let committed = lock(&self.sink).commit(&batch);
        let mut line = lock(&self.line);
        line.is_led = false;
        line.durable = number;
        line.failed |= committed.is_err();
        self.done.notify_all();
        committed.map(|()| line)
    }
}

impl<S: Sink> Durable for Grouped<S> {
    fn transition(&self, caller: usize, count: u64) -> Result<()> {
        let mut line = lock(&self.line);
        line.waiting.push((caller, count));
        let mine = line.gathered;
        while line.durable < mine {
            if line.failed {
                return Err("another caller's commit failed".into());
            }
            line = if line.is_led {
                self.done.wait(line).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.lead(line)?
            };
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
