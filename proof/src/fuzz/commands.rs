//! Templates of commands: split into words, filled with a task's texts, and never more than that.
use std::ffi::OsString;

use codeagent_project::config::{ConfigRequest, Given, Override, load};
use codeagent_server::testing::argv;

use super::scratch::Scratch;

pub(super) const WORDS: &[&str] = &[
    "{task_text}",
    "{prompt}",
    "{task_id}",
    "{",
    "}",
    "{{",
    "'",
    "\"",
    "\\",
    "{\"a\": {}}",
    "{task_txt}",
    "\0",
    "$(x)",
    ";",
];

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
}

/// The template stands before the first line end, the task's text behind it.
pub(super) fn commands(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (template, text) = input.split_once('\n').unwrap_or((input, "do {task_id} {prompt}"));
    let Ok(words) = shell_words::split(template) else { return };
    assert_eq!(shell_words::split(&shell_words::join(&words)).as_ref(), Ok(&words));
    let exec = Override {
        key: "executor.command".to_owned(),
        value: Given::Words(words.clone()),
        flag: "--exec".to_owned(),
    };
    let dir = SCRATCH.with(Scratch::dir);
    let request = ConfigRequest { current_dir: dir, overrides: vec![exec], ..ConfigRequest::default() };
    let Ok(loaded) = load(&request) else { return };
    assert_eq!(loaded.config.executor.command, words);
    let argv = argv(&loaded.config.executor, text);
    assert_eq!(argv.len(), words.len(), "a text never becomes a word more");
    for (filled, word) in argv.iter().zip(&words) {
        // Without a place nothing changes; what was put in is not looked at again.
        assert!(word.contains('{') || *filled == OsString::from(word));
        let whole = matches!(word.as_str(), "{task_text}" | "{prompt}" | "{task_name}");
        assert!(!whole || filled.to_str() == Some(text), "{filled:?} of {word:?}");
    }
}
