//! A store whose files are large enough that the backup is read beside the main file.
#![allow(clippy::unwrap_used, reason = "tests")]
mod store_folder;

use std::{fs, path::Path};

use codeagent_checkpoint::{OpenReport, StoreNotice};
use codeagent_core::{Command, Origin, State, testkit::id};
use store_folder::*;

fn crashed() -> (Folder, State) {
    let folder = Folder::new();
    let store = folder.open();
    let text = "x".repeat(2 << 20);
    act(&store, vec![Command::AddTask { id: id("long"), text, metadata: None, origin: Origin::Added }]);
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    act(&store, vec![start("long")]);
    let state = state(&store);
    store.abandon();
    (folder, state)
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[1 << 20] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn files_set_aside(report: &OpenReport) -> usize {
    report.notices.iter().filter(|notice| matches!(notice, StoreNotice::SetAside { .. })).count()
}

fn is_from_backup(report: &OpenReport) -> bool {
    report.notices.iter().any(|notice| matches!(notice, StoreNotice::RestoredFromBackup { .. }))
}

#[test]
fn a_large_backup_counts_as_a_small_one_does() {
    let (folder, expected) = crashed();
    let whole = folder.files();
    let told_after = |harm: &dyn Fn()| {
        folder.put_back(&whole);
        harm();
        let (found, report) = folder.report();
        assert_eq!(found, expected);
        (files_set_aside(&report), is_from_backup(&report))
    };
    assert_eq!(told_after(&|| {}), (0, false));
    assert_eq!(told_after(&|| flip_a_bit(&folder.backup())), (1, false));
    assert_eq!(told_after(&|| fs::remove_file(folder.backup()).unwrap()), (0, false));
    assert_eq!(told_after(&|| flip_a_bit(&folder.main())), (1, true));
    assert_eq!(told_after(&|| fs::rename(folder.main(), folder.backup()).unwrap()), (0, true));
}
