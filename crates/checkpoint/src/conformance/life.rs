//! Commands at random, the same in every run.
use codeagent_core::{Command, Deferral, RawJson, RetryPolicy, Wait, testkit::now};

use super::{add, id, start};

/// Throws of dice that are the same in every run.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// Between 0 and `sides` − 1 (splitmix64).
    pub fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A command of any kind on one of eight tasks.
pub fn random_command(dice: &mut Dice) -> Command {
    let name = format!("t{}", dice.throw(8));
    let task = id(&name);
    match dice.throw(20) {
        0..=3 => add(&name),
        4..=7 => start(&name, Some(&dice.throw(1_000).to_string())),
        8 | 9 => Command::CompleteTask { id: task, result: Some(RawJson::new("{\"ok\": true}")) },
        10 => Command::FailTask { id: task, error: "no".into(), policy: None },
        11 => Command::FailTask { id: task, error: "no\nmore".into(), policy: Some(policy(dice)) },
        12 => Command::CompleteStep { id: task, step: 1, total: 2 },
        13 => Command::DeferTask { id: task, cause: cause(dice) },
        14 => Command::ResetInterrupted { id: task, max_crashes: Some(2) },
        15 => Command::Retry { id: task, text: Some(format!("Do {name}")) },
        16 => Command::Skip { id: task },
        17 => Command::Rollback { id: task },
        18 => Command::Prune { keep_last_n: 2 },
        _ => server_command(dice),
    }
}

fn server_command(dice: &mut Dice) -> Command {
    match dice.throw(4) {
        0 => Command::StartServer { session_id: "s".into() },
        1 => Command::StopServer { clean: true },
        _ => Command::CountIteration,
    }
}

fn policy(dice: &mut Dice) -> RetryPolicy {
    RetryPolicy { max_attempts: 2, initial_delay_ms: 5, max_delay_ms: 50, dice: Some(dice.throw(u64::MAX)) }
}

fn cause(dice: &mut Dice) -> Deferral {
    if dice.throw(2) == 0 {
        return Deferral::Stop;
    }
    Deferral::Quota(Wait { since_unix_ms: now().unix_ms, delay_ms: dice.throw(1_000) })
}
