//! What is asked of a disk that a crash left.
use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use codeagent_core::{State, TaskState, invariants};

use super::{
    open,
    workload::{Ack, Recording},
};
use crate::{
    document::{self, Digest},
    file::{journal::Header, twin::Twin},
    store::{ReadState as _, Store as _, StoreError},
};

/// Which promise a flaw breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Something acknowledged is gone.
    Lost,
    /// It is refused, though nobody but the crash has touched it.
    NeedsHand,
    /// Anything else that must not be.
    Wrong,
}

/// What a store did that it must not.
#[derive(Clone, Debug)]
pub struct Flaw {
    /// Which promise it breaks.
    pub kind: Kind,
    /// What happened, and after what.
    pub story: String,
}

impl Flaw {
    pub(super) fn new(kind: Kind, story: String) -> Self {
        Self { kind, story }
    }

    pub(super) fn in_context(self, context: &str) -> Self {
        Self { story: format!("{context}: {}", self.story), ..self }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.story)
    }
}

/// The states that may be found.
pub(super) struct Allowed<'r> {
    states: &'r [State],
    is_judged: bool,
    /// The same rules have the same hash.
    pub(super) hash: u64,
}

impl<'r> Allowed<'r> {
    /// After a power cut, or after the death of the process alone.
    pub(super) fn by(recording: &'r Recording, ack: Ack, is_power_cut: bool) -> Self {
        let least = if is_power_cut { ack.durable } else { ack.written };
        let mut hasher = DefaultHasher::new();
        (recording.id, least, ack.began, ack.is_judged).hash(&mut hasher);
        let states = &recording.states[least..=ack.began];
        Self { states, is_judged: ack.is_judged, hash: hasher.finish() }
    }
}

/// Opens what a crash left, twice; gives what was found, where it is to be judged.
pub(super) fn recover(twin: &Twin, allowed: &Allowed<'_>) -> Result<Option<State>, Flaw> {
    let before = twin.hash(|_| true);
    let found = match open(twin).and_then(read_and_abandon) {
        Ok(found) => found,
        Err(StoreError::Damaged(_)) if twin.hash(|_| true) != before => {
            return Err(Flaw::new(Kind::Wrong, "refused, and changed something".into()));
        }
        Err(StoreError::Damaged(_)) if !allowed.is_judged => return Ok(None),
        Err(error) => return Err(Flaw::new(Kind::NeedsHand, error.to_string())),
    };
    let wrong = invariants::violations(&found);
    if !wrong.is_empty() {
        return Err(Flaw::new(Kind::Wrong, wrong.join(", ")));
    }
    if !allowed.is_judged {
        return Ok(None);
    }
    if !allowed.states.contains(&found) {
        let sketches: Vec<String> = allowed.states.iter().map(sketch).collect();
        let story = format!("found {}, and there may be {}", sketch(&found), sketches.join(" | "));
        return Err(Flaw::new(Kind::Lost, story));
    }
    Ok(Some(found))
}

/// The main file is ruined besides: where there is a backup, it and its journals hold the same. Until a process has
/// made its second checkpoint they may not, since what it began on was merely read, and the power cut may have taken it;
/// its journal's header says so.
pub(super) fn recover_by_backup(twin: &Twin, allowed: &Allowed<'_>) -> Result<(), Flaw> {
    let main = Path::new(super::MAIN);
    let whole = |path: &Path| {
        let document = twin.bytes(path).and_then(|bytes| document::read(&bytes).ok())?;
        document.meta.filter(|_| document.digest == Digest::Matches)
    };
    let Some((meta, _)) = whole(main).zip(whole(&main.with_extension("json.backup"))) else { return Ok(()) };
    if !has_durable_base(twin, meta.epoch) {
        return Ok(());
    }
    twin.put(main, b"ruin");
    recover(twin, allowed).map(drop).map_err(|flaw| flaw.in_context("by the backup"))
}

/// Whether the journal of that epoch says that what it began on was durable.
fn has_durable_base(twin: &Twin, epoch: u64) -> bool {
    let journal = twin.bytes(&Path::new(super::MAIN).with_extension(format!("journal-{epoch}")));
    let header = journal.and_then(|bytes| Header::parse(&bytes, epoch).ok());
    header.is_none_or(|header| header.durable_base)
}

/// Opens it again: the same must be there.
pub(super) fn same_again(twin: &Twin, found: &State) -> Result<(), Flaw> {
    let again = open(twin).and_then(read_and_abandon);
    alike(again, found, "opened twice")
}

/// Opens, closes, and opens: the same must be there, and the main file must be exact.
pub(super) fn same_after_close(twin: &Twin, found: &State) -> Result<(), Flaw> {
    let closed = open(twin).and_then(|store| store.close());
    closed.map_err(|error| Flaw::new(Kind::NeedsHand, format!("closed: {error}")))?;
    let main = twin.bytes(Path::new(super::MAIN)).unwrap_or_default();
    let document = document::read(&main).and_then(document::Document::into_state);
    if document.as_ref() != Ok(found) {
        return Err(Flaw::new(Kind::Wrong, "after a close the main file is not exact".into()));
    }
    let again = open(twin).and_then(read_and_abandon);
    alike(again, found, "opened after a close")
}

fn alike(again: Result<State, StoreError>, found: &State, when: &str) -> Result<(), Flaw> {
    match again {
        Ok(again) if again == *found => Ok(()),
        Ok(again) => {
            Err(Flaw::new(Kind::Lost, format!("{when}: {} and not {}", sketch(&again), sketch(found))))
        }
        Err(error) => Err(Flaw::new(Kind::NeedsHand, format!("{when}: {error}"))),
    }
}

fn read_and_abandon(store: crate::FileStore) -> Result<State, StoreError> {
    let found = store.view(State::clone)?;
    store.abandon();
    Ok(found)
}

fn sketch(state: &State) -> String {
    let counts = state.counts();
    let last = state.header().last_update.map(|at| at.to_string()).unwrap_or_default();
    format!(
        "{} tasks, {} running, {} completed, {} pruned, changed {last}",
        counts.total(),
        counts.of(TaskState::InProgress),
        counts.of(TaskState::Completed),
        state.pruned().len(),
    )
}
