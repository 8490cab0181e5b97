//! The exit codes (contract, "Exit codes").

use std::process::ExitCode;

/// How a command ended, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all done, or stopped as asked.
    Done,
    /// 1: finished, but a task failed for good or was skipped; or what was asked for could not be done.
    Unfinished,
    /// 2: bad usage, configuration or executor.
    Usage,
    /// 3: the checkpoint is in use by another process.
    InUse,
    /// 4: the checkpoint is damaged beyond automatic repair; nothing was changed.
    Damaged,
    /// 5: a write to disk failed; nothing unsaved was acknowledged.
    Disk,
    /// 128 + number: stopped by a signal, after a clean stop.
    Signal(u8),
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unfinished => 1,
            Self::Usage => 2,
            Self::InUse => 3,
            Self::Damaged => 4,
            Self::Disk => 5,
            Self::Signal(number) => 128 + (number & 0x7f),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_table() {
        let table = [
            (Exit::Done, 0),
            (Exit::Unfinished, 1),
            (Exit::Usage, 2),
            (Exit::InUse, 3),
            (Exit::Damaged, 4),
            (Exit::Disk, 5),
            (Exit::Signal(1), 129),
            (Exit::Signal(2), 130),
            (Exit::Signal(15), 143),
        ];
        for (exit, code) in table {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
