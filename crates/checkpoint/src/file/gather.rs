//! Reads all files of a store and says what each is; decides nothing and writes nothing.
use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use codeagent_core::State;

use super::{
    disk::{Disk, Stat},
    fail::io_error,
    mark,
    names::{Kind, LAST_EPOCH, Names},
    skim::skim,
};
use crate::{
    document::{self, Digest, Document, ErrorKind as DocumentFault, SnapshotMeta, StoreId},
    store::StoreError,
};

/// A backup of fewer bytes is read and hashed in less time than a thread takes to start.
const WORTH_A_THREAD: u64 = 1 << 20;

/// What lies in the folder of a store.
pub(crate) struct Found {
    pub(crate) main: SnapshotFile,
    /// The main file's identity when it was read.
    pub(crate) main_stat: Option<Stat>,
    pub(crate) backup: SnapshotFile,
    /// By epoch. An error that is damage of the medium leaves an empty one, which is never whole.
    pub(crate) journals: BTreeMap<u64, Vec<u8>>,
    pub(crate) marks: BTreeMap<u64, Vec<u8>>,
    /// What an interrupted checkpoint left: never read.
    pub(crate) scraps: Vec<PathBuf>,
    /// The highest epoch that any file carries.
    pub(crate) last_epoch: u64,
}

/// What a snapshot file turned out to be.
pub(crate) enum SnapshotFile {
    Missing,
    /// Not what anyone wrote; says why.
    Damaged(String),
    /// A later version wrote it.
    Newer(Box<str>),
    /// To the byte what we wrote.
    Ours(Box<Snapshot>),
    /// The same, of a backup whose tasks nobody needs: the main file is good and not older.
    Skimmed(SnapshotMeta),
    /// The Python implementation loaded a snapshot of ours and saved it: our key stands, the digest does not.
    Saved(Box<Snapshot>),
    /// A document that never was a snapshot of ours: the Python implementation's, an export, one made by hand.
    Plain {
        state: Box<State>,
        by_python: bool,
    },
}

/// A snapshot and where it stands.
pub(crate) struct Snapshot {
    pub(crate) state: State,
    pub(crate) meta: SnapshotMeta,
}

impl SnapshotFile {
    fn epoch(&self) -> u64 {
        match self {
            Self::Ours(snapshot) | Self::Saved(snapshot) => snapshot.meta.epoch,
            Self::Skimmed(meta) => meta.epoch,
            _ => 0,
        }
    }
}

impl Found {
    /// Reads what a decision needs; marks first and snapshots last, so that a reader beside a writer finds in the later
    /// files at least what the earlier ones promise.
    pub(crate) fn gather(disk: &dyn Disk, names: &Names) -> Result<Self, StoreError> {
        let mut found = Self::gather_journals(disk, names)?;
        // Whether the backup is whole takes a hash of it, as long as it takes to read the main file in.
        let is_large = matches!(disk.stat(&names.backup()), Ok(Some(stat)) if stat.len >= WORTH_A_THREAD);
        let skimmed = std::thread::scope(|scope| {
            let skimming = is_large.then(|| scope.spawn(|| skim_backup(disk, names)));
            let main = read_file(disk, names.main())?;
            (found.main, found.main_stat) = (main.classified(classify), main.stat());
            drop(main);
            Ok(match skimming {
                Some(thread) => thread.join().unwrap_or(None),
                None => skim_backup(disk, names),
            })
        })?;
        found.backup = match (&found.main, skimmed) {
            (SnapshotFile::Ours(main), Some(meta)) if is_no_newer(&meta, &main.meta) => {
                SnapshotFile::Skimmed(meta)
            }
            _ => read_file(disk, &names.backup())?.classified(classify),
        };
        found.last_epoch = found.last_epoch.max(found.main.epoch()).max(found.backup.epoch());
        Ok(found)
    }

    /// Reads everything whole.
    pub(crate) fn gather_whole(disk: &dyn Disk, names: &Names) -> Result<Self, StoreError> {
        let mut found = Self::gather_journals(disk, names)?;
        let main = read_file(disk, names.main())?;
        (found.main, found.main_stat) = (main.classified(classify), main.stat());
        found.backup = read_file(disk, &names.backup())?.classified(classify);
        found.last_epoch = found.last_epoch.max(found.main.epoch()).max(found.backup.epoch());
        Ok(found)
    }

