//! The store on a real disk: what is damaged, missing, foreign or full, against the decision table.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its way to fail")]
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, OpenReport, Store, StoreError, StoreNotice,
    file::{AsideReason, MainUnusable, admin, reader},
    store::ReadState,
};
use codeagent_core::{
    Command, Fingerprint, Origin, StartAgain, State, TaskState,
    testkit::{at, id},
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn main(&self) -> PathBuf {
        self.data().join("list.json")
    }

    fn backup(&self) -> PathBuf {
        self.data().join("list.json.backup")
    }

    /// No snapshots but those of opening, closing and `checkpoint`.
    fn options() -> FileStoreOptions {
        FileStoreOptions { snapshots_beside: false, ..FileStoreOptions::default() }
    }

    fn try_open(&self) -> Result<(FileStore, OpenReport), StoreError> {
        FileStore::open(&self.main(), Self::options())
    }

    fn open(&self) -> FileStore {
        self.try_open().unwrap().0
    }

    fn report(&self) -> (State, OpenReport) {
        let (store, report) = self.try_open().unwrap();
        let state = state(&store);
        store.abandon();
        (state, report)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.data())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let read = |name: String| {
            let bytes = fs::read(self.data().join(&name)).unwrap_or_default();
            (name, bytes)
        };
        self.names().into_iter().map(read).collect()
    }

    fn put_back(&self, files: &BTreeMap<String, Vec<u8>>) {
        fs::remove_dir_all(self.data()).unwrap();
        fs::create_dir(self.data()).unwrap();
        files.iter().for_each(|(name, bytes)| fs::write(self.data().join(name), bytes).unwrap());
    }

    fn newest_journal(&self) -> PathBuf {
        let epoch = |name: &String| name.strip_prefix("list.journal-")?.parse::<u64>().ok();
        let newest = self.names().iter().filter_map(epoch).max().unwrap();
        self.data().join(format!("list.journal-{newest}"))
    }
}

fn state(store: &FileStore) -> State {
    store.view(Clone::clone).unwrap()
}

fn add(name: &str) -> Command {
    Command::AddTask { id: id(name), text: format!("Do {name}"), metadata: None, origin: Origin::Added }
}

fn start(name: &str) -> Command {
    Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::Always }
}

fn complete(name: &str) -> Command {
    Command::CompleteTask { id: id(name), result: None }
}

fn act(store: &FileStore, commands: Vec<Command>) {
    store.execute_all(commands, at(1)).unwrap().into_iter().for_each(|decided| drop(decided.unwrap()));
}

/// A store that died with a main file, a backup, and journals that follow both; and its last state.
fn crashed() -> (Folder, State) {
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

fn has_aside(report: &OpenReport, bytes: &[u8]) -> bool {
    report.notices.iter().any(|notice| match notice {
        StoreNotice::SetAside { to, reason: AsideReason::Damaged, .. } => fs::read(to).unwrap() == bytes,
        _ => false,
    })
}

#[test]
fn a_new_store_has_main_and_backup_and_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (store, report) = folder.try_open().unwrap();
    assert_eq!(report.notices, [StoreNotice::Created]);
    assert_eq!(fs::read(folder.data().join(".gitignore")).unwrap(), b"*\n");
    act(&store, vec![add("a")]);
    assert!(folder.main().exists() && folder.backup().exists());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.data()), 0o700);
    for name in folder.names() {
        assert_eq!(mode(&folder.data().join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_folder_of_others_keeps_their_files_visible_to_git() {
    let folder = Folder::new();
    fs::create_dir(folder.data()).unwrap();
    fs::write(folder.data().join("table.csv"), "1,2").unwrap();
    drop(folder.open());
    assert_eq!(fs::read(folder.data().join(".gitignore")).unwrap(), b"/list*\n");
}

#[test]
fn a_closed_store_is_two_equal_files_and_opens_without_a_word() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), start("a")]);
    let before = state(&store);
    store.close().unwrap();
    assert!(matches!(store.execute(add("b"), at(2)), Err(StoreError::Closed)));
    assert_eq!(folder.names(), [".gitignore", "list.json", "list.json.backup", "list.lock"]);
    assert_eq!(fs::read(folder.main()).unwrap(), fs::read(folder.backup()).unwrap());
    let (after, report) = folder.report();
    assert_eq!(after, before);
    assert_eq!(report.notices, []);
}

