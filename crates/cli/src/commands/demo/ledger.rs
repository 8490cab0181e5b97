//! What the demo's agent wrote down of its own doing, held against what the checkpoint says.
use std::{collections::BTreeSet, fs, io, path::Path};

use codeagent_core::TaskState;
use codeagent_server::api::TaskView;

/// The agent's own record: it does not know of the checkpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    started: Vec<String>,
    done: Vec<String>,
}

impl Ledger {
    /// Reads it; one that is not there yet is empty.
    pub(super) fn read(dir: &Path) -> io::Result<Self> {
        match fs::read_to_string(dir.join("ledger.txt")) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Self {
        let ids = |word: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(word)?.split(' ').nth(1));
            lines.map(str::to_owned).collect()
        };
        Self { started: ids("start"), done: ids("done") }
    }

    /// Whether an attempt at the task began.
    pub(super) fn was_started(&self, id: &str) -> bool {
        self.started.iter().any(|started| started == id)
    }
}

/// What became of the promises.
#[derive(Debug)]
pub(super) struct Summary {
    /// All tasks as the checkpoint has them.
    pub(super) tasks: Vec<TaskView>,
    /// Tasks that were completed when the server was killed.
    pub(super) completed_before: usize,
    /// Those of them that the checkpoint still has as completed.
    pub(super) kept: usize,
    /// Those that it has not, and tasks of the list that it does not know.
    pub(super) lost: usize,
    /// Tasks that were worked on again after they had been completed.
    pub(super) repeated: usize,
}

impl Summary {
    /// Holds the ledgers at the kill and at the end against the checkpoint.
    pub(super) fn of(before: &Ledger, after: &Ledger, tasks: &[TaskView]) -> Self {
        let completed = |id: &str| {
            tasks.iter().any(|task| task.task_id.as_str() == id && task.state == TaskState::Completed)
        };
        let kept = before.done.iter().filter(|id| completed(id)).count();
        let worked: BTreeSet<_> = after.done.iter().collect();
        let unknown = worked.iter().filter(|id| !completed(id)).count();
        let again = before.done.iter().filter(|id| starts(after, id) > starts(before, id)).count();
        Self {
            tasks: tasks.to_vec(),
            completed_before: before.done.len(),
            kept,
            lost: before.done.len() - kept + unknown,
            repeated: again + (after.done.len() - worked.len()),
        }
    }

    /// Nothing lost, nothing repeated, and everything done that can be done.
    pub(super) fn is_as_promised(&self) -> bool {
        let completed = self.tasks.iter().filter(|task| task.state == TaskState::Completed).count();
        self.lost == 0 && self.repeated == 0 && self.tasks.len() == 8 && completed == 6
    }
}

fn starts(ledger: &Ledger, id: &str) -> usize {
    ledger.started.iter().filter(|started| *started == id).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(text: &str) -> Ledger {
        Ledger::parse(text)
    }

    #[test]
    fn a_second_start_after_the_end_is_a_repetition() {
        let before = ledger("start a 1\ndone a 1\nstart b 1\n");
        let after = ledger("start a 1\ndone a 1\nstart b 1\nstart a 2\ndone a 2\nstart b 2\ndone b 2\n");
        let summary = Summary::of(&before, &after, &[]);
        assert_eq!(summary.repeated, 2, "started again, and done twice");
        assert_eq!(summary.lost, 3, "the checkpoint knows none of them");
    }

    #[test]
    fn a_start_that_was_cut_off_may_be_repeated() {
        let before = ledger("start a 1\ndone a 1\nstart b 1\n");
        let after = ledger("start a 1\ndone a 1\nstart b 1\nstart b 2\ndone b 2\n");
        assert_eq!(Summary::of(&before, &after, &[]).repeated, 0);
    }
}
