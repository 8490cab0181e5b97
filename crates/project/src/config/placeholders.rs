//! Placeholders in commands and prompts: a misspelt one would be handed to the agent as it is, and every box ticked.

use super::typo::closest;
use super::value::Value;

/// What `executor.command` may hold. The first is not in `executor.prompt`, which it stands for.
const OF_COMMAND: [&str; 10] = [
    "prompt",
    "task_text",
    "task_name",
    "task_id",
    "task_file",
    "attempt",
    "project_dir",
    "date",
    "heading",
    "parents",
];
const OF_GENERATION: [&str; 3] = ["todo_file", "session_id", "project_dir"];

/// The keys that take placeholders, and which.
pub(super) const TEMPLATES: [(&str, &[&str]); 3] = [
    ("executor.command", &OF_COMMAND),
    ("executor.prompt", OF_COMMAND.split_at(1).1),
    ("server.auto_todo_generation.command", &OF_GENERATION),
];

/// A `{word}` that is no placeholder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// With its braces.
    pub(super) found: String,
    /// The placeholder that it looks like, with its braces. Others are left alone: agents take JSON.
    pub(super) meant: Option<String>,
}

/// All unknown words of a value, in its order.
pub(super) fn unknown(value: &Value, known: &[&str]) -> Vec<Unknown> {
    let texts = match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::List(texts) => texts,
        _ => &[],
    };
    let braced = |word: &str| format!("{{{word}}}");
    let words = texts.iter().flat_map(|text| words(text)).filter(|word| !known.contains(word));
    words
        .map(|word| Unknown { found: braced(word), meant: closest(word, known.iter().copied()).map(braced) })
        .collect()
}

/// The words between braces: `{a_b}`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        is_word.then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_in_braces_count() {
        let found = |text| words(text).collect::<Vec<_>>();
        assert_eq!(found("{a} {{b_c}} x{d}{e}"), ["a", "b_c", "d", "e"]);
        assert!(found(r#"{} { a} {"a": {"b": 1}} {A} {a-b} {a1} {a {"#).is_empty());
    }

    #[test]
    fn the_prompt_is_no_part_of_itself() {
        let (_, of_prompt) = TEMPLATES[1];
        assert!(!of_prompt.contains(&"prompt") && of_prompt.contains(&"task_text"));
    }
}