#[test]
fn a_close_without_a_change_writes_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    store.close().unwrap();
    let store = folder.open();
    let before = folder.files();
    store.close().unwrap();
    assert_eq!(folder.files(), before);
}

#[test]
fn main_damaged_in_any_way_costs_nothing() {
    let (folder, expected) = crashed();
    let whole = folder.files();
    let main = whole["list.json"].clone();
    let mut ruins: Vec<Vec<u8>> = (0..main.len()).step_by(64).map(|cut| main[..cut].to_vec()).collect();
    ruins.push(vec![0; main.len()]);
    ruins.push((0..main.len()).map(|n| (n * 7919 % 251) as u8).collect());
    ruins.extend([&b"null"[..], b"[]", b"{}", b"{\"tasks\":5}"].map(<[u8]>::to_vec));
    for at in (0..main.len()).step_by(13) {
        let mut flipped = main.clone();
        flipped[at] ^= 1 << (at % 7);
        ruins.push(flipped);
    }
    for ruin in ruins {
        folder.put_back(&whole);
        fs::write(folder.main(), &ruin).unwrap();
        let shown = String::from_utf8_lossy(&ruin).into_owned();
        match folder.try_open() {
            Ok((store, report)) => {
                assert_eq!(state(&store), expected, "{shown}");
                assert!(has_aside(&report, &ruin), "{shown}");
                let reason = |notice: &StoreNotice| {
                    matches!(notice, StoreNotice::RestoredFromBackup { reason: MainUnusable::Damaged(_) })
                };
                assert!(report.notices.iter().any(reason), "{shown}");
            }
            // A flipped digit of the version is another version.
            Err(StoreError::Newer { .. }) => {
                assert!(!shown.contains("\"1.0\"") || !shown.contains("\"format\": 1,"))
            }
            Err(error) => panic!("{error}: {shown}"),
        }
    }
}

#[test]
fn main_missing_is_restored_and_backup_damaged_is_set_aside() {
    let (folder, expected) = crashed();
    let whole = folder.files();
    fs::remove_file(folder.main()).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found, expected);
    assert!(report.notices.contains(&StoreNotice::RestoredFromBackup { reason: MainUnusable::Missing }));

    folder.put_back(&whole);
    fs::write(folder.backup(), "ruin").unwrap();
    let (found, report) = folder.report();
    assert_eq!(found, expected);
    assert!(has_aside(&report, b"ruin"));
}

#[test]
fn both_damaged_is_refused_with_nothing_changed() {
    let (folder, _) = crashed();
    for ruins in [("ruin", Some("ruin")), ("", None), ("{}", Some(""))] {
        fs::write(folder.main(), ruins.0).unwrap();
        match ruins.1 {
            Some(ruin) => fs::write(folder.backup(), ruin).unwrap(),
            None => fs::remove_file(folder.backup()).unwrap(),
        }
        let before = folder.files();
        assert!(matches!(folder.try_open(), Err(StoreError::Damaged(damages)) if damages.len() == 2));
        assert_eq!(folder.files(), before);
        assert!(matches!(reader::read(&folder.main()), Err(StoreError::Damaged(_))));
        assert_eq!(folder.files(), before);
    }
    fs::remove_file(folder.data().join("list.lock")).unwrap();
    let before = folder.files();
    assert!(folder.try_open().is_err());
    assert_eq!(folder.files(), before);
}

#[test]
fn both_deleted_is_a_reset_and_the_journals_are_kept() {
    let (folder, _) = crashed();
    let journal = fs::read(folder.newest_journal()).unwrap();
    fs::remove_file(folder.main()).unwrap();
    fs::remove_file(folder.backup()).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found.counts().total(), 0);
    let [StoreNotice::Reset { set_aside }] = &report.notices[..] else { panic!("{report:?}") };
    assert!(set_aside.iter().any(|path| fs::read(path).unwrap() == journal));
    assert_eq!(folder.report().1.notices, []);
}

