//! `cargo xtask guard`: counts the instructions of known work, which no busy machine changes, and holds them against
//! those of before; and a transition among many tasks against one among few.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::steps::{cargo, done, root};

/// Work, in how many tasks, how often: as `codeagent-bench guarded` knows it.
const WORK: &[(&str, usize, usize)] = &[
    ("decide", FEW, 2_000),
    ("transition", FEW, 2_000),
    ("transition", MANY, 2_000),
    ("claim", FEW, 200),
    ("claim", MANY, 2_000),
    ("read", FEW, 2_000),
    ("write", FEW, 2_000),
];
const FEW: usize = 100;
const MANY: usize = 100_000;

/// More than so many hundredths above the count of before is a finding.
const TOLERANCE: u64 = 10;

const HEAD: &str =
    "# Instructions each, counted by callgrind. `cargo xtask guard --bless` writes this file.\n";

/// Whether it can be counted here.
pub(crate) fn is_possible() -> bool {
    let mut asked = Command::new("valgrind");
    asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// Counts and compares; with `bless` what is counted becomes the count of before.
pub(crate) fn run(bless: bool) -> Result<(), String> {
    if !is_possible() {
        return Err("valgrind is not installed".into());
    }
    let build = cargo(&["build", "--release", "--locked", "--package", "codeagent-bench"]);
    done(build, "the build failed")?;
    let counted = count_all()?;
    if bless {
        let lines: String = counted.iter().map(|(name, count)| format!("{name} {count}\n")).collect();
        fs::write(file(), HEAD.to_owned() + &lines).map_err(|error| error.to_string())?;
    }
    let before = fs::read_to_string(file()).map_err(|error| format!("{}: {error}", file().display()))?;
    let wrong = findings(&counted, &parsed(&before));
    for (name, count) in &counted {
        println!("{count:>8}  {name}");
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\nerror: ")) }
}

fn file() -> PathBuf {
    root().join("bench/guard.txt")
}

fn parsed(text: &str) -> BTreeMap<String, u64> {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?))).collect()
}

/// Two at a time: each has a processor of its own on the smallest machine that builds this.
fn count_all() -> Result<BTreeMap<String, u64>, String> {
    let mut counted = BTreeMap::new();
    for (work, tasks, times) in WORK {
        let run = |times: usize| move || instructions(work, *tasks, times);
        let (none, all) = std::thread::scope(|scope| {
            let (none, all) = (scope.spawn(run(0)), scope.spawn(run(*times)));
            (none.join(), all.join())
        });
        let [none, all] = [none, all].map(|run| run.unwrap_or_else(|_| Err("a thread panicked".into())));
        let each = all?.saturating_sub(none?) / *times as u64;
        counted.insert(name(work, *tasks), each);
    }
    Ok(counted)
}

fn name(work: &str, tasks: usize) -> String {
    format!("{work}-{tasks}")
}

fn instructions(work: &str, tasks: usize, times: usize) -> Result<u64, String> {
    let mut counter = Command::new("valgrind");
    counter.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    counter.arg(root().join("target/release/codeagent-bench"));
    counter.args(["guarded", work, &tasks.to_string(), &times.to_string()]);
    let output = counter.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    collected.filter(|_| output.status.success()).ok_or_else(|| format!("{work} with {tasks} tasks: {said}"))
}

/// What is dearer than it was, or than it is among few tasks.
fn findings(counted: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, count) in counted {
        match before.get(name) {
            Some(before) if is_dearer(*count, *before) => wrong.push(format!(
                "{name}: {count} instructions, before {before}; if that is right: cargo xtask guard --bless"
            )),
            Some(_) => {}
            None => wrong.push(format!("{name}: {count} instructions, never counted before")),
        }
    }
    for work in ["transition", "claim"] {
        let [few, many] = [FEW, MANY].map(|tasks| counted.get(&name(work, tasks)).copied().unwrap_or(0));
        if is_dearer(many, few) {
            wrong.push(format!("a {work} among {MANY} tasks takes {many} instructions, among {FEW} {few}"));
        }
    }
    wrong
}

fn is_dearer(count: u64, than: u64) -> bool {
    count * 100 > than * (100 + TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn what_became_dearer_is_found_and_what_became_cheaper_is_not() {
        let before = counts(&[("read-100", 1_000), ("write-100", 1_000)]);
        assert_eq!(findings(&counts(&[("read-100", 1_100), ("write-100", 10)]), &before), [""; 0]);
        assert_eq!(findings(&counts(&[("read-100", 1_101)]), &before).len(), 1);
        assert_eq!(findings(&counts(&[("new-100", 1)]), &before).len(), 1);
    }

    #[test]
    fn many_tasks_must_not_cost_more_than_few() {
        let flat = counts(&[("claim-100", 100), ("claim-100000", 110)]);
        assert_eq!(findings(&flat, &flat), [""; 0]);
        let steep = counts(&[("claim-100", 100), ("claim-100000", 111)]);
        assert_eq!(findings(&steep, &steep).len(), 1);
    }

    #[test]
    fn what_is_blessed_is_read_again() {
        assert_eq!(parsed(&format!("{HEAD}read-100 17\n")), counts(&[("read-100", 17)]));
    }
}
