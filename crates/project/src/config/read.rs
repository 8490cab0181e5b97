//! From a YAML tree to values of the table's keys: what is known, what is foreign, what looks like a typo.

use std::path::Path;

use super::error::{ConfigError, Notice, Place, Problem};
use super::expand::expand;
use super::keys::{BASE_DIR, KEYS, Key, sections};
use super::typo::closest;
use super::value::{Kind, Value};
use crate::yaml::{Kind as Yaml, Node};

/// A key's value and where it stands. `None` means that the key was named without a value.
pub(super) struct Found {
    pub(super) key: &'static Key,
    pub(super) value: Option<Value>,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What a configuration file says.
#[derive(Default)]
pub(super) struct FileValues {
    pub(super) values: Vec<Found>,
    pub(super) notices: Vec<Notice>,
}

/// Reads all keys of the table out of a tree.
pub(super) fn read_file(
    root: &Node,
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<FileValues, ConfigError> {
    let mut reader =
        Reader { path, variable, sections: sections(), out: FileValues::default(), unknown: vec![] };
    reader.section(root, "")?;
    let Reader { mut out, unknown, .. } = reader;
    if !unknown.is_empty() {
        out.notices.push(Notice::Unknown { names: unknown, path: path.to_owned() });
    }
    Ok(out)
}

/// Reads `project.base_dir` alone, before the project folder and its `.env` are known.
pub(super) fn read_base_dir(
    root: &Node,
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(Value, Place)>, ConfigError> {
    let Some(node) = root.get("project").and_then(|project| project.get("base_dir")) else { return Ok(None) };
    let place = at(path, node);
    let key = KEYS.iter().find(|key| key.path == BASE_DIR);
    let Some(key) = key else { return Ok(None) };
    let value = read_value(key, node, variable).map_err(|problem| fail(place.clone(), key.path, problem))?;
    Ok(value.filter(|value| *value != Value::Null).map(|value| (value, place)))
}

struct Reader<'a> {
    path: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    sections: Vec<&'static str>,
    out: FileValues,
    unknown: Vec<String>,
}

impl Reader<'_> {
    /// Reads one section; `prefix` is its path, empty for the whole file.
    fn section(&mut self, node: &Node, prefix: &'static str) -> Result<(), ConfigError> {
        let entries = match &node.kind {
            Yaml::Null => return Ok(()),
            Yaml::Map(entries) => entries,
            _ => return Err(fail_opt(at(self.path, node), prefix, Problem::NotASection)),
        };
        for (index, (name_node, value)) in entries.iter().enumerate() {
            let Some(name) = name_node.scalar_text() else {
                self.unknown.push(joined(prefix, "?"));
                continue;
            };
            let path = joined(prefix, name);
            let section = self.sections.iter().copied().find(|section| *section == path);
            let key = KEYS.iter().find(|key| key.path == path);
            if section.is_some() || key.is_some() {
                self.refuse_second(&entries[..index], name, name_node, &path)?;
            }
            if let Some(section) = section {
                self.section(value, section)?;
            } else if let Some(key) = key {
                self.key(key, value)?;
            } else {
                self.foreign(prefix, name, name_node, value);
            }
        }
        Ok(())
    }

    /// Of two values for one key nobody knows which is meant. (Foreign sections may do as they like.)
    fn refuse_second(
        &self,
        before: &[(Node, Node)],
        name: &str,
        node: &Node,
        path: &str,
    ) -> Result<(), ConfigError> {
        match before.iter().find(|(key, _)| key.scalar_text() == Some(name)) {
            None => Ok(()),
            Some((first, _)) => {
                Err(fail(at(self.path, node), path, Problem::Duplicate { first_line: first.line }))
            }
        }
    }

    fn key(&mut self, key: &'static Key, node: &Node) -> Result<(), ConfigError> {
        let value = read_value(key, node, self.variable)
            .map_err(|problem| fail(at(self.path, node), key.path, problem))?;
        self.out.values.push(Found { key, value, line: node.line, column: node.column });
        Ok(())
    }

    fn foreign(&mut self, prefix: &str, name: &str, name_node: &Node, value: &Node) {
        let path = joined(prefix, name);
        match self.meant(prefix, name, value) {
            Some(known) => {
                let place = at(self.path, name_node);
                self.out.notices.push(Notice::DidYouMean { key: path, known, place });
            }
            None => self.unknown.push(path),
        }
    }

    /// The key or section that a name was meant to be: a neighbour that is spelled much like it, or the same
    /// name at another place.
    fn meant(&self, prefix: &str, name: &str, value: &Node) -> Option<String> {
        if let Some(near) = closest(name, self.names_in(prefix)) {
            return Some(joined(prefix, near));
        }
        let is_section = value.as_map().is_some();
        let elsewhere: Vec<&str> = if is_section {
            self.sections.iter().copied().filter(|path| last(path) == name).collect()
        } else {
            KEYS.iter().map(|key| key.path).filter(|path| last(path) == name).collect()
        };
        elsewhere.first().map(|path| (*path).to_owned())
    }

    /// The names of keys and sections directly in a section.
    fn names_in(&self, prefix: &str) -> impl Iterator<Item = &'static str> {
        let keys = KEYS.iter().map(|key| key.path);
        let paths: Vec<&'static str> = keys.chain(self.sections.iter().copied()).collect();
        let prefix = prefix.to_owned();
        paths.into_iter().filter(move |path| path.rsplit_once('.').map_or("", |(s, _)| s) == prefix).map(last)
    }
}