#[test]
fn the_last_record_torn_at_every_byte_is_gone_and_it_alone() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), add("b")]);
    let before = state(&store);
    let journal = folder.newest_journal();
    let last = fs::read(&journal).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mark = folder.names().into_iter().rfind(|name| name.starts_with("list.mark-")).unwrap();
    let mark = (mark.clone(), fs::read(folder.data().join(&mark)).unwrap());
    act(&store, vec![start("a")]);
    store.abandon();
    // Of a batch that was not acknowledged the mark knows nothing.
    fs::write(folder.data().join(&mark.0), &mark.1).unwrap();
    let whole = folder.files();
    let bytes = fs::read(&journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for cut in last..end {
        folder.put_back(&whole);
        let mut torn = bytes.clone();
        torn[cut..].fill(0);
        fs::write(&journal, torn).unwrap();
        let (found, report) = folder.report();
        assert_eq!(found, before, "cut at {cut}");
        let dropped =
            report.notices.iter().any(|notice| matches!(notice, StoreNotice::TornTailDropped { .. }));
        assert_eq!(dropped, cut > last, "cut at {cut}");
    }
}

#[test]
fn a_journal_damaged_where_it_was_acknowledged_is_refused() {
    let (folder, expected) = crashed();
    let whole = folder.files();
    let journal = folder.newest_journal();
    let bytes = fs::read(&journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for at in 0..end + 40 {
        folder.put_back(&whole);
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x04;
        fs::write(&journal, flipped).unwrap();
        let before = folder.files();
        match folder.try_open() {
            Ok((store, _)) => {
                assert!(at >= end, "byte {at}");
                assert_eq!(state(&store), expected, "byte {at}");
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Damaged(_)), "byte {at}: {error}");
                assert_eq!(folder.files(), before, "byte {at}");
            }
        }
    }
    for ruin in [vec![0; bytes.len()], Vec::new()] {
        folder.put_back(&whole);
        fs::write(&journal, ruin).unwrap();
        assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
    }
    folder.put_back(&whole);
    fs::remove_file(&journal).unwrap();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
}

#[test]
fn repair_keeps_what_is_readable_and_gives_up_what_is_uncertain() {
    let (folder, expected) = crashed();
    let ruin = "ruin";
    fs::write(folder.main(), ruin).unwrap();
    let backup = fs::read(folder.backup()).unwrap();
    fs::write(folder.backup(), &backup[..backup.len() - 30]).unwrap();
    assert!(folder.try_open().is_err());
    let report = admin::repair(&folder.main(), at(9), Folder::options()).unwrap();
    assert!(report.was_needed);
    let (found, opened) = folder.report();
    assert_eq!(opened.notices, []);
    // The backup was an empty store; every task came by the journal, which is whole.
    assert_eq!(found.counts().total(), expected.counts().total());
    assert_eq!(found.task(&id("a")).unwrap().state(), TaskState::Completed);
    let aside = |notice: &StoreNotice| matches!(notice, StoreNotice::SetAside { to, .. } if fs::read(to).unwrap() == ruin.as_bytes());
    assert!(report.notices.iter().any(aside));
    assert!(!admin::repair(&folder.main(), at(9), Folder::options()).unwrap().was_needed);
}

#[test]
fn repair_after_a_gap_runs_nothing_again_unasked() {
    let (folder, _) = crashed();
    let journal = folder.newest_journal();
    let mut bytes = fs::read(&journal).unwrap();
    bytes[64 + 40] ^= 1; // the first record: `a` is completed
    fs::write(&journal, bytes).unwrap();
    assert!(folder.try_open().is_err());
    let report = admin::repair(&folder.main(), at(9), Folder::options()).unwrap();
    let (found, _) = folder.report();
    let states: Vec<_> = ["a", "b", "c"].map(|name| found.task(&id(name)).unwrap().state()).into();
    // `b` was started after the gap; what became of `a` and `c` in it nobody knows.
    assert_eq!(states, [TaskState::Failed, TaskState::InProgress, TaskState::Failed]);
    assert_eq!(report.uncertain, [id("a"), id("c")]);
}

