//! The configuration as plain typed values. What each key means, its default and its limits stand in `keys.rs`.

use std::path::PathBuf;
use std::time::Duration;

use crate::logging::{Format, Level};
use crate::messages::Lang;

/// Everything that can be set. Paths are as written: [`Loaded::resolve`](super::Loaded::resolve) makes them
/// start at the project folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `project:`
    pub project: Project,
    /// `server:`
    pub server: Server,
    /// `executor:`
    pub executor: Executor,
    /// `logging:`
    pub logging: Logging,
    /// `locale`: the language of messages; `None` means by the environment.
    pub locale: Option<Lang>,
}

/// `project:` — the files in the user's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// `base_dir`: the project folder, as written. [`Loaded::project_dir`](super::Loaded) is the one that counts.
    pub base_dir: Option<PathBuf>,
    /// `docs_dir`
    pub docs_dir: PathBuf,
    /// `status_file`
    pub status_file: PathBuf,
    /// `todo_format`: the kind of TODO file that is looked for first.
    pub todo_format: TodoFormat,
    /// `todo_max_bytes`: larger TODO files are refused.
    pub todo_max_bytes: u64,
}

/// A kind of TODO file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TodoFormat {
    /// One task a line.
    Txt,
    /// `tasks:` or a list.
    Yaml,
    /// Check boxes.
    #[default]
    Md,
}

impl TodoFormat {
    /// The file name's extension.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            TodoFormat::Txt => "txt",
            TodoFormat::Yaml => "yaml",
            TodoFormat::Md => "md",
        }
    }
}

/// `server:` — the loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// `check_interval`: the wait between two iterations.
    pub check_interval: Duration,
    /// `task_delay`: the wait between two tasks.
    pub task_delay: Duration,
    /// `max_iterations`: `None` means for ever.
    pub max_iterations: Option<u64>,
    /// `http_enabled`
    pub http_enabled: bool,
    /// `http_port`
    pub http_port: u16,
    /// `checkpoint:`
    pub checkpoint: Checkpoint,
    /// `auto_todo_generation:`
    pub auto_todo_generation: AutoTodoGeneration,
}

/// `server.checkpoint:`
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// `enabled`: false keeps everything in memory.
    pub enabled: bool,
    /// `checkpoint_file`
    pub checkpoint_file: PathBuf,
    /// `max_task_attempts`: attempts that failed or timed out.
    pub max_task_attempts: u32,
    /// `max_task_crashes`: attempts that a crash cut off.
    pub max_task_crashes: u32,
    /// `keep_completed_tasks`: older completed tasks are pruned every 10 iterations.
    pub keep_completed_tasks: usize,
}

/// `server.auto_todo_generation:`
#[derive(Debug, Clone, PartialEq)]
pub struct AutoTodoGeneration {
    /// `enabled`
    pub enabled: bool,
    /// `command`: argv of the program that writes a new list; empty where none is set.
    pub command: Vec<String>,
    /// `max_generations_per_session`
    pub max_generations_per_session: u32,
    /// `output_dir`
    pub output_dir: PathBuf,
    /// `session_tracker_file`
    pub session_tracker_file: PathBuf,
}

/// `executor:` — the program that works a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Executor {
    /// `command`: argv with placeholders; empty where none is set.
    pub command: Vec<String>,
    /// `prompt`: the template of `{prompt}`.
    pub prompt: String,
    /// `stdin`
    pub stdin: StdinSource,
    /// `timeout` of one attempt; `None` means no limit.
    pub timeout: Option<Duration>,
    /// `idle_timeout`: time without a byte of output; `None` means no limit.
    pub idle_timeout: Option<Duration>,
    /// `kill_grace` between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// `max_log_bytes` of one attempt's output.
    pub max_log_bytes: u64,
    /// `max_consecutive_failures`: that many tasks in a row failed for good: the agent itself is broken.
    pub max_consecutive_failures: u32,
    /// `retry:`
    pub retry: Retry,
}

/// What the executor's standard input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StdinSource {
    /// Nothing: end of file at once.
    #[default]
    None,
    /// The prompt.
    Prompt,
}

/// `executor.retry:` — the wait before another attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// `initial_delay`, doubled for each further attempt.
    pub initial_delay: Duration,
    /// `max_delay`
    pub max_delay: Duration,
    /// `jitter`: a random part of the delay instead of all of it.
    pub jitter: bool,
}

/// `logging:`
#[derive(Debug, Clone, PartialEq)]
pub struct Logging {
    /// `level`
    pub level: Level,
    /// `format`; `None` means the guide's line.
    pub format: Option<Format>,
    /// `file`; `None` means no log file.
    pub file: Option<PathBuf>,
    /// `console`: also to stderr.
    pub console: bool,
    /// `color` on a terminal (NO_COLOR turns it off).
    pub color: bool,
}

impl Default for Config {
    /// The documented defaults, from the table of keys.
    fn default() -> Config {
        super::keys::defaults()
    }
}

impl Config {
    /// All zeros: what the table of keys is applied to. Not a configuration that anyone should run with.
    pub(super) fn blank() -> Config {
        let zero = Duration::ZERO;
        Config {
            project: Project {
                base_dir: None,
                docs_dir: PathBuf::new(),
                status_file: PathBuf::new(),
                todo_format: TodoFormat::Md,
                todo_max_bytes: 0,
            },
            server: Server {
                check_interval: zero,
                task_delay: zero,
                max_iterations: None,
                http_enabled: false,
                http_port: 0,
                checkpoint: Checkpoint {
                    enabled: false,
                    checkpoint_file: PathBuf::new(),
                    max_task_attempts: 0,
                    max_task_crashes: 0,
                    keep_completed_tasks: 0,
                },
                auto_todo_generation: AutoTodoGeneration {
                    enabled: false,
                    command: vec![],
                    max_generations_per_session: 0,
                    output_dir: PathBuf::new(),
                    session_tracker_file: PathBuf::new(),
                },
            },
            executor: Executor {
                command: vec![],
                prompt: String::new(),
                stdin: StdinSource::None,
                timeout: None,
                idle_timeout: None,
                kill_grace: zero,
                max_log_bytes: 0,
                max_consecutive_failures: 0,
                retry: Retry { initial_delay: zero, max_delay: zero, jitter: false },
            },
            logging: Logging { level: Level::Info, format: None, file: None, console: false, color: false },
            locale: None,
        }
    }
}
