//! Why a command did not do what it was asked for, and how that is shown. `explain.rs` leads from the one to the other.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use codeagent_checkpoint::StoreError;
use codeagent_checkpoint::store::Damage;
use codeagent_project::config::ConfigError;
use codeagent_project::messages::Catalogue;
use codeagent_server::{AccessError, ServerError};

use crate::exit::Exit;
use crate::text::out::OutputError;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The configuration.
    Config(ConfigError),
    /// The tasks, wherever they are kept.
    Access(AccessError),
    /// `run` and `serve`.
    Server(ServerError),
    /// Too many tasks in a row failed for good.
    AgentBroken,
    /// The list is done, and the next one could not be written.
    ListMissing,
    /// stdout. A reader that went away is no failure.
    Output(io::Error),
    /// The system refused something that belongs to no file of the user's.
    System(io::Error),
    /// A file that a command was told to read or write.
    File(PathBuf, io::Error),
    /// A file that a command was told to make is there already.
    Exists(PathBuf),
    /// A file that was to be imported holds no checkpoint.
    NoDocument(Arc<[Damage]>),
    /// A repair would save nothing.
    NothingToSalvage(Arc<[Damage]>),
    /// An argument that is well formed and makes no sense.
    Argument(BadArgument),
    /// No log was kept of that task or attempt.
    NoLog {
        /// The task.
        id: String,
        /// The attempt that was asked for.
        attempt: Option<u32>,
    },
}

/// What is wrong with an argument.
#[derive(Debug)]
pub(crate) enum BadArgument {
    /// `--metadata` is no JSON object; what the parser says.
    Metadata(String),
    /// `--exec` can't be split into words, or holds none.
    Exec,
    /// `help` of a command that does not exist.
    NoSuchCommand(String),
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<AccessError> for CliError {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Access(AccessError::Store(error))
    }
}

impl From<OutputError> for CliError {
    fn from(OutputError(error): OutputError) -> Self {
        Self::Output(error)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// An error as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// One line: what is wrong, with its place.
    pub(crate) sentence: String,
    /// Further lines, indented.
    pub(crate) details: Vec<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A sentence with its exit code.
    pub(crate) fn new(exit: Exit, sentence: String) -> Self {
        Self { exit, sentence, details: vec![], hint: None }
    }

    /// With another line.
    pub(crate) fn detail(mut self, line: String) -> Self {
        self.details.push(line);
        self
    }

    /// With advice.
    pub(crate) fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The lines for stderr.
    pub(crate) fn lines(&self, say: &Catalogue) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", say.text("cli-label-error"), self.sentence)];
        lines.extend(self.details.iter().map(|detail| format!("  {detail}")));
        lines.extend(self.hint.iter().map(|hint| format!("{}: {hint}", say.text("cli-label-hint"))));
        lines
    }
}
