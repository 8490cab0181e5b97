//! Task logs: one file for each attempt, `logs/task_<id>_<YYYYMMDD_HHMMSS>.log`, with the child's output in it,
//! bounded in size and with secrets masked (the guide's TaskLogger).
//!
//! `name` and `header` say whose log a file is, `mask`, `secrets`, `escapes` and `variables` what must not stand in it, `bounded` how much of
//! the output is kept.

mod bounded;
mod escapes;
mod filter;
mod header;
mod mask;
mod name;
mod secrets;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jiff::civil::DateTime;

use self::bounded::Bounded;
use self::mask::Masker;
use self::secrets::Secrets;
pub use self::variables::secret_values;
use crate::fs::{append_private, create_new_private, create_private_dirs};

/// How many attempts of one task may begin in one second.
const NAMES: u32 = 10_000;

/// The folder of the task logs and what holds for all of them.
#[derive(Clone, Debug)]
pub struct TaskLogs {
    dir: PathBuf,
    max_bytes: u64,
    secrets: Arc<Secrets>,
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

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// A text with what looks like a secret masked, where there are no [`TaskLogs`] that know secret values as well. The
/// patterns are made at the first call; after it one costs about what the text's bytes cost.
#[must_use]
pub fn mask(text: &str) -> String {
    static LOOKS: LazyLock<Secrets> = LazyLock::new(|| Secrets::new(&[]));
    masked(&LOOKS, text)
}

fn masked(secrets: &Secrets, text: &str) -> String {
    let (mut masker, mut masked) = (Masker::new(), Vec::new());
    let mut sink = |bytes: &[u8]| masked.write_all(bytes);
    // Writing into memory does not fail; if it did, nothing would be better than a secret.
    let written = masker.push(secrets, text.as_bytes(), &mut sink);
    match written.and_then(|()| masker.finish(secrets, &mut sink)) {
        Ok(()) => String::from_utf8_lossy(&masked).into_owned(),
        Err(_) => String::new(),
    }
}

impl TaskLogs {
    /// For a folder, which is made when the first log is. `max_bytes` is `executor.max_log_bytes` (4096 at least);
    /// `secrets` are values to mask besides what looks like a secret (see [`secret_values`]).
    pub fn new(dir: impl Into<PathBuf>, max_bytes: u64, secrets: &[String]) -> Self {
        Self { dir: dir.into(), max_bytes, secrets: Arc::new(Secrets::new(secrets)) }
    }

