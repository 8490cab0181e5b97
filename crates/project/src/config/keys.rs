//! The table of all keys. Defaults, reading, suggestions, `config show`, the JSON Schema and the template of
//! `codeagent init` come from it; what a key means stands in the catalogue under [`Key::doc`].

use super::types::{Config, StdinSource, TodoFormat};
use super::value::{Kind, Value};
use crate::logging::{Format, Level};
use crate::yaml::Node;

/// One key of the configuration.
pub(super) struct Key {
    /// Its sections and name with dots: `server.check_interval`.
    pub(super) path: &'static str,
    /// What it may hold.
    pub(super) kind: Kind,
    /// Its default as a plain YAML scalar. Where that is `null`, the key may be null.
    pub(super) default: &'static str,
    /// True if `null` is a value of its own though the default is another.
    pub(super) may_be_null: bool,
    /// Puts a value into the configuration.
    pub(super) set: fn(&mut Config, &Value),
}

/// The key that takes part in finding the project folder.
pub(super) const BASE_DIR: &str = "project.base_dir";

const TODO_FORMATS: &[&str] = &["md", "txt", "yaml"];
const STDIN: &[&str] = &["none", "prompt"];
const LEVELS: &[&str] = &["DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL"];
const LOCALES: &[&str] = &["ru", "en"];

const ANY_COUNT: Kind = Kind::Count { min: 0, max: u32::MAX as u64 };
const POSITIVE: Kind = Kind::Count { min: 1, max: u32::MAX as u64 };
const PORT: Kind = Kind::Count { min: 0, max: u16::MAX as u64 };

const fn key(path: &'static str, kind: Kind, default: &'static str, set: fn(&mut Config, &Value)) -> Key {
    Key { path, kind, default, may_be_null: false, set }
}

/// A key with a default that `null` switches off.
const fn or_null(path: &'static str, kind: Kind, default: &'static str, set: fn(&mut Config, &Value)) -> Key {
    Key { may_be_null: true, ..key(path, kind, default, set) }
}

/// All keys, in the order in which they are shown.
#[rustfmt::skip]
pub(super) static KEYS: &[Key] = &[
    key("project.base_dir", Kind::Path, "null", |c, v| c.project.base_dir = v.optional_path()),
    key("project.docs_dir", Kind::Path, "docs", |c, v| c.project.docs_dir = v.path()),
    key("project.status_file", Kind::Path, "codeAgentProjectStatus.md", |c, v| c.project.status_file = v.path()),
    key("project.todo_format", Kind::Choice(TODO_FORMATS), "md", |c, v| c.project.todo_format = todo_format(v)),
    key("project.todo_max_bytes", Kind::Bytes, "67108864", |c, v| c.project.todo_max_bytes = v.count()),

    key("server.check_interval", Kind::Seconds, "60", |c, v| c.server.check_interval = v.seconds()),
    key("server.task_delay", Kind::Seconds, "5", |c, v| c.server.task_delay = v.seconds()),
    key("server.max_iterations", POSITIVE, "null", |c, v| c.server.max_iterations = v.optional_count()),
    key("server.http_enabled", Kind::Bool, "true", |c, v| c.server.http_enabled = v.bool()),
    key("server.http_port", PORT, "3456", |c, v| c.server.http_port = v.count()),
    key("server.checkpoint.enabled", Kind::Bool, "true", |c, v| c.server.checkpoint.enabled = v.bool()),
    key("server.checkpoint.checkpoint_file", Kind::Path, "data/.codeagent_checkpoint.json", |c, v| c.server.checkpoint.checkpoint_file = v.path()),
    key("server.checkpoint.max_task_attempts", POSITIVE, "3", |c, v| c.server.checkpoint.max_task_attempts = v.count()),
    key("server.checkpoint.max_task_crashes", POSITIVE, "10", |c, v| c.server.checkpoint.max_task_crashes = v.count()),
    key("server.checkpoint.keep_completed_tasks", ANY_COUNT, "100", |c, v| c.server.checkpoint.keep_completed_tasks = v.count()),
    key("server.auto_todo_generation.enabled", Kind::Bool, "false", |c, v| c.server.auto_todo_generation.enabled = v.bool()),
    key("server.auto_todo_generation.command", Kind::Argv, "null", |c, v| c.server.auto_todo_generation.command = v.words()),
    key("server.auto_todo_generation.max_generations_per_session", ANY_COUNT, "5", |c, v| c.server.auto_todo_generation.max_generations_per_session = v.count()),
    key("server.auto_todo_generation.output_dir", Kind::Path, "todo", |c, v| c.server.auto_todo_generation.output_dir = v.path()),
    key("server.auto_todo_generation.session_tracker_file", Kind::Path, ".codeagent_sessions.json", |c, v| c.server.auto_todo_generation.session_tracker_file = v.path()),

    key("executor.command", Kind::Argv, "null", |c, v| c.executor.command = v.words()),
    key("executor.prompt", Kind::Text, "{task_text}", |c, v| c.executor.prompt = v.text().to_owned()),
    key("executor.stdin", Kind::Choice(STDIN), "none", |c, v| c.executor.stdin = stdin_source(v)),
    or_null("executor.timeout", Kind::Limit, "3600", |c, v| c.executor.timeout = v.optional_seconds()),
    or_null("executor.idle_timeout", Kind::Limit, "900", |c, v| c.executor.idle_timeout = v.optional_seconds()),
    key("executor.kill_grace", Kind::Seconds, "10", |c, v| c.executor.kill_grace = v.seconds()),
    key("executor.max_log_bytes", Kind::Bytes, "104857600", |c, v| c.executor.max_log_bytes = v.count()),
    key("executor.max_consecutive_failures", POSITIVE, "10", |c, v| c.executor.max_consecutive_failures = v.count()),
    key("executor.retry.initial_delay", Kind::Seconds, "5", |c, v| c.executor.retry.initial_delay = v.seconds()),
    key("executor.retry.max_delay", Kind::Seconds, "300", |c, v| c.executor.retry.max_delay = v.seconds()),
    key("executor.retry.jitter", Kind::Bool, "true", |c, v| c.executor.retry.jitter = v.bool()),

    key("logging.level", Kind::Choice(LEVELS), "INFO", |c, v| c.logging.level = level(v)),
    key("logging.format", Kind::LogFormat, "null", |c, v| c.logging.format = v.optional_text().map(|text| Format::parse(text).0)),
    or_null("logging.file", Kind::Path, "logs/code_agent.log", |c, v| c.logging.file = v.optional_path()),
    key("logging.console", Kind::Bool, "true", |c, v| c.logging.console = v.bool()),
    key("logging.color", Kind::Bool, "true", |c, v| c.logging.color = v.bool()),

    key("locale", Kind::Choice(LOCALES), "null", |c, v| c.locale = v.optional_text().and_then(|text| text.parse().ok())),
];

