//! Lists that a command wrote: the name it writes to, and how its list becomes `CURRENT.md`.
//!
//! Order for the caller: [`target`] → run the command → [`count`] → [`make_current`] → record it in the sessions file.
//! A crash leaves at worst a generated file that is recorded nowhere, or an archived list without a new one: nothing
//! that anyone wrote is lost, and the next round begins with a new name. Where the crash came between the last two
//! steps, [`is_current`] tells that only the record is missing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use codeagent_core::list::Mark;

use super::TodoError;
use super::find::{io_error, read_one};
use crate::fs::{create_private_dirs, create_whole, rename_to_free};

/// How many names are tried before a folder counts as full.
const NAMES: u32 = 10_000;

/// The name that the next list of a session is written to: `GENERATED_<session>.md`, then `…_2.md` and so on; the
/// first that is free. Makes the folder.
///
/// # Errors
/// Those of the system.
pub fn target(output_dir: &Path, session: &str) -> io::Result<PathBuf> {
    create_private_dirs(output_dir)?;
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    numbered(output_dir, "GENERATED", session)
        .find(is_free)
        .ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

fn numbered(dir: &Path, kind: &str, session: &str) -> impl Iterator<Item = PathBuf> {
    let session: String = session
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' })
        .collect();
    let (dir, kind) = (dir.to_owned(), kind.to_owned());
    (1..NAMES).map(move |number| match number {
        1 => dir.join(format!("{kind}_{session}.md")),
        _ => dir.join(format!("{kind}_{session}_{number}.md")),
    })
}

/// How many tasks a list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// All of them.
    pub tasks: usize,
    /// Those that are neither done nor skipped.
    pub open: usize,
}

/// Counts the tasks of one list.
///
/// # Errors
/// [`TodoError`], also when the file does not exist.
pub fn count(path: &Path, max_bytes: u64) -> Result<Count, TodoError> {
    let parsed = read_one(path, max_bytes)?.parse()?;
    let open = parsed.entries.iter().filter(|entry| entry.mark == Mark::Open).count();
    Ok(Count { tasks: parsed.entries.len(), open })
}

/// What became of a list that was to be made current.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MadeCurrent {
    /// `CURRENT.md` is a copy of it; the list before it was archived under this name.
    Made {
        /// Where the previous `CURRENT.md` is now, if there was one.
        archived: Option<PathBuf>,
    },
    /// It was already.
    Already,
    /// The present `CURRENT.md` has open tasks and stays.
    CurrentHasOpenTasks(usize),
}

/// Makes a copy of a generated list `<output_dir>/CURRENT.md`. A previous one in which nothing is open is kept as
/// `ARCHIVE_<session>.md` (`…_2.md` …). No file is ever overwritten. Can be repeated.
///
/// # Errors
/// [`TodoError`], also when the generated list cannot be read as a list.
pub fn make_current(
    output_dir: &Path,
    generated: &Path,
    session: &str,
    max_bytes: u64,
) -> Result<MadeCurrent, TodoError> {
    let list = read_one(generated, max_bytes)?;
    let current = output_dir.join("CURRENT.md");
    let mut archived = None;
    match read_one(&current, max_bytes) {
        Ok(present) if present.text == list.text => return Ok(MadeCurrent::Already),
        Ok(_) => {
            let open = count(&current, max_bytes)?.open;
            if open > 0 {
                return Ok(MadeCurrent::CurrentHasOpenTasks(open));
            }
            let names = numbered(output_dir, "ARCHIVE", session);
            archived = Some(rename_to_free(&current, names).map_err(|error| io_error(&current, error))?);
        }
        Err(TodoError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    create_whole(&current, list.text.as_bytes()).map_err(|error| io_error(&current, error))?;
    Ok(MadeCurrent::Made { archived })
}

/// Whether a generated list is the current one, unchanged.
#[must_use]
pub fn is_current(output_dir: &Path, generated: &Path) -> bool {
    let text = |path: &Path| Some(read_one(path, u64::MAX).ok()?.text);
    text(generated).is_some_and(|generated| text(&output_dir.join("CURRENT.md")) == Some(generated))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn names_count_up_within_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("todo");
        let first = target(&out, "20260118_103000").unwrap();
        assert_eq!(first, out.join("GENERATED_20260118_103000.md"));
        fs::write(&first, "").unwrap();
        assert_eq!(target(&out, "20260118_103000").unwrap(), out.join("GENERATED_20260118_103000_2.md"));
        assert_eq!(target(&out, "../x").unwrap(), out.join("GENERATED_.._x.md"));
    }

    #[test]
    fn a_finished_list_is_archived_and_nothing_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let generated = write(dir.path(), "GENERATED_s.md", "- [ ] new\n");
        write(dir.path(), "CURRENT.md", "- [x] old\n- [-] skipped\n");
        write(dir.path(), "ARCHIVE_s.md", "older");
        let second = dir.path().join("ARCHIVE_s_2.md");

        let made = make_current(dir.path(), &generated, "s", LIMIT).unwrap();
        assert_eq!(made, MadeCurrent::Made { archived: Some(second.clone()) });
        assert_eq!(make_current(dir.path(), &generated, "s", LIMIT).unwrap(), MadeCurrent::Already);

        assert!(is_current(dir.path(), &generated));
        assert_eq!(fs::read_to_string(second).unwrap(), "- [x] old\n- [-] skipped\n");
        assert_eq!(fs::read_to_string(dir.path().join("ARCHIVE_s.md")).unwrap(), "older");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_list_with_open_tasks_stays() {
        let dir = tempfile::tempdir().unwrap();
        let generated = write(dir.path(), "GENERATED_s.md", "- [ ] new\n");
        let current = write(dir.path(), "CURRENT.md", "- [ ] old\n");
        let outcome = make_current(dir.path(), &generated, "s", LIMIT).unwrap();
        assert_eq!(outcome, MadeCurrent::CurrentHasOpenTasks(1));
        assert_eq!(fs::read_to_string(current).unwrap(), "- [ ] old\n");
    }

    #[test]
    fn a_crash_after_archiving_is_mended_by_repeating() {
        let dir = tempfile::tempdir().unwrap();
        let generated = write(dir.path(), "GENERATED_s.md", "- [ ] new\n");
        let left_over = write(dir.path(), ".CURRENT.md.1-1.codeagent-tmp", "- [ ] ne");
        let made = make_current(dir.path(), &generated, "s", LIMIT).unwrap();
        assert_eq!(made, MadeCurrent::Made { archived: None });
        assert!(is_current(dir.path(), &generated) && !left_over.exists());
    }

    #[test]
    fn a_pipe_is_neither_a_generated_list_nor_the_current_one() {
        let dir = tempfile::tempdir().unwrap();
        let generated = write(dir.path(), "G.md", "");
        let pipe = crate::fs::pipe_in(dir.path(), "CURRENT.md");
        assert!(!is_current(dir.path(), &generated));
        assert!(!is_current(dir.path(), &pipe));
        assert!(make_current(dir.path(), &generated, "s", LIMIT).is_err());
        assert!(count(&pipe, LIMIT).is_err());
    }

    #[test]
    fn a_generated_list_that_is_missing_or_broken_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(make_current(dir.path(), &dir.path().join("none.md"), "s", LIMIT).is_err());
        let broken = dir.path().join("broken.md");
        fs::write(&broken, b"- [ ] \xff").unwrap();
        assert!(matches!(count(&broken, LIMIT), Err(TodoError::InvalidUtf8 { line: 1, .. })));
    }
}