#[test]
fn an_old_file_put_back_is_refused_or_overruled() {
    let (folder, expected) = crashed();
    let old = folder.files();
    let store = folder.open();
    store.checkpoint().unwrap();
    act(&store, vec![complete("b")]);
    let last = state(&store);
    store.abandon();
    // An older main: the backup is newer and wins.
    fs::write(folder.main(), &old["list.json"]).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found, last);
    assert!(report.notices.contains(&StoreNotice::RestoredFromBackup { reason: MainUnusable::Older }));
    // Both older, without their journals.
    fs::write(folder.main(), &old["list.json"]).unwrap();
    fs::write(folder.backup(), &old["list.json.backup"]).unwrap();
    let before = folder.files();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
    assert_eq!(folder.files(), before);
    // It can be imported.
    let copy = folder.0.path().join("old.json");
    fs::write(&copy, &old["list.json"]).unwrap();
    admin::import(&folder.main(), &copy, Folder::options()).unwrap();
    let (found, _) = folder.report();
    assert_eq!(found.counts().total(), expected.counts().total());
}

#[test]
fn pieces_of_two_lives_of_one_store_are_not_mixed() {
    let (folder, _) = crashed();
    let common = folder.files();
    let live = |name: &str| {
        folder.put_back(&common);
        let store = folder.open();
        act(&store, vec![add(name)]);
        store.checkpoint().unwrap();
        act(&store, vec![start(name)]);
        store.abandon();
        folder.files()
    };
    let (one, other) = (live("one life"), live("other life"));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for both in [false, true] {
        folder.put_back(&other);
        fs::write(folder.main(), &one["list.json"]).unwrap();
        if both {
            fs::write(folder.backup(), &one["list.json.backup"]).unwrap();
        }
        let before = folder.files();
        assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
        assert_eq!(folder.files(), before);
    }
}

#[test]
fn a_sealed_journal_demands_the_one_that_follows() {
    let (folder, _) = crashed();
    fs::remove_file(folder.main()).unwrap();
    fs::remove_file(folder.newest_journal()).unwrap();
    for name in folder.names().iter().filter(|name| name.starts_with("list.mark-")) {
        fs::remove_file(folder.data().join(name)).unwrap();
    }
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
}

#[test]
fn a_mark_tells_of_a_journal_that_is_gone() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    store.close().unwrap();
    // The backup is the clean snapshot, which needs no journal: only the mark knows that there was one.
    let store = folder.open();
    act(&store, vec![start("a"), complete("a")]);
    store.abandon();
    fs::remove_file(folder.main()).unwrap();
    fs::remove_file(folder.newest_journal()).unwrap();
    let before = folder.files();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
    assert_eq!(folder.files(), before);
}

#[test]
fn a_newer_version_is_refused_even_beside_a_good_backup() {
    let (folder, _) = crashed();
    fs::write(folder.main(), r#"{"version": "2.0", "tasks": []}"#).unwrap();
    let before = folder.files();
    assert!(matches!(folder.try_open(), Err(StoreError::Newer { .. })));
    assert_eq!(folder.files(), before);
}

#[test]
fn a_file_of_others_is_taken_over() {
    let folder = Folder::new();
    fs::create_dir(folder.data()).unwrap();
    let text =
        r#"{"version":"1.0","tasks":[{"task_id":"x","task_text":"Do x","state":"completed"}],"mine":[1]}"#;
    fs::write(folder.main(), text).unwrap();
    let (found, report) = folder.report();
    assert_eq!(report.notices, [StoreNotice::ImportedForeign]);
    assert_eq!(found.task(&id("x")).unwrap().state(), TaskState::Completed);
    let (again, report) = folder.report();
    assert_eq!((again, report.notices), (found, vec![]));
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"tasks":5}"#,
        r#"{"version":"1.0","tasks":[{"task_id":"x","task_text":"a"},{"task_id":"x","task_text":"b"}]}"#,
        r#"{"version":"1.0","tasks":[{"task_id":"x","task_text":"a","state":"asleep"}]}"#,
    ] {
        let folder = Folder::new();
        fs::create_dir(folder.data()).unwrap();
        fs::write(folder.main(), bad).unwrap();
        fs::write(folder.data().join(".gitignore"), "").unwrap();
        let before = folder.files();
        assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))), "{bad}");
        assert_eq!(folder.files(), before, "{bad}");
    }
}

