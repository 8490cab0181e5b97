//! Where the state is kept: the store trait, the store in files that survives crashes, and the guide's `CheckpointManager`.

#[cfg(feature = "testing")]
pub mod arbitrary;
pub mod document;
pub mod store;

pub use store::{Decided, Store, StoreError};
