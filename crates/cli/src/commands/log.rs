//! `codeagent log`.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use codeagent_core::{TaskId, TaskState};
use codeagent_project::config::Loaded;
use codeagent_project::fs::open_regular;
use codeagent_project::harmless::{harmless_lines, ink_free};
use codeagent_project::task_log::TaskLogs;
use codeagent_server::api::ApiError;
use codeagent_server::{Access, AccessError};

use crate::args::TaskArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

use crate::text::out::{Out, Written};

/// How often a followed log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Every so many looks the task itself is asked for: an answer costs more than a look at the file.
const ASK_EVERY: u32 = 5;
/// Read in pieces of this size.
const CHUNK_BYTES: usize = 64 * 1024;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-log-about",
    after_help = "cli-log-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[command(flatten)]
    task: TaskArg,
    #[arg(short, long, help = "cli-log-follow", help_heading = "cli-heading-options")]
    follow: bool,
    #[arg(long, value_name = "N", help = "cli-log-attempt", help_heading = "cli-heading-options")]
    attempt: Option<u32>,
    #[arg(long, help = "cli-log-raw", help_heading = "cli-heading-options")]
    raw: bool,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let loaded = context.load(vec![])?;
    let id = args.task.id();
    let dir = loaded.project_dir.join("logs");
    let mut followed = Followed { loaded: &loaded, id: &id, attempt: None, alone: 0 };
    if args.follow {
        followed.wait_for_log(&dir)?;
    }
    let logs = logs(&dir, &id, args.attempt)?;
    let harmless = context.out.terminal && !args.raw;
    let Some((last, earlier)) = logs.split_last() else {
        // Not even the task exists: say that rather than that it has no log.
        Access::open(&loaded).task(&id)?;
        return Err(CliError::NoLog { id: id.to_string(), attempt: args.attempt });
    };
    if !args.follow {
        for path in earlier {
            Reader::open(path, harmless)?.copy(&mut context.out, End::Reached)?;
        }
    }
    let mut reader = Reader::open(last, harmless)?;
    if args.follow {
        followed.follow(&mut reader, context)?;
    }
    reader.copy(&mut context.out, End::Reached)?;
    Ok(Exit::Done)
}

fn logs(dir: &Path, id: &TaskId, attempt: Option<u32>) -> Result<Vec<PathBuf>, CliError> {
    let all = TaskLogs::new(dir, 0, &[]).logs_of(id.as_str());
    let all = all.map_err(|error| CliError::File(dir.to_owned(), error))?;
    let wanted = all.into_iter().filter(|(number, _)| attempt.is_none_or(|wanted| wanted == *number));
    Ok(wanted.map(|(_, path)| path).collect())
}

/// Watches the attempt whose log is followed.
struct Followed<'a> {
    loaded: &'a Loaded,
    id: &'a TaskId,
    /// The attempt's number, once it was asked for.
    attempt: Option<u32>,
    /// Looks in a row at which no server was there: one may be rewriting its socket, two mean that it is dead.
    alone: u32,
}

impl Followed<'_> {
    /// Asks anew each time: the server may end meanwhile, and dead without a word leave its task `in_progress`.
    fn still_runs(&mut self) -> Result<bool, CliError> {
        let access = Access::open(self.loaded);
        let task = match access.task(self.id) {
            Err(AccessError::Refused(ApiError::PrunedTask { .. })) => return Ok(false),
            task => task?,
        };
        self.alone = if access.is_live() { 0 } else { self.alone + 1 };
        let attempt = *self.attempt.get_or_insert(task.attempts);
        Ok(task.state == TaskState::InProgress && task.attempts == attempt && self.alone < 2)
    }

    /// The server writes the log beside the attempt, so that one may run for moments before it has a log.
    fn wait_for_log(&mut self, dir: &Path) -> Result<(), CliError> {
        while self.still_runs()? && logs(dir, self.id, self.attempt)?.is_empty() {
            pause();
        }
        Ok(())
    }

    /// Prints what comes until the attempt has ended.
    fn follow(&mut self, reader: &mut Reader, context: &mut Context) -> Result<(), CliError> {
        while self.still_runs()? {
            for _ in 0..ASK_EVERY {
                reader.copy(&mut context.out, End::MoreMayCome)?;
                context.out.flush()?;
                pause();
            }
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a reader: Ctrl+C ends it with nothing to clean up")]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}

/// Whether a line without its end is to be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Reached,
    MoreMayCome,
}

/// A log that is read as it grows.
struct Reader {
    file: File,
    path: PathBuf,
    /// Make what it holds harmless, by whole lines.
    harmless: bool,
    /// The beginning of a line whose end was not read yet.
    held: Vec<u8>,
}

impl Reader {
    fn open(path: &Path, harmless: bool) -> Result<Self, CliError> {
        let file = open_regular(path).map_err(|error| CliError::File(path.to_owned(), error))?;
        Ok(Self { file, path: path.to_owned(), harmless, held: Vec::new() })
    }

    /// Copies all that is there now.
    fn copy(&mut self, out: &mut Out, end: End) -> Result<(), CliError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = self.read(&mut chunk).map_err(|error| CliError::File(self.path.clone(), error))?;
            if read == 0 {
                break;
            }
            self.show(&chunk[..read], out)?;
        }
        if end == End::Reached && !self.held.is_empty() {
            let rest = std::mem::take(&mut self.held);
            out.line(shown(&rest))?;
        }
        Ok(())
    }

    /// A log whose middle was left out is written anew and shorter: it is read on from its new end.
    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        let length = self.file.metadata()?.len();
        if self.file.stream_position()? > length {
            self.file.seek(io::SeekFrom::Start(length))?;
        }
        self.file.read(chunk)
    }

    fn show(&mut self, bytes: &[u8], out: &mut Out) -> Written {
        if !self.harmless {
            return out.raw(bytes);
        }
        self.held.extend_from_slice(bytes);
        let whole = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A line without an end must not fill the memory.
        let whole = if whole == 0 && self.held.len() > CHUNK_BYTES { self.held.len() } else { whole };
        let rest = self.held.split_off(whole);
        out.raw(shown(&self.held).as_bytes())?;
        self.held = rest;
        Ok(())
    }
}

/// As it may be printed: without colours, other escapes made visible.
fn shown(bytes: &[u8]) -> String {
    let text = ink_free(&String::from_utf8_lossy(bytes)).replace("\r\n", "\n");
    harmless_lines(&text).into_owned()
}