    /// Opens the log of an attempt: one create and one write, nothing synced. An attempt that has a log already goes
    /// on in it; every other gets a file of its own.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(&self, header: &LogHeader<'_>) -> io::Result<TaskLog> {
        for number in 1..NAMES {
            let path = self.dir.join(name::log_name(header.task_id, header.started, number));
            match create_new_private(&path) {
                Ok(file) => return self.begin(header, path, file),
                Err(error) if error.kind() == io::ErrorKind::NotFound && number == 1 => {
                    create_private_dirs(&self.dir)?;
                    let file = create_new_private(&path)?;
                    return self.begin(header, path, file);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if is_of(&path, header) {
                        return self.go_on(path);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn begin(&self, header: &LogHeader<'_>, path: PathBuf, file: fs::File) -> io::Result<TaskLog> {
        // A text of 1 MB must not use the log up.
        let limit = usize::try_from(self.max_bytes / 8).unwrap_or(usize::MAX).clamp(256, 64 << 10);
        // It is cut there: a part of a secret would not be known any more.
        let text = self.mask(header.text);
        let head = self.mask(&header::write(&LogHeader { text: &text, ..*header }, limit));
        let mut log = TaskLog::new(Bounded::new(path, file, 0, self.max_bytes), Arc::clone(&self.secrets));
        log.file.write(head.as_bytes())?;
        Ok(log)
    }

    fn go_on(&self, path: PathBuf) -> io::Result<TaskLog> {
        self.mend(|log| path.ends_with(log))?;
        let file = append_private(&path)?;
        let used = file.metadata()?.len();
        Ok(TaskLog::new(Bounded::new(path, file, used, self.max_bytes), Arc::clone(&self.secrets)))
    }

    /// A text with its secrets masked, as a log shows it: for error messages that quote output.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        masked(&self.secrets, text)
    }

    /// Puts the side files of logs that a crash cut off into their logs. To be called once, before the first
    /// [`TaskLogs::start`]. Returns the logs that were mended.
    ///
    /// # Errors
    /// Those of the system; what is not mended then is at the next call.
    pub fn recover(&self) -> io::Result<Vec<PathBuf>> {
        self.mend(|_| true)
    }

    fn mend(&self, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
        let mut segments: BTreeMap<PathBuf, Vec<u64>> = BTreeMap::new();
        for name in self.names()? {
            if let Some((log, number)) = bounded::parse_segment(&name)
                && name::parse(log).is_some()
                && is_wanted(log)
            {
                segments.entry(self.dir.join(log)).or_default().push(number);
            }
        }
        for (log, numbers) in &segments {
            bounded::mend(log, numbers.clone())?;
        }
        Ok(segments.into_keys().collect())
    }

    /// Removes all but the newest `keep` logs and those of tasks (ids as they were started with; control characters
    /// and backslashes escaped as in the log's head) that
    /// `is_needed` knows: those that failed and are still listed. Returns how many were removed.
    ///
    /// # Errors
    /// Those of the system.
    pub fn rotate(&self, keep: usize, mut is_needed: impl FnMut(&str) -> bool) -> io::Result<usize> {
        let mut logs = self.logs(|_| true)?;
        let old = logs.len().saturating_sub(keep);
        let mut removed = 0;
        for path in logs.drain(..old) {
            let needed =
                path.file_name().and_then(|name| name.to_str()).and_then(name::parse).is_some_and(|name| {
                    // The name tells most ids; those that it cannot hold stand in the file.
                    let known = name.may_be_altered().then(|| header::read(&path).ok().flatten()).flatten();
                    is_needed(known.as_ref().map_or(name.id, |known| known.id.as_str()))
                });
            if !needed {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The logs of a task with the number of their attempt, oldest first.
    ///
    /// # Errors
    /// Those of the system; a folder that does not exist holds none.
    pub fn logs_of(&self, task_id: &str) -> io::Result<Vec<(u32, PathBuf)>> {
        let (safe, shown) = (name::safe_id(task_id), header::one_line(task_id));
        let mut found: Vec<(u32, PathBuf)> = Vec::new();
        for path in self.logs(|name| name.id == safe)? {
            // A log without a head was cut off in its first write, or is another program's.
            let unknown = found.last().map_or(1, |(attempt, _)| attempt + 1);
            match header::read(&path)? {
                Some(known) if known.id != shown => {}
                known => found.push((known.map_or(unknown, |known| known.attempt), path)),
            }
        }
        Ok(found)
    }

    /// Logs by name, oldest first.
    fn logs(&self, is_wanted: impl Fn(&name::LogName<'_>) -> bool) -> io::Result<Vec<PathBuf>> {
        let names = self.names()?;
        let mut logs: Vec<_> = names
            .iter()
            .filter_map(|file| Some((name::parse(file)?, file)))
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, file)| (name.time, name.number, file))
            .collect();
        logs.sort_unstable();
        Ok(logs.into_iter().map(|(_, _, file)| self.dir.join(file)).collect())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Nothing else is ours; a pipe with the name of a log must not keep the others from being found.
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }
}

fn is_of(path: &Path, header: &LogHeader<'_>) -> bool {
    header::read(path).ok().flatten().is_some_and(|known| {
        known.id == header::one_line(header.task_id)
            && known.attempt == header.attempt
            && known.attempt_id == header::one_line(header.attempt_id)
    })
}

/// The log of one attempt, being written.
#[derive(Debug)]
pub struct TaskLog {
    file: Bounded,
    secrets: Arc<Secrets>,
    out: Masker,
    err: Masker,
    /// A write failed: it was told once, and the attempt goes on without a log.
    failed: bool,
}

impl TaskLog {
    fn new(file: Bounded, secrets: Arc<Secrets>) -> Self {
        Self { file, secrets, out: Masker::new(), err: Masker::new(), failed: false }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Writes a line of our own: `%Y-%m-%d %H:%M:%S - LEVEL - message`.
    ///
    /// # Errors
    /// The first one that the disk gives; after it nothing more is written, and all calls return `Ok`.
    pub fn line(&mut self, now: DateTime, level: Level, message: &str) -> io::Result<()> {
        if self.failed {
            return Ok(());
        }
        let gap = if self.file.at_line_start() { "" } else { "\n" };
        let (time, level) = (now.strftime("%Y-%m-%d %H:%M:%S"), level.as_str());
        let line = format!("{gap}{time} - {level} - {}\n", message.trim_end());
        let (mut masker, file) = (Masker::new(), &mut self.file);
        let written = masker.push(&self.secrets, line.as_bytes(), &mut |bytes| file.write(bytes));
        self.latch(written)
    }

    /// Takes output of the child as it comes.
    ///
    /// # Errors
    /// As [`TaskLog::line`].
    pub fn output(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        if self.failed {
            return Ok(());
        }
        let file = &mut self.file;
        let masker = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        let written = masker.push(&self.secrets, bytes, &mut |bytes| file.write(bytes));
        self.latch(written)
    }

    /// Writes what is held back, puts head and tail together and closes the log with a last line.
    ///
    /// # Errors
    /// As [`TaskLog::line`].
    pub fn finish(mut self, now: DateTime, level: Level, message: &str) -> io::Result<()> {
        if self.failed {
            return Ok(());
        }
        let file = &mut self.file;
        let mut sink = |bytes: &[u8]| file.write(bytes);
        self.out.finish(&self.secrets, &mut sink)?;
        self.err.finish(&self.secrets, &mut sink)?;
        self.line(now, level, message)?;
        if self.failed { Ok(()) } else { self.file.assemble() }
    }

    fn latch(&mut self, written: io::Result<()>) -> io::Result<()> {
        self.failed |= written.is_err();
        written
    }
}
