//! A folder with a store in it, and ways to harm it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a part of the tests; each file uses some of it"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, OpenReport, Store, StoreError, StoreNotice, file::AsideReason,
    store::ReadState,
};
use codeagent_core::{
    Command, Origin, StartAgain, State,
    testkit::{at, id},
};

pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn main(&self) -> PathBuf {
        self.data().join("list.json")
    }

    pub(crate) fn backup(&self) -> PathBuf {
        self.data().join("list.json.backup")
    }

    /// No snapshots but those of opening, closing and `checkpoint`.
    pub(crate) fn options() -> FileStoreOptions {
        FileStoreOptions { snapshots_beside: false, ..FileStoreOptions::default() }
    }

    pub(crate) fn try_open(&self) -> Result<(FileStore, OpenReport), StoreError> {
        FileStore::open(&self.main(), Self::options())
    }

    pub(crate) fn open(&self) -> FileStore {
        self.try_open().unwrap().0
    }

    /// The same, and what it tells.
    pub(crate) fn open_listening(&self) -> (FileStore, Arc<Mutex<Vec<StoreNotice>>>) {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&notices);
        let options = FileStoreOptions {
            notify: Arc::new(move |notice| told.lock().unwrap().push(notice)),
            ..Self::options()
        };
        (FileStore::open(&self.main(), options).unwrap().0, notices)
    }

    pub(crate) fn report(&self) -> (State, OpenReport) {
        let (store, report) = self.try_open().unwrap();
        let state = state(&store);
        store.abandon();
        (state, report)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.data())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let read = |name: String| {
            let bytes = fs::read(self.data().join(&name)).unwrap_or_default();
            (name, bytes)
        };
        self.names().into_iter().map(read).collect()
    }

    pub(crate) fn put_back(&self, files: &BTreeMap<String, Vec<u8>>) {
        fs::remove_dir_all(self.data()).unwrap();
        fs::create_dir(self.data()).unwrap();
        files.iter().for_each(|(name, bytes)| fs::write(self.data().join(name), bytes).unwrap());
    }

    pub(crate) fn newest_journal(&self) -> PathBuf {
        self.data().join(format!("list.journal-{}", self.newest_epoch()))
    }

    pub(crate) fn newest_epoch(&self) -> u64 {
        let epoch = |name: &String| name.strip_prefix("list.journal-")?.parse::<u64>().ok();
        self.names().iter().filter_map(epoch).max().unwrap()
    }
}

pub(crate) fn state(store: &FileStore) -> State {
    store.view(Clone::clone).unwrap()
}

pub(crate) fn add(name: &str) -> Command {
    Command::AddTask { id: id(name), text: format!("Do {name}"), metadata: None, origin: Origin::Added }
}

pub(crate) fn start(name: &str) -> Command {
    Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::Always }
}

pub(crate) fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

pub(crate) fn act(store: &FileStore, commands: Vec<Command>) {
    store.execute_all(commands, at(1)).unwrap().into_iter().for_each(|decided| drop(decided.unwrap()));
}

/// A store that died with a main file, a backup, and journals that follow both; and its last state.
pub(crate) fn crashed() -> (Folder, State) {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), add("b"), add("c")]);
    act(&store, vec![start("a")]);
    store.checkpoint().unwrap();
    act(&store, vec![complete("a")]);
    act(&store, vec![start("b")]);
    let state = state(&store);
    store.abandon();
    (folder, state)
}

pub(crate) fn has_aside(report: &OpenReport, bytes: &[u8]) -> bool {
    report.notices.iter().any(|notice| match notice {
        StoreNotice::SetAside { to, reason: AsideReason::Damaged, .. } => fs::read(to).unwrap() == bytes,
        _ => false,
    })
}

/// One key of both JSON files is lost; all their tasks and the journals are whole.
pub(crate) fn ruin_both(folder: &Folder, also: impl Fn(String) -> String) {
    for path in [folder.main(), folder.backup()] {
        let text = fs::read_to_string(&path).unwrap().replace("\"version\"", "\"versio\"");
        fs::write(&path, also(text)).unwrap();
    }
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
}

/// As a file that was cut off: where it stands in the history is lost.
pub(crate) fn without_its_end(text: String) -> String {
    text.split("\n  \"codeagent\"").next().unwrap().to_owned()
}
