//! The seam between the engine and real processes: a simulation puts its own agents here.
use std::{path::Path, time::Duration};

use codeagent_core::{AttemptId, ChildIdentity};
use codeagent_runner::{
    Attempt, AttemptSpec, Checked, Ended, Output, SpawnError, StopHandle,
    survivors::{self, SurvivorEnded, SurvivorQuery},
};

/// Starts agents.
pub trait Agents: Send {
    /// Checks what can be known before the start. Starts nothing.
    ///
    /// # Errors
    /// [`SpawnError`] says what to mend.
    fn check(&mut self, spec: &AttemptSpec) -> Result<(), SpawnError>;

    /// Starts one. An error means that nothing ran.
    ///
    /// # Errors
    /// [`SpawnError`] says what to mend.
    fn start(&mut self, spec: AttemptSpec) -> Result<Box<dyn Agent>, SpawnError>;

    /// Ends whatever is left of attempts at the folder, be it recorded or not, whose server is dead; returns once it
    /// is gone.
    fn end_survivors(
        &mut self,
        dir: &Path,
        recorded: &[SurvivorQuery],
        grace: Duration,
    ) -> Vec<SurvivorEnded>;
}

/// One that runs.
pub trait Agent {
    /// Which process it is.
    fn identity(&self) -> ChildIdentity;

    /// Blocks until it and all that it started is gone.
    fn watch(self: Box<Self>, output: &mut dyn Output, stop: &StopHandle) -> Ended;
}

/// Real child processes.
#[derive(Debug, Default)]
pub struct Processes {
    /// What was checked last, for the start that follows: looking twice costs a tenth of a short task.
    checked: Option<Checked>,
}

impl Agents for Processes {
    fn check(&mut self, spec: &AttemptSpec) -> Result<(), SpawnError> {
        self.checked = None;
        self.checked = Some(codeagent_runner::check(spec)?);
        Ok(())
    }

    fn start(&mut self, spec: AttemptSpec) -> Result<Box<dyn Agent>, SpawnError> {
        Ok(Box::new(match self.checked.take() {
            Some(checked) => codeagent_runner::spawn_checked(spec, checked)?,
            None => codeagent_runner::spawn(spec)?,
        }))
    }

    fn end_survivors(
        &mut self,
        dir: &Path,
        recorded: &[SurvivorQuery],
        grace: Duration,
    ) -> Vec<SurvivorEnded> {
        survivors::end_all_survivors(dir, recorded, grace)
    }
}

impl Agent for Attempt {
    fn identity(&self) -> ChildIdentity {
        let identity = Attempt::identity(self);
        ChildIdentity {
            pid: identity.pid.unsigned_abs(),
            start_ticks: identity.start_ticks,
            boot_id: identity.boot_id.as_str().into(),
        }
    }

    fn watch(self: Box<Self>, output: &mut dyn Output, stop: &StopHandle) -> Ended {
        Attempt::watch(*self, output, stop)
    }
}

/// Chance, handed in: a simulation repeats it from a seed.
pub trait Dice: Send {
    /// An even draw over all values.
    fn throw(&mut self) -> u64;

    /// A name that no other attempt has: 32 hex digits.
    fn attempt_id(&mut self) -> AttemptId {
        AttemptId(format!("{:016x}{:016x}", self.throw(), self.throw()).into())
    }
}

/// The system's randomness.
#[derive(Debug, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    fn throw(&mut self) -> u64 {
        // Without randomness the clock's nanoseconds and the pid still tell attempts apart.
        getrandom::u64().unwrap_or_else(|_| {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one((std::process::id(), std::time::Instant::now()))
        })
    }
}
