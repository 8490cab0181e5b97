//! Fuzzing: for each thing that is read from outside a function that takes any bytes, never panics on sound code, and
//! panics where a property does not hold. `fuzz/` hands the same functions to libFuzzer.
//!
//! In CI every kept input (`proof/corpus/<target>/`) is tried, and mutations of them, for some seconds.
#![expect(clippy::expect_used, reason = "a panic is how a target says what it found")]

mod commands;
mod config;
mod document;
mod drive;
mod journal;
mod mutate;
mod scratch;
mod socket;
mod texts;
mod todo;

pub(crate) use drive::CAMPAIGN;

/// What is fuzzed.
pub struct Target {
    /// Name of the target and of its folder in the corpus.
    pub name: &'static str,
    /// Tries one input. A panic is a finding.
    pub run: fn(&[u8]),
    /// Words that mean something there; mutations put them in.
    words: &'static [&'static str],
}

/// All targets; `fuzz/fuzz_targets/` has a file for each.
pub const TARGETS: &[Target] = &[
    Target { name: "document", run: document::document, words: document::WORDS },
    Target { name: "journal", run: journal::journal, words: &[] },
    Target { name: "config", run: config::config, words: config::WORDS },
    Target { name: "env_file", run: config::env_file, words: config::ENV_WORDS },
    Target { name: "todo", run: todo::todo, words: todo::WORDS },
    Target { name: "socket", run: socket::socket, words: socket::WORDS },
    Target { name: "commands", run: commands::commands, words: commands::WORDS },
    Target { name: "ids", run: texts::ids, words: &["task_", "..", "id-1"] },
    Target { name: "harmless", run: texts::harmless_text, words: texts::HARMFUL },
    Target { name: "secrets", run: texts::secrets, words: texts::SECRETS },
];

/// Tries one input on a target; for libFuzzer.
///
/// # Panics
/// Where a property does not hold, or there is no such target.
pub fn try_on(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(input);
}
