//! By size: what a transition, a claim, a question and a start cost with a hundred tasks and with a million.
mod child;
mod typed;

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use codeagent_checkpoint::{Clock, FileStore, Store, SystemClock, document, store::ReadState};
use codeagent_core::{Command, recovery::Statistics};

use crate::{
    Terms,
    measure::{Result, Samples, number, timed},
    page::{self, Section},
    tasks,
};

pub(crate) use child::run as run_child;

/// What large stores are held against.
const SMALL: usize = 100;
/// Journal records that a start after a crash has to replay.
const RECORDS: usize = 100_000;

pub(crate) fn measure(terms: &Terms) -> Result<Section> {
    let mut text = format!("With {} tasks.\n\n", number(terms.tasks as f64, 0));
    text += &at_work(terms)?;
    text += "\n";
    text += &starts(terms)?;
    Ok(Section { name: "scale", title: "A million tasks", text, plots: Vec::new() })
}

/// Transitions and claims in two stores, turn by turn; then the questions, in the large one.
fn at_work(terms: &Terms) -> Result<String> {
    let dirs = [tempfile::tempdir_in(terms.dir.path())?, tempfile::tempdir_in(terms.dir.path())?];
    let small = tasks::store(dirs[0].path(), SMALL, true)?;
    let large = tasks::store(dirs[1].path(), terms.tasks, true)?;
    let mut rows = vec![["", "median (min – max)"].map(str::to_owned)];
    let (mut transitions, mut claims) = (Samples::default(), Samples::default());
    let mut claimed = 1;
    for _ in 0..terms.rounds {
        let costs = [transition_us(&small, terms.time)?, transition_us(&large, terms.time)?];
        transitions.push(costs[1] / costs[0]);
        let cost = transition_us(&small, terms.time)?;
        claims.push(claim_us(&large, terms.time, &mut claimed, terms.tasks)? / cost);
    }
    rows.push([format!("a transition, by one with {SMALL} tasks"), transitions.shown(2)]);
    rows.push([
        format!("to claim and complete the next task, by a transition with {SMALL} tasks"),
        claims.shown(2),
    ]);
    questions(terms, &large, &mut rows)?;
    small.close()?;
    large.close()?;
    Ok(page::table(rows))
}

/// Microseconds for a durable transition of the first task.
fn transition_us(store: &FileStore, time: Duration) -> Result<f64> {
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < time {
        tasks::act(store, tasks::start(0))?;
        tasks::act(store, tasks::reset(0))?;
        count += 2;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

/// The same for tasks that nobody has touched: each is started and completed.
fn claim_us(store: &FileStore, time: Duration, next: &mut usize, tasks: usize) -> Result<f64> {
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < time && *next < tasks {
        tasks::act(store, tasks::start(*next))?;
        tasks::act(store, tasks::complete(*next))?;
        *next += 1;
        count += 2;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

fn questions(terms: &Terms, store: &FileStore, rows: &mut Vec<[String; 2]>) -> Result<()> {
    let mut ask = |name: &str, digits: usize, question: &dyn Fn() -> Result<()>| -> Result<()> {
        let mut taken = Samples::default();
        for _ in 0..terms.rounds {
            let (answered, took) = timed(question);
            answered?;
            taken.push(took.wall_ms);
        }
        rows.push([format!("{name}, ms"), taken.shown(digits)]);
        Ok(())
    };
    ask("count by state", 3, &|| store.view(|state| drop(Statistics::of(state))).map_err(Into::into))?;
    ask("the running tasks", 3, &|| {
        store.view(|state| drop(state.running().collect::<Vec<_>>())).map_err(Into::into)
    })?;
    ask("export the document", 0, &|| {
        let frozen = store.view(|state| state.freeze())?;
        Ok(document::write(&frozen, None, &mut io::sink())?)
    })?;
    ask("a snapshot, durable", 0, &|| Ok(store.checkpoint()?))?;
    let (pruned, took) = timed(|| store.execute(Command::Prune { keep_last_n: 100 }, SystemClock.now()));
    pruned?.map_err(|refusal| format!("{refusal:?}"))?;
    rows.push(["prune to the last 100, ms".into(), number(took.wall_ms, 1)]);
    Ok(())
}

/// Starts after a crash, each in a process of its own, beside serde_json's reading of the same file.
fn starts(terms: &Terms) -> Result<String> {
    let made = tempfile::tempdir_in(terms.dir.path())?;
    let [folder, tasks] = [made.path().display().to_string(), terms.tasks.to_string()];
    child::crash(&folder, &tasks, &RECORDS.to_string())?;
    let file = made.path().join("list.json");
    let [mut wall, mut cpu, mut memory, mut to_serde, mut serde] = [(); 5].map(|()| Samples::default());
    for _ in 0..terms.rounds {
        let typed = child::ask(&["typed", &file.display().to_string()])?;
        let copy = copied(made.path(), terms.dir.path())?;
        let opened = child::ask(&["open", &copy.path().display().to_string()])?;
        wall.push(opened.wall_ms);
        cpu.push(opened.cpu_ms);
        memory.push(opened.bytes_per_task);
        to_serde.push(opened.wall_ms / typed.wall_ms);
        serde.push(typed.wall_ms);
    }
    let records = number(RECORDS as f64, 0);
    let rows = [
        [format!("start after a crash, {records} records to replay"), "median (min – max)".to_owned()],
        ["÷ serde_json's reading of the file into structs".into(), to_serde.shown(2)],
        ["memory a task beside its text, bytes".into(), memory.shown(0)],
        ["time, ms".into(), wall.shown(0)],
        ["processor time, ms".into(), cpu.shown(0)],
        ["serde_json, ms".into(), serde.shown(0)],
        ["the file, MB".into(), number(fs::metadata(&file)?.len() as f64 / 1e6, 0)],
    ];
    Ok(page::table(rows))
}

/// A copy of the store's files that is on the disk, so that no one pays for it later.
fn copied(from: &Path, below: &Path) -> Result<tempfile::TempDir> {
    let to = tempfile::tempdir_in(below)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let path = to.path().join(entry.file_name());
        fs::copy(entry.path(), &path)?;
        fs::File::open(path)?.sync_all()?;
    }
    Ok(to)
}
