//! The status file: Markdown in the project that people read and write as well, and that we only ever append to.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;

use crate::fs::{append_private, create_new_private, create_private_dirs, open_regular};

/// Longer messages are cut (characters): the status file is an overview, the task log has everything.
const MAX_MESSAGE: usize = 2000;

/// The words that the file is created with, in the user's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusTexts {
    /// The title of the document.
    pub title: String,
    /// The section that everything is appended to ("История выполнения").
    pub history: String,
}

/// Appends to the status file (the guide's StatusManager).
#[derive(Clone, Debug)]
pub struct StatusManager {
    path: PathBuf,
    texts: StatusTexts,
}

impl StatusManager {
    /// For `project.status_file`. Touches nothing yet.
    pub fn new(path: impl Into<PathBuf>, texts: StatusTexts) -> Self {
        Self { path: path.into(), texts }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a message: with `level` 1 to 6 as a heading, else as a line with the time.
    /// Creates the file with its title and section where there is none.
    ///
    /// # Errors
    /// Those of the system; `InvalidInput` where the file is a pipe or a device, on which we would wait.
    pub fn append_status(&self, now: DateTime, message: &str, level: u8) -> io::Result<()> {
        let message = harmless_markdown(message);
        let block = match level {
            1..=6 => format!("\n{} {message}\n\n", "#".repeat(usize::from(level))),
            _ => format!("- {} - {message}\n", now.strftime("%Y-%m-%d %H:%M:%S")),
        };
        self.append(&block)
    }

    /// Appends what a task has come to: `status` in bold, then its text, then `details` where there are any.
    ///
    /// # Errors
    /// Those of the system.
    pub fn update_task_status(
        &self,
        now: DateTime,
        task_text: &str,
        status: &str,
        details: Option<&str>,
    ) -> io::Result<()> {
        let details = details.map(|details| format!(" ({})", harmless_markdown(details))).unwrap_or_default();
        let (status, text) = (harmless_markdown(status), harmless_markdown(task_text));
        let time = now.strftime("%Y-%m-%d %H:%M:%S");
        self.append(&format!("- {time} - **{status}**: {text}{details}\n"))
    }

    /// Appends what the server has come to.
    ///
    /// # Errors
    /// Those of the system.
    pub fn update_server_status(&self, now: DateTime, status: &str, details: Option<&str>) -> io::Result<()> {
        let details = details.map(|details| format!(": {}", harmless_markdown(details))).unwrap_or_default();
        let (time, status) = (now.strftime("%Y-%m-%d %H:%M:%S"), harmless_markdown(status));
        self.append(&format!("- {time} - **{status}**{details}\n"))
    }

    /// One write at the end of the file, so that what a person saves at the same time is not undone.
    fn append(&self, block: &str) -> io::Result<()> {
        self.create_if_missing()?;
        let gap = if ends_inside_a_line(&self.path)? { "\n" } else { "" };
        append_private(&self.path)?.write_all(format!("{gap}{block}").as_bytes())
    }

    fn create_if_missing(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            create_private_dirs(folder)?;
        }
        let StatusTexts { title, history } = &self.texts;
        match create_new_private(&self.path) {
            Ok(mut file) => file.write_all(format!("# {title}\n\n## {history}\n\n").as_bytes()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn ends_inside_a_line(path: &Path) -> io::Result<bool> {
    let mut file = open_regular(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Foreign text as one line of Markdown: line ends and control characters become spaces (no forged headings, no
/// escapes), direction marks go, `<` loses its meaning (`<!--` would hide all that follows), long ones are cut.
fn harmless_markdown(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(MAX_MESSAGE));
    for (count, c) in text.trim().chars().enumerate() {
        match c {
            _ if count == MAX_MESSAGE => {
                line.push('…');
                break;
            }
            '<' => line.push_str("&lt;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {}
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => line.push(' '),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::civil::date;

    use super::*;

    fn manager(dir: &Path) -> StatusManager {
        let texts = StatusTexts {
            title: "Статус".into(), history: "История выполнения".into()
        };
        StatusManager::new(dir.join("status.md"), texts)
    }

    #[test]
    fn the_file_is_created_and_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let status = manager(dir.path());
        let now = date(2026, 1, 18).at(10, 35, 0, 0);
        status.append_status(now, "Восстановление после сбоя", 2).unwrap();
        status.append_status(now, "готово", 0).unwrap();
        status.update_task_status(now, "Write tests", "выполнена", Some("3 с")).unwrap();
        status.update_server_status(now, "остановлен", None).unwrap();
        assert_eq!(
            fs::read_to_string(status.path()).unwrap(),
            "# Статус\n\n## История выполнения\n\n\n## Восстановление после сбоя\n\n\
             - 2026-01-18 10:35:00 - готово\n\
             - 2026-01-18 10:35:00 - **выполнена**: Write tests (3 с)\n\
             - 2026-01-18 10:35:00 - **остановлен**\n"
        );
    }

    #[test]
    fn what_people_wrote_stays_also_without_a_last_line_end() {
        let dir = tempfile::tempdir().unwrap();
        let status = manager(dir.path());
        fs::write(status.path(), "mine").unwrap();
        status.append_status(date(2026, 1, 18).at(0, 0, 0, 0), "x", 0).unwrap();
        assert_eq!(fs::read_to_string(status.path()).unwrap(), "mine\n- 2026-01-18 00:00:00 - x\n");
    }

    #[test]
    fn a_pipe_in_its_place_is_an_error_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let status = manager(dir.path());
        crate::fs::pipe_in(dir.path(), "status.md");
        let error = status.append_status(date(2026, 1, 18).at(0, 0, 0, 0), "x", 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn foreign_text_stays_on_its_line() {
        assert_eq!(harmless_markdown("a\r\n# b\u{1b}[2J<!-- \u{202e}c"), "a  # b [2J&lt;!-- c");
        assert_eq!(harmless_markdown(&"x".repeat(5000)).chars().count(), MAX_MESSAGE + 1);
    }
}
