//! What is under way when a call breaks: each command that writes, on a project in the state that it is meant for.
use std::{collections::BTreeMap, fs, io};

use super::trace::{self, Class, Fault, Plan};
use crate::bench::{Bench, Listed, PATIENCE};
use crate::dice::Dice;

/// How many tasks the list has.
pub(crate) const TASKS: usize = 4;

/// A command and its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// A first run from nothing to the end of the list.
    Run,
    /// A run that recovers from a kill somewhere in the first.
    Recover,
    Add,
    Retry,
    Export,
    Import,
    Reset,
    /// After a kill, with both JSON files cut in half.
    Repair,
}

pub(crate) const SCENES: [Scene; 8] = [
    Scene::Run,
    Scene::Recover,
    Scene::Add,
    Scene::Retry,
    Scene::Export,
    Scene::Import,
    Scene::Reset,
    Scene::Repair,
];

/// Calls on the disk of a first run, roughly: where it is killed before it recovers or is repaired.
const FIRST_RUN: usize = 190;

impl Scene {
    /// The command.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Run | Self::Recover => &["run"],
            Self::Add => &["add", "Do one more", "--id", "extra"],
            Self::Retry => &["retry", "t1"],
            Self::Export => &["checkpoint", "export", "out.json"],
            Self::Import => &["checkpoint", "import", "in.json"],
            Self::Reset => &["checkpoint", "reset"],
            Self::Repair => &["checkpoint", "repair"],
        }
    }

    /// Brings the project into the state that the command meets. The dice say where a first run was killed.
    pub(crate) fn prepare(self, bench: &Bench, dice: &mut Dice) -> io::Result<()> {
        match self {
            Self::Run => Ok(()),
            Self::Recover => kill_a_run(bench, 1 + dice.below(FIRST_RUN)),
            Self::Add | Self::Retry | Self::Export | Self::Reset => good(bench, &["run"]),
            Self::Import => {
                good(bench, &["run"])?;
                good(bench, &["checkpoint", "export", "in.json"])
            }
            Self::Repair => {
                kill_a_run(bench, FIRST_RUN / 3 + dice.below(FIRST_RUN / 2))?;
                for name in [".codeagent_checkpoint.json", ".codeagent_checkpoint.json.backup"] {
                    let path = bench.dir.join("data").join(name);
                    let bytes = fs::read(&path)?;
                    fs::write(&path, &bytes[..bytes.len() / 2])?;
                }
                Ok(())
            }
        }
    }

    /// What must be so once the command said that it did it.
    pub(crate) fn acknowledged(self, bench: &Bench, list: &BTreeMap<String, Listed>) -> Result<(), String> {
        let state = |id: &str| list.get(id).map(|task| task.state.as_str());
        let holds = match self {
            Self::Run | Self::Recover => (1..=TASKS).all(|n| state(&format!("t{n}")) == Some("completed")),
            Self::Add => state("extra") == Some("pending"),
            Self::Retry => state("t1") == Some("pending"),
            Self::Export => is_whole_export(bench) == Some(true),
            Self::Import => list.len() == TASKS,
            Self::Reset => list.is_empty(),
            Self::Repair => true,
        };
        if holds { Ok(()) } else { Err(format!("exit code 0, but: {list:?}")) }
    }

    /// What must be so however the command ended: it was done, or it was not.
    pub(crate) fn always(self, bench: &Bench, list: &BTreeMap<String, Listed>) -> Result<(), String> {
        match self {
            Self::Export if is_whole_export(bench) == Some(false) => {
                Err("half an export has the name".into())
            }
            Self::Import if list.len() != TASKS => {
                Err(format!("neither the old state nor the new: {list:?}"))
            }
            Self::Repair if list.is_empty() => Err("an empty checkpoint after a repair".into()),
            _ => Ok(()),
        }
    }

    /// Whether the files are beyond automatic repair until the command succeeds.
    pub(crate) fn begins_damaged(self) -> bool {
        self == Self::Repair
    }
}

/// None where there is none.
fn is_whole_export(bench: &Bench) -> Option<bool> {
    let bytes = fs::read(bench.dir.join("out.json")).ok()?;
    let whole = serde_json::from_slice::<serde_json::Value>(&bytes);
    Some(whole.is_ok_and(|document| document["tasks"].as_array().is_some_and(|tasks| tasks.len() == TASKS)))
}

fn good(bench: &Bench, words: &[&str]) -> io::Result<()> {
    let said = bench.say(words)?;
    if said.code == Some(0) { Ok(()) } else { Err(io::Error::other(format!("{words:?}: {}", said.short()))) }
}

fn kill_a_run(bench: &Bench, at: usize) -> io::Result<()> {
    let fault = Some((at, Fault::KillBefore));
    let plan = Plan { root: &bench.dir, class: Class::Changes, fault, patience: PATIENCE };
    trace::run(&mut bench.command(&["run"])?, &plan).map(drop)
}
