//! What a soak counts.
#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

use std::time::Duration;

use super::oracle::Oracle;
use crate::campaign::Outcome;

/// Counts of a run.
#[derive(Default)]
pub(super) struct Figures {
    /// Servers killed alone.
    servers: u64,
    /// Server and agents, one after the other.
    both: u64,
    /// Every process at once.
    power_cuts: u64,
    /// Agents, or what they had left.
    pub(super) agents: u64,
    /// Clean stops.
    pub(super) stops: u64,
    /// Runs that came to their own end.
    pub(super) ended: u64,
    /// What the person did.
    pub(super) commands: u64,
    /// From the start of a process to the report of what it recovered.
    pub(super) recoveries: Vec<Duration>,
}

impl Figures {
    pub(super) fn killed(&mut self, has_namespace: bool, agents_too: bool) {
        match (has_namespace, agents_too) {
            (true, _) => self.power_cuts += 1,
            (false, true) => self.both += 1,
            (false, false) => self.servers += 1,
        }
    }

    pub(super) fn print(&mut self) {
        let Self { servers, both, power_cuts, agents, stops, ended, commands, recoveries } = self;
        println!(
            "killed: server {servers}, server and agents {both}, everything at once {power_cuts}, agents {agents}"
        );
        println!("stopped: {stops}; came to their own end: {ended}; commands meanwhile: {commands}");
        recoveries.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let (median, max) = (recoveries.get(recoveries.len() / 2), recoveries.last());
        println!("recovery of {}: median {:.0} ms, max {:.0} ms", recoveries.len(), ms(median), ms(max));
    }

    pub(super) fn count(&self, outcome: &mut Outcome, oracle: &Oracle) {
        outcome.tried(self.servers + self.both + self.power_cuts + self.agents, "kills");
        outcome.tried(oracle.ended(), "tasks");
        outcome.tried(oracle.attempts(), "attempts");
    }
}
