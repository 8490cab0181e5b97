//! The TODO list of the soak: what a person wrote into it, so that every byte but the boxes can be checked.
use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::dice::Dice;

/// What agents do, and how often of a hundred.
const KINDS: &[(&str, usize)] =
    &[("quick", 58), ("once", 12), ("never", 6), ("tick", 12), ("daemon", 8), ("hang", 2), ("clean", 2)];

/// Lines that are no tasks, and must stay as they are: among them what looks like a task.
const PROSE: &[&str] = &[
    "# Список дел — the list\r\n",
    "\n",
    "Prose with trailing blanks   \n",
    "```text\n- [ ] in a fence <!-- id: fenced -->\n```\n",
    "\t\n",
    "* * *\r\n",
];

/// The list as the person who writes it knows it.
pub(super) struct TodoList {
    /// With the boxes as they were written.
    lines: Vec<String>,
    /// Ids of all tasks that were ever written into it.
    pub(super) ids: Vec<String>,
    /// Lines that stay, though they are ticked: their tasks may be on their way to run again.
    pinned: HashSet<String>,
}

impl TodoList {
    /// A list of so many tasks.
    pub(super) fn new(dice: &mut Dice, tasks: usize, has_git: bool) -> Self {
        let lines = PROSE.iter().map(|line| (*line).to_owned()).collect();
        let mut list = Self { lines, ids: vec![], pinned: HashSet::new() };
        let more = list.more(dice, tasks, has_git);
        list.lines.extend(more);
        list
    }

    /// As it was written.
    pub(super) fn text(&self) -> String {
        self.lines.concat()
    }

    /// The line of a task is never taken out.
    pub(super) fn pin(&mut self, id: &str) {
        self.pinned.insert(id.to_owned());
    }

    /// Whether the line of a task is there.
    pub(super) fn has(&self, id: &str) -> bool {
        self.lines.iter().any(|line| id_of(line) == Some(id))
    }

    /// Lines of tasks that were never there.
    fn more(&mut self, dice: &mut Dice, tasks: usize, has_git: bool) -> Vec<String> {
        let mut line = |_| {
            let id = format!("{}-{}", kind(dice, has_git), self.ids.len());
            let line = line_of(dice, &id);
            self.ids.push(id);
            line
        };
        (0..tasks).map(&mut line).collect()
    }

    /// What a person does in an editor: adds tasks, and takes out what is ticked. The file is read first, and written
    /// in one rename; whoever calls holds the list's lock, so that no agent writes meanwhile. Answers what else was
    /// changed in it, and leaves it then.
    pub(super) fn edit(
        &mut self,
        dice: &mut Dice,
        path: &Path,
        tasks: usize,
        has_git: bool,
    ) -> Result<Option<String>, String> {
        let fail = |error: std::io::Error| format!("{}: {error}", path.display());
        let there = match split(&self.lines, &fs::read_to_string(path).map_err(fail)?) {
            Ok(there) => there,
            Err(difference) => return Ok(Some(difference)),
        };
        let takes_out = dice.once_in(3);
        let mut stays = |line: &str| !(takes_out && is_over(line, &self.pinned) && dice.once_in(2));
        let kept = std::mem::take(&mut self.lines).into_iter().zip(there).filter(|(_, line)| stays(line));
        let (mut ours, mut theirs): (Vec<_>, Vec<_>) = kept.unzip();
        // What is done stays done, also where a person opens its box again, or undoes an edit: `retry` is the word.
        for line in theirs.iter_mut().filter(|line| is_over(line, &self.pinned)) {
            if dice.once_in(8) {
                *line = plain(line);
            }
        }
        for line in self.more(dice, tasks, has_git) {
            let at = if dice.once_in(4) { PROSE.len() } else { ours.len() };
            ours.insert(at, line.clone());
            theirs.insert(at, line);
        }
        self.lines = ours;
        let temporary = path.with_extension("edited");
        fs::write(&temporary, theirs.concat()).and_then(|()| fs::rename(&temporary, path)).map_err(fail)?;
        Ok(None)
    }

    /// What is wrong with the file; none if only boxes differ.
    pub(super) fn difference(&self, file: &str) -> Option<String> {
        split(&self.lines, file).err()
    }

    /// Ids of the tasks that stand in it now, with what stands in the box of each.
    pub(super) fn boxes<'f>(&self, file: &'f str) -> Vec<(String, &'f str)> {
        let tasks = file.lines().filter(|line| line.starts_with("- ["));
        tasks.filter_map(|line| Some((id_of(line)?.to_owned(), line.get(3..4)?))).collect()
    }
}

/// The file's lines, one for each of ours; an error where they differ in more than boxes.
fn split(ours: &[String], file: &str) -> Result<Vec<String>, String> {
    let (mut lines, mut rest) = (Vec::new(), file);
    for line in ours {
        let count = line.matches('\n').count();
        let end = rest.match_indices('\n').nth(count - 1).map_or(rest.len(), |(at, _)| at + 1);
        let (there, after) = rest.split_at(end);
        if plain(there) != plain(line) {
            return Err(format!("{line:?} was written, {there:?} is there"));
        }
        lines.push(there.to_owned());
        rest = after;
    }
    if rest.is_empty() { Ok(lines) } else { Err(format!("{rest:?} is there too")) }
}

/// A line without what a program may change in it: the mark in its box and the note that it is done.
fn plain(line: &str) -> String {
    let mut plain = line.to_owned();
    if line.starts_with("- [") && id_of(line).is_some_and(|id| id != "fenced") {
        plain.replace_range(3..4, " ");
    }
    if let Some((before, after)) = plain.split_once(" <!-- codeagent - ") {
        let rest = after.split_once("-->").map_or("", |(_, rest)| rest);
        plain = format!("{before}{rest}");
    }
    plain
}

/// Whether the task of a line is done for good. An agent that ticks its own box may not be done with it.
fn is_over(line: &str, pinned: &HashSet<String>) -> bool {
    let id = id_of(line).unwrap_or_default();
    line.starts_with("- [x] ") && !id.starts_with("tick") && !pinned.contains(id)
}

fn id_of(line: &str) -> Option<&str> {
    line.split_once("<!-- id: ")?.1.split(' ').next()
}

fn kind(dice: &mut Dice, has_git: bool) -> &'static str {
    let mut throw = dice.below(100);
    for (kind, share) in KINDS.iter().filter(|(kind, _)| has_git || *kind != "clean") {
        match throw.checked_sub(*share) {
            Some(rest) => throw = rest,
            None => return kind,
        }
    }
    "quick"
}

fn line_of(dice: &mut Dice, id: &str) -> String {
    let text = ["do it", "сделать «это»", "keep   inner\tblanks", "90% of `code` & <b>"];
    let end = ["\n", "\r\n", "  \n"];
    let text = dice.pick(&text).copied().unwrap_or_default();
    let end = dice.pick(&end).copied().unwrap_or("\n");
    format!("- [ ] {text} {id} <!-- id: {id} -->{end}")
}
