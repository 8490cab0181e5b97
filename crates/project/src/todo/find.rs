//! Where lists are: the names in their order, each file once, and the stamp that tells when one has changed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::entry::Parsed;
use super::error::{NoticeKind, TodoError, TodoNotice};
use super::{TodoPlaces, markdown, text, yaml};
use crate::fs::{FileStamp, ReadOutcome, read_regular};

const NAMES: [&str; 5] = ["todo.txt", "TODO.txt", "todo.yaml", "TODO.md", "todo.md"];
const NAMES_IN_TODO_ONLY: [&str; 3] = ["CURRENT.md", "DEBT.md", "ROADMAP.md"];

/// All names that a list may have, in their order (surroundings.md "TODO list"), none twice.
pub(super) fn candidates(places: &TodoPlaces) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = Vec::new();
    let mut add = |name: PathBuf| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    // A format is a file's extension, never a path.
    let preferred = (!places.format.is_empty() && !places.format.contains('/'))
        .then(|| format!("todo.{}", places.format));
    for dir in [places.project_dir.clone(), places.project_dir.join("todo")] {
        for name in preferred.as_deref().into_iter().chain(NAMES) {
            add(dir.join(name));
        }
    }
    for name in NAMES_IN_TODO_ONLY {
        add(places.project_dir.join("todo").join(name));
    }
    for extra in &places.extra {
        add(places.project_dir.join(extra));
    }
    names
}

/// The state of every file that may be a list. Equal stamps mean that nothing has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp(Vec<Option<FileStamp>>);

impl Stamp {
    /// Looks at all possible names, reads nothing.
    #[must_use]
    pub fn take(places: &TodoPlaces) -> Self {
        let stamp = |path: &PathBuf| fs::metadata(path).ok().map(|meta| FileStamp::of(&meta));
        Self(candidates(places).iter().map(stamp).collect())
    }
}

/// What a file is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Markdown,
    Text,
    Yaml,
}

impl Format {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("md" | "markdown") => Self::Markdown,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Text,
        }
    }
}

/// One list as it was read.
pub(super) struct ListFile {
    /// As it was found.
    pub(super) path: PathBuf,
    /// Every path under which this file was found, without symbolic links: several where it is hard-linked.
    pub(super) real_paths: Vec<PathBuf>,
    pub(super) format: Format,
    pub(super) text: String,
}

impl ListFile {
    pub(super) fn parse(&self) -> Result<Parsed, TodoError> {
        self.parse_text(&self.text)
    }

    /// Reads another text as this file would be read.
    pub(super) fn parse_text(&self, text: &str) -> Result<Parsed, TodoError> {
        match self.format {
            Format::Markdown => Ok(markdown::parse(text)),
            Format::Text => Ok(text::parse(text)),
            Format::Yaml => {
                yaml::parse(text).map_err(|error| TodoError::Yaml { path: self.path.clone(), error })
            }
        }
    }

    pub(super) fn notice(&self, line: usize, kind: NoticeKind) -> TodoNotice {
        TodoNotice { path: self.path.clone(), line, kind }
    }
}

/// Reads one list that must exist.
pub(super) fn read_one(path: &Path, limit: u64) -> Result<ListFile, TodoError> {
    match read_regular(path, limit).map_err(|source| io_error(path, source))? {
        ReadOutcome::Read(contents) => {
            let text = decode(path, contents.bytes)?;
            Ok(ListFile { path: path.to_owned(), real_paths: vec![], format: Format::of(path), text })
        }
        ReadOutcome::TooLarge(bytes) => Err(TodoError::TooLarge { path: path.to_owned(), bytes, limit }),
        ReadOutcome::NotRegular => Err(io_error(path, io::ErrorKind::InvalidInput.into())),
    }
}

/// All lists that exist.
pub(super) struct Found {
    pub(super) files: Vec<ListFile>,
    pub(super) notices: Vec<TodoNotice>,
}

/// Reads all lists that exist, each file once, however many names lead to it.
pub(super) fn read_all(places: &TodoPlaces) -> Result<Found, TodoError> {
    let mut found = Found { files: vec![], notices: vec![] };
    let mut seen: HashMap<(u64, u64), usize> = HashMap::new();
    for path in candidates(places) {
        match read_regular(&path, places.max_bytes) {
            Ok(ReadOutcome::Read(contents)) => {
                let real = fs::canonicalize(&path).map_err(|source| io_error(&path, source))?;
                if let Some(&index) = seen.get(&contents.stamp.file) {
                    let real_paths = &mut found.files[index].real_paths;
                    if !real_paths.contains(&real) {
                        real_paths.push(real);
                    }
                    continue;
                }
                let text = decode(&path, contents.bytes)?;
                seen.insert(contents.stamp.file, found.files.len());
                let format = Format::of(&path);
                found.files.push(ListFile { path, real_paths: vec![real], format, text });
            }
            Ok(ReadOutcome::NotRegular) => {
                found.notices.push(TodoNotice { path, line: 0, kind: NoticeKind::NotAFile });
            }
            Ok(ReadOutcome::TooLarge(bytes)) => {
                return Err(TodoError::TooLarge { path, bytes, limit: places.max_bytes });
            }
            Err(error) if is_absent(&error) => {
                if fs::symlink_metadata(&path).is_ok() {
                    found.notices.push(TodoNotice { path, line: 0, kind: NoticeKind::DanglingLink });
                }
            }
            Err(source) => return Err(io_error(&path, source)),
        }
    }
    Ok(found)
}

/// `NotADirectory`: the project has a file called `todo`, which is no concern of ours. `LOOP`: a link that leads to
/// itself leads nowhere.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

pub(super) fn io_error(path: &Path, source: io::Error) -> TodoError {
    TodoError::Io { path: path.to_owned(), source }
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, TodoError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        TodoError::InvalidUtf8 {
            path: path.to_owned(),
            line: 1 + super::edit::Lines::new(good).filter(|line| line.end < line.next).count(),
        }
    })
}