/// Reads one value: variables are put in, then it is read as what the key takes. `Ok(None)`: no value here,
/// the default counts.
pub(super) fn read_value(
    key: &Key,
    node: &Node,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Value>, Problem> {
    let node = match expanded(node, variable) {
        // `base_dir: ${PROJECT_DIR}` is the default of the Python implementation: unset means not set.
        Err(Problem::NoVariable(_)) if key.path == BASE_DIR => return Ok(None),
        other => other?,
    };
    if node.is_null() {
        return Ok(key.nullable().then_some(Value::Null));
    }
    key.kind.read(&node).map(Some)
}

/// The node with its variables put in. What came out of a variable is read like an unquoted value, so that
/// `"${PORT}"` can be a number.
fn expanded(node: &Node, variable: &dyn Fn(&str) -> Option<String>) -> Result<Node, Problem> {
    match &node.kind {
        Yaml::Str(text) if text.contains("${") => {
            Ok(Node::plain_at(node.line, node.column, &expand(text, variable)?))
        }
        Yaml::Seq(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| expanded(item, variable)).collect();
            let mut list = node.clone();
            list.kind = Yaml::Seq(items?);
            Ok(list)
        }
        _ => Ok(node.clone()),
    }
}

/// Reads a value that a variable of the environment or a flag gives: a scalar as it would stand in the file
/// unquoted, a command as a YAML list.
pub(super) fn read_override(key: &Key, text: &str) -> Result<Value, Problem> {
    let plain = Node::plain_at(1, 1, text);
    if plain.is_null() && key.nullable() {
        return Ok(Value::Null);
    }
    if key.kind == Kind::Argv {
        let list = crate::yaml::parse(text).map_err(|error| Problem::Yaml(error.kind))?;
        return key.kind.read(&list);
    }
    key.kind.read(&plain)
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn last(path: &'static str) -> &'static str {
    path.rsplit('.').next().unwrap_or(path)
}

fn at(path: &Path, node: &Node) -> Place {
    Place::File { path: path.to_owned(), line: node.line, column: node.column }
}

fn fail(place: Place, key: &str, problem: Problem) -> ConfigError {
    ConfigError { place, key: Some(key.to_owned()), problem }
}

fn fail_opt(place: Place, key: &str, problem: Problem) -> ConfigError {
    ConfigError { place, key: (!key.is_empty()).then(|| key.to_owned()), problem }
}
