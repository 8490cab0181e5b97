//! What an open, and the work after it, have to tell: data, which others make sentences of.
use std::path::PathBuf;

/// What happened when a store was opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenReport {
    /// In the order in which it happened; empty for a store that was closed in order.
    pub notices: Vec<StoreNotice>,
}

/// One thing that people should know about the files of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreNotice {
    /// There was nothing; an empty checkpoint was made.
    Created,
    /// Both JSON files were gone, which is the guide's way to start anew: what was left was set aside.
    Reset {
        /// The files under their new names.
        set_aside: Vec<PathBuf>,
    },
    /// The main file could not be used; the backup and the journals have given everything that was acknowledged.
    RestoredFromBackup {
        /// Why the main file could not be used.
        reason: MainUnusable,
    },
    /// A file that could not be used was given a new name. It is never read, overwritten or deleted.
    SetAside {
        /// Where it was.
        from: PathBuf,
        /// Where it is.
        to: PathBuf,
        /// Why.
        reason: AsideReason,
    },
    /// The journal held what was saved after the last snapshot.
    ReplayedJournal {
        /// How many events.
        transitions: u64,
    },
    /// The journal ended in bytes that were never acknowledged; they were dropped.
    TornTailDropped {
        /// How many bytes.
        bytes: u64,
    },
    /// The main file is a document of another program, or one made by hand: it was taken over.
    ImportedForeign,
    /// The Python implementation has saved the main file; it is the new base.
    SavedByOtherProgram {
        /// How many tasks that we know as completed it did not know; they will not run again.
        completions_kept: usize,
    },
    /// An import was older than what it replaced.
    CompletionsKept {
        /// How many tasks that were completed it did not know as such; they will not run again.
        count: usize,
    },
    /// An import has taken the place of files that can't be read whole: what was completed in what is lost is not known.
    CompletionsUnread {
        /// How many tasks of the import are open, and may have been completed there.
        open: usize,
    },
    /// The files were deleted while they were in use; they were written anew, nothing was lost.
    Recreated,
    /// The same, and in their place lay files of someone else that can't be read: they were set aside, and what
    /// was saved in them is only there.
    RecreatedBesideUnread,
    /// Tasks that someone else had saved in the place of the deleted files were taken over.
    TasksTakenOver {
        /// How many.
        count: usize,
    },
}

/// Why the main file could not be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MainUnusable {
    /// There is none.
    Missing,
    /// It is damaged; a short English phrase says how.
    Damaged(String),
    /// It is an older state than the backup: someone has put it there.
    Older,
}

/// Why a file was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsideReason {
    /// It is damaged, or was edited by hand (`codeagent checkpoint import` takes the latter).
    Damaged,
    /// Older than what we have.
    Older,
    /// Another program has put it in the place of ours while we ran, or it belongs to another store.
    Foreign,
    /// A reset.
    Reset,
    /// An import has taken its place.
    Replaced,
    /// A repair has read it.
    Repaired,
}

impl AsideReason {
    /// The word in the file's new name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Older => "older",
            Self::Foreign => "foreign",
            Self::Reset => "reset",
            Self::Replaced => "replaced",
            Self::Repaired => "repaired",
        }
    }
}
