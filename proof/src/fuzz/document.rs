//! The snapshot document: what is read and written comes back, and what others put into it survives.
use codeagent_checkpoint::document::{self, Digest, SnapshotMeta, StoreId};
use codeagent_core::{State, invariants};
use serde_json::{Map, Value};

pub(super) const WORDS: &[&str] = &[
    "\"version\": \"1.0\"",
    "\"tasks\": [",
    "\"task_id\": \"a\"",
    "\"task_text\": \"A\"",
    "\"codeagent\": {",
    "NaN",
    "\"state\": \"in_progress\"",
    "\"attempts\": 4294967295",
    "\"metadata\": {",
    "\"x\": 1e400",
    "\\ud800",
    "null",
    "\"instruction_progress\": {\"total_instructions\": 4294967295}",
    "\"pruned\": [\"",
    "\"digest\": \"",
    "[[[[",
    "\"server_state\": {",
    "\"2026-01-18T10:31:00.000001\"",
    "-Infinity",
    "\\u0000",
    "\u{feff}",
];

const META: SnapshotMeta =
    SnapshotMeta { store_id: StoreId([3; 16]), epoch: 7, clean: true, last_lsn: 9, chain: 5 };

pub(super) fn document(input: &[u8]) {
    let Ok(read) = document::read(input) else { return };
    let (pruned, digest) = (read.pruned.len(), read.digest);
    assert!(digest != Digest::Matches || read.meta.is_some(), "a digest without a place in a store");
    let Ok(state) = read.into_state() else { return };
    assert!(state.pruned().len() <= pruned);
    let export = document::to_string(&state.freeze());
    let back = document::read(export.as_bytes()).expect("what we write can be read");
    assert_eq!(back.digest, Digest::Absent);
    let back = back.into_state().expect("no id twice");
    assert_eq!(back, state, "what is written comes back");
    assert_eq!(document::to_string(&back.freeze()), export, "and is written as before");
    check_snapshot(&state);
    if let (Ok(before), Ok(after)) = (parse(input), parse(export.as_bytes())) {
        check_foreign(&before, &after);
    }
    // Imported, it goes on from there.
    let imported = document::import(document::read(input).expect("as before")).expect("as before");
    assert_eq!(imported.counts().total(), state.counts().total());
    assert_eq!(invariants::violations(&imported).is_empty(), invariants::violations(&state).is_empty());
}

fn check_snapshot(state: &State) {
    let mut bytes = vec![];
    document::write(&state.freeze(), Some(&META), &mut bytes).expect("memory");
    let back = document::read(&bytes).expect("what we write can be read");
    assert_eq!((back.digest, back.meta), (Digest::Matches, Some(META)));
    assert_eq!(&back.into_state().expect("no id twice"), state);
}

/// As a tree; an error where a key comes twice anywhere, because then it is no one's word which counts.
fn parse(bytes: &[u8]) -> Result<Value, ()> {
    let value: Value = serde_json::from_slice(bytes).map_err(drop)?;
    let members = count_members(&value);
    let colons = members_in_text(bytes);
    if members == colons { Ok(value) } else { Err(()) }
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_members).sum(),
        Value::Object(members) => members.values().map(|value| 1 + count_members(value)).sum(),
        _ => 0,
    }
}

/// Colons outside of strings: one for each member.
fn members_in_text(bytes: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

const TOP: &[&str] =
    &["version", "server_state", "tasks", "current_task", "session_id", "last_update", "codeagent"];
const SERVER: &[&str] = &["last_start_time", "last_stop_time", "iteration_count", "clean_shutdown"];
const TASK: &[&str] = &[
    "task_id",
    "task_text",
    "state",
    "start_time",
    "end_time",
    "attempts",
    "error_message",
    "metadata",
    "result",
    "instruction_progress",
    "codeagent",
];

/// Keys of others are there afterwards, with their values.
fn check_foreign(before: &Value, after: &Value) {
    check_members(before, after, TOP);
    check_members(&before["server_state"], &after["server_state"], SERVER);
    let tasks = |value: &Value| value["tasks"].as_array().cloned().unwrap_or_default();
    for (before, after) in tasks(before).iter().zip(&tasks(after)) {
        assert_eq!(before["task_id"], after["task_id"]);
        assert_eq!(before["task_text"], after["task_text"]);
        check_members(before, after, TASK);
    }
}

fn check_members(before: &Value, after: &Value, ours: &[&str]) {
    let none = Map::new();
    let foreign = before.as_object().unwrap_or(&none).iter().filter(|(key, _)| !ours.contains(&key.as_str()));
    for (key, value) in foreign {
        assert_eq!(after.get(key), Some(value), "the member {key:?} of others");
    }
}
