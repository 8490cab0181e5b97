//! What a server stands on: the system, or what a simulation puts in its place.
use std::sync::Arc;

use codeagent_checkpoint::{
    FileStore, FileStoreOptions, MemoryStore, Store, StoreError, StoreNotice,
    clock::{Clock, SystemClock},
};
use codeagent_project::{config::Loaded, messages::Catalogue};

use crate::{
    agents::{Agents, Dice, Processes, SystemDice},
    notices,
    service::Service,
};

/// Everything outside of the program that decides about its way, but for the project's files.
pub struct Ground {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who works the tasks.
    pub agents: Box<dyn Agents>,
    /// Chance.
    pub dice: Box<dyn Dice>,
    /// Opens the store.
    pub open_store: Box<OpenStore>,
    /// Is given what may be asked of the server once it works. None: it is asked through its socket, and notices by
    /// itself when the list is edited or its files are taken away.
    pub asker: Option<Box<dyn FnOnce(Service)>>,
}

/// Opens a project's store; answers also what was found.
pub type OpenStore =
    dyn FnOnce(&Loaded, &Arc<Catalogue>) -> Result<(Arc<dyn Store>, Vec<StoreNotice>), StoreError>;

impl Ground {
    /// The system.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            agents: Box::new(Processes::default()),
            dice: Box::new(SystemDice),
            open_store: Box::new(open_store),
            asker: None,
        }
    }
}

fn open_store(
    project: &Loaded,
    catalogue: &Arc<Catalogue>,
) -> Result<(Arc<dyn Store>, Vec<StoreNotice>), StoreError> {
    let checkpoint = &project.config.server.checkpoint;
    if !checkpoint.enabled {
        tracing::warn!("{}", catalogue.text("server-checkpoint-off"));
        return Ok((Arc::new(MemoryStore::default()), Vec::new()));
    }
    let path = project.resolve(&checkpoint.checkpoint_file);
    let speaks = Arc::clone(catalogue);
    let options = FileStoreOptions {
        notify: Arc::new(move |notice| notices::log(&notice, &speaks)),
        ..FileStoreOptions::default()
    };
    let (store, report) = FileStore::open(&path, options)?;
    Ok((Arc::new(store), report.notices))
}