fn todo_format(value: &Value) -> TodoFormat {
    match value.text() {
        "txt" => TodoFormat::Txt,
        "yaml" => TodoFormat::Yaml,
        _ => TodoFormat::Md,
    }
}

fn stdin_source(value: &Value) -> StdinSource {
    if value.text() == "prompt" { StdinSource::Prompt } else { StdinSource::None }
}

fn level(value: &Value) -> Level {
    value.text().parse().unwrap_or(Level::Info)
}

impl Key {
    /// The last part of the path.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The sections before the name, with dots; empty for a key of the top level.
    pub(super) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// True if `null` is a value of this key. Elsewhere it means the default.
    pub(super) fn nullable(&self) -> bool {
        self.may_be_null || self.default == "null"
    }

    /// The key of the catalogue's text about it.
    pub(super) fn doc(&self) -> String {
        doc_of(self.path)
    }

    /// The default as a value.
    pub(super) fn default_value(&self) -> Value {
        let node = Node::plain_at(1, 1, self.default);
        if node.is_null() {
            return Value::Null;
        }
        let value = self.kind.read(&node);
        debug_assert!(value.is_ok(), "{}: {value:?}", self.path);
        value.unwrap_or(Value::Null)
    }
}

/// The key of the catalogue's text about a section or key.
pub(super) fn doc_of(path: &str) -> String {
    format!("config-doc-{}", path.replace('.', "-"))
}

/// All sections with dots, outer ones first.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&'static str> = vec![];
    for key in KEYS {
        for (end, _) in key.path.match_indices('.') {
            if !sections.contains(&&key.path[..end]) {
                sections.push(&key.path[..end]);
            }
        }
    }
    sections
}

/// The configuration where nothing is set.
pub(super) fn defaults() -> Config {
    let mut config = Config::blank();
    for key in KEYS {
        (key.set)(&mut config, &key.default_value());
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Catalogue, Lang};

    #[test]
    fn the_table_is_sound() {
        let mut paths = std::collections::BTreeSet::new();
        for key in KEYS {
            assert!(paths.insert(key.path), "twice: {}", key.path);
            assert!(key.default_value() != Value::Null || key.default == "null", "{}", key.path);
            let mut config = Config::blank();
            (key.set)(&mut config, &key.default_value());
            if key.nullable() {
                (key.set)(&mut config, &Value::Null);
            }
        }
    }

    #[test]
    fn setting_a_key_changes_the_configuration() {
        for key in KEYS {
            let other = match key.kind {
                Kind::Bool => Value::Bool(!key.default_value().bool()),
                Kind::Count { .. } | Kind::Bytes => Value::Count(77),
                Kind::Seconds | Kind::Limit => Value::Seconds(std::time::Duration::from_secs(77)),
                Kind::Text | Kind::Path | Kind::LogFormat => Value::Text("%(message)s".into()),
                Kind::Argv => Value::List(vec!["x".into()]),
                Kind::Choice(words) => Value::Text(words.last().copied().unwrap_or_default().into()),
            };
            let mut config = defaults();
            (key.set)(&mut config, &other);
            assert_ne!(config, defaults(), "{}", key.path);
        }
    }

    #[test]
    fn every_key_and_section_is_described_and_nothing_else() {
        let catalogue = Catalogue::new(Lang::En);
        for path in KEYS.iter().map(|key| key.path).chain(sections()) {
            assert!(catalogue.has(&doc_of(path)), "{path}");
        }
        let described = include_str!("../../messages/en/config.ftl").matches("\nconfig-doc-").count();
        assert_eq!(described, KEYS.len() + sections().len());
    }
}
