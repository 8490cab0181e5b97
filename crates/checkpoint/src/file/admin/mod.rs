//! What people do to a store's files: `checkpoint verify | export | import | reset | repair`.
mod export;
mod import;
mod repair;
mod reset;
mod salvage;
mod verify;

use std::{path::Path, sync::Arc};

use super::{
    disk::Disk,
    gather::Found,
    lock::{Holder, HolderKind, Lock},
    names::Names,
    open::{FileStoreOptions, Opening, Remains, prepare_folder},
    publish,
    recover::Recovered,
    report::{AsideReason, OpenReport, StoreNotice},
    store::FileStore,
};
use crate::store::{Store, StoreError};

pub use export::export;
pub use import::import;
pub use repair::{RepairReport, repair};
pub use reset::reset;
pub use verify::{Condition, FileReport, VerifyReport, verify};

/// A store that is locked, and not opened: its files may be beyond that.
struct Held {
    opening: Opening,
    lock: Lock,
}

impl Held {
    fn lock(disk: Arc<dyn Disk>, path: &Path, options: FileStoreOptions) -> Result<Self, StoreError> {
        let names = prepare_folder(&*disk, path, &options)?;
        let holder = Holder { kind: HolderKind::Command, ..options.holder.clone() };
        let lock = Lock::acquire(&*disk, &names.lock(), &holder)?;
        let opening = Opening {
            disk,
            names,
            options: FileStoreOptions { snapshots_beside: false, ..options },
            remains: Remains::default(),
            report: OpenReport::default(),
        };
        Ok(Self { opening, lock })
    }

    fn names(&self) -> &Names {
        &self.opening.names
    }

    fn gather(&mut self) -> Result<Found, StoreError> {
        let found = Found::gather_whole(&*self.opening.disk, &self.opening.names)?;
        self.opening.remains = Remains::of(&found, &self.opening.names);
        Ok(found)
    }

    /// Lets go without having changed anything.
    fn leave(self) {
        self.lock.undo(&*self.opening.disk);
    }

    /// Sets every file of the store aside and begins anew with that state.
    fn begin_anew(mut self, begin: Recovered, reason: AsideReason) -> Result<OpenReport, StoreError> {
        let disk = Arc::clone(&self.opening.disk);
        let mut notices = Vec::new();
        // The JSON files first: with them gone, whatever happens in between is a reset and not a ruin.
        for path in [self.names().main().to_owned(), self.names().backup()] {
            if publish::is_there(&*disk, &path)? {
                notices.push(publish::set_aside(&*disk, &path, reason)?);
            }
        }
        self.opening.sync_dir()?;
        for (from, to) in self.opening.set_all_aside(reason)? {
            notices.push(StoreNotice::SetAside { from, to, reason });
        }
        self.opening.remains.is_all_aside();
        self.opening.report.notices = notices;
        let shared = self.opening.begin(begin, self.lock)?;
        FileStore::start(Arc::new(shared))?.close()?;
        Ok(self.opening.report)
    }
}
