//! A store that someone began in our place while our files were gone (`rm -rf data`, then `codeagent add` of the
//! same agent): what it acknowledged is taken over before its files are set aside.
use codeagent_core::{Command, Event, LocalTime, Now, Origin, Phase, State, Task, decide};

use super::{
    disk::Disk,
    gather::{Found, SnapshotFile},
    journal::Header,
    names::Names,
    recover::{self, Decision},
};
use crate::document::StoreId;

/// What lies in our place.
pub(crate) enum Stranger {
    /// Nothing, or what is left of our own files, which is whole in memory.
    Nobody,
    /// A store, or a document, of someone else.
    Read(Box<State>),
    /// The same, and it can't be read.
    Unread,
}

/// Looks who is there. The caller holds the lock.
pub(crate) fn look(disk: &dyn Disk, names: &Names, store: StoreId) -> Stranger {
    // Whatever hinders the reading, the files are kept.
    let Ok(found) = Found::gather(disk, names) else { return Stranger::Unread };
    if is_ours(&found, store) {
        return Stranger::Nobody;
    }
    match recover::decide(found, names) {
        Ok(Decision::GoOn(recovered)) => Stranger::Read(Box::new(recovered.state)),
        Ok(Decision::Create) => Stranger::Nobody,
        Ok(Decision::Reset) | Err(_) => Stranger::Unread,
    }
}

fn is_ours(found: &Found, store: StoreId) -> bool {
    let is_ours = |file: &SnapshotFile| match file {
        SnapshotFile::Missing => true,
        SnapshotFile::Ours(snapshot) => snapshot.meta.store_id == store,
        SnapshotFile::Skimmed(meta) => meta.store_id == store,
        // What Python made of ours may hold more than we know.
        SnapshotFile::Saved(_)
        | SnapshotFile::Damaged(_)
        | SnapshotFile::Newer(_)
        | SnapshotFile::Plain { .. } => false,
    };
    let mut headers = found.journals.iter().filter_map(|(epoch, bytes)| Header::parse(bytes, *epoch).ok());
    is_ours(&found.main) && is_ours(&found.backup) && headers.all(|header| header.store == store)
}

/// Takes over the tasks that were added there and that we don't know; gives how many.
pub(crate) fn take_over(ours: &mut State, theirs: &State) -> usize {
    let Some(at) = theirs.header().last_update.or(ours.header().last_update) else { return 0 };
    let added = theirs.tasks().filter(|task| task.origin == Origin::Added);
    added.filter(|task| take_task(ours, task, at)).count()
}

fn take_task(ours: &mut State, task: &Task, at: LocalTime) -> bool {
    let extra = task.extra.as_ref();
    let add = Command::AddTask {
        id: task.id.clone(),
        text: task.text.to_string(),
        metadata: extra.and_then(|extra| extra.metadata.clone()),
        origin: Origin::Added,
    };
    // A refusal: we know it, perhaps as done.
    let Ok(events) = decide(ours, add, Now { local: at, unix_ms: 0 }) else { return false };
    events.iter().chain(end_of(task, at).iter()).for_each(|event| ours.apply(event));
    true
}

/// How the task ended there, if it did. An attempt that only began there is over, and is to be made again.
fn end_of(task: &Task, at: LocalTime) -> Option<Event> {
    let id = task.id.clone();
    match &task.phase {
        Phase::Completed => {
            Some(Event::TaskCompleted { id, result: task.result().cloned(), at: task.end_time.unwrap_or(at) })
        }
        Phase::Failed(then) => {
            let (error, at) = (task.error.clone().unwrap_or_default(), task.end_time.unwrap_or(at));
            Some(Event::TaskFailed { id, error, then: *then, at })
        }
        Phase::RolledBack => Some(Event::TaskRolledBack { id, at: task.end_time.unwrap_or(at) }),
        Phase::Pending(_) | Phase::InProgress(_) => None,
    }
}