#[test]
fn a_lost_key_is_damage_and_no_foreign_file() {
    let (folder, expected) = crashed();
    let main = fs::read_to_string(folder.main()).unwrap();
    fs::write(folder.main(), main.replace("\"codeagent\": {\n", "\"codeagenu\": {\n")).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found, expected);
    assert!(matches!(report.notices[0], StoreNotice::RestoredFromBackup { .. }));
}

#[test]
fn a_folder_where_a_file_should_be_is_an_error_with_its_name() {
    let folder = Folder::new();
    fs::create_dir_all(folder.main()).unwrap();
    match folder.try_open() {
        Err(StoreError::Damaged(damages)) => assert!(damages[0].path.ends_with("list.json")),
        other => panic!("{other:?}"),
    }
    assert!(folder.main().is_dir());
}

#[test]
fn a_second_process_is_refused_with_the_pid_and_the_newer_of_one_process_wins() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    let newer = folder.open();
    assert!(matches!(store.execute(add("b"), at(1)), Err(StoreError::Fenced)));
    assert!(matches!(store.view(|_| ()), Err(StoreError::Fenced)));
    drop(store);
    act(&newer, vec![add("b")]);
    assert_eq!(state(&newer).counts().total(), 2);
    // Another process has the lock.
    let status = std::process::Command::new("flock")
        .args(["--nonblock", "--conflict-exit-code", "7"])
        .arg(folder.data().join("list.lock"))
        .arg("true")
        .status();
    if let Ok(status) = status {
        assert_eq!(status.code(), Some(7));
    }
    newer.close().unwrap();
}

#[test]
fn a_lock_of_another_process_is_named() {
    let folder = Folder::new();
    drop(folder.open());
    let lock = folder.data().join("list.lock");
    let command = format!("echo 'pid '$$'\nhost h\nboot_id b' > {0}; echo ready; read line", lock.display());
    let Ok(mut other) = std::process::Command::new("flock")
        .arg(&lock)
        .args(["sh", "-c", &command])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
    else {
        return; // no flock(1) here
    };
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut [0; 6]).unwrap();
    match folder.try_open() {
        Err(StoreError::InUse { pid: Some(pid), .. }) => assert_ne!(pid, std::process::id()),
        other => panic!("{other:?}"),
    }
    drop(other.stdin.take());
    other.wait().unwrap();
    drop(folder.open());
}

#[test]
fn files_deleted_under_a_running_store_are_written_anew() {
    let folder = Folder::new();
    let notices = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&notices);
    let options = FileStoreOptions {
        notify: Arc::new(move |notice| told.lock().unwrap().push(notice)),
        ..Folder::options()
    };
    let (store, _) = FileStore::open(&folder.main(), options).unwrap();
    act(&store, vec![add("a"), start("a")]);
    fs::remove_dir_all(folder.data()).unwrap();
    act(&store, vec![complete("a")]);
    assert_eq!(*notices.lock().unwrap(), [StoreNotice::Recreated]);
    act(&store, vec![add("b")]);
    let before = state(&store);
    store.abandon();
    let (found, _) = folder.report();
    assert_eq!(found, before);
    // Without the project there is nowhere to write to.
    let store = folder.open();
    fs::remove_dir_all(folder.0.path()).unwrap();
    assert!(matches!(store.execute(add("c"), at(1)), Err(StoreError::Io { .. })));
    assert!(matches!(store.view(|_| ()), Err(StoreError::Io { .. })));
    assert!(matches!(store.execute(add("c"), at(1)), Err(StoreError::Io { .. })));
}

#[test]
fn a_replaced_lock_file_stops_the_store() {
    let folder = Folder::new();
    let store = folder.open();
    let lock = folder.data().join("list.lock");
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "pid 1\n").unwrap();
    let refused = store.execute(add("a"), at(1));
    assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
    assert!(matches!(store.close(), Err(StoreError::Io { .. })));
}

