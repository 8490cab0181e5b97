//! Snapshots on their way to the disk: written beside the work, then put in the place of the main file, whose
//! former content becomes the backup.
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use codeagent_core::Frozen;

use super::{
    disk::{Disk, DiskFile, Stat},
    fail::io_error,
    names::{Kind, Names},
    report::{AsideReason, StoreNotice},
};
use crate::{
    document::{self, SnapshotMeta},
    store::StoreError,
};

/// A snapshot to be written: the state at the start of the journal of `meta.epoch`.
pub(crate) struct Snapshot {
    pub(crate) frozen: Frozen,
    pub(crate) meta: SnapshotMeta,
}

/// Knows what the two JSON files are, and is the only one that touches them.
pub(crate) struct Publisher {
    disk: Arc<dyn Disk>,
    names: Names,
    /// The main file that recovery chose or that was published here; only that one may become the backup.
    main: Option<(Stat, u64)>,
    /// A main file that has a second name, and need not become the backup.
    replaceable: Option<Stat>,
    /// The backup's epoch: its journals are needed.
    backup_epoch: Option<u64>,
    /// The last epoch that was published here.
    published: Option<u64>,
    notices: Vec<StoreNotice>,
}

/// What becomes of the backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Backup {
    /// The former main file.
    Former,
    /// A second copy of the snapshot: where there is no former one, or its journals are no longer wanted.
    Copy,
}

