//! The real program in a scratch project, with an environment of its own.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a part of the tests; each file uses some of it"
)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A scratch project.
pub(crate) struct Project(TempDir);

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a TODO list in Markdown.
    pub(crate) fn with_list(list: &str) -> Self {
        let project = Self::new();
        project.write("todo.md", list);
        project
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.dir().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir().join(path)).unwrap()
    }

    /// The program with these words, in English, in the project's folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        command.current_dir(self.dir());
        command
    }

    pub(crate) fn say(&self, words: &[&str]) -> Said {
        Said::of(self.command(words).output().unwrap())
    }

    /// What a command prints as JSON; it must succeed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let said = self.say(words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", said.out))
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// It ended with this code, and said all of this on stderr.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, pieces: &[&str]) {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        for piece in pieces {
            assert!(self.err.contains(piece), "`{piece}` is not in:\n{}", self.err);
        }
    }

    #[track_caller]
    pub(crate) fn done(&self) -> &Self {
        assert_eq!(self.code, 0, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// The program with these words. Of the environment only what every program needs.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codeagent"));
    command.args(words).env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR", "TZ"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LANG", "C.UTF-8");
    command
}

pub(crate) fn say(words: &[&str]) -> Said {
    Said::of(command(words).output().unwrap())
}

/// Lets time pass; for what can only be waited for.
pub(crate) fn pause(time: std::time::Duration) {
    let until = std::time::Instant::now() + time;
    while let Some(left) =
        until.checked_duration_since(std::time::Instant::now()).filter(|left| !left.is_zero())
    {
        std::thread::park_timeout(left);
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
