//! Crash states explored (feature `testing`): a workload on the disk's twin is recorded, every disk is built that a
//! crash may leave of it, and each must recover to what was acknowledged, without a hand.
//!
//! ```text
//! seed ──▶ workload ──▶ Recording: log of operations, states, what was acknowledged when
//!                          │ every prefix
//!                          ▼
//!                       survival ──▶ disks ──▶ verdict: opens, holds what it must, twice alike,
//!                                              and again after a crash of the recovery itself
//! ```
mod explore;
mod survival;
mod verdict;
mod workload;

use std::path::Path;

use crate::{
    document::StoreId,
    file::{FileStore, FileStoreOptions, Holder, HolderKind, disk::Disk as _, twin::Twin},
    store::StoreError,
};

pub use explore::{Explored, Seen, explore};
pub use survival::Effort;
pub use verdict::{Flaw, Kind};
pub use workload::{Recording, record};

/// Where the store lies.
pub const MAIN: &str = "/project/data/list.json";

/// A disk with a project on it.
///
/// # Errors
/// None that a test would have to expect.
pub fn fresh() -> std::io::Result<Twin> {
    let twin = Twin::default();
    twin.make_dir(Path::new("/project"))?;
    twin.sync_dir(Path::new("/"))?;
    Ok(twin)
}

/// How stores on such disks are opened: snapshots are written only when they are asked for.
pub fn options() -> FileStoreOptions {
    let holder = Holder { pid: 1, host: "twin".into(), boot_id: "twin".into(), kind: HolderKind::Server };
    FileStoreOptions {
        snapshots_beside: false,
        new_store_id: Some(StoreId([9; 16])),
        holder,
        ..FileStoreOptions::default()
    }
}

/// Opens the store on such a disk.
///
/// # Errors
/// As [`FileStore::open`].
pub fn open(twin: &Twin) -> Result<FileStore, StoreError> {
    FileStore::open_on(twin.disk(), Path::new(MAIN), options()).map(|(store, _)| store)
}
