//! A project folder in memory where there is one, for what is read from files.
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of this thread, empty at first; its files are overwritten from input to input.
pub(super) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let dir = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        Self(dir.expect("a folder to work in"))
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.0.path().canonicalize().expect("our own folder")
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().expect("in our folder")).expect("our own folder");
        fs::write(&path, bytes).expect("our own folder");
        path
    }
}
