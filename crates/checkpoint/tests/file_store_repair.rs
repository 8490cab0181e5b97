//! The store's files as `checkpoint repair` and `checkpoint import` leave them: nothing is forgotten, and nothing runs
//! again unasked.
mod store_folder;

use std::fs;

use codeagent_checkpoint::{Store, StoreError, StoreNotice, file::admin};
use codeagent_core::{
    TaskState,
    testkit::{at, id},
};

use store_folder::*;

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
fn repair_without_the_last_journal_runs_nothing_again_unasked() {
    for ruin in [vec![], vec![0; 8192]] {
        let (folder, _) = crashed();
        // The backup's journal is whole, and says by its seal that another one followed.
        fs::remove_file(folder.main()).unwrap();
        fs::write(folder.newest_journal(), ruin).unwrap();
        for name in folder.names().iter().filter(|name| name.starts_with("list.mark-")) {
            fs::remove_file(folder.data().join(name)).unwrap();
        }
        assert!(folder.try_open().is_err());
        let report = admin::repair(&folder.main(), at(9), Folder::options()).unwrap();
        assert_eq!(report.uncertain, [id("a"), id("b"), id("c")]);
    }
}

#[test]
fn an_import_of_an_older_copy_forgets_no_completion() {
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a"), add("b")]);
    store.close().unwrap();
    let copy = folder.0.path().join("old.json");
    fs::copy(folder.main(), &copy).unwrap();
    let store = folder.open();
    act(&store, vec![start("a"), complete("a"), add("c"), start("c"), complete("c")]);
    store.abandon();
    let report = admin::import(&folder.main(), &copy, Folder::options()).unwrap();
    assert!(report.notices.contains(&StoreNotice::CompletionsKept { count: 2 }), "{report:?}");
    let (found, _) = folder.report();
    let states = ["a", "b"].map(|name| found.task(&id(name)).unwrap().state());
    assert_eq!(states, [TaskState::Completed, TaskState::Pending]);
    assert!(found.is_text_completed("Do c"));
    // What can't be read keeps nobody from importing; that nothing could be asked is said.
    fs::write(folder.main(), "ruin").unwrap();
    fs::write(folder.backup(), "ruin").unwrap();
    let report = admin::import(&folder.main(), &copy, Folder::options()).unwrap();
    assert!(report.notices.contains(&StoreNotice::CompletionsUnread { open: 2 }), "{report:?}");
    assert_eq!(folder.report().0.task(&id("a")).unwrap().state(), TaskState::Pending);
}

#[test]
fn an_import_over_ruined_files_asks_what_is_left_of_them() {
    let journal_gone = |folder: &Folder| {
        ruin_both(folder, |text| text);
        for name in folder.names().iter().filter(|name| name.contains(".journal-")) {
            fs::write(folder.data().join(name), "ruin").unwrap();
        }
    };
    let ways: [&dyn Fn(&Folder); 3] = [
        &|folder| ruin_both(folder, |text| text),
        &|folder| ruin_both(folder, |_| "ruin".into()),
        &journal_gone,
    ];
    for (way, ruin) in ways.iter().enumerate() {
        let folder = Folder::new();
        let store = folder.open();
        act(&store, vec![add("a"), add("b")]);
        let copy = folder.0.path().join("copy.json");
        admin::export(&folder.main(), &mut fs::File::create(&copy).unwrap()).unwrap();
        act(&store, vec![start("a"), complete("a")]);
        store.checkpoint().unwrap();
        store.abandon();
        ruin(&folder);
        let report = admin::import(&folder.main(), &copy, Folder::options()).unwrap();
        assert!(report.notices.contains(&StoreNotice::CompletionsKept { count: 1 }), "{way}: {report:?}");
        let unread = |notice: &StoreNotice| matches!(notice, StoreNotice::CompletionsUnread { .. });
        assert!(report.notices.iter().any(unread), "{way}: {report:?}");
        let states = ["a", "b"].map(|name| folder.report().0.task(&id(name)).unwrap().state());
        assert_eq!(states, [TaskState::Completed, TaskState::Pending], "{way}");
    }
}

#[test]
fn a_repair_counts_no_attempt_twice_and_keeps_a_completion_that_only_a_snapshot_has() {
    let fail =
        |name: &str| codeagent_core::Command::FailTask { id: id(name), error: "no".into(), policy: None };
    let ways: [fn(String) -> String; 2] = [|text| text, without_its_end];
    for (way, also) in ways.into_iter().enumerate() {
        let folder = Folder::new();
        let store = folder.open();
        act(&store, vec![add("a"), add("b")]);
        for seconds in 1..=2 {
            store.execute(start("a"), at(seconds)).unwrap().unwrap();
            store.execute(fail("a"), at(seconds)).unwrap().unwrap();
            store.checkpoint().unwrap();
        }
        store.execute_all(vec![start("b"), complete("b")], at(3)).unwrap();
        let expected = state(&store);
        store.abandon();
        ruin_both(&folder, also);
        admin::repair(&folder.main(), at(9), Folder::options()).unwrap();
        let (found, _) = folder.report();
        assert_eq!(found.task(&id("a")), expected.task(&id("a")), "{way}");
        assert_eq!(found.task(&id("b")), expected.task(&id("b")), "{way}");
    }
    // The journal that held it is lost; the main file's line says so.
    let folder = Folder::new();
    let store = folder.open();
    act(&store, vec![add("a")]);
    act(&store, vec![start("a")]);
    store.checkpoint().unwrap();
    act(&store, vec![complete("a")]);
    let sealed = folder.newest_journal();
    store.checkpoint().unwrap();
    store.abandon();
    for ruin_main in [true, false] {
        if ruin_main {
            let text = fs::read_to_string(folder.main()).unwrap().replace("\"version\"", "\"versio\"");
            fs::write(folder.main(), text).unwrap();
            fs::write(&sealed, "ruin").unwrap();
        } else {
            ruin_both(&folder, without_its_end);
        }
        let before = folder.files();
        admin::repair(&folder.main(), at(9), Folder::options()).unwrap();
        assert_eq!(folder.report().0.task(&id("a")).unwrap().state(), TaskState::Completed);
        folder.put_back(&before);
    }
}

#[test]
fn a_repair_that_would_save_nothing_is_refused_with_nothing_changed() {
    let (folder, _) = crashed();
    for name in folder.names().iter().filter(|name| !name.contains(".lock") && *name != ".gitignore") {
        fs::write(folder.data().join(name), "ruin").unwrap();
    }
    let before = folder.files();
    let refused = admin::repair(&folder.main(), at(9), Folder::options());
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    assert_eq!(folder.files(), before);
    admin::reset(&folder.main(), Folder::options()).unwrap();
    assert_eq!(folder.report().0.counts().total(), 0);
}
