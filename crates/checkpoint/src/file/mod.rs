//! The store in files: a snapshot (the guide's JSON document), its backup, a journal of what followed, and a lock.
//!
//! ```text
//! callers ──▶ queue ──▶ core: decide, apply, one write, one fdatasync ──▶ journal-<epoch>, mark-<epoch>
//!                                      │ rotate
//!                    background ──▶ publish ──▶ .json, .json.backup
//! open: lock ▶ gather ▶ recover (decision table, replay) ▶ first checkpoint
//! ```
pub mod admin;
mod background;
mod completions;
mod core;
pub mod disk;
mod fail;
mod folder;
mod gather;
pub(crate) mod journal;
mod lock;
mod mark;
mod names;
mod open;
mod publish;
mod queue;
pub mod reader;
mod real_disk;
mod recover;
mod replay;
pub mod report;
mod segment;
mod skim;
mod store;
mod stranger;
mod takeover;
#[cfg(feature = "testing")]
pub mod twin;

pub use lock::{Holder, HolderKind};
pub use open::{FileStoreOptions, Notify};
pub use real_disk::RealDisk;
pub use report::{AsideReason, MainUnusable, OpenReport, StoreNotice};
pub use store::FileStore;
pub use takeover::Tenants;
