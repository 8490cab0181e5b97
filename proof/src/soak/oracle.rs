//! The oracle of the soak: what agents did (their ledger), held against what the program said was so.
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde_json::Value;

use crate::campaign::{Broken, Outcome};

/// What is known.
pub(super) struct Oracle {
    ledger: PathBuf,
    read_upto: u64,
    /// Said to be completed, and not retried since: never starts again.
    done: HashSet<String>,
    /// Said to be skipped or cancelled, and not retried since: does not start either.
    given_up: HashSet<String>,
    /// Came to their end, by the ledger.
    ended: HashSet<String>,
    /// How often each was started.
    starts: HashMap<String, u32>,
    /// Acknowledged by `add`: must be known for ever.
    added: Vec<String>,
}

/// A task as `list --json` tells it.
struct Told<'a> {
    id: &'a str,
    state: &'a str,
    final_reason: Option<&'a str>,
}

impl Oracle {
    pub(super) fn new(ledger: PathBuf) -> Self {
        Self {
            ledger,
            read_upto: 0,
            done: HashSet::new(),
            given_up: HashSet::new(),
            ended: HashSet::new(),
            starts: HashMap::new(),
            added: vec![],
        }
    }

    /// How many attempts were started.
    pub(super) fn attempts(&self) -> u64 {
        self.starts.values().map(|count| u64::from(*count)).sum()
    }

    /// How many tasks came to their end.
    pub(super) fn ended(&self) -> u64 {
        self.ended.len() as u64
    }

    /// The ids that were said to be completed.
    pub(super) fn done(&self) -> Vec<&str> {
        let mut done: Vec<&str> = self.done.iter().map(String::as_str).collect();
        done.sort_unstable();
        done
    }

    /// `add` was answered: it is there.
    pub(super) fn was_added(&mut self, id: &str) {
        self.added.push(id.to_owned());
    }

    /// `skip` or `cancel` was answered: it does not run.
    pub(super) fn was_given_up(&mut self, id: &str) {
        self.given_up.insert(id.to_owned());
    }

    /// Somebody is about to retry it: from here on it may run.
    pub(super) fn may_run(&mut self, id: &str) {
        self.done.remove(id);
        self.given_up.remove(id);
    }

    /// Reads on in the ledger and judges each line by what is known so far.
    pub(super) fn read_on(&mut self, when: &str, outcome: &mut Outcome) -> Result<(), String> {
        for line in self.new_lines()?.lines() {
            let mut words = line.split(' ');
            let (Some(word), Some(id)) = (words.next(), words.next()) else { continue };
            match word {
                "start" if self.done.contains(id) => {
                    outcome.found(
                        Broken::Repeated,
                        format!("{when}: {id} started again after it was completed"),
                    );
                }
                "start" if self.given_up.contains(id) => {
                    outcome.found(Broken::Wrong, format!("{when}: {id} started after it was given up"));
                }
                "overlap" => outcome.found(Broken::Repeated, format!("{when}: two of {id} at a time")),
                "unguarded" => {
                    outcome.found(
                        Broken::Lost,
                        format!("{when}: {id} took the checkpoint away, it did not come back"),
                    );
                }
                _ => {}
            }
            if word == "start" {
                *self.starts.entry(id.to_owned()).or_default() += 1;
            } else if word == "end" {
                self.ended.insert(id.to_owned());
            }
        }
        Ok(())
    }

    fn new_lines(&mut self) -> Result<String, String> {
        let fail = |error: std::io::Error| format!("{}: {error}", self.ledger.display());
        let mut file = File::open(&self.ledger).map_err(fail)?;
        file.seek(SeekFrom::Start(self.read_upto)).map_err(fail)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fail)?;
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        self.read_upto += text.len() as u64;
        Ok(text)
    }

    /// Holds what `list --json` says against what it said before, and remembers it.
    pub(super) fn hear(&mut self, list: &Value, when: &str, outcome: &mut Outcome) -> Result<(), String> {
        self.read_on(when, outcome)?;
        let mut running = vec![];
        for task in tasks(list)? {
            if task.state != "completed" && self.done.contains(task.id) {
                let story = format!("{when}: {} was completed, and is {} now", task.id, task.state);
                outcome.found(Broken::Lost, story);
            }
            if self.given_up.contains(task.id) && task.state != "failed" {
                let story = format!("{when}: {} was given up, and is {} now", task.id, task.state);
                outcome.found(Broken::Lost, story);
            }
            match task.state {
                "completed" => _ = self.done.insert(task.id.to_owned()),
                "in_progress" => running.push(task.id.to_owned()),
                _ => {}
            }
        }
        if running.len() > 1 {
            outcome.found(Broken::Stuck, format!("{when}: more than one task in progress: {running:?}"));
        }
        Ok(())
    }

    /// At the end, when a run came to its own end: every task is settled.
    pub(super) fn judge_end(
        &self,
        list: &Value,
        listed: &[String],
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let told: BTreeMap<&str, Told<'_>> = tasks(list)?.into_iter().map(|task| (task.id, task)).collect();
        for id in listed.iter().chain(&self.added) {
            let never = id.starts_with("never");
            let given_up = self.given_up.contains(id);
            let (state, reason) = match told.get(id.as_str()) {
                Some(task) => (task.state, task.final_reason),
                None => ("pruned", None),
            };
            let ran = self.ended.contains(id);
            let right = match state {
                "completed" | "pruned" => ran && !never && !given_up,
                "failed" if given_up => matches!(reason, Some("skipped" | "cancelled")),
                // One whose cancel was not answered may have been cancelled all the same.
                "failed" => {
                    matches!(reason, Some("cancelled" | "skipped"))
                        || never && reason == Some("attempt_limit")
                }
                _ => false,
            };
            if !right {
                let broken = if state == "pruned" { Broken::Lost } else { Broken::Stuck };
                let story = format!(
                    "at the end {id} is {state} ({reason:?}); came to its end: {ran}; given up: {given_up}"
                );
                outcome.found(broken, story);
            }
        }
        Ok(())
    }
}

impl Oracle {
    /// Boxes of the list that don't say what became of their tasks: `x` for what is completed, `-` for what failed.
    pub(super) fn wrong_boxes(&self, list: &Value, boxes: &[(String, &str)]) -> Result<Vec<String>, String> {
        let told: BTreeMap<&str, &str> = tasks(list)?.into_iter().map(|task| (task.id, task.state)).collect();
        let wanted = |id: &str| if told.get(id) == Some(&"failed") { "-" } else { "x" };
        let wrong = boxes.iter().filter(|(id, mark)| id != "fenced" && *mark != wanted(id));
        Ok(wrong.map(|(id, mark)| format!("{id} [{mark}]")).collect())
    }
}

fn tasks(list: &Value) -> Result<Vec<Told<'_>>, String> {
    let told = |task| {
        let word = |key| Value::get(task, key).and_then(Value::as_str);
        Some(Told { id: word("task_id")?, state: word("state")?, final_reason: word("final_reason") })
    };
    let all = list.get("tasks").and_then(Value::as_array).map(|tasks| tasks.iter().map(told).collect());
    all.flatten().ok_or_else(|| format!("no list of tasks: {list}"))
}
