//! Properties of reading: no text makes it panic, and every error names a place that exists.

use std::path::Path;

use proptest::prelude::*;

use crate::config::error::{ConfigError, Place};
use crate::config::keys::KEYS;
use crate::config::read::{read_file, read_override};
use crate::messages::{Catalogue, Lang};
use crate::yaml;

/// Reads a text as a file would be; `None` where it is no YAML.
fn read(text: &str) -> Option<Result<usize, ConfigError>> {
    let root = yaml::parse(text).ok()?;
    let variable = |name: &str| (name == "SET").then(|| "7".to_owned());
    Some(read_file(&root, Path::new("c.yaml"), &variable).map(|file| file.values.len()))
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-+]?[0-9]{1,20}(\\.[0-9]{1,3})?",
        "[a-zA-Z]{1,8}",
        "'[^'\n\r]{0,12}'",
        "\\[[a-z0-9, ]{0,10}\\]",
        "\\{a: [0-9]\\}",
        Just("${SET}".to_owned()),
        Just("${UNSET}".to_owned()),
        Just("'${'".to_owned()),
        Just("~".to_owned()),
        Just(String::new()),
        Just(".inf".to_owned()),
    ]
}

/// A file that sets one key of the table.
fn file_with(path: &str, value: &str) -> String {
    let parts: Vec<_> = path.split('.').enumerate().map(|(n, part)| "  ".repeat(n) + part).collect();
    format!("{}: {value}\n", parts.join(":\n"))
}

proptest! {
    #[test]
    fn every_key_takes_or_refuses_any_value(index in 0..KEYS.len(), value in any_value()) {
        let key = &KEYS[index];
        let text = file_with(key.path, &value);
        let Some(result) = read(&text) else { return Ok(()) };
        let Err(error) = result else { return Ok(()) };
        prop_assert_eq!(error.key.as_deref(), Some(key.path));
        let Place::File { line, column, .. } = &error.place else { panic!("{error:?}") };
        prop_assert_eq!(*line as usize, text.lines().count());
        prop_assert!(*column as usize <= text.lines().last().unwrap_or("").chars().count() + 1);
        for lang in Lang::ALL {
            let catalogue = Catalogue::new(lang);
            prop_assert!(!error.render(&catalogue).contains(char::is_control));
            _ = error.hint(&catalogue);
        }
    }

    #[test]
    fn any_variable_sets_or_is_refused(index in 0..KEYS.len(), value in "\\PC{0,20}") {
        _ = read_override(&KEYS[index], &value);
    }

    #[test]
    fn any_sections_are_read_or_refused(
        lines in prop::collection::vec(
            ("( {0,4})", "(server|executor|retry|checkpoint|servr|llm|task_delay|timeout)", any_value()),
            0..8,
        )
    ) {
        let text: String = lines.iter().map(|(indent, name, value)| format!("{indent}{name}: {value}\n")).collect();
        _ = read(&text);
    }
}
