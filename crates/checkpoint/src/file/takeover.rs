//! Inside one process a newer store on the same file takes over: the older one is fenced and hands the lock on.
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use super::lock::Lock;

/// Who, of this process, has which store open. One for each disk.
#[derive(Default)]
pub struct Tenants(OnceLock<Mutex<HashMap<PathBuf, Arc<Seat>>>>);

/// The place of the one store of this process on a file. Whoever opens holds it until it has the lock.
pub(crate) type Seat = Mutex<Option<Weak<dyn Tenant>>>;

/// A store that can be fenced.
pub(crate) trait Tenant: Send + Sync {
    /// Ends its work, after the write that may be under way, and gives the lock away.
    /// None where it has none to give: it was closed, or belongs to the parent of this forked process.
    fn give_way(&self) -> Option<Lock>;
}

impl Tenants {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The seat for the store whose snapshot has that canonical path.
    pub(crate) fn seat(&self, main: PathBuf) -> Arc<Seat> {
        let seats = self.0.get_or_init(Mutex::default);
        let mut seats = seats.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(seats.entry(main).or_default())
    }
}
