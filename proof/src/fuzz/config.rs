//! The configuration and the `.env` file: read or refused, and what is wrong has a place that exists.
use std::path::Path;

use codeagent_project::config::{ConfigRequest, Env, Loaded, Place, load};
use codeagent_project::messages::{Catalogue, Lang};

use super::scratch::Scratch;

pub(super) const WORDS: &[&str] = &[
    "server:\n  ",
    "executor:\n  ",
    "command: [",
    "check_interval: ",
    "${HOME}",
    "${",
    "timeout: null",
    "retry: {",
    "checkpoint:\n    ",
    "task_delay: 1e9",
    "\"{task_text}\"",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "---\n",
    "|\n",
    ">-\n",
    "\t",
    "0x7f",
    ".inf",
    "~",
    "llm:\n",
    "locale: ru",
];

pub(super) const ENV_WORDS: &[&str] =
    &["export ", "A=", "\"", "'", "\\n", "#", "\u{feff}", "CODEAGENT_LOCALE=ru\n", "\0"];

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
    static SPEECH: [Catalogue; 2] = [Catalogue::new(Lang::En), Catalogue::new(Lang::Ru)];
}

/// What the project's folder loads as; what is wrong with it was checked.
fn loaded(dir: &Path, text: &[u8]) -> Option<Loaded> {
    let env = Env::from_pairs([("HOME", "/nowhere"), ("SET", "7")]);
    let request = ConfigRequest { current_dir: dir.to_owned(), env, ..ConfigRequest::default() };
    match load(&request) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            if let Place::File { line, column, .. } = &error.place {
                // An error at the end stands after the last character.
                let text = String::from_utf8_lossy(text);
                let lines: Vec<&str> = text.split(['\n', '\r']).collect();
                assert!(*line >= 1 && *line as usize <= lines.len() + 1, "{error:?}");
                assert!(*column >= 1 && *column as usize <= text.chars().count() + 1, "{error:?}");
            }
            SPEECH.with(|speech| {
                for catalogue in speech {
                    let told = error.render(catalogue);
                    assert!(!told.contains(char::is_control), "{told:?}");
                    _ = error.hint(catalogue);
                }
            });
            None
        }
    }
}

pub(super) fn config(input: &[u8]) {
    SCRATCH.with(|scratch| {
        scratch.put("config/config.yaml", input);
        scratch.put(".env", b"");
        let dir = scratch.dir();
        let Some(first) = loaded(&dir, input) else { return };
        assert_eq!(loaded(&dir, input).as_ref(), Some(&first), "read twice, it is the same");
        for row in &first.rows {
            let shown = format!("{row:?}");
            assert!(!shown.contains('\x1b'), "{shown}");
        }
    });
}

pub(super) fn env_file(input: &[u8]) {
    SCRATCH.with(|scratch| {
        scratch.put(".env", input);
        scratch.put("config/config.yaml", b"locale: en\n");
        let Some(loaded) = loaded(&scratch.dir(), input) else { return };
        for (name, value) in &loaded.env_file {
            let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            assert!(is_name, "{name:?}");
            assert!(!value.contains(['\0', '\n']) || input.contains(&b'"'), "{value:?}");
        }
    });
}
