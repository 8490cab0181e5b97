//! Sentences for what the crates below state as data: how an agent ended, why it could not start, what a store found.
use std::time::Duration;

use codeagent_project::{messages::Catalogue, msg};
use codeagent_runner::{How, Item, SpawnError};

/// A time for people: `0.3`, `12`, `3600` (seconds).
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

/// How an agent ended.
pub fn how(catalogue: &Catalogue, how: How, elapsed: Duration) -> String {
    let elapsed = seconds(elapsed);
    match how {
        How::Exited(code) => msg!(catalogue, "server-exit-code", code = code.to_string()),
        How::Signalled(signal) => msg!(catalogue, "server-exit-signal", signal = signal.to_string()),
        How::TimedOut => msg!(catalogue, "server-timed-out", seconds = elapsed),
        How::IdleTimedOut => msg!(catalogue, "server-idle-timed-out", seconds = elapsed),
        How::Stopped => catalogue.text("server-exit-stopped"),
        How::Unknown => catalogue.text("server-exit-unknown"),
    }
}

/// Why an agent could not be started.
pub fn spawn_error(catalogue: &Catalogue, error: &SpawnError) -> String {
    match error {
        SpawnError::Empty => catalogue.text("server-command-empty"),
        SpawnError::NotFound { program } => {
            msg!(catalogue, "server-command-not-found", program = program.to_string_lossy())
        }
        SpawnError::NotExecutable { program, source } => msg!(
            catalogue,
            "server-command-not-executable",
            program = program.display(),
            error = source.to_string()
        ),
        SpawnError::TooLong { item, bytes } => {
            msg!(
                catalogue,
                "server-text-too-long",
                item = self::item(catalogue, item),
                bytes = bytes.to_string()
            )
        }
        SpawnError::NulByte { item } => {
            msg!(catalogue, "server-text-nul", item = self::item(catalogue, item))
        }
        SpawnError::DirGone { dir } => msg!(catalogue, "server-dir-gone", path = dir.display()),
        SpawnError::Other(error) => msg!(catalogue, "server-cannot-start", error = error.to_string()),
    }
}

fn item(catalogue: &Catalogue, item: &Item) -> String {
    match item {
        Item::Argument(number) => msg!(catalogue, "server-item-argument", number = number.to_string()),
        Item::Variable(name) => msg!(catalogue, "server-item-variable", name = name.to_string_lossy()),
        Item::Whole => catalogue.text("server-item-whole"),
        Item::Dir => catalogue.text("server-item-dir"),
    }
}
