//! A small checkpoint to harm: main file, backup, a sealed and an active journal, their marks; and what it holds.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, Store as _, StoreError,
    crash::{MAIN, fresh, options},
    document::StoreId,
    file::{disk::Disk as _, twin::Twin},
    store::ReadState as _,
};
use codeagent_core::{
    AttemptId, ChildIdentity, Command, Event, Now, Origin, RawJson, StartAgain, State,
    testkit::{at, id},
};

pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What a store leaves that died.
pub(super) struct Sample {
    pub(super) files: Files,
    /// The same files at an earlier moment.
    pub(super) older: Files,
    /// What else was the main file once, before the backup was.
    pub(super) former: Vec<Vec<u8>>,
    /// The states since the main file, the last one last.
    pub(super) history: Vec<State>,
    /// Events of each record of the active journal.
    pub(super) records: Vec<usize>,
}

/// The files of a checkpoint by what they are for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Part {
    Main,
    Backup,
    /// The journal that follows the backup.
    Sealed,
    /// The one that follows the main file.
    Active,
    SealedMark,
    ActiveMark,
}

impl Part {
    pub(super) const ALL: [Self; 6] =
        [Self::Main, Self::Backup, Self::Sealed, Self::Active, Self::SealedMark, Self::ActiveMark];

    pub(super) fn path(self) -> PathBuf {
        let name = match self {
            Self::Main => return MAIN.into(),
            Self::Backup => "list.json.backup",
            Self::Sealed => "list.journal-4",
            Self::Active => "list.journal-5",
            Self::SealedMark => "list.mark-4",
            Self::ActiveMark => "list.mark-5",
        };
        Path::new(MAIN).with_file_name(name)
    }
}

/// A disk with these files.
pub(super) fn disk_of(files: &Files) -> Result<Twin, String> {
    let twin = fresh().map_err(|error| error.to_string())?;
    twin.make_dir(Path::new("/project/data")).map_err(|error| error.to_string())?;
    files.iter().for_each(|(path, bytes)| twin.put(path, bytes));
    Ok(twin)
}

impl Sample {
    /// Lives the life that leaves it.
    pub(super) fn of_store(store_id: u8) -> Result<Self, String> {
        let twin = fresh().map_err(|error| error.to_string())?;
        let sample = Self::live(&twin, StoreId([store_id; 16])).map_err(|error| error.to_string())?;
        match Part::ALL.iter().find(|part| !sample.files.contains_key(&part.path())) {
            Some(part) => Err(format!("the sample has no {part:?}")),
            None => Ok(sample),
        }
    }

    /// One process adds and ends in order; the next one works and is killed.
    fn live(twin: &Twin, id: StoreId) -> Result<Self, StoreError> {
        let open = || {
            let options = FileStoreOptions { new_store_id: Some(id), ..options() };
            FileStore::open_on(twin.disk(), Path::new(MAIN), options).map(|(store, _)| store)
        };
        let mut former = Vec::new();
        let mut keep_main = || former.extend(twin.bytes(Path::new(MAIN)));
        let mut clock = 0;
        let store = open()?;
        keep_main();
        store.execute_all(vec![add("pruned"), add("a"), add("b")], tick(&mut clock))?;
        store.checkpoint()?;
        keep_main();
        store.execute_all(vec![add("c"), add("d")], tick(&mut clock))?;
        store.close()?;
        keep_main();
        Self::die(twin, &open()?, clock, former)
    }

    fn die(twin: &Twin, store: &FileStore, mut clock: i64, former: Vec<Vec<u8>>) -> Result<Self, StoreError> {
        let mut act = |commands: Vec<Command>| store.execute_all(commands, tick(&mut clock));
        act(vec![Command::StartServer { session_id: "session".into() }, Command::CountIteration, add("e")])?;
        act(vec![start("pruned"), complete("pruned"), Command::Prune { keep_last_n: 0 }])?;
        act(vec![start("a")])?;
        let older = twin.files();
        act(vec![complete("a"), start("b")])?;
        store.checkpoint()?;
        let mut history = vec![store.view(State::clone)?];
        let mut records = Vec::new();
        let child = ChildIdentity { pid: 4_321, start_ticks: 99, boot_id: "boot".into() };
        for commands in [
            vec![Command::RecordChild { id: id("b"), child }],
            vec![complete("b"), start("c")],
            vec![Command::FailTask { id: id("c"), error: "exit \"1\"\n".into(), policy: None }, add("f")],
            vec![start("d")],
            vec![complete("d"), start("e")],
        ] {
            let decided = act(commands)?;
            let events: Vec<Event> = decided.into_iter().flatten().flatten().collect();
            records.push(events.len());
            history.push(store.view(State::clone)?);
        }
        store.keep()?;
        // What a server that was killed leaves.
        Ok(Self { files: twin.files(), older, former, history, records })
    }

    /// What was acknowledged.
    pub(super) fn last(&self) -> &State {
        &self.history[self.history.len() - 1]
    }
}

fn tick(clock: &mut i64) -> Now {
    *clock += 1;
    at(*clock)
}

fn add(name: &str) -> Command {
    let metadata = Some(RawJson::new("{\"weight\": 1}"));
    Command::AddTask {
        id: id(name), text: format!("Do {name} – «дело»"), metadata, origin: Origin::List
    }
}

fn start(name: &str) -> Command {
    let attempt_id = Some(AttemptId(format!("attempt of {name}").into()));
    Command::StartTask { id: id(name), attempt_id, anew: StartAgain::WithinLimits }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: Some(RawJson::new("{\"status\": \"ok\"}")) }
}
