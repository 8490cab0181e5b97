//! A started attempt: what `spawn` gives and `watch` takes.
use std::time::Instant;

use crate::ended::Ended;
use crate::exec;
use crate::linux::{self, identity::ProcessIdentity, launch::Command};
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

/// What [`check`] found out of an attempt, and need not be found out again when it is started.
#[derive(Debug)]
pub struct Checked {
    attempt_id: String,
    command: Command,
}

/// Checks everything that can be known before a start: the program, the folder, the lengths. Starts nothing.
///
/// # Errors
/// What [`spawn`] would say.
pub fn check(spec: &AttemptSpec) -> Result<Checked, SpawnError> {
    Ok(Checked { attempt_id: spec.attempt_id.clone(), command: exec::prepare(spec)? })
}

/// Starts an attempt: without a shell, in a session of its own, with every signal's default handling, and with
/// no descriptor of ours but its three pipes. An error means that nothing ran.
pub fn spawn(spec: AttemptSpec) -> Result<Attempt, SpawnError> {
    let checked = check(&spec)?;
    spawn_checked(spec, checked)
}

/// The same for one that was checked just now. What was checked of another attempt is not taken.
pub fn spawn_checked(spec: AttemptSpec, checked: Checked) -> Result<Attempt, SpawnError> {
    if checked.attempt_id != spec.attempt_id {
        return spawn(spec);
    }
    linux::ready()?;
    let command = checked.command;
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
