//! What people do to a store's files: `checkpoint verify | export | import | reset | repair`.
mod export;
mod import;
mod lines;
mod repair;
mod reset;
mod salvage;
mod verify;

use std::{path::Path, sync::Arc};

use self::salvage::Salvage;
use super::{
    disk::Disk,
    gather::Found,
    lock::{Holder, HolderKind, Lock},
    names::Names,
    open::{FileStoreOptions, Opening, Remains, prepare_folder},
    recover::{Base, Recovered},
    report::{AsideReason, OpenReport},
    store::FileStore,
};
use crate::store::{Store, StoreError};

pub use export::export;
pub use import::import;
pub use repair::{RepairReport, repair, repair_on};
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

    /// What can still be read, where an open refuses.
    fn salvage(&mut self) -> Result<Salvage, StoreError> {
        let mut found = self.gather()?;
        Ok(Salvage::of(&*self.opening.disk, &self.opening.names, &mut found))
    }

    /// Lets go without having changed anything.
    fn leave(self) {
        self.lock.undo(&*self.opening.disk);
    }

    /// Begins anew with that state; every file of the store is kept under another name.
    ///
    /// First each gets its second name, then the new main file takes the old one's place: whatever ends us in between,
    /// all of the old state is there under its own names, or all of the new.
    fn begin_anew(mut self, begin: Recovered, reason: AsideReason) -> Result<OpenReport, StoreError> {
        self.opening.report.notices = self.opening.keep_all(reason)?;
        let begin = Recovered { base: Base::Kept, ..begin };
        let shared = self.opening.begin(begin, self.lock)?;
        FileStore::start(Arc::new(shared))?.close()?;
        Ok(self.opening.report)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use codeagent_core::{
        Command, Origin, State,
        testkit::{self, at, id},
    };

    use super::*;
    use crate::{
        file::{
            open::fresh,
            twin::{Fate, Twin},
        },
        store::ReadState,
    };

    fn options() -> FileStoreOptions {
        FileStoreOptions { snapshots_beside: false, ..FileStoreOptions::default() }
    }

    fn opened(twin: &Twin, path: &Path) -> State {
        let (store, _) = FileStore::open_on(twin.disk(), path, options()).unwrap();
        let state = store.view(Clone::clone).unwrap();
        store.abandon();
        state
    }

    fn ids(state: &State) -> Vec<String> {
        state.tasks().map(|task| task.id.to_string()).collect()
    }

    /// An import, a repair or a reset that is cut off leaves the old state or the new one, and never an empty place.
    #[test]
    fn beginning_anew_is_done_or_not_done() {
        let twin = Twin::default();
        let path = PathBuf::from("/project/data/list.json");
        let (store, _) = FileStore::open_on(twin.disk(), &path, options()).unwrap();
        let add = |name| Command::AddTask {
            id: id(name),
            text: name.to_owned(),
            metadata: None,
            origin: Origin::Added,
        };
        store.execute(add("old"), at(1)).unwrap().unwrap();
        store.checkpoint().unwrap();
        store.execute(add("older"), at(2)).unwrap().unwrap();
        store.abandon();
        let from = twin.len();
        let mut held = Held::lock(twin.disk(), &path, options()).unwrap();
        held.gather().unwrap();
        let begin = Recovered { state: testkit::state(&["new"]), ..fresh() };
        held.begin_anew(begin, AsideReason::Replaced).unwrap();
        let log = twin.log();
        let kept = |fate: Fate| move |_: usize, _: &_| fate;
        let mut seen = [0, 0];
        for upto in from..=twin.len() {
            for image in [log.killed(upto), log.image(upto, kept(Fate::Lost))] {
                match &*ids(&opened(&image, &path)) {
                    [old, older] if old == "old" && older == "older" => seen[0] += 1,
                    [new] if new == "new" => seen[1] += 1,
                    other => panic!("cut off after {upto} operations: {other:?}"),
                }
            }
        }
        assert!(seen[0] > 4 && seen[1] > 4, "{seen:?}");
    }
}
