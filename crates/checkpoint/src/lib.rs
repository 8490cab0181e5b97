//! Where the state is kept: the store trait, the store in files that survives crashes, and the guide's `CheckpointManager`.

#[cfg(feature = "testing")]
pub mod arbitrary;
pub mod batched;
pub mod clock;
#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod crash;
pub mod document;
pub mod file;
pub mod manager;
pub mod memory;
pub mod store;

pub use batched::Batched;
pub use clock::{Clock, SystemClock};
pub use file::{FileStore, FileStoreOptions, OpenReport, StoreNotice};
pub use manager::{CheckpointManager, ManagerError, Outcome};
pub use memory::MemoryStore;
pub use store::{Decided, Store, StoreError};