#[test]
fn a_place_that_someone_else_began_anew_is_taken_back() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), start("a")]);
    // An agent cleans up, and something that runs beside it finds the place empty.
    let other = Folder::new();
    let stranger = other.open();
    act(&stranger, vec![add("z")]);
    stranger.abandon();
    folder.put_back(&other.files());
    act(&store, vec![complete("a")]);
    act(&store, vec![add("b")]);
    let last = state(&store);
    store.abandon();
    let (found, _) = folder.report();
    assert_eq!(found, last);
    assert!(folder.names().iter().any(|name| name == "list.json.foreign-1"));
    assert!(folder.names().iter().any(|name| name.starts_with("list.journal-1.foreign-")));
}

#[test]
fn what_is_missing_at_the_end_is_written_again() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    let before = state(&store);
    store.checkpoint().unwrap();
    fs::remove_file(folder.main()).unwrap();
    fs::remove_file(folder.backup()).unwrap();
    store.close().unwrap();
    assert!(folder.main().exists() && folder.backup().exists());
    // A lock file that is gone, and nobody else's.
    let store = folder.open();
    fs::remove_file(folder.data().join("list.lock")).unwrap();
    act(&store, vec![start("a")]);
    act(&store, vec![complete("a")]);
    let after = state(&store);
    store.abandon();
    assert_ne!(before, after);
    assert_eq!(folder.report().0, after);
}

#[test]
fn a_folder_that_can_only_be_read_is_an_error_with_its_name_and_can_be_read() {
    let (folder, expected) = crashed();
    let dir = folder.data();
    let mount = |arguments: &[&str]| {
        let mut command = std::process::Command::new("mount");
        let status = command.args(arguments).arg(&dir).stderr(std::process::Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["--bind", dir.to_str().unwrap()]) {
        return; // may not mount here
    }
    let _unmount = Unmount(&dir);
    assert!(mount(&["-o", "remount,ro,bind"]));
    match folder.try_open() {
        Err(StoreError::Io { path, .. }) => assert!(path.starts_with(dir.canonicalize().unwrap())),
        other => panic!("{other:?}"),
    }
    assert_eq!(reader::read(&folder.main()).unwrap().state, expected);
}

#[test]
fn a_main_file_replaced_under_a_running_store_is_kept_aside() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    fs::write(folder.main(), "of others").unwrap();
    store.checkpoint().unwrap();
    assert_eq!(fs::read(folder.data().join("list.json.foreign-1")).unwrap(), b"of others");
    let before = state(&store);
    store.abandon();
    assert_eq!(folder.report().0, before);
}

#[test]
fn reset_export_and_verify() {
    let (folder, expected) = crashed();
    let before = folder.files();
    let verified = admin::verify(&folder.main()).unwrap();
    assert_eq!(verified.outcome.unwrap().state, expected);
    assert!(verified.files.iter().all(|file| !matches!(file.condition, admin::Condition::Damaged(_))));
    let mut text = Vec::new();
    admin::export(&folder.main(), &mut text).unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("digest"));
    assert_eq!(folder.files(), before);
    let report = admin::reset(&folder.main(), Folder::options()).unwrap();
    assert!(report.notices.len() >= 4);
    assert_eq!(folder.report().0.counts().total(), 0);
    assert_eq!(fs::read(folder.data().join("list.json.reset-1")).unwrap(), before["list.json"]);
}

#[test]
fn a_reader_beside_a_writer_sees_whole_states() {
    let folder = Folder::new();
    let options = FileStoreOptions { settle: std::time::Duration::ZERO, ..FileStoreOptions::default() };
    let (store, _) = FileStore::open(&folder.main(), options).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..300 {
                act(&store, vec![add(&format!("x{n}")), add(&format!("y{n}"))]);
            }
        });
        let (mut last, mut reads) = (0, 0);
        while !writer.is_finished() || reads == 0 {
            let total = reader::read(&folder.main()).unwrap().state.counts().total();
            assert!(total >= last && total.is_multiple_of(2), "{total} after {last}");
            (last, reads) = (total, reads + 1);
        }
    });
    assert_eq!(reader::read(&folder.main()).unwrap().state, state(&store));
}

#[test]
fn snapshots_follow_the_work_and_sleep_when_nothing_is_owed() {
    let folder = Folder::new();
    let options =
        FileStoreOptions { settle: std::time::Duration::from_millis(5), ..FileStoreOptions::default() };
    let (store, _) = FileStore::open(&folder.main(), options).unwrap();
    act(&store, vec![add("a"), start("a"), complete("a")]);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !fs::read_to_string(folder.main()).unwrap().contains("completed") {
        assert!(std::time::Instant::now() < deadline, "no snapshot came");
        std::thread::yield_now();
    }
    store.close().unwrap();
}

