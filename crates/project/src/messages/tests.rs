//! The catalogue against itself (both languages the same) and against the sources (every key used and known).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// The keys of a file with the variables of their texts.
fn keys_of(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = None;
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, _)) =
            line.split_once('=').filter(|_| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            let key = key.trim().to_owned();
            assert!(!keys.contains_key(&key), "twice: {key}");
            keys.insert(key.clone(), BTreeSet::new());
            current = Some(key);
        }
        let Some(variables) = current.as_ref().and_then(|key| keys.get_mut(key)) else { continue };
        variables.extend(variables_of(line));
    }
    keys
}

fn variables_of(line: &str) -> impl Iterator<Item = String> {
    line.split('$').skip(1).filter_map(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    })
}

fn all_keys() -> BTreeMap<String, BTreeSet<String>> {
    PARTS.iter().flat_map(|part| keys_of(part.en)).collect()
}

#[test]
fn every_file_is_read_whole() {
    for part in &PARTS {
        for (lang, source) in [("ru", part.ru), ("en", part.en)] {
            let errors = FluentResource::try_new(source.to_owned()).err().map(|(_, errors)| errors);
            assert_eq!(errors, None, "{lang}/{}.ftl", part.name);
        }
    }
}

#[test]
fn both_languages_have_the_same_keys_and_variables() {
    for part in &PARTS {
        assert_eq!(keys_of(part.ru), keys_of(part.en), "{}.ftl", part.name);
    }
}

#[test]
fn keys_begin_with_the_name_of_their_part() {
    for part in &PARTS {
        for key in keys_of(part.en).keys() {
            assert!(key.starts_with(&format!("{}-", part.name)), "{key} in {}.ftl", part.name);
        }
    }
}

#[test]
fn every_text_can_be_formatted() {
    for lang in Lang::ALL {
        let catalogue = Catalogue::new(lang);
        for (key, variables) in all_keys() {
            for value in [Value::Int(1), Value::Int(2), Value::Int(5), Value::Int(21), Value::from("x")] {
                let args: Vec<_> = variables.iter().map(|name| (name.as_str(), value.clone())).collect();
                let text = catalogue.try_format(&key, &args).unwrap_or_else(|| panic!("{key} in {lang:?}"));
                assert!(!text.is_empty() && !text.contains("{$"), "{key}: {text}");
            }
        }
    }
}

#[test]
fn a_missing_key_is_no_text() {
    let catalogue = Catalogue::new(Lang::En);
    assert!(!catalogue.has("core-no-such"));
    assert!(!catalogue.has("nopart-x"));
    assert_eq!(catalogue.try_format("core-no-such", &[]), None);
}

#[test]
fn values_are_put_in_without_marks_and_numbers_without_groups() {
    let ru = Catalogue::new(Lang::Ru);
    let text = crate::msg!(ru, "core-log-file", path = "/x", why = String::from("{ $y } \u{202e}"));
    assert_eq!(text, "файл журнала /x не записывается: { $y } \u{202e}");
    let large = crate::msg!(Catalogue::new(Lang::En), "config-error-too-large", max = 1_048_576u64);
    assert_eq!(large, "is larger than 1048576 bytes");
}

#[test]
fn a_catalogue_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Catalogue>();
}

#[test]
fn russian_counts_have_their_forms() {
    let ru = Catalogue::new(Lang::Ru);
    let text = |limit: u32| crate::msg!(ru, "config-yaml-too-deep", limit = limit);
    assert_eq!(text(128), "вложенность больше 128 уровней");
    assert_eq!(text(21), "вложенность больше 21 уровня");
}

#[test]
fn a_text_is_ready_in_a_moment() {
    // `status` answers within 10 ms; this bound is for unoptimised builds on busy machines.
    let started = std::time::Instant::now();
    let catalogue = Catalogue::new(Lang::Ru);
    assert!(catalogue.bundles.iter().all(|bundle| bundle.get().is_none()));
    _ = catalogue.text("config-hint-tab");
    assert_eq!(catalogue.bundles.iter().filter(|bundle| bundle.get().is_some()).count(), 1);
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
}

/// All sources of the workspace's crates, and of the Python package, but this file.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let python = crates.parent().unwrap().join("python");
    let mut found = vec![];
    let mut folders: Vec<_> =
        std::fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    folders.extend([python.join("src"), python.join("codeagent")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "py")
                && !path.ends_with("messages/tests.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Quoted strings that look like keys of the catalogue, also with something to be put in (`cli-state-{state}`).
fn key_literals(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').filter(|text| {
        let is_part =
            PARTS.iter().any(|part| text.split_once('-').is_some_and(|(name, _)| name == part.name));
        let is_key =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '{' | '}');
        is_part && text.chars().all(is_key) && !text.ends_with('-')
    })
}

/// The keys that a literal can name.
fn named_by(literal: &str, keys: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let (start, end) = match (literal.split_once('{'), literal.rsplit_once('}')) {
        (Some((start, _)), Some((_, end))) => (start, end),
        _ => return keys.get_key_value(literal).map(|(key, _)| key.clone()).into_iter().collect(),
    };
    let fits = |key: &&String| key.starts_with(start) && key.ends_with(end);
    keys.keys().filter(fits).cloned().collect()
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let keys = all_keys();
    // The descriptions of the configuration are asked for by the paths of its table.
    let mut unused: BTreeSet<String> =
        keys.keys().filter(|key| !key.starts_with("config-doc-")).cloned().collect();
    let mut missing = BTreeMap::new();
    for (path, source) in sources() {
        for literal in key_literals(&source) {
            let named = named_by(literal, &keys);
            if named.is_empty() {
                missing.insert(literal.to_owned(), path.clone());
            }
            unused.retain(|key| !named.contains(key));
        }
    }
    assert!(missing.is_empty(), "not in the catalogue: {missing:#?}");
    assert!(unused.is_empty(), "no source asks for: {unused:#?}");
}
