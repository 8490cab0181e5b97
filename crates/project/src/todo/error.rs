//! What can be wrong with a TODO list: errors that stop the reading, and notices that go with it.

use std::io;
use std::path::PathBuf;

use crate::yaml::YamlError;

/// Why the list could not be read or written. The files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum TodoError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than `project.todo_max_bytes`.
    #[error("{}: {bytes} bytes are more than project.todo_max_bytes, {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: not UTF-8", path.display())]
    InvalidUtf8 {
        /// The file.
        path: PathBuf,
        /// The line with the first bad byte, from 1.
        line: usize,
    },
    /// The file is no YAML that we take.
    #[error("{}: {error}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: YamlError,
    },
    /// Someone else kept writing the file while we wanted to.
    #[error("{}: kept changing while a box was to be ticked", path.display())]
    KeepsChanging {
        /// The file.
        path: PathBuf,
    },
}

/// Something that the user should know about a list that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TodoNotice {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 where it is the whole file.
    pub line: usize,
    /// What it is.
    pub kind: NoticeKind,
}

/// What a [`TodoNotice`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// A folder, pipe or device has the name of a list.
    NotAFile,
    /// A symbolic link with the name of a list leads nowhere.
    DanglingLink,
    /// A fenced code block is never closed: everything after it is code.
    UnclosedFence,
    /// An HTML comment is never closed: everything after it is comment.
    UnclosedComment,
    /// The id does not have the form `[A-Za-z0-9._-]{1,64}`; the task goes by its text.
    BadId,
    /// The task stands elsewhere too, with another mark: done counts before skipped, skipped before open.
    MarksDiffer,
    /// The id was given to another text before: they are one task, and only the first text is worked.
    SameId,
    /// The text stands above in the same file, under the same parents: they are one task, worked once.
    SameText,
    /// Tasks nest deeper than 64 levels; the deeper ones are taken as children of the 64th.
    TooDeep,
    /// A line of Markdown looks like a task and is not read as one: `1. [ ] x`, `- [] x`.
    LooksLikeTask,
    /// A YAML item has no text.
    NoText,
    /// A YAML item has keys, and neither `text:` nor `task:` is among them.
    NoTextKey,
    /// Under a key of a YAML item stand what seem to be tasks, and it is not a list under `children:`.
    MeansChildren,
    /// A key of a YAML item seems to say that it is done or skipped, and is none that is read.
    MeansFlag,
    /// So many more of those that are told only a few times for each file: see [`NoticeKind::is_told_briefly`].
    More(usize),
    /// A YAML file has neither `tasks:` nor `todo:` nor is it a list.
    NoTasks,
    /// An item of a YAML list is itself a list.
    ListInList,
    /// `done:` or `skipped:` is neither true nor false.
    BadFlag,
    /// The mark could not be set without rewriting more than its item.
    CannotEdit,
}

/// How many notices of those that a whole file may be full of are told one by one.
const TOLD: usize = 5;

impl NoticeKind {
    /// Whether a file that was written in another style would be told line by line.
    #[must_use]
    pub fn is_told_briefly(self) -> bool {
        matches!(
            self,
            Self::LooksLikeTask
                | Self::NoText
                | Self::NoTextKey
                | Self::MeansChildren
                | Self::MeansFlag
                | Self::SameText
                | Self::ListInList
                | Self::BadFlag
        )
    }
}

/// Leaves the first few of what a whole file may be full of, and says how many more there are.
pub(super) fn briefly(notices: Vec<(usize, NoticeKind)>) -> Vec<(usize, NoticeKind)> {
    let (mut told, mut first_untold, mut untold) = (0, None, 0);
    let mut kept = Vec::new();
    for (line, kind) in notices {
        if !kind.is_told_briefly() || told < TOLD {
            told += usize::from(kind.is_told_briefly());
            kept.push((line, kind));
        } else {
            first_untold.get_or_insert(line);
            untold += 1;
        }
    }
    kept.extend(first_untold.map(|line| (line, NoticeKind::More(untold))));
    kept
}
