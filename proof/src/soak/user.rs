//! The person who works with the program meanwhile: adds, retries, skips, cancels, and edits the list.
use std::process::Child;

use serde_json::Value;

use super::ground::{Ground, Said};
use super::list::TodoList;
use super::oracle::Oracle;
use crate::campaign::{Broken, Outcome};
use crate::dice::Dice;

/// A person at another terminal.
pub(super) struct User {
    added: usize,
}

/// A command that is on its way.
pub(super) struct Asked {
    child: Child,
    verb: &'static str,
    id: String,
}

impl User {
    pub(super) fn new() -> Self {
        Self { added: 0 }
    }

    /// Does something, and waits for the answer.
    pub(super) fn act(
        &mut self,
        ground: &Ground,
        list: &mut TodoList,
        oracle: &mut Oracle,
        dice: &mut Dice,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        if dice.once_in(3) {
            let _held = ground.lock("list.lock")?;
            if let Some(difference) = list.edit(dice, &ground.list(), 3, ground.has_git)? {
                outcome.found(Broken::Wrong, format!("the list was changed: {difference}"));
            }
            return Ok(());
        }
        let asked = self.ask(ground, list, oracle, dice, outcome)?;
        asked.answered(ground, oracle, outcome)
    }

    /// Sends a command without waiting for its answer.
    pub(super) fn ask(
        &mut self,
        ground: &Ground,
        list: &mut TodoList,
        oracle: &mut Oracle,
        dice: &mut Dice,
        outcome: &mut Outcome,
    ) -> Result<Asked, String> {
        let (verb, id) = match dice.below(8) {
            0 | 1 => ("retry", retried(list, oracle, dice)),
            2 => ("skip", dice.pick(&list.ids[list.ids.len().saturating_sub(60)..]).cloned()),
            3 => ("cancel", running(ground)?),
            _ => ("add", None),
        };
        let (verb, id) = match id {
            Some(id) => (verb, id),
            None => {
                self.added += 1;
                ("add", format!("added-{}", self.added))
            }
        };
        if verb == "retry" {
            oracle.read_on("before a retry", outcome)?;
            oracle.may_run(&id);
            list.pin(&id);
        }
        let text = format!("added by hand: {id}");
        let words: &[&str] = if verb == "add" { &["add", &text, "--id", &id] } else { &[verb, &id] };
        Ok(Asked { child: ground.begin(words)?, verb, id })
    }
}

impl Asked {
    /// Waits for the answer, and believes it.
    pub(super) fn answered(
        self,
        ground: &Ground,
        oracle: &mut Oracle,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let said: Said = ground.finish(self.child)?;
        // What was started before the answer may have been started.
        oracle.read_on("before an answer", outcome)?;
        match (self.verb, said.done) {
            ("add", true) => oracle.was_added(&self.id),
            ("skip" | "cancel", true) => oracle.was_given_up(&self.id),
            _ => {}
        }
        Ok(())
    }
}

/// One that is done, and can run again: a task whose line is gone would be held.
fn retried(list: &TodoList, oracle: &Oracle, dice: &mut Dice) -> Option<String> {
    let mut done = oracle.done();
    done.retain(|id| id.starts_with("added") || list.has(id));
    dice.pick(&done).map(|id| (*id).to_owned())
}

/// The task that runs.
fn running(ground: &Ground) -> Result<Option<String>, String> {
    let status = ground.json(&["status", "--json"])?;
    Ok(status.pointer("/current/0/task_id").and_then(Value::as_str).map(str::to_owned))
}