    fn gather_journals(disk: &dyn Disk, names: &Names) -> Result<Self, StoreError> {
        let listed = disk.list(names.dir()).map_err(io_error("list", names.dir()))?.unwrap_or_default();
        let mut carried: Vec<(Kind, u64)> = listed.iter().filter_map(|name| names.parse(name)).collect();
        carried.sort_unstable_by_key(|(kind, epoch)| (*kind != Kind::Mark, *epoch));
        let mut found = Self {
            main: SnapshotFile::Missing,
            main_stat: None,
            backup: SnapshotFile::Missing,
            journals: BTreeMap::new(),
            marks: BTreeMap::new(),
            scraps: Vec::new(),
            last_epoch: carried.iter().map(|(_, epoch)| *epoch).max().unwrap_or(0),
        };
        for (kind, epoch) in carried {
            let path = names.of_epoch(kind, epoch);
            match kind {
                Kind::Mark => drop(found.marks.insert(epoch, read_part(disk, &path)?.unwrap_or_default())),
                // A journal that went away since the folder was listed is a missing one.
                Kind::Journal => {
                    read_part(disk, &path)?.map(|bytes| found.journals.insert(epoch, bytes));
                }
                Kind::Temporary | Kind::Link => found.scraps.push(path),
            }
        }
        Ok(found)
    }

    /// How far the journal of that epoch was durable, as far as its mark knows; 0 where it knows nothing.
    pub(crate) fn watermark(&self, store: StoreId, epoch: u64) -> u64 {
        self.marks.get(&epoch).map_or(0, |bytes| mark::parse(bytes, store, epoch))
    }
}

/// Reads a journal or a mark. What the medium can't read is damage, and shows as an empty file.
fn read_part(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match disk.read(path) {
        Ok(read) => Ok(read.map(|(bytes, _)| bytes)),
        Err(error) if is_damage(&error) => Ok(Some(Vec::new())),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

/// A snapshot file before it is looked into.
enum ReadFile {
    Missing,
    Read(Vec<u8>, Stat),
    /// The medium can't read it.
    Unreadable(String),
}

fn read_file(disk: &dyn Disk, path: &Path) -> Result<ReadFile, StoreError> {
    match disk.read(path) {
        Ok(None) => Ok(ReadFile::Missing),
        Ok(Some((bytes, stat))) => Ok(ReadFile::Read(bytes, stat)),
        Err(error) if is_damage(&error) => Ok(ReadFile::Unreadable(error.to_string())),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

impl ReadFile {
    fn stat(&self) -> Option<Stat> {
        match self {
            Self::Read(_, stat) => Some(*stat),
            _ => None,
        }
    }

    fn classified(&self, classify: impl FnOnce(&[u8]) -> SnapshotFile) -> SnapshotFile {
        match self {
            Self::Missing => SnapshotFile::Missing,
            Self::Read(bytes, _) => classify(bytes),
            Self::Unreadable(why) => SnapshotFile::Damaged(why.clone()),
        }
    }
}

/// Errors that say something about the file, not about our rights or the machine's state.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::IsADirectory | ErrorKind::InvalidInput)
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Where the backup stands, if it is whole: all that has to be known of it beside a good main file. Else it is read
/// again, and says itself what is wrong.
fn skim_backup(disk: &dyn Disk, names: &Names) -> Option<SnapshotMeta> {
    let (bytes, _) = disk.read(&names.backup()).ok()??;
    skim(&bytes).filter(is_possible)
}

/// Whether a backup that stands there has nothing that the main file lacks.
fn is_no_newer(backup: &SnapshotMeta, main: &SnapshotMeta) -> bool {
    backup.store_id != main.store_id || backup.epoch <= main.epoch
}

/// Says what the bytes of a snapshot file are.
pub(crate) fn classify(bytes: &[u8]) -> SnapshotFile {
    match document::read(bytes) {
        Ok(document) => classify_document(document),
        Err(error) => match error.kind {
            DocumentFault::NewerVersion(version) => SnapshotFile::Newer(version.into()),
            _ => SnapshotFile::Damaged(error.to_string()),
        },
    }
}

fn classify_document(document: Document) -> SnapshotFile {
    let (digest, meta, by_python) = (document.digest, document.meta, document.saved_by_python);
    let state = match document.into_state() {
        Ok(state) => state,
        Err(error) => return SnapshotFile::Damaged(error.to_string()),
    };
    if meta.is_some_and(|meta| !is_possible(&meta)) {
        return SnapshotFile::Damaged("its epoch or its last record has an impossible number".into());
    }
    match (digest, meta) {
        (Digest::Matches, Some(meta)) => SnapshotFile::Ours(Box::new(Snapshot { state, meta })),
        (Digest::Absent | Digest::Fails, Some(meta)) if by_python => {
            SnapshotFile::Saved(Box::new(Snapshot { state, meta }))
        }
        (Digest::Absent, None) => SnapshotFile::Plain { state: Box::new(state), by_python },
        (Digest::Absent, Some(_)) => SnapshotFile::Damaged("its digest is missing".into()),
        _ => SnapshotFile::Damaged("its digest does not match: damaged, or edited by hand".into()),
    }
}

/// Whether there is room after it: no store counts that far.
fn is_possible(meta: &SnapshotMeta) -> bool {
    meta.epoch <= LAST_EPOCH && meta.last_lsn <= LAST_EPOCH
}
