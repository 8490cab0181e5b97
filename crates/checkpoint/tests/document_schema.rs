//! What we write is what `docs/checkpoint.schema.json` says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
use codeagent_checkpoint::{
    arbitrary,
    document::{self, SnapshotMeta},
};
use codeagent_core::{Header, State, Task};
use proptest::prelude::*;
use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../docs/checkpoint.schema.json");
const OURS: &str = include_str!("golden/ours.json");

/// The part of JSON Schema 2020-12 that our schema uses; a keyword beyond it fails the test that meets it.
struct Schema(Value);

impl Schema {
    fn load() -> Self {
        Self(serde_json::from_str(SCHEMA).unwrap())
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        self.fits(&self.0, value).map_err(|path| format!("{path} in {value}"))
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        schema
            .as_object()
            .unwrap()
            .iter()
            .try_for_each(|(keyword, wanted)| self.keyword(keyword, wanted, value))
    }

    fn keyword(&self, keyword: &str, wanted: &Value, value: &Value) -> Result<(), String> {
        let holds = match keyword {
            // `pattern` is for those who read the schema; the shapes are tested where they are made.
            "$schema" | "$defs" | "title" | "description" | "pattern" => true,
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                return self.fits(&self.0["$defs"][name], value);
            }
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "minimum" => value.as_i64().is_none_or(|number| number >= wanted.as_i64().unwrap()),
            "maximum" => value.as_u64().is_none_or(|number| number <= wanted.as_u64().unwrap()),
            "required" => {
                let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
                wanted.as_array().unwrap().iter().all(has)
            }
            "properties" => return self.properties(wanted.as_object().unwrap(), value),
            "items" => {
                let items = value.as_array().into_iter().flatten();
                return items.into_iter().try_for_each(|item| self.fits(wanted, item));
            }
            other => panic!("teach this test the keyword {other}"),
        };
        if holds { Ok(()) } else { Err(format!("{keyword}: {wanted}: {value}")) }
    }

    fn properties(&self, wanted: &Map<String, Value>, value: &Value) -> Result<(), String> {
        wanted.iter().try_for_each(|(key, schema)| {
            value
                .get(key)
                .map_or(Ok(()), |member| self.fits(schema, member).map_err(|e| format!("{key}: {e}")))
        })
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("teach this test the type {other}"),
    }
}

/// The state without what others put into it: Rust's parser does not take all of that.
fn without_foreign_values(state: &State) -> State {
    let bare = |task: &Task| {
        let mut task = task.clone();
        if let Some(extra) = &mut task.extra {
            let steps = extra.steps.take();
            **extra = Default::default();
            extra.steps = steps;
        }
        task
    };
    let header = Header { unknown: None, unknown_server: None, unknown_own: None, ..state.header().clone() };
    State::from_parts(header, state.tasks().map(bare), state.pruned().copied()).unwrap()
}

fn value_of(state: &State, meta: Option<&SnapshotMeta>) -> Value {
    let mut bytes = Vec::new();
    document::write(&state.freeze(), meta, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The golden snapshot as plain JSON.
fn ours() -> Value {
    serde_json::from_str(&OURS.replace("NaN", "0.5")).unwrap()
}

#[test]
fn the_golden_snapshot_fits() {
    Schema::load().check(&ours()).unwrap();
}

#[test]
fn a_missing_field_of_the_guide_does_not_fit() {
    let guide = [
        "/server_state/iteration_count",
        "/tasks/0/metadata",
        "/tasks/0/error_message",
        "/tasks",
        "/session_id",
    ];
    for pointer in guide {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut value = ours();
        value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        assert!(Schema::load().check(&value).is_err(), "{pointer}");
    }
}

#[test]
fn a_value_of_another_kind_does_not_fit() {
    let changes = [
        "/version",
        "/tasks/0/state",
        "/tasks/0/attempts",
        "/server_state/clean_shutdown",
        "/tasks/0/codeagent/reopened",
        "/tasks/0/instruction_progress/completed_instructions/0",
        "/codeagent/chain",
        "/tasks/1/codeagent/child/boot_id",
        "/tasks/3/codeagent/final",
        "/codeagent/pruned/0",
    ];
    for pointer in changes {
        let mut value = ours();
        *value.pointer_mut(pointer).unwrap() = Value::from(-1);
        assert!(Schema::load().check(&value).is_err(), "{pointer}");
    }
}

proptest! {
    #[test]
    fn whatever_we_write_fits(state in arbitrary::state(5), meta in arbitrary::meta()) {
        let state = without_foreign_values(&state);
        prop_assert_eq!(Schema::load().check(&value_of(&state, Some(&meta))), Ok(()));
        prop_assert_eq!(Schema::load().check(&value_of(&state, None)), Ok(()));
    }
}
