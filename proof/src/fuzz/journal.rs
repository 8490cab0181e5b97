//! The journal: whatever happens to its bytes, nothing is read out of it that was never written.
use std::path::Path;
use std::sync::LazyLock;

use codeagent_checkpoint::document::StoreId;
use codeagent_checkpoint::file::{disk::Disk, reader, twin::Twin};
use codeagent_checkpoint::store::ReadState;
use codeagent_checkpoint::{FileStore, FileStoreOptions, Store};
use codeagent_core::testkit::{at, id};
use codeagent_core::{AttemptId, Command, Origin, StartAgain, State};

const DATA: &str = "/project/data";
const MAIN: &str = "/project/data/list.json";

/// A store as a kill left it: its files, and the state after each transition since its last snapshot.
struct Sample {
    files: Vec<(String, Vec<u8>)>,
    /// Which of the files is the journal that goes on from the snapshot.
    journal: usize,
    states: Vec<State>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(sample);

fn sample() -> Sample {
    let twin = Twin::default();
    let options = FileStoreOptions {
        snapshots_beside: false,
        new_store_id: Some(StoreId([9; 16])),
        ..FileStoreOptions::default()
    };
    let (store, _) = FileStore::open_on(twin.disk(), Path::new(MAIN), options).expect("a new store");
    let see = |store: &FileStore| store.view(Clone::clone).expect("a living store");
    let mut states = vec![see(&store)];
    for (step, command) in workload().into_iter().enumerate() {
        store.execute(command, at(step as i64)).expect("memory").expect("allowed");
        states.push(see(&store));
    }
    let files: Vec<_> =
        twin.files().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)).collect();
    // The longest journal by what it holds is the one in use.
    let weight = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let journals = files.iter().enumerate().filter(|(_, (path, _))| path.contains("journal"));
    let journal = journals.max_by_key(|(_, (_, bytes))| weight(bytes)).map_or(0, |(index, _)| index);
    // What a kill leaves: the files as they are now.
    std::mem::forget(store);
    Sample { files, journal, states }
}

fn workload() -> Vec<Command> {
    let mut commands = vec![];
    for name in ["one", "two", "three"] {
        let text = format!("Do {name}");
        commands.push(Command::AddTask { id: id(name), text, metadata: None, origin: Origin::Added });
        let attempt_id = Some(AttemptId(format!("attempt of {name}").into()));
        commands.push(Command::StartTask { id: id(name), attempt_id, anew: StartAgain::WithinLimits });
        commands.push(Command::CompleteTask { id: id(name), result: None });
    }
    commands
}

/// The input is a script: of four bytes each one change to the journal.
pub(super) fn journal(input: &[u8]) {
    let sample = &*SAMPLE;
    let mut files = sample.files.clone();
    let bytes = &mut files[sample.journal].1;
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1) + 64;
    bytes.truncate(used);
    let sound = bytes.clone();
    for change in input.chunks_exact(4).take(64) {
        let at = usize::from(u16::from_le_bytes([change[1], change[2]])) % bytes.len().max(1);
        alter(bytes, at, change[0], change[3]);
    }
    let is_whole = *bytes == sound;
    let twin = Twin::default();
    let disk: std::sync::Arc<dyn Disk> = twin.disk();
    for dir in ["/project", DATA] {
        disk.make_dir(Path::new(dir)).expect("memory");
    }
    files.iter().for_each(|(path, bytes)| twin.put(Path::new(path), bytes));
    match reader::read_on(&*disk, Path::new(MAIN)) {
        Ok(read) => {
            let found = sample.states.iter().position(|state| *state == read.state);
            // The watermark says that all of it was acknowledged: less is damage, and refused.
            assert_eq!(
                found,
                Some(sample.states.len() - 1),
                "acknowledged transitions are gone, or others are there"
            );
        }
        Err(error) => assert!(!is_whole, "a sound store is refused: {error}"),
    }
}

fn alter(bytes: &mut Vec<u8>, at: usize, how: u8, value: u8) {
    let length = usize::from(value).min(bytes.len() - at);
    match how % 8 {
        0 => bytes[at] ^= 1 << (value % 8),
        1 => bytes[at] = value,
        2 => bytes.truncate(at),
        3 => bytes[at..at + length].fill(0),
        4 => _ = bytes.drain(at..at + length),
        5 => bytes.insert(at, value),
        // A piece of the journal a second time: there, or at the end.
        6 => {
            let piece = bytes[at..at + length].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let piece = bytes[at..].to_vec();
            bytes.extend(piece);
        }
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}
