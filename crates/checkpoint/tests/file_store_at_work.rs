//! The store on a real disk while it works: files deleted or replaced under it, readers, many callers, a full disk.
mod store_folder;

use std::{fs, path::Path};

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, Store, StoreError, StoreNotice,
    file::{admin, reader},
    store::ReadState,
};
use codeagent_core::{
    Command, Fingerprint, Origin, RawJson, TaskState,
    testkit::{at, id},
};

use store_folder::*;

#[test]
fn files_deleted_under_a_running_store_are_written_anew() {
    let folder = Folder::new();
    let (store, notices) = folder.open_listening();
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
fn a_place_that_someone_else_began_anew_is_taken_back_with_what_was_added_there() {
    for in_order in [true, false] {
        let folder = Folder::new();
        let (store, notices) = folder.open_listening();
        act(&store, vec![add("a"), start("a"), add("gone"), start("gone"), complete("gone")]);
        act(&store, vec![Command::Prune { keep_last_n: 0 }]);
        // An agent cleans up, and something that runs beside it finds the place empty.
        let other = Folder::new();
        let stranger = other.open();
        let with_text = |name: &str, text: &str, origin| {
            let metadata = Some(RawJson::new(r#"{"from":"agent"}"#));
            Command::AddTask { id: id(name), text: text.into(), metadata, origin }
        };
        act(
            &stranger,
            vec![with_text("z", "Do z", Origin::Added), add("done"), start("done"), complete("done")],
        );
        // Of the list, and what we know otherwise.
        act(&stranger, vec![with_text("line", "A line", Origin::List), add("a"), add("gone")]);
        if in_order {
            stranger.close().unwrap();
        } else {
            stranger.abandon();
        }
        folder.put_back(&other.files());
        act(&store, vec![complete("a")]);
        let told = notices.lock().unwrap().clone();
        assert!(told.contains(&StoreNotice::TasksTakenOver { count: 2 }), "{told:?}");
        act(&store, vec![add("b")]);
        let last = state(&store);
        store.abandon();
        let (found, _) = folder.report();
        assert_eq!(found, last);
        let state_of = |name| found.task(&id(name)).map(|task| task.state());
        let (completed, pending) = (Some(TaskState::Completed), Some(TaskState::Pending));
        assert_eq!(["a", "done"].map(state_of), [completed, completed]);
        assert_eq!(["z", "b", "line", "gone"].map(state_of), [pending, pending, None, None]);
        let z = found.task(&id("z")).unwrap();
        assert_eq!(z.extra.as_ref().unwrap().metadata.as_ref().unwrap().as_str(), r#"{"from":"agent"}"#);
        assert!(folder.names().iter().any(|name| name == "list.json.foreign-1"));
        let journal_kept = folder.names().iter().any(|name| name.starts_with("list.journal-1.foreign-"));
        assert!(in_order || journal_kept);
    }
}

#[test]
fn what_can_not_be_read_in_our_place_is_not_called_nothing() {
    let folder = Folder::new();
    let (store, notices) = folder.open_listening();
    act(&store, vec![add("a")]);
    fs::remove_dir_all(folder.data()).unwrap();
    fs::create_dir(folder.data()).unwrap();
    fs::write(folder.main(), "ruin").unwrap();
    store.keep().unwrap();
    let told = notices.lock().unwrap().clone();
    assert!(told.contains(&StoreNotice::RecreatedBesideUnread), "{told:?}");
    assert!(!told.contains(&StoreNotice::Recreated), "{told:?}");
    assert_eq!(fs::read(folder.data().join("list.json.foreign-1")).unwrap(), b"ruin");
}

/// A command that found the place empty is still at it.
#[test]
fn a_command_in_our_place_is_waited_for() {
    let folder = Folder::new();
    let (store, notices) = folder.open_listening();
    act(&store, vec![add("a")]);
    fs::remove_dir_all(folder.data()).unwrap();
    // A process of its own, which fences nobody.
    let script = "exec 9>list.lock; flock 9; printf 'pid %s\\nhost h\\nkind command\\nboot_id %s\\n' $$ \
                  $(cat /proc/sys/kernel/random/boot_id) >list.lock; echo; read _";
    fs::create_dir(folder.data()).unwrap();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).current_dir(folder.data());
    let piped = std::process::Stdio::piped;
    let Ok(mut other) = command.stdin(piped()).stdout(piped()).spawn() else { return };
    let mut line = String::new();
    let mut said = std::io::BufReader::new(other.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    std::thread::scope(|scope| {
        let kept = scope.spawn(|| store.keep());
        std::thread::park_timeout(std::time::Duration::from_millis(100));
        drop(other.stdin.take());
        other.wait().unwrap();
        kept.join().unwrap().unwrap();
    });
    assert_eq!(*notices.lock().unwrap(), [StoreNotice::Recreated]);
}

/// A part of our own files is no stranger's.
#[test]
fn what_is_left_of_our_own_files_is_told_as_ours() {
    let deletes: [fn(&Folder) -> Vec<std::path::PathBuf>; 2] = [
        |folder| vec![folder.newest_journal()],
        |folder| vec![folder.main(), folder.backup(), folder.data().join("list.lock")],
    ];
    for deleted in deletes {
        let folder = Folder::new();
        let (store, notices) = folder.open_listening();
        act(&store, vec![add("a")]);
        deleted(&folder).iter().for_each(|path| fs::remove_file(path).unwrap());
        act(&store, vec![add("b")]);
        store.keep().unwrap();
        let told = notices.lock().unwrap().clone();
        assert!(told.contains(&StoreNotice::Recreated), "{told:?}");
        assert!(!told.contains(&StoreNotice::RecreatedBesideUnread), "{told:?}");
    }
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
fn what_python_completed_stays_as_python_says_it() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), start("a")]);
    store.checkpoint().unwrap();
    act(&store, vec![complete("a")]);
    store.abandon();
    let change = "d['tasks'][0].update(state='completed', end_time='2020-01-01T00:00:00')";
    if !save_by_python(&folder.main(), change) {
        return;
    }
    let (found, _) = folder.report();
    let end = found.task(&id("a")).unwrap().end_time.unwrap();
    assert_eq!(end.to_string(), "2020-01-01T00:00:00");
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