#[test]
fn many_callers_are_all_durable() {
    let folder = Folder::new();
    let store = folder.open();
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..40 {
                    act(store, vec![add(&format!("{caller}-{n}"))]);
                }
            });
        }
    });
    let before = state(&store);
    assert_eq!(before.counts().total(), 320);
    store.abandon();
    assert_eq!(folder.report().0, before);
}

#[test]
fn pruned_completions_stay_known() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), start("a"), complete("a"), Command::Prune { keep_last_n: 0 }]);
    store.close().unwrap();
    let (found, _) = folder.report();
    assert_eq!(found.counts().total(), 0);
    assert!(found.is_pruned(Fingerprint::of_text("Do a")));
}

/// What Python's `json.dump(data, indent=2, ensure_ascii=False)` makes of a file, after a change.
fn save_by_python(path: &Path, change: &str) -> bool {
    let program = format!(
        "import json,sys\np=sys.argv[1]\nd=json.load(open(p,encoding='utf-8'))\n{change}\n\
         json.dump(d,open(p,'w',encoding='utf-8'),indent=2,ensure_ascii=False)"
    );
    let done = std::process::Command::new("python3").arg("-c").arg(program).arg(path).status();
    done.is_ok_and(|status| status.success())
}

#[test]
fn a_save_by_python_is_the_new_base_and_completions_stay() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), add("b"), add("c"), start("a"), complete("a")]);
    store.close().unwrap();
    // It prunes `a`, and completes `b`.
    let change =
        "d['tasks']=[t for t in d['tasks'] if t['task_id']!='a']\nd['tasks'][0]['state']='completed'";
    if !save_by_python(&folder.main(), change) {
        return; // no Python here
    }
    let (found, report) = folder.report();
    assert_eq!(report.notices, [StoreNotice::SavedByOtherProgram { completions_kept: 1 }]);
    assert!(found.task(&id("a")).is_none() && found.is_text_completed("Do a"));
    assert_eq!(found.task(&id("b")).unwrap().state(), TaskState::Completed);
    assert_eq!(folder.report().0, found);
}

#[test]
fn a_save_by_python_of_a_file_that_was_behind_loses_no_completion() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), start("a")]);
    store.checkpoint().unwrap();
    act(&store, vec![complete("a"), add("b"), start("b"), complete("b"), add("c")]);
    store.abandon();
    if !save_by_python(&folder.main(), "d['tasks'][0]['state']='pending'") {
        return;
    }
    let (found, _) = folder.report();
    let states: Vec<_> = ["a", "b", "c"].map(|name| found.task(&id(name)).unwrap().state()).into();
    assert_eq!(states, [TaskState::Completed, TaskState::Completed, TaskState::Pending]);
}

#[test]
fn a_full_disk_fails_cleanly_and_loses_nothing() {
    let folder = Folder::new();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"])
        .arg(folder.0.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return; // may not mount here
    }
    let _unmount = Unmount(folder.0.path());
    let (store, mut acknowledged) = (folder.open(), Vec::new());
    let failed = (0..100_000).find_map(|n| match store.execute(add(&format!("t{n}")), at(n)) {
        Ok(decided) => {
            decided.unwrap();
            acknowledged.push(format!("t{n}"));
            None
        }
        Err(error) => Some(error),
    });
    assert!(matches!(failed, Some(StoreError::Io { .. })), "{failed:?}");
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert!(matches!(store.execute(add("x"), at(1)), Err(StoreError::Io { .. })));
    drop(store);
    // Still full: refused, and nothing lost by that.
    drop(folder.try_open());
    drop(folder.try_open());
    let status =
        std::process::Command::new("mount").args(["-o", "remount,size=1m"]).arg(folder.0.path()).status();
    assert!(status.unwrap().success());
    let (found, _) = folder.report();
    for name in acknowledged {
        assert!(found.task(&id(&name)).is_some(), "{name}");
    }
}

struct Unmount<'p>(&'p Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0).status();
    }
}
