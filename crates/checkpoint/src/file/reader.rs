//! Reading beside a writer: takes no lock, writes nothing, and sees nothing that was not written whole.
use std::{collections::BTreeSet, ffi::OsString, path::Path};

use codeagent_core::State;

use super::{
    disk::{Disk, Stat},
    fail::io_error,
    gather::Found,
    lock::{self, Holder},
    names::Names,
    real_disk::RealDisk,
    recover::{self, Decision},
    report::StoreNotice,
};
use crate::store::StoreError;

/// A writer may exchange files while they are read; that often in a row it does not.
const TRIES: u32 = 50;

/// What a reader found.
#[derive(Debug)]
pub struct ReadOutcome {
    /// The state that an open would go on from.
    pub state: State,
    /// Whether there is a checkpoint at all; the state is empty if not.
    pub exists: bool,
    /// What an open would have to tell. Nothing of it was done.
    pub notices: Vec<StoreNotice>,
}

/// Reads the state of the store whose snapshot is the file `path`.
///
/// # Errors
/// As [`super::FileStore::open`], but never [`StoreError::InUse`].
pub fn read(path: &Path) -> Result<ReadOutcome, StoreError> {
    read_on(&RealDisk, path)
}

/// The same on any disk.
///
/// # Errors
/// As [`read`].
pub fn read_on(disk: &dyn Disk, path: &Path) -> Result<ReadOutcome, StoreError> {
    let Some(names) = find(disk, path)? else { return Ok(outcome(Decision::Create)) };
    stable(disk, &names, Found::gather, |found| Ok(outcome(recover::decide(found, &names)?)))
}

/// The process that works on the store whose snapshot is the file `path`, as long as it lives. None also where that
/// can't be told.
pub fn server_of(path: &Path) -> Option<Holder> {
    lock::server_at(&Names::of(path)?.lock())
}

/// The names of a store, where its folder is there.
pub(crate) fn find(disk: &dyn Disk, path: &Path) -> Result<Option<Names>, StoreError> {
    let Some(names) = Names::of(path) else {
        return Err(io_error("open", path)(std::io::ErrorKind::InvalidInput.into()));
    };
    let there = disk.stat(names.dir()).map_err(io_error("look at", names.dir()))?;
    Ok(there.map(|_| names))
}

/// Gathers and looks, again and again until no file was exchanged meanwhile.
pub(crate) fn stable<T>(
    disk: &dyn Disk,
    names: &Names,
    gather: impl Fn(&dyn Disk, &Names) -> Result<Found, StoreError>,
    look: impl Fn(Found) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut before = Appearance::of(disk, names)?;
    for _ in 1..TRIES {
        let seen = gather(disk, names).and_then(&look);
        let after = Appearance::of(disk, names)?;
        if before == after {
            return seen;
        }
        before = after;
    }
    gather(disk, names).and_then(look)
}

fn outcome(decision: Decision) -> ReadOutcome {
    match decision {
        Decision::Create => ReadOutcome { state: recover::empty_state(), exists: false, notices: Vec::new() },
        Decision::Reset => {
            let notices = vec![StoreNotice::Reset { set_aside: Vec::new() }];
            ReadOutcome { state: recover::empty_state(), exists: false, notices }
        }
        Decision::GoOn(recovered) => {
            ReadOutcome { state: recovered.state, exists: true, notices: recovered.notices }
        }
    }
}

/// What changes when a writer exchanges files.
#[derive(PartialEq, Eq)]
struct Appearance {
    names: BTreeSet<OsString>,
    main: Option<Stat>,
    backup: Option<Stat>,
}

impl Appearance {
    fn of(disk: &dyn Disk, names: &Names) -> Result<Self, StoreError> {
        let listed = disk.list(names.dir()).map_err(io_error("list", names.dir()))?.unwrap_or_default();
        let stat = |path: &Path| {
            // A second name of the file is made and taken away again: that is no change of what it holds.
            let stat = disk.stat(path).map_err(io_error("look at", path))?;
            Ok(stat.map(|stat| Stat { links: 1, ..stat }))
        };
        Ok(Self {
            names: listed.into_iter().filter(|name| names.parse(name).is_some()).collect(),
            main: stat(names.main())?,
            backup: stat(&names.backup())?,
        })
    }
}
