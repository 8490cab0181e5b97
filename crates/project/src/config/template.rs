//! The commented configuration that `codeagent init` writes, from the table of keys.

use super::keys::{BASE_DIR, KEYS, Key, doc_of};
use super::value::Kind;
use crate::messages::{Catalogue, Lang};

/// A configuration in which every key stands as a comment with its default: without a change it means the
/// defaults, and taking a `#` away sets a key.
#[must_use]
pub fn template(lang: Lang) -> String {
    let catalogue = Catalogue::new(lang);
    let mut out = comment("", &catalogue.text("config-template-head"));
    let mut open = "";
    for key in KEYS {
        // Who writes this file stands in the project folder already.
        if key.path != BASE_DIR {
            open_sections(&mut out, &mut open, key, &catalogue);
            push_key(&mut out, key, &catalogue);
        }
    }
    out
}

/// Writes the headings of the sections that the key before did not stand in.
fn open_sections(out: &mut String, open: &mut &'static str, key: &Key, catalogue: &Catalogue) {
    let wanted = key.section();
    for end in wanted.match_indices('.').map(|(at, _)| at).chain([wanted.len()]) {
        let section = &wanted[..end];
        let is_open =
            *open == section || open.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        if section.is_empty() || is_open {
            continue;
        }
        let indent = indent(section);
        out.push('\n');
        out.push_str(&comment(&indent, &catalogue.text(&doc_of(section))));
        out.push_str(&format!("{indent}{}:\n", section.rsplit('.').next().unwrap_or(section)));
    }
    if wanted.is_empty() {
        out.push('\n');
    }
    *open = wanted;
}

fn push_key(out: &mut String, key: &Key, catalogue: &Catalogue) {
    let indent = indent(key.path);
    out.push_str(&comment(&indent, &catalogue.text(&key.doc())));
    out.push_str(&format!("{indent}#{}: {}\n", key.name(), shown_default(key)));
}

/// The default as YAML; for a command, an example.
fn shown_default(key: &Key) -> String {
    match (key.kind, key.path) {
        (Kind::Argv, "executor.command") => r#"["./agent.sh", "{task_text}"]"#.to_owned(),
        (Kind::Argv, _) => r#"["./generate.sh"]"#.to_owned(),
        (Kind::Text, _) => serde_json::Value::from(key.default).to_string(),
        _ => key.default.to_owned(),
    }
}

fn indent(path: &str) -> String {
    "  ".repeat(path.matches('.').count())
}

fn comment(indent: &str, text: &str) -> String {
    text.lines().map(|line| format!("{indent}# {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{self, Node};

    fn value<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
        path.split('.').try_fold(root, |node, name| node.get(name))
    }

    #[test]
    fn as_it_stands_it_sets_nothing() {
        for lang in Lang::ALL {
            let root = yaml::parse(&template(lang)).unwrap();
            for key in KEYS {
                assert_eq!(value(&root, key.path), None, "{}", key.path);
            }
        }
    }

    #[test]
    fn without_its_marks_it_sets_the_defaults() {
        for lang in Lang::ALL {
            let text = template(lang);
            let is_key =
                |line: &str| line.trim_start().starts_with('#') && !line.trim_start().starts_with("# ");
            let unmarked =
                |line: &str| if is_key(line) { line.replacen('#', "", 1) } else { line.to_owned() };
            let lines: Vec<_> = text.lines().map(unmarked).collect();
            let root = yaml::parse(&lines.join("\n")).unwrap();
            for key in KEYS.iter().filter(|key| key.path != BASE_DIR) {
                let node = value(&root, key.path).unwrap_or_else(|| panic!("{}", key.path));
                match (key.kind, key.default_value()) {
                    (Kind::Argv, _) => assert!(key.kind.read(node).is_ok()),
                    (_, super::super::value::Value::Null) => assert!(node.is_null(), "{}", key.path),
                    (kind, default) => assert_eq!(kind.read(node), Ok(default), "{}", key.path),
                }
            }
        }
    }
}
