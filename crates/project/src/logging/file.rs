//! The log file: private, bounded, and there again when someone deletes it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::fs::create_private_dirs;

/// A log file that has grown to this many bytes becomes `….1`, and a new one begins.
pub const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;

/// So many files are kept, the present one included (`code_agent.log`, `….1` to `….4`).
pub const KEPT_FILES: usize = 5;

pub(super) struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    open: Option<File>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> LogFile {
        LogFile { path, max_bytes: MAX_FILE_BYTES, open: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file, so that an error is known before the first line.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        self.current().map(|_| ())
    }

    /// Appends one line in one write. A file that cannot be rotated is appended to all the same, and the
    /// error returned: lines matter more than the bound.
    pub(super) fn write_line(&mut self, line: &str) -> io::Result<()> {
        let bytes = [line.as_bytes(), b"\n"].concat();
        let rotated = self.rotate_if_full(bytes.len());
        self.current()?.write_all(&bytes)?;
        rotated
    }

    /// The open file; a new one where it was deleted under us (`git clean -fdx` by an agent).
    fn current(&mut self) -> io::Result<&mut File> {
        let gone = match &self.open {
            Some(file) => file.metadata()?.nlink() == 0,
            None => true,
        };
        if gone {
            self.open = None;
            return Ok(self.open.insert(open_private(&self.path)?));
        }
        self.open.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn rotate_if_full(&mut self, more: usize) -> io::Result<()> {
        let max = self.max_bytes;
        let size = self.current()?.metadata()?.len();
        if size == 0 || size.saturating_add(more as u64) <= max {
            return Ok(());
        }
        for age in (1..KEPT_FILES).rev() {
            let from = if age == 1 { self.path.clone() } else { self.aged(age - 1) };
            match std::fs::rename(from, self.aged(age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.open = None;
        Ok(())
    }

    fn aged(&self, age: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{age}"));
        name.into()
    }
}

/// Opens for appending, 0600, with its folders 0700. Never waits for the reader of a named pipe.
fn open_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_dirs(folder)?;
    }
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn file_and_folders_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/x.log");
        LogFile::new(path.clone()).write_line("one").unwrap();
        LogFile::new(path.clone()).write_line("two").unwrap();
        assert_eq!(read(&path), "one\ntwo\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn full_files_are_rotated_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = LogFile::new(path.clone());
        log.max_bytes = 10;
        for n in 0..7 {
            log.write_line(&format!("line {n}")).unwrap();
        }
        let names = ["x.log", "x.log.1", "x.log.2", "x.log.3", "x.log.4"];
        let texts: Vec<_> = names.iter().map(|name| read(&dir.path().join(name))).collect();
        assert_eq!(texts, ["line 6\n", "line 5\n", "line 4\n", "line 3\n", "line 2\n"]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), KEPT_FILES);
    }

    #[test]
    fn a_line_longer_than_a_file_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = LogFile::new(path.clone());
        log.max_bytes = 10;
        log.write_line("longer than ten bytes").unwrap();
        assert_eq!(read(&path), "longer than ten bytes\n");
    }

    #[test]
    fn a_deleted_file_comes_back_with_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/x.log");
        let mut log = LogFile::new(path.clone());
        log.write_line("before").unwrap();
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        log.write_line("after").unwrap();
        assert_eq!(read(&path), "after\n");
    }

    #[test]
    fn a_folder_in_its_place_is_an_error_and_a_pipe_does_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        assert!(LogFile::new(dir.path().to_owned()).prepare().is_err());
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(LogFile::new(pipe).prepare().is_err());
    }
}
