//! What to start, and why it could not be started.
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What the child finds on its standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: end of file at once.
    #[default]
    Null,
    /// These bytes, then end of file. A child that does not read them all is no error.
    Bytes(Vec<u8>),
}

/// One attempt: a command, where it runs and how long it may.
#[derive(Clone, Debug)]
pub struct AttemptSpec {
    /// Program and arguments; no shell looks at them. A program with a slash starts at `dir`, one without is
    /// looked for in PATH (that of `env` if it holds one).
    pub argv: Vec<OsString>,
    /// The working directory: the project folder, absolute.
    pub dir: PathBuf,
    /// Added to the inherited environment; the last value of a name counts.
    pub env: Vec<(OsString, OsString)>,
    /// Unique; put into [`ATTEMPT_ID_VAR`](crate::ATTEMPT_ID_VAR).
    pub attempt_id: String,
    /// The standard input.
    pub stdin: Stdin,
    /// Longest time from start to end.
    pub timeout: Option<Duration>,
    /// Longest time without a byte of output.
    pub idle_timeout: Option<Duration>,
    /// Time between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
}

impl AttemptSpec {
    /// An attempt with the defaults: no input, no time-outs, 10 s of grace (contract, "Executor").
    pub fn new(argv: Vec<OsString>, dir: PathBuf, attempt_id: String) -> Self {
        Self {
            argv,
            dir,
            env: Vec::new(),
            attempt_id,
            stdin: Stdin::Null,
            timeout: None,
            idle_timeout: None,
            kill_grace: Duration::from_secs(10),
        }
    }
}

/// A part of a command that the system may refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The argument with this index; 0 is the program.
    Argument(usize),
    /// The environment variable of this name.
    Variable(OsString),
    /// Arguments and environment together.
    Whole,
    /// The path of the working directory.
    Dir,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(index) => write!(f, "argument {index}"),
            Self::Variable(name) => write!(f, "variable {name:?}"),
            Self::Whole => f.write_str("arguments and environment together"),
            Self::Dir => f.write_str("working directory"),
        }
    }
}

/// Why nothing was started. The command did not run, so this is no attempt (contract, "Executor").
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The command has no words.
    #[error("the command is empty")]
    Empty,
    /// No such file, or no such file in PATH.
    #[error("program not found: {program:?}")]
    NotFound {
        /// As it was given.
        program: OsString,
    },
    /// A file of that name is there, but the system does not run it: no permission, a folder, not a program,
    /// or the interpreter of its `#!` line is missing.
    #[error("program cannot be executed: {program:?}")]
    NotExecutable {
        /// As it was found.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses arguments and variables of 128 KiB or more, and a large sum of all.
    #[error("{item} is too long")]
    TooLong {
        /// Which one.
        item: Item,
        /// Its length in bytes, without the final NUL; 0 where only the system knows.
        bytes: usize,
    },
    /// A NUL byte cannot be handed to a program.
    #[error("{item} holds a NUL byte")]
    NulByte {
        /// Which one.
        item: Item,
    },
    /// The working directory is missing or not a directory.
    #[error("working directory is gone: {dir:?}")]
    DirGone {
        /// The directory.
        dir: PathBuf,
    },
    /// The system has no room (descriptors, processes, memory) or lacks something that is needed.
    #[error("cannot start a process")]
    Other(#[from] io::Error),
}
