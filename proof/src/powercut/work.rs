//! The workload on the logged disk, and what was told of it at which length of the log.
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    device::{Exported, Mount, System},
    log::{self, Entry},
};
use crate::bench::{Bench, Listed, Said};

/// How many tasks the list has.
pub(crate) const TASKS: usize = 6;

/// What was acknowledged once the log was that long: whatever is left of a later disk must know it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) log_len: u64,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The agent of a task was started for the n-th time.
    Started(String, u64),
    /// A later task was started, or the run ended: this one was settled before.
    Completed(String),
    /// `add` said that it added this one.
    Added(String),
}

impl What {
    pub(crate) fn is_known(&self, list: &BTreeMap<String, Listed>) -> bool {
        match self {
            Self::Started(id, count) => list.get(id).is_some_and(|task| task.attempts >= *count),
            Self::Completed(id) => list.get(id).is_some_and(|task| task.state == "completed"),
            Self::Added(id) => list.contains_key(id),
        }
    }
}

/// A disk before the workload, what was written to it, and what was told meanwhile.
pub(crate) struct Recording {
    pub(crate) image: PathBuf,
    pub(crate) entries: Vec<Entry>,
    pub(crate) told: Vec<Told>,
}

/// A new disk in `dir` with a project on it.
pub(crate) fn prepare(system: System, binary: &Path, dir: &Path) -> io::Result<(PathBuf, Bench)> {
    fs::create_dir_all(dir)?;
    let (image, mounted) = (dir.join("image"), dir.join("mounted"));
    system.make(&image)?;
    let _mount = Mount::new(system, &image, &mounted)?;
    let bench = Bench::lay_out(binary, &mounted.join("project"), &dir.join("oracle"), TASKS)?;
    Ok((image, bench))
}

/// Works on a new disk in `dir`; a server is killed in the middle and another finishes.
pub(crate) fn record(system: System, binary: &Path, dir: &Path) -> io::Result<Recording> {
    let (disk, log) = (dir.join("disk"), dir.join("log"));
    let (mounted, oracle) = (dir.join("mounted"), dir.join("oracle"));
    let (image, bench) = prepare(system, binary, dir)?;
    fs::copy(&image, &disk)?;
    let added;
    {
        let logged = Exported::logged(&disk, &log, dir.join("export"))?;
        let _mount = Mount::new(system, &logged.file, &mounted)?;
        kill_amid(&bench, &log)?;
        add(&bench, &log)?;
        added = fs::metadata(&log)?.len();
        good(&bench.wait_for(with_log(&bench, &["run"], &log)?)?)?;
    }
    let entries = log::read(&log)?;
    let end = entries.last().map_or(0, |entry| entry.log_len);
    let mut told = told(&oracle.join("ledger"), Some(end))?;
    told.push(Told { log_len: added, what: What::Added("extra".into()) });
    fs::remove_file(&disk)?;
    fs::remove_file(&log)?;
    Ok(Recording { image, entries, told })
}

/// A run that is killed once the fourth task has begun.
fn kill_amid(bench: &Bench, log: &Path) -> io::Result<()> {
    let mut server = with_log(bench, &["run"], log)?.spawn()?;
    let until = Instant::now() + Duration::from_secs(60);
    while !bench.ledger().starts.contains_key("t4") {
        if server.try_wait()?.is_some() || Instant::now() > until {
            let _ = server.kill();
            return Err(io::Error::other(format!("the run never came to t4: {}", bench.heard().short())));
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    server.kill()?;
    server.wait().map(drop)
}

/// An agent that was just being started holds the dead server's socket until it runs: then the answer is "try again".
fn add(bench: &Bench, log: &Path) -> io::Result<()> {
    let add = || bench.wait_for(with_log(bench, &["add", "Do one more", "--id", "extra"], log)?);
    match add()?.code {
        Some(0) => Ok(()),
        _ => good(&add()?),
    }
}

pub(crate) fn with_log(bench: &Bench, words: &[&str], log: &Path) -> io::Result<std::process::Command> {
    let mut command = bench.command(words)?;
    command.env("DISK_LOG", log);
    Ok(command)
}

fn good(said: &Said) -> io::Result<()> {
    if said.code == Some(0) { Ok(()) } else { Err(io::Error::other(said.short())) }
}

/// A server works on one task after the other: when it starts one, each that came to a good end under it was settled before.
/// So was the last one, where the run itself came to a good end, at that length. What an agent does that outlived its
/// server nobody settles.
pub(crate) fn told(ledger: &Path, end: Option<u64>) -> io::Result<Vec<Told>> {
    let mut told = Vec::new();
    let mut starts = BTreeMap::<String, u64>::new();
    let (mut last_server, mut ended) = (String::new(), Vec::<(String, String)>::new());
    let settled = |ended: &mut Vec<(String, String)>, server: &str, log_len| -> Vec<Told> {
        let ids = ended.drain(..).filter(|(of, _)| of == server).map(|(_, id)| id);
        ids.map(|id| Told { log_len, what: What::Completed(id) }).collect()
    };
    for line in fs::read_to_string(ledger)?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["start", id, _, server, log_len] if let Ok(log_len) = log_len.parse() => {
                told.extend(settled(&mut ended, server, log_len));
                let count = starts.entry(id.to_owned()).or_default();
                *count += 1;
                told.push(Told { log_len, what: What::Started(id.to_owned(), *count) });
                last_server = server.to_owned();
            }
            ["end", id, _, server] => ended.push((server.to_owned(), id.to_owned())),
            _ => return Err(io::Error::other(format!("ledger: {line}"))),
        }
    }
    if let Some(log_len) = end {
        told.extend(settled(&mut ended, &last_server, log_len));
    }
    Ok(told)
}
