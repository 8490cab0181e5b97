//! A started attempt: what `spawn` gives and `watch` takes.
use std::time::Instant;

use crate::ended::Ended;
use crate::exec;
use crate::linux::{self, identity::ProcessIdentity};
use crate::pump::{OurEnds, Output, Pump, pipes};
use crate::spec::{AttemptSpec, SpawnError};
use crate::stop::StopHandle;
use crate::tree::Leader;
use crate::watch::{Limits, Watch};

/// A child that runs. Dropped without [`watch`](Self::watch), it is killed with everything below it.
#[derive(Debug)]
pub struct Attempt {
    leader: Leader,
    ends: OurEnds,
    limits: Limits,
    started: Instant,
}

/// Starts an attempt: without a shell, in a session of its own, with every signal's default handling, and with
/// no descriptor of ours but its three pipes. An error means that nothing ran.
pub fn spawn(spec: AttemptSpec) -> Result<Attempt, SpawnError> {
    linux::ready()?;
    let command = exec::prepare(&spec)?;
    let limits =
        Limits { timeout: spec.timeout, idle_timeout: spec.idle_timeout, kill_grace: spec.kill_grace };
    let (ends, theirs) = pipes(spec.stdin)?;
    let started = Instant::now();
    let leader = Leader::start(&command, theirs.stdio(), &spec.attempt_id)
        .map_err(|error| exec::explain(&spec.dir, &command, error))?;
    Ok(Attempt { leader, ends, limits, started })
}

impl Attempt {
    /// Which process it is, to be found again after a crash of ours.
    pub fn identity(&self) -> &ProcessIdentity {
        self.leader.identity()
    }

    /// Blocks until the child and everything that it started is gone. Output goes to `output` as it comes.
    pub fn watch(self, output: &mut dyn Output, stop: &StopHandle) -> Ended {
        let pump = Pump::new(self.ends, output, self.started);
        Watch::new(self.leader, pump, stop, self.limits, self.started).run()
    }
}
