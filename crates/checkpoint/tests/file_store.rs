//! The store on a real disk: what is damaged, missing or foreign when it is opened, against the decision table.
mod store_folder;

use std::{fs, path::Path};

use codeagent_checkpoint::{
    Store, StoreError, StoreNotice,
    file::{AsideReason, MainUnusable, admin, reader},
    store::ReadState,
};
use codeagent_core::{
    TaskState,
    testkit::{at, id},
};

use store_folder::*;

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
fn the_backup_of_another_store_is_set_aside() {
    let ((folder, expected), (other, _)) = (crashed(), crashed());
    let strange = fs::read(other.backup()).unwrap();
    fs::write(folder.backup(), &strange).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found, expected);
    let is_aside = |notice: &StoreNotice| match notice {
        StoreNotice::SetAside { to, reason: AsideReason::Foreign, .. } => fs::read(to).unwrap() == strange,
        _ => false,
    };
    assert!(report.notices.iter().any(is_aside), "{report:?}");
}

#[test]
fn both_damaged_is_refused_with_nothing_changed() {
    let (folder, _) = crashed();
    let ruined = [
        (("ruin", Some("ruin")), ["invalid JSON", "invalid JSON"]),
        (("", None), ["empty", "is missing"]),
        (("{}", Some("")), ["neither `version` nor `tasks`", "empty"]),
    ];
    for (ruins, told) in ruined {
        fs::write(folder.main(), ruins.0).unwrap();
        match ruins.1 {
            Some(ruin) => fs::write(folder.backup(), ruin).unwrap(),
            None => fs::remove_file(folder.backup()).unwrap(),
        }
        let before = folder.files();
        let Err(StoreError::Damaged(damages)) = folder.try_open() else { panic!("{ruins:?} was opened") };
        assert_eq!(damages.len(), 2);
        let mut each = damages.iter().zip(told);
        assert!(each.all(|(damage, told)| damage.what.contains(told)), "{damages:?}");
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
    let (journal, epoch) = (fs::read(folder.newest_journal()).unwrap(), folder.newest_epoch());
    fs::remove_file(folder.main()).unwrap();
    fs::remove_file(folder.backup()).unwrap();
    let (found, report) = folder.report();
    assert_eq!(found.counts().total(), 0);
    let [StoreNotice::Reset { set_aside }] = &report.notices[..] else { panic!("{report:?}") };
    assert!(set_aside.iter().any(|path| fs::read(path).unwrap() == journal));
    let (store, report) = folder.try_open().unwrap();
    assert_eq!(report.notices, []);
    act(&store, vec![add("a")]);
    assert!(folder.newest_epoch() > epoch);
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
fn a_backup_that_is_no_snapshot_any_more_is_set_aside() {
    let (folder, expected) = crashed();
    let backup = fs::read_to_string(folder.backup()).unwrap();
    let lost_key = backup.replace("\"codeagent\": {\n", "\"codeagenu\": {\n");
    assert_ne!(lost_key, backup);
    fs::write(folder.backup(), &lost_key).unwrap();
    assert_eq!(folder.report().0, expected);
    assert!(folder.files().values().any(|bytes| bytes == lost_key.as_bytes()));
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
fn by_the_backup_each_process_goes_on_from_where_the_one_before_died() {
    let (folder, _) = crashed();
    for task in ["d", "e"] {
        let store = folder.open();
        act(&store, vec![add(task)]);
        let expected = state(&store);
        store.abandon();
        let whole = folder.files();
        fs::remove_file(folder.main()).unwrap();
        assert_eq!(folder.report().0, expected);
        folder.put_back(&whole);
    }
}

#[test]
fn journals_are_numbered_on_also_where_only_the_snapshots_know_how_far() {
    let folder = Folder::new();
    let mut last = 0;
    for task in ["a", "b", "c"] {
        let store = folder.open();
        act(&store, vec![add(task)]);
        let epoch = folder.newest_epoch();
        assert!(epoch > last, "{epoch} after {last}");
        last = epoch;
        store.close().unwrap();
        assert!(!folder.names().iter().any(|name| name.contains("journal-")));
    }
}

#[test]
fn what_cannot_be_read_for_another_reason_than_damage_is_not_set_aside() {
    let (folder, _) = crashed();
    fs::remove_file(folder.backup()).unwrap();
    std::os::unix::fs::symlink(folder.backup(), folder.backup()).unwrap();
    let names = folder.names();
    let Err(error) = folder.try_open() else { panic!("a link to itself was opened") };
    assert!(matches!(&error, StoreError::Io { path, .. } if path.ends_with("list.json.backup")), "{error}");
    assert_eq!(folder.names(), names);
}

#[test]
fn a_backup_that_someone_deletes_comes_back_with_the_next_snapshot() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    fs::remove_file(folder.backup()).unwrap();
    act(&store, vec![start("a")]);
    store.checkpoint().unwrap();
    assert!(folder.backup().exists());
    act(&store, vec![complete("a")]);
    let expected = state(&store);
    store.abandon();
    fs::remove_file(folder.main()).unwrap();
    assert_eq!(folder.report().0, expected);
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

/// By the backup, which needs both journals, and of the second nothing but its mark is left.
#[test]
fn a_mark_tells_of_a_journal_that_is_blank() {
    let (folder, _) = crashed();
    let store = folder.open();
    act(&store, vec![add("d")]);
    store.abandon();
    fs::remove_file(folder.main()).unwrap();
    let journal = folder.newest_journal();
    let blank = vec![0; fs::read(&journal).unwrap().len()];
    fs::write(&journal, blank).unwrap();
    let before = folder.files();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
    assert_eq!(folder.files(), before);
}

#[test]
fn a_backup_of_the_python_implementation_is_taken_where_its_main_file_is_missing() {
    let text = r#"{"version":"1.0","tasks":[{"task_id":"x","task_text":"Do x","state":"completed"}]}"#;
    let folder = Folder::new();
    fs::create_dir(folder.data()).unwrap();
    fs::write(folder.backup(), text).unwrap();
    let (found, report) = folder.report();
    assert!(matches!(report.notices[0], StoreNotice::RestoredFromBackup { reason: MainUnusable::Missing }));
    assert_eq!(found.task(&id("x")).unwrap().state(), TaskState::Completed);
    // Beside journals of ours that were used, it is not what they go on from.
    let (folder, _) = crashed();
    fs::write(folder.backup(), text).unwrap();
    fs::remove_file(folder.main()).unwrap();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
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
fn a_name_with_an_impossible_epoch_costs_nothing() {
    for kind in ["journal", "mark", "tmp", "link"] {
        for epoch in [1 << 62, u64::MAX - 1, u64::MAX] {
            let (folder, _) = crashed();
            let stray = folder.data().join(format!("list.{kind}-{epoch}"));
            fs::write(&stray, "of others").unwrap();
            let store = folder.open();
            act(&store, vec![complete("b")]);
            store.checkpoint().unwrap();
            act(&store, vec![start("c"), complete("c")]);
            let last = state(&store);
            store.abandon();
            assert_eq!(folder.report().0, last, "{kind} {epoch}");
            assert_eq!(fs::read(&stray).unwrap(), b"of others");
        }
    }
}

#[test]
fn the_last_epoch_there_is_is_refused_with_nothing_changed_and_a_reset_begins_anew() {
    let (folder, _) = crashed();
    fs::write(folder.data().join(format!("list.tmp-{}", (1_u64 << 62) - 1)), "").unwrap();
    let before = folder.files();
    assert!(matches!(folder.try_open(), Err(StoreError::Damaged(_))));
    assert_eq!(folder.files(), before);
    admin::reset(&folder.main(), Folder::options()).unwrap();
    let store = folder.open();
    act(&store, vec![add("a")]);
    store.abandon();
    assert_eq!(folder.report().0.counts().total(), 1);
}