impl Publisher {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        names: Names,
        main: Option<(Stat, u64)>,
        backup_epoch: Option<u64>,
    ) -> Self {
        Self { disk, names, main, replaceable: None, backup_epoch, published: None, notices: Vec::new() }
    }

    /// The next snapshot may take that main file's place: it is kept under another name.
    pub(crate) fn may_replace(&mut self, main: Option<Stat>) {
        self.replaceable = main;
    }

    /// Whether the main file is the one that was published last.
    pub(crate) fn is_main_there(&self) -> Result<bool, StoreError> {
        let there = self.disk.stat(self.names.main()).map_err(io_error("look at", self.names.main()))?;
        Ok(matches!((there, self.main), (Some(there), Some((known, _))) if there.is_same_content(&known)))
    }

    /// What happened that people should know.
    pub(crate) fn take_notices(&mut self) -> Vec<StoreNotice> {
        std::mem::take(&mut self.notices)
    }

    /// The epoch of the main file.
    pub(crate) fn main_epoch(&self) -> Option<u64> {
        self.main.map(|(_, epoch)| epoch)
    }

    /// Writes the snapshot and makes it the main file; durable when it returns. Older journals that neither
    /// file needs any more are removed.
    pub(crate) fn publish(&mut self, snapshot: &Snapshot, backup: Backup) -> Result<(), StoreError> {
        let epoch = snapshot.meta.epoch;
        if self.published.is_some_and(|published| published >= epoch) {
            return Ok(()); // a later one was published meanwhile
        }
        if self.main_epoch().is_some_and(|main| main >= epoch) {
            let before_main = io::Error::other("its epoch is not after the main file's");
            return Err(io_error("publish", self.names.main())(before_main));
        }
        let (temporary, stat) = self.write(Kind::Temporary, snapshot)?;
        self.keep_former()?;
        let main = self.names.main().to_owned();
        self.disk.rename(&temporary, &main).map_err(io_error("rename", &temporary))?;
        // Before the sync: should that fail, the main file still is this one, and its journal is needed.
        self.main = Some((stat, epoch));
        self.published = Some(epoch);
        self.sync_dir()?;
        if backup == Backup::Copy || self.is_backup_missing()? {
            let (copy, _) = self.write(Kind::Link, snapshot)?;
            self.call_backup(&copy)?;
            self.sync_dir()?;
            self.backup_epoch = Some(epoch);
        }
        self.remove_old_journals()
    }

    /// Writes the snapshot under a temporary name, durably.
    fn write(&self, kind: Kind, snapshot: &Snapshot) -> Result<(PathBuf, Stat), StoreError> {
        let path = self.names.of_epoch(kind, snapshot.meta.epoch);
        let file = self.disk.create(&path).map_err(io_error("create", &path))?;
        let mut out = Appending { file: &*file, at: 0, begun: 0 };
        // The first one is waited for by whoever opens the store; later ones should leave the processors to the work.
        let write = if self.published.is_none() { document::write_soon } else { document::write };
        let written = write(&snapshot.frozen, Some(&snapshot.meta), &mut out)
            .and_then(|()| file.sync_data())
            .and_then(|()| file.stat());
        match written {
            Ok(stat) => Ok((path, stat)),
            Err(error) => {
                // It was never anything; on a full disk its room is needed. Should this fail, the next open does it.
                let _ = self.disk.unlink(&path);
                Err(io_error("write", &path)(error))
            }
        }
    }

    /// Makes the main file the backup, if it is the one that we know; if not, sets it aside.
    ///
    /// Not synced by itself: whichever of the renames a power cut keeps, every snapshot that is left has its
    /// journals, as long as none is removed before the sync that follows.
    fn keep_former(&mut self) -> Result<(), StoreError> {
        let main = self.names.main().to_owned();
        let there = self.disk.stat(&main).map_err(io_error("look at", &main))?;
        match (there, self.main) {
            (Some(there), Some((known, epoch))) if there.is_same_content(&known) => {
                self.link_backup(&main, epoch)?;
                self.backup_epoch = Some(epoch);
            }
            (Some(there), _) if self.replaceable.is_some_and(|kept| there.is_same_content(&kept)) => {}
            (Some(_), _) => {
                let aside = set_aside(&*self.disk, &main, AsideReason::Foreign)?;
                self.notices.push(aside);
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn link_backup(&self, main: &Path, epoch: u64) -> Result<(), StoreError> {
        let link = self.names.of_epoch(Kind::Link, epoch);
        match self.disk.link(main, &link) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Unsupported => copy(&*self.disk, main, &link)?,
            Err(error) => return Err(io_error("link", &link)(error)),
        }
        self.call_backup(&link)
    }

    fn call_backup(&self, link: &Path) -> Result<(), StoreError> {
        self.disk.rename(link, &self.names.backup()).map_err(|error| {
            // Its name is needed at the next try. Should this fail, the next open does it.
            let _ = self.disk.unlink(link);
            io_error("rename", link)(error)
        })
    }

    fn is_backup_missing(&self) -> Result<bool, StoreError> {
        Ok(!is_there(&*self.disk, &self.names.backup())?)
    }

    /// Main and backup each keep the journals that follow them.
    fn remove_old_journals(&self) -> Result<(), StoreError> {
        let Some(keep_from) = self.backup_epoch else { return Ok(()) };
        let listed = self.disk.list(self.names.dir()).map_err(io_error("list", self.names.dir()))?;
        for (kind, epoch) in listed.iter().flatten().filter_map(|name| self.names.parse(name)) {
            if matches!(kind, Kind::Journal | Kind::Mark) && epoch < keep_from {
                let path = self.names.of_epoch(kind, epoch);
                remove(&*self.disk, &path)?;
            }
        }
        Ok(())
    }

    fn sync_dir(&self) -> Result<(), StoreError> {
        self.disk.sync_dir(self.names.dir()).map_err(io_error("sync", self.names.dir()))
    }
}

/// For file systems without hard links.
fn copy(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), StoreError> {
    let read = disk.read(from).map_err(io_error("read", from))?;
    let (bytes, _) = read.unwrap_or_else(|| (Vec::new(), EMPTY));
    let file = disk.create(to).map_err(io_error("create", to))?;
    file.write_at(&bytes, 0).and_then(|()| file.sync_data()).map_err(io_error("write", to))
}

const EMPTY: Stat =
    Stat { id: super::disk::FileId { dev: 0, ino: 0 }, links: 0, len: 0, modified_ns: 0, is_file: true };

pub(crate) fn is_there(disk: &dyn Disk, path: &Path) -> Result<bool, StoreError> {
    Ok(disk.stat(path).map_err(io_error("look at", path))?.is_some())
}

/// Takes a name away that may be gone already.
pub(crate) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    match disk.unlink(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Gives a file a new name under which it is never touched again. The caller syncs the folder.
pub(crate) fn set_aside(
    disk: &dyn Disk,
    path: &Path,
    reason: AsideReason,
) -> Result<StoreNotice, StoreError> {
    let is_taken = |name: &Path| !matches!(disk.stat(name), Ok(None));
    let to = Names::aside(path, reason.as_str(), is_taken);
    disk.rename_to_free(path, &to).map_err(io_error("set aside", path))?;
    Ok(StoreNotice::SetAside { from: path.to_owned(), to, reason })
}

/// Gives a file a second name, under which it is never touched again, and leaves it the first; what can't have two
/// names is set aside. The caller syncs the folder.
pub(crate) fn keep_aside(
    disk: &dyn Disk,
    path: &Path,
    reason: AsideReason,
) -> Result<StoreNotice, StoreError> {
    let is_taken = |name: &Path| !matches!(disk.stat(name), Ok(None));
    let to = Names::aside(path, reason.as_str(), is_taken);
    match disk.link(path, &to) {
        Ok(()) => Ok(StoreNotice::SetAside { from: path.to_owned(), to, reason }),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => copy(disk, path, &to)
            .map(|()| StoreNotice::SetAside { from: path.to_owned(), to, reason })
            .or_else(|_| set_aside(disk, path, reason)),
        Err(error) => Err(io_error("set aside", path)(error)),
    }
}

/// A file that is written from its begin to its end.
struct Appending<'f> {
    file: &'f dyn DiskFile,
    at: u64,
    /// Up to there the system was asked to bring it to the medium.
    begun: u64,
}

/// How much of a large file the system is asked at once to bring to the medium, while the rest is still written.
const BEGIN_WRITING: u64 = 8 << 20;

impl Write for Appending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        if self.at - self.begun >= BEGIN_WRITING {
            self.file.begin_writing(self.begun, self.at - self.begun);
            self.begun = self.at;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use codeagent_core::testkit;

    use super::*;
    use crate::{document::StoreId, file::real_disk::RealDisk};

    #[test]
    fn what_is_not_published_is_not_called_so() {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("x.json");
        std::fs::write(&main, "{}").unwrap();
        let known = RealDisk.stat(&main).unwrap().unwrap();
        let names = Names::of(&main).unwrap();
        let mut publisher = Publisher::new(Arc::new(RealDisk), names, Some((known, 5)), None);
        let snapshot = |epoch| {
            let store_id = StoreId([1; 16]);
            let meta = SnapshotMeta { store_id, epoch, clean: false, last_lsn: 0, chain: 0 };
            Snapshot { frozen: testkit::state(&["a"]).freeze(), meta }
        };
        assert!(publisher.publish(&snapshot(5), Backup::Former).is_err());
        publisher.publish(&snapshot(7), Backup::Former).unwrap();
        // A later one was published here: nothing is left to do.
        publisher.publish(&snapshot(6), Backup::Former).unwrap();
        assert_eq!(publisher.main_epoch(), Some(7));
    }
}
