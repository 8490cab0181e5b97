//! One attempt at a task: its files, and the way of its output into the log and to those who watch.
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use codeagent_checkpoint::StoreError;
use codeagent_core::{AttemptId, TaskId};
use codeagent_project::{fs::create_new_private, harmless, task_log::TaskLog};
use codeagent_runner::{Output, Stream};

use crate::{
    chronicle::Chronicle,
    control::Control,
    observe::{Observation, Observer},
};

/// A claimed task, until it is settled.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The task.
    pub id: TaskId,
    /// Its text.
    pub text: String,
    /// The heading above its line.
    pub heading: String,
    /// Its parents' texts, outermost first.
    pub parents: String,
    /// Its entry in the plan at the time of the claim.
    pub entry: usize,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The attempt's unique id.
    pub attempt_id: AttemptId,
    /// The file with the text.
    pub task_file: TaskFile,
    /// When it was claimed.
    pub began: Instant,
}

/// A file with the task's text, for agents that read it from there; gone with the attempt.
#[derive(Debug)]
pub(crate) struct TaskFile(PathBuf);

const TASK_FILE_PREFIX: &str = ".codeagent_task_";

impl TaskFile {
    /// Writes the text into a new file in `dir`, 0600.
    ///
    /// # Errors
    /// As the disk gives them.
    pub(crate) fn write(dir: &Path, attempt_id: &AttemptId, text: &str) -> Result<Self, StoreError> {
        let path = dir.join(format!("{TASK_FILE_PREFIX}{}.txt", attempt_id.0));
        let created = match create_new_private(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(dir).and_then(|()| create_new_private(&path))
            }
            created => created,
        };
        let written = created.and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(StoreError::Io { action: "write", path, source: source.into() }),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes away what attempts of a dead server left.
    pub(crate) fn tidy(dir: &Path) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(TASK_FILE_PREFIX) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for TaskFile {
    fn drop(&mut self) {
        // A file that stays is taken away at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes the folder if it is missing, but not the project's, which may have been deleted.
fn make_folder(dir: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// How often those who watch are shown a new line.
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Bytes of a stream's end in which its last line is looked for.
const LOOK_AT: usize = 8 << 10;

/// So much goes of a line whose begin is not known, and the word there: it may be the end of a secret.
const UNSURE: usize = 1 << 10;

/// Characters of a line that are shown.
const SHOWN_CHARS: usize = 200;

/// Where an agent's output goes: into the task's log, and its last line to those who watch.
pub(crate) struct Tee<'a> {
    log: Option<&'a mut TaskLog>,
    control: &'a Control,
    observer: &'a dyn Observer,
    chronicle: &'a Chronicle,
    shown: Option<Instant>,
    /// The end of what each stream printed, and which of them printed something since it was shown.
    recent: [Vec<u8>; 2],
    unshown: Option<Stream>,
}

impl<'a> Tee<'a> {
    /// A log that could not be opened takes nothing; the work goes on.
    pub(crate) fn new(
        log: Option<&'a mut TaskLog>,
        control: &'a Control,
        observer: &'a dyn Observer,
        chronicle: &'a Chronicle,
    ) -> Self {
        let recent = [Vec::new(), Vec::new()];
        Self { log, control, observer, chronicle, shown: None, recent, unshown: None }
    }

    /// Shows it at once, or when the last showing is long enough ago.
    fn show(&mut self, stream: Stream, bytes: &[u8]) {
        let recent = &mut self.recent[usize::from(stream == Stream::Stderr)];
        recent.extend_from_slice(&bytes[bytes.len().saturating_sub(LOOK_AT)..]);
        recent.drain(..recent.len().saturating_sub(LOOK_AT));
        self.unshown = Some(stream);
        if self.due().is_some_and(|due| Instant::now() >= due) {
            self.rest();
        }
    }
}

impl Output for Tee<'_> {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.show(stream, bytes);
        match &mut self.log {
            Some(log) => log.output(stream_of(stream), bytes),
            None => Ok(()),
        }
    }

    fn due(&self) -> Option<Instant> {
        self.unshown.map(|_| self.shown.map_or_else(Instant::now, |shown| shown + SHOW_EVERY))
    }

    fn rest(&mut self) {
        let Some(stream) = self.unshown.take() else { return };
        let recent = &self.recent[usize::from(stream == Stream::Stderr)];
        let Some(line) = last_line(recent, |text| self.chronicle.masked(text)) else { return };
        self.shown = Some(Instant::now());
        self.observer.see(&Observation::Line { line: &line });
        self.control.saw_line(line);
    }
}

fn stream_of(stream: Stream) -> codeagent_project::task_log::Stream {
    match stream {
        Stream::Stdout => codeagent_project::task_log::Stream::Out,
        Stream::Stderr => codeagent_project::task_log::Stream::Err,
    }
}

/// The last line with something on it, harmless to print. It is cut once all before it was masked: a part of a secret
/// would not be known, nor a line of a private key by itself.
fn last_line(recent: &[u8], mask: impl Fn(&str) -> String) -> Option<String> {
    let text = mask(&harmless::ink_free(&String::from_utf8_lossy(sure(recent))));
    let line = text.rsplit(['\n', '\r']).find(|line| !line.trim().is_empty())?;
    Some(harmless::one_line(line, SHOWN_CHARS).into_owned())
}

/// What was printed last, without what may belong to a secret that began before it.
fn sure(recent: &[u8]) -> &[u8] {
    if recent.len() < LOOK_AT {
        return recent;
    }
    let line = recent.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(recent.len());
    let from = UNSURE.min(line);
    let word = recent[from..line].iter().position(u8::is_ascii_whitespace).map_or(line, |blank| from + blank);
    &recent[word..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_line(recent: &[u8]) -> Option<String> {
        super::last_line(recent, codeagent_project::task_log::mask)
    }

    #[test]
    fn the_last_line_with_something_on_it() {
        assert_eq!(last_line(b"a\nb\n\n"), Some("b".to_owned()));
        assert_eq!(last_line(b"10%\r20%\r"), Some("20%".to_owned()));
        assert_eq!(last_line(b"\n \n"), None);
        assert_eq!(last_line(b"\x1b[31mred\x1b[0m \x1b[2J"), Some("red \\x1b[2J".to_owned()));
    }

    #[test]
    fn a_line_is_masked_before_it_is_cut() {
        let secret = "sk-abcdefghij0123456789";
        let right = format!("{} {secret} b", "a".repeat(185));
        assert_eq!(last_line(right.as_bytes()), Some(format!("{} sk-*** b", "a".repeat(185))));
        let after = format!(" more {}", "b".repeat(LOOK_AT));
        for cut in 0..secret.len() + 9 {
            let text = format!("password={secret}{after}");
            let recent = &text.as_bytes()[cut..cut + LOOK_AT];
            assert_eq!(last_line(recent), None, "{cut}");
            let recent = [&recent[..2000], b"\nb c"].concat();
            assert_eq!(last_line(&recent), Some("b c".to_owned()));
        }
        let words = "b ".repeat(LOOK_AT);
        assert!(last_line(&words.as_bytes()[..LOOK_AT]).unwrap().starts_with("b b b"));
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}", "MIIE\n".repeat(50));
        assert!(!last_line(key.as_bytes()).unwrap().contains("MIIE"));
    }
}
