//! The file store, as it is used: snapshots are written beside the work.
use std::path::Path;

use codeagent_checkpoint::{Clock, FileStore, FileStoreOptions, Store, SystemClock};
use codeagent_core::{Command, Origin, StartAgain, TaskId};

use super::{Durable, TASKS};
use crate::measure::Result;

struct Ours {
    store: FileStore,
    ids: Vec<TaskId>,
}

pub(super) fn open(dir: &Path) -> Result<Box<dyn Durable>> {
    let (store, _) = FileStore::open(&dir.join("list.json"), FileStoreOptions::default())?;
    let ids: Vec<_> = (0..TASKS).map(|n| TaskId::new(format!("task_{n:012x}"))).collect();
    let adds = ids.iter().map(|id| Command::AddTask {
        id: id.clone(),
        text: format!("Text of {id:?}"),
        metadata: None,
        origin: Origin::Added,
    });
    store.execute_all(adds.collect(), SystemClock.now())?;
    Ok(Box::new(Ours { store, ids }))
}

impl Durable for Ours {
    fn transition(&self, caller: usize, count: u64) -> Result<()> {
        let id = self.ids[caller].clone();
        let command = match count % 2 {
            0 => Command::StartTask { id, attempt_id: None, anew: StartAgain::Always },
            _ => Command::ResetInterrupted { id, max_crashes: None },
        };
        self.store.execute(command, SystemClock.now())?.map_err(|refusal| format!("{refusal:?}"))?;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.store.close()?)
    }
}
