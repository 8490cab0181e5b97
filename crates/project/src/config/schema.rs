//! The JSON Schema of the configuration, for editors, from the table of keys.

use serde_json::{Map, Value as Json, json};

use super::keys::{KEYS, Key, doc_of};
use super::value::Kind;
use crate::messages::{Catalogue, Lang};

/// The schema (draft 2020-12), described in a language. Foreign sections and keys are allowed.
#[must_use]
pub fn schema_json(lang: Lang) -> Json {
    let catalogue = Catalogue::new(lang);
    let mut root = object(None);
    for key in KEYS {
        insert(&mut root, key, &catalogue);
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "codeagent: config/config.yaml",
    });
    if let (Json::Object(schema), Json::Object(root)) = (&mut schema, root) {
        schema.extend(root);
    }
    schema
}

/// An empty section means the defaults.
fn object(description: Option<String>) -> Json {
    let mut object = json!({ "type": ["object", "null"], "properties": {} });
    if let Some(description) = description {
        object["description"] = description.into();
    }
    object
}

fn insert(root: &mut Json, key: &Key, catalogue: &Catalogue) {
    let mut place = root;
    for (end, _) in key.path.match_indices('.') {
        let path = &key.path[..end];
        let name = path.rsplit('.').next().unwrap_or(path);
        let section = &mut place["properties"][name];
        if section.is_null() {
            *section = object(Some(catalogue.text(&doc_of(path))));
        }
        place = &mut place["properties"][name];
    }
    place["properties"][key.name()] = property(key, catalogue);
}

fn property(key: &Key, catalogue: &Catalogue) -> Json {
    let mut property = Map::new();
    property.insert("description".into(), catalogue.text(&key.doc()).into());
    property.insert("default".into(), key.default_value().to_json());
    let mut kinds = vec![of_kind(key.kind)];
    if !matches!(key.kind, Kind::Text | Kind::Path | Kind::LogFormat | Kind::Argv) {
        kinds.push(json!({ "type": "string", "pattern": "\\$\\{" }));
    }
    // A key without a value means the default.
    kinds.push(json!({ "type": "null" }));
    property.insert("anyOf".into(), kinds.into());
    Json::Object(property)
}

fn of_kind(kind: Kind) -> Json {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Bytes => json!({ "type": "integer", "minimum": 1 }),
        Kind::Seconds => json!({ "type": "number", "minimum": 0 }),
        Kind::Limit => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Text | Kind::LogFormat => json!({ "type": "string" }),
        Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::Argv => {
            json!({ "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } })
        }
        Kind::Choice(words) => json!({ "enum": words }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_with_its_default() {
        for lang in Lang::ALL {
            let schema = schema_json(lang);
            for key in KEYS {
                let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
                let property = schema.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}"));
                assert_eq!(property["default"], key.default_value().to_json(), "{}", key.path);
                assert!(property["description"].as_str().unwrap().len() > 10, "{}", key.path);
            }
        }
    }

    #[test]
    fn kinds_become_types() {
        let schema = schema_json(Lang::En);
        let delay = schema.pointer("/properties/server/properties/task_delay/anyOf/0").unwrap();
        assert_eq!(delay, &json!({ "type": "number", "minimum": 0 }));
        let level = schema.pointer("/properties/logging/properties/level/anyOf/0/enum/0").unwrap();
        assert_eq!(level, "DEBUG");
        assert_eq!(schema.pointer("/properties/server/type").unwrap(), &json!(["object", "null"]));
    }
}
