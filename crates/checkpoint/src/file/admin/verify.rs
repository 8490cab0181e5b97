//! `checkpoint verify`: what each file is, and what an open would do; changes nothing.
use std::path::{Path, PathBuf};

use crate::{
    file::{
        disk::Disk,
        gather::{Found, SnapshotFile},
        journal::{self, Ending, Header, HeaderFault},
        names::{Kind, Names},
        reader::{self, ReadOutcome},
        real_disk::RealDisk,
    },
    store::StoreError,
};

/// What is there, and what comes of it.
#[derive(Debug)]
pub struct VerifyReport {
    /// Main file, backup, journals; other files of the store are not worth a word.
    pub files: Vec<FileReport>,
    /// What an open would go on from, or why it would refuse.
    pub outcome: Result<ReadOutcome, StoreError>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileReport {
    /// Which.
    pub path: PathBuf,
    /// In what condition.
    pub condition: Condition,
}

/// The condition of a file by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Not there.
    Missing,
    /// A snapshot, whole.
    Snapshot {
        /// Which.
        epoch: u64,
        /// How many tasks it holds.
        tasks: usize,
    },
    /// A snapshot that the Python implementation has saved.
    SavedByOther {
        /// How many tasks it holds.
        tasks: usize,
    },
    /// A document that is no snapshot of a store.
    Document {
        /// How many tasks it holds.
        tasks: usize,
    },
    /// A journal.
    Journal {
        /// Which.
        epoch: u64,
        /// How many whole records it holds.
        records: usize,
        /// Bytes at its end that were never acknowledged.
        torn_bytes: u64,
    },
    /// A journal that was never used.
    Unused,
    /// Made by a newer version.
    Newer(String),
    /// Damaged; says how.
    Damaged(String),
}

/// Looks at every file of the store.
///
/// # Errors
/// [`StoreError::Io`] where a file can't be read for other reasons than damage.
pub fn verify(path: &Path) -> Result<VerifyReport, StoreError> {
    verify_on(&RealDisk, path)
}

fn verify_on(disk: &dyn Disk, path: &Path) -> Result<VerifyReport, StoreError> {
    let files = match reader::find(disk, path)? {
        Some(names) => reader::stable(disk, &names, Found::gather_whole, |found| Ok(look(&found, &names)))?,
        None => Vec::new(),
    };
    match reader::read_on(disk, path) {
        Err(error @ StoreError::Io { .. }) => Err(error),
        outcome => Ok(VerifyReport { files, outcome }),
    }
}

fn look(found: &Found, names: &Names) -> Vec<FileReport> {
    let snapshot = |path: &Path, file: &SnapshotFile| FileReport {
        path: path.to_owned(),
        condition: condition_of_snapshot(file),
    };
    let mut files = vec![snapshot(names.main(), &found.main), snapshot(&names.backup(), &found.backup)];
    files.extend(found.journals.iter().map(|(epoch, bytes)| FileReport {
        path: names.of_epoch(Kind::Journal, *epoch),
        condition: condition_of_journal(found, *epoch, bytes),
    }));
    files
}

fn condition_of_snapshot(file: &SnapshotFile) -> Condition {
    match file {
        SnapshotFile::Missing => Condition::Missing,
        SnapshotFile::Damaged(what) => Condition::Damaged(what.clone()),
        SnapshotFile::Newer(version) => Condition::Newer(version.to_string()),
        SnapshotFile::Ours(it) => {
            Condition::Snapshot { epoch: it.meta.epoch, tasks: it.state.counts().total() }
        }
        SnapshotFile::Skimmed(meta) => Condition::Snapshot { epoch: meta.epoch, tasks: 0 },
        SnapshotFile::Saved(it) => Condition::SavedByOther { tasks: it.state.counts().total() },
        SnapshotFile::Plain { state, .. } => Condition::Document { tasks: state.counts().total() },
    }
}

fn condition_of_journal(found: &Found, epoch: u64, bytes: &[u8]) -> Condition {
    let header = match Header::parse(bytes, epoch) {
        Ok(header) => header,
        Err(HeaderFault::Blank) => return Condition::Unused,
        Err(HeaderFault::Newer(format)) => return Condition::Newer(format!("journal format {format}")),
        Err(HeaderFault::Damaged) => return Condition::Damaged("its header is damaged".into()),
    };
    let scan = journal::scan(bytes, &header, found.watermark(header.store, epoch));
    let torn_bytes = match scan.ending {
        Ending::Damaged { at } => {
            return Condition::Damaged(format!("an acknowledged record is unreadable at byte {at}"));
        }
        Ending::Torn { bytes } => bytes,
        Ending::Open | Ending::Sealed { .. } => 0,
    };
    Condition::Journal { epoch, records: scan.records.len(), torn_bytes }
}
