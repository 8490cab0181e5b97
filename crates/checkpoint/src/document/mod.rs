//! The guide's JSON document, version "1.0": reading it (ours, and what Python's implementation writes) and writing it.
//!
//! ```text
//! {                                  one key a line, indented as Python's json.dump(indent=2) does,
//!   "version": "1.0",                except that a task is one line: a file of ours never looks like Python's
//!   "server_state": {…},
//!   "tasks": [
//!     {"task_id": …, "codeagent": {…}},
//!   ],
//!   "current_task": …, "session_id": …, "last_update": …,
//!   …                                members of others, as they were
//!   "codeagent": {
//!     "format": 1, "store_id": …, "epoch": …, "clean": …, "last_lsn": …, "chain": …,
//!     "last_update": …,              a copy: another program that saves changes only the other one
//!     "pruned": […],                 fingerprints of completed tasks that left the document
//!     …                              members that we don't know
//!     "digest": "…"                  SHA-256 of every byte before this value
//!   }
//! }
//! ```
mod digest;
mod error;
mod import;
mod own;
mod pieces;
mod python;
mod raw;
mod read;
mod read_task;
mod scan;
mod text;
mod time;
mod write;
mod write_task;

use codeagent_core::{Fingerprint, Header, LocalTime, State, Table, state::in_turn};

pub use error::{DocumentError, ErrorKind};
pub use import::import;
pub use own::{SnapshotMeta, StoreId};
pub use raw::{metadata, raw_json};
pub use read::read;
pub use scan::MAX_DEPTH;
pub use write::{task_to_string, to_string, write, write_soon};

/// The version that we read and write.
pub const VERSION: &str = "1.0";

/// The version of what lies under `codeagent`; a file with a newer one is refused.
pub const FORMAT: u32 = 1;

/// Fewer tasks are handled in less time than a thread takes to start.
const WORTH_A_THREAD: usize = 4_096;

/// What a document holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Everything besides tasks.
    pub header: Header,
    /// The tasks in the order of the file. Two of them may have one id: [`Document::into_state`] refuses that.
    pub tasks: Table,
    /// Fingerprints of completed tasks that left the document.
    pub pruned: Vec<Fingerprint>,
    /// Whether there is a `codeagent` key: without one the file was never ours.
    pub has_own: bool,
    /// Where the snapshot stands in its store; none in exports and in files of others.
    pub meta: Option<SnapshotMeta>,
    /// Our copy of `last_update`; where the two differ, another program has saved the file.
    pub own_last_update: Option<LocalTime>,
    /// Whether the file is what we wrote.
    pub digest: Digest,
    /// Whether the file is byte for byte what Python's `json.dump(indent=2, ensure_ascii=False)` makes of it.
    /// Looked at only where the digest does not match.
    pub saved_by_python: bool,
}

/// What the digest says about the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Digest {
    /// The file is, to the byte, what we wrote.
    Matches,
    /// There is none: an export, or a file of others.
    Absent,
    /// The file was damaged, or changed by another hand.
    Fails,
}

impl Document {
    /// The state that the document describes.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateId`].
    pub fn into_state(self) -> Result<State, DocumentError> {
        let both = if self.tasks.len() < WORTH_A_THREAD { in_turn } else { at_once };
        State::from_table(self.header, self.tasks, self.pruned, both)
            .map_err(|duplicate| DocumentError::duplicate(duplicate.id, duplicate.place))
    }
}

fn at_once(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    std::thread::scope(|scope| {
        scope.spawn(other);
        one();
    });
}
