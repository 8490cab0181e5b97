//! Stores of every version, kept as files: they must open for ever, with the same state. See golden/README.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use codeagent_checkpoint::{
    Store, StoreError,
    crash::{MAIN, fresh, open},
    document,
    file::{disk::Disk, twin::Twin},
    store::ReadState,
};
use codeagent_core::{
    AttemptId, ChildIdentity, Command, Deferral, Origin, RawJson, RetryPolicy, StartAgain, State, Wait,
    testkit::{at, id, now},
};

/// What the present version writes. The older ones stand in [`VERSIONS`] only.
const PRESENT: &str = "store-1";
const VERSIONS: [&str; 1] = [PRESENT];

type Files = BTreeMap<String, Vec<u8>>;

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

fn add(name: &str, origin: Origin) -> Command {
    let metadata = Some(RawJson::new("{\"n\": [NaN, 1e999]}"));
    Command::AddTask { id: id(name), text: format!("Do {name} – дело"), metadata, origin }
}

fn start(name: &str) -> Command {
    let attempt_id = Some(AttemptId(format!("attempt of {name}").into()));
    Command::StartTask { id: id(name), attempt_id, anew: StartAgain::Always }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: Some(RawJson::new("{\"status\": \"ok\"}")) }
}

fn fail(name: &str, max_attempts: u32) -> Command {
    let policy = RetryPolicy { max_attempts, initial_delay_ms: 5_000, max_delay_ms: 60_000, dice: Some(7) };
    Command::FailTask { id: id(name), error: "exit \"1\"\n".into(), policy: Some(policy) }
}

fn before_the_snapshot() -> Vec<Command> {
    let names = ["done", "pruned", "forgotten", "ran", "failed", "final", "given up"];
    let mut commands = vec![Command::StartServer { session_id: "session".into() }, Command::CountIteration];
    commands.extend(names.map(|name| add(name, Origin::List)));
    commands.extend([start("pruned"), complete("pruned"), start("forgotten"), complete("forgotten")]);
    commands.extend([Command::Prune { keep_last_n: 0 }, start("done"), complete("done")]);
    commands
}

fn after_the_snapshot() -> Vec<Command> {
    let wait = Wait { since_unix_ms: now().unix_ms, delay_ms: 5_000 };
    vec![
        Command::Retry { id: id("forgotten"), text: Some("Do forgotten – дело".into()) },
        Command::SeeBox { id: id("forgotten") },
        add("stopped", Origin::Added),
        add("quota", Origin::Added),
        add("crashed", Origin::Added),
        add("skipped", Origin::Added),
        add("cancelled", Origin::Added),
        add("ticked", Origin::Added),
        add("back", Origin::Added),
        start("failed"),
        fail("failed", 3),
        start("final"),
        fail("final", 1),
        start("given up"),
        Command::FailTask { id: id("given up"), error: "no".into(), policy: None },
        Command::GiveUpIfExhausted { id: id("given up"), max_attempts: 1 },
        start("stopped"),
        Command::DeferTask { id: id("stopped"), cause: Deferral::Stop },
        start("quota"),
        Command::DeferTask { id: id("quota"), cause: Deferral::Quota(wait) },
        start("crashed"),
        Command::ResetInterrupted { id: id("crashed"), max_crashes: Some(3) },
        Command::Skip { id: id("skipped") },
        start("cancelled"),
        Command::Cancel { id: id("cancelled") },
        Command::TickByHand { id: id("ticked") },
        start("back"),
        Command::Rollback { id: id("back") },
        Command::StopServer { clean: true },
        start("ran"),
        Command::CompleteStep { id: id("ran"), step: 1, total: 2 },
    ]
}

/// A store of the present version that died: its files, and its last state.
fn present() -> (Files, State) {
    let twin = fresh().unwrap();
    let store = open(&twin).unwrap();
    let mut seconds = 0;
    let mut act = |commands: Vec<Command>| {
        for command in commands {
            seconds += 1;
            let decided = store.execute(command.clone(), at(seconds)).unwrap();
            assert!(decided.is_ok_and(|events| !events.is_empty()), "{command:?}");
        }
    };
    act(before_the_snapshot());
    store.checkpoint().unwrap();
    act(after_the_snapshot());
    let child = ChildIdentity { pid: 4_321, start_ticks: 99, boot_id: "boot".into() };
    store.note(Command::RecordChild { id: id("ran"), child }, now()).unwrap().unwrap();
    store.flush().unwrap();
    let state = store.view(State::clone).unwrap();
    store.abandon();
    let is_ours = |name: &str| name.starts_with("list.") && name != "list.lock";
    let name_of = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = twin.files().into_iter().map(|(path, bytes)| (name_of(&path), bytes));
    // A journal is filled ahead: of its zeros, some belong to the last record.
    let trimmed = |mut bytes: Vec<u8>| {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1 + 8);
        bytes.truncate(if bytes.len() > 4096 { end.next_multiple_of(64) } else { bytes.len() });
        bytes
    };
    (files.filter(|(name, _)| is_ours(name)).map(|(name, bytes)| (name, trimmed(bytes))).collect(), state)
}

fn export(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    document::write(&state.freeze(), None, &mut bytes).unwrap();
    bytes
}

fn read_all(version: &str) -> Files {
    let entries = fs::read_dir(folder(version)).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn on_a_disk(files: &Files) -> Twin {
    let twin = fresh().unwrap();
    twin.make_dir(Path::new("/project/data")).unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "state.json") {
        twin.put(&Path::new(MAIN).with_file_name(name), bytes);
    }
    twin
}

#[test]
fn the_present_version_is_written_to_the_byte() {
    let (mut files, state) = present();
    files.insert("state.json".into(), export(&state));
    if files != read_all(PRESENT) {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PRESENT);
        fs::create_dir_all(&new).unwrap();
        files.iter().for_each(|(name, bytes)| fs::write(new.join(name), bytes).unwrap());
        panic!("what is written has changed: see {}, and tests/golden/README.md", new.display());
    }
}

#[test]
fn every_kind_of_event_that_a_command_leads_to_is_in_the_journals() {
    let kinds = [
        "server_started",
        "server_stopped",
        "iteration_counted",
        "task_added",
        "task_started",
        "child_spawned",
        "step_completed",
        "task_completed",
        "task_failed",
        "task_given_up",
        "attempt_excused",
        "task_retried",
        "task_rolled_back",
        "box_seen",
        "tasks_pruned",
        "completion_forgotten",
    ];
    let files = read_all(PRESENT);
    let journals = files.iter().filter(|(name, _)| name.starts_with("list.journal-"));
    let text: String = journals.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    kinds.iter().for_each(|kind| assert!(text.contains(&format!("{{\"{kind}\":")), "{kind}"));
}

#[test]
fn stores_of_every_version_open_with_the_same_state() {
    for version in VERSIONS {
        let files = read_all(version);
        let expected = String::from_utf8(files["state.json"].clone()).unwrap();
        // By the main file, by the backup and all journals, and without what the marks know.
        for gone in [None, Some("list.json"), Some("list.json.backup"), Some("list.mark-2")] {
            let left = files.iter().filter(|(name, _)| Some(name.as_str()) != gone);
            let twin = on_a_disk(&left.map(|(name, bytes)| (name.clone(), bytes.clone())).collect());
            let found = open(&twin).unwrap().view(State::clone).unwrap();
            assert_eq!(String::from_utf8(export(&found)).unwrap(), expected, "{version} without {gone:?}");
        }
    }
}

#[test]
fn a_newer_file_of_any_kind_is_refused_and_not_touched() {
    let files = read_all(PRESENT);
    let replaced = |name: &str, from: &str, to: &str| {
        let text = String::from_utf8(files[name].clone()).unwrap();
        assert!(text.contains(from), "{name}");
        (name.to_owned(), text.replacen(from, to, 1).into_bytes())
    };
    let newer_journal = |name: &str| {
        let mut bytes = files[name].clone();
        bytes[8..12].copy_from_slice(&2_u32.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]).to_le_bytes();
        bytes[60..64].copy_from_slice(&crc);
        (name.to_owned(), bytes)
    };
    for (name, bytes) in [
        replaced("list.json", "\"version\": \"1.0\"", "\"version\": \"2.0\""),
        replaced("list.json", "\"format\": 1,", "\"format\": 2,"),
        newer_journal("list.journal-2"),
    ] {
        let mut changed = files.clone();
        changed.insert(name.clone(), bytes);
        let twin = on_a_disk(&changed);
        let before = twin.files();
        assert!(matches!(open(&twin), Err(StoreError::Newer { .. })), "{name}");
        assert_eq!(twin.files(), before, "{name}");
    }
}
