//! Tests of the whole way: folders, files, variables, flags, origins, mistakes and their places.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;
use crate::config::{Found, Kind, StdinSource, TodoFormat};
use crate::logging::Level;
use crate::messages::{Catalogue, Lang};
use crate::yaml::ErrorKind;

/// A project folder with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn request(dir: &TempDir) -> ConfigRequest {
    ConfigRequest { current_dir: dir.path().canonicalize().unwrap(), ..ConfigRequest::default() }
}

fn load_text(text: &str) -> Result<Loaded, ConfigError> {
    let dir = project(&[(CONFIG_FILE, text)]);
    load(&request(&dir))
}

fn error_of(text: &str) -> ConfigError {
    load_text(text).expect_err(text)
}

/// An error as `line:column key problem`.
fn place_of(error: &ConfigError) -> (u32, u32, &str) {
    match &error.place {
        Place::File { line, column, .. } => (*line, *column, error.key.as_deref().unwrap_or("")),
        other => panic!("{other:?}"),
    }
}

fn row<'a>(loaded: &'a Loaded, key: &str) -> &'a Row {
    loaded.rows.iter().find(|row| row.key == key).unwrap()
}

fn origin(loaded: &Loaded, key: &str) -> String {
    row(loaded, key).origin.to_string()
}

fn set(key: &str, value: &str) -> Override {
    Override { key: key.into(), value: Given::Text(value.into()), flag: format!("--{key}") }
}

#[path = "mistakes_tests.rs"]
mod mistakes;

#[path = "properties_tests.rs"]
mod properties;

#[test]
fn without_a_file_the_documented_defaults_count() {
    let dir = project(&[]);
    let loaded = load(&request(&dir)).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!((loaded.config_path, loaded.notices), (None, vec![]));
    let config = loaded.config;
    assert_eq!(config.project.status_file, PathBuf::from("codeAgentProjectStatus.md"));
    assert_eq!(config.project.todo_format, TodoFormat::Md);
    assert_eq!(config.project.todo_max_bytes, 64 * 1024 * 1024);
    assert_eq!(config.server.check_interval, Duration::from_secs(60));
    assert_eq!(config.server.task_delay, Duration::from_secs(5));
    assert_eq!(config.server.max_iterations, None);
    assert_eq!((config.server.http_enabled, config.server.http_port), (true, 3456));
    let checkpoint = config.server.checkpoint;
    assert_eq!(checkpoint.checkpoint_file, PathBuf::from("data/.codeagent_checkpoint.json"));
    assert_eq!((checkpoint.enabled, checkpoint.max_task_attempts), (true, 3));
    assert_eq!((checkpoint.max_task_crashes, checkpoint.keep_completed_tasks), (10, 100));
    let generation = config.server.auto_todo_generation;
    assert_eq!((generation.enabled, generation.max_generations_per_session), (false, 5));
    assert_eq!((generation.output_dir, generation.command), (PathBuf::from("todo"), vec![]));
    assert_eq!(generation.session_tracker_file, PathBuf::from(".codeagent_sessions.json"));
    let executor = config.executor;
    assert_eq!((executor.command, executor.prompt.as_str()), (vec![], "{task_text}"));
    assert_eq!(executor.timeout, Some(Duration::from_secs(3600)));
    assert_eq!(executor.idle_timeout, Some(Duration::from_secs(900)));
    assert_eq!((executor.kill_grace, executor.max_log_bytes), (Duration::from_secs(10), 104_857_600));
    assert_eq!(executor.max_consecutive_failures, 10);
    assert_eq!(executor.retry.initial_delay, Duration::from_secs(5));
    assert_eq!((executor.retry.max_delay, executor.retry.jitter), (Duration::from_secs(300), true));
    assert_eq!((config.logging.level, config.logging.format), (Level::Info, None));
    assert_eq!(config.logging.file, Some(PathBuf::from("logs/code_agent.log")));
    assert_eq!((config.logging.console, config.logging.color, config.locale), (true, true, None));
}

#[test]
fn empty_files_and_empty_sections_mean_the_defaults() {
    for text in
        ["", "\n", "# only a comment\n", "---\n", "server:\nexecutor: ~\nproject: {}\n", "\u{feff}", "null\n"]
    {
        let loaded = load_text(text).unwrap();
        assert_eq!((loaded.config, loaded.notices), (Config::default(), vec![]), "{text:?}");
        assert!(loaded.config_path.is_some());
    }
}

#[test]
fn values_of_every_kind_are_read() {
    let loaded = load_text(
        "project: { docs_dir: 'd o', todo_format: YAML, todo_max_bytes: 1000 }\n\
         server:\n  check_interval: 0.5\n  max_iterations: 7\n  http_enabled: no\n\
         executor:\n  command: [./agent.sh, '{task_text}', 5, true]\n  timeout: null\n  stdin: prompt\n\
         logging: { level: warn, file: null, format: '%(message)s' }\nlocale: ru\n",
    )
    .unwrap();
    let config = loaded.config;
    assert_eq!(config.project.docs_dir, PathBuf::from("d o"));
    assert_eq!((config.project.todo_format, config.project.todo_max_bytes), (TodoFormat::Yaml, 1000));
    assert_eq!(config.server.check_interval, Duration::from_millis(500));
    assert_eq!((config.server.max_iterations, config.server.http_enabled), (Some(7), false));
    assert_eq!(config.executor.command, ["./agent.sh", "{task_text}", "5", "true"]);
    assert_eq!((config.executor.timeout, config.executor.stdin), (None, StdinSource::Prompt));
    assert_eq!((config.logging.level, config.logging.file), (Level::Warning, None));
    assert_eq!(config.logging.format.unwrap().source(), "%(message)s");
    assert_eq!(config.locale, Some(Lang::Ru));
}

#[test]
fn later_words_count_and_every_origin_is_known() {
    let dir = project(&[
        (CONFIG_FILE, "server:\n  check_interval: 1\n  task_delay: 1\n  http_port: 1\n"),
        (".env", "# x\nCODEAGENT_SERVER__TASK_DELAY=2\nCODEAGENT_SERVER__HTTP_PORT=2\nCODEAGENT_LOCALE=ru\n"),
    ]);
    let mut request = request(&dir);
    request.env = Env::from_pairs([
        ("CODEAGENT_SERVER__HTTP_PORT", "3"),
        ("CODEAGENT_SERVER__CHECKPOINT__MAX_TASK_ATTEMPTS", "4"),
        ("CODEAGENT_TASK_ID", "not ours to read"),
    ]);
    request.overrides = vec![set("server.checkpoint.max_task_attempts", "5")];
    let loaded = load(&request).unwrap();
    assert_eq!(loaded.notices, []);
    let shown = |key| format!("{} from {}", row(&loaded, key).value_text(), origin(&loaded, key));
    assert_eq!(shown("server.check_interval"), "1 from config/config.yaml:2:19");
    assert_eq!(shown("server.task_delay"), "2 from .env:2");
    assert_eq!(shown("server.http_port"), "3 from $CODEAGENT_SERVER__HTTP_PORT");
    let attempts = "server.checkpoint.max_task_attempts";
    assert_eq!(shown(attempts), "5 from --server.checkpoint.max_task_attempts");
    assert_eq!(shown("logging.level"), "INFO from default");
    assert_eq!(shown("locale"), "ru from .env:4");
    assert_eq!(loaded.config.server.checkpoint.max_task_attempts, 5);
    assert_eq!(loaded.env_file.len(), 3);
}

#[test]
fn commands_come_from_variables_and_flags_too() {
    let dir = project(&[]);
    let mut request = request(&dir);
    request.env = Env::from_pairs([("CODEAGENT_EXECUTOR__COMMAND", r#"["a b", "{task_text}"]"#)]);
    assert_eq!(load(&request).unwrap().config.executor.command, ["a b", "{task_text}"]);
    let words = vec!["x".to_owned(), "null".to_owned(), String::new()];
    request.overrides = vec![Override {
        key: "executor.command".into(),
        value: Given::Words(words.clone()),
        flag: "--exec".into(),
    }];
    assert_eq!(load(&request).unwrap().config.executor.command, words);
    request.env = Env::from_pairs([("CODEAGENT_EXECUTOR__COMMAND", "./agent.sh x")]);
    let error = load(&request).unwrap_err();
    assert_eq!(error.place, Place::Env("CODEAGENT_EXECUTOR__COMMAND".into()));
    assert!(error.hint(&Catalogue::new(Lang::En)).unwrap().contains("as a list"));
}

#[test]
fn variables_are_put_into_values() {
    let dir = project(&[
        (
            CONFIG_FILE,
            "server: { http_port: \"${PORT}\", task_delay: '${NONE:-2}' }\n\
                       project: { docs_dir: '${WHERE}/docs' }\n\
                       executor: { command: ['${TOOL:-agent}', '{task_text}', '$${X}'] }\n",
        ),
        (".env", "PORT=1\nWHERE='from file'\n"),
    ]);
    let mut request = request(&dir);
    request.env = Env::from_pairs([("PORT", "8080")]);
    let config = load(&request).unwrap().config;
    assert_eq!(config.server.http_port, 8080);
    assert_eq!(config.server.task_delay, Duration::from_secs(2));
    assert_eq!(config.project.docs_dir, PathBuf::from("from file/docs"));
    assert_eq!(config.executor.command, ["agent", "{task_text}", "${X}"]);
}

#[test]
fn a_variable_without_value_is_an_error_with_its_place() {
    let error = error_of("server:\n  http_port: ${NO_SUCH_PORT}\n");
    assert_eq!(place_of(&error), (2, 14, "server.http_port"));
    assert_eq!(error.problem, Problem::NoVariable("NO_SUCH_PORT".into()));
    // In foreign sections nothing is looked at.
    assert!(load_text("llm: { key: '${NO_SUCH_KEY}' }\n").is_ok());
}

#[test]
fn the_project_folder_is_found_as_the_contract_says() {
    let dirs = project(&[("flag/x", ""), ("env/x", ""), ("base/x", ""), ("other/x", "")]);
    let root = dirs.path().canonicalize().unwrap();
    let named = root.join("named.yaml");
    let base = format!("project: {{ base_dir: {} }}\n", root.join("base").display());
    fs::write(&named, &base).unwrap();
    let mut request = request(&dirs);
    let found = |request: &ConfigRequest| load(request).unwrap().project_dir;

    assert_eq!(found(&request), root);
    request.env = Env::from_pairs([("PROJECT_DIR", "env")]);
    assert_eq!(found(&request), root.join("env"));
    request.config_flag = Some("named.yaml".into());
    assert_eq!(found(&request), root.join("base"));
    assert_eq!(load(&request).unwrap().config_path, Some(named.clone()));
    request.project_flag = Some("flag".into());
    assert_eq!(found(&request), root.join("flag"));

    // Without a value of its variable, base_dir counts as not set.
    request.project_flag = None;
    fs::write(&named, "project: { base_dir: '${NOT_SET_ANYWHERE}' }\n").unwrap();
    assert_eq!(found(&request), root.join("env"));
    fs::write(root.join(".env"), "NOT_SET_ANYWHERE=other\n").unwrap();
    assert_eq!(found(&request), root.join("other"));
}

#[test]
fn a_project_folder_that_is_none_is_an_error() {
    let dir = project(&[("file", "")]);
    let mut request = request(&dir);
    for (name, problem) in [("nowhere", Problem::Missing), ("file", Problem::NotAFolder)] {
        request.project_flag = Some(name.into());
        let error = load(&request).unwrap_err();
        assert_eq!((error.problem, error.place), (problem, Place::Flag("--project".into())));
    }
    request.project_flag = None;
    request.config_flag = Some("none.yaml".into());
    let error = load(&request).unwrap_err();
    assert_eq!((error.problem, error.place), (Problem::Missing, Place::Path("none.yaml".into())));
}

#[test]
fn a_found_file_cannot_move_the_project() {
    let dir = project(&[(CONFIG_FILE, "project: { base_dir: /usr }\n")]);
    let loaded = load(&request(&dir)).unwrap();
    assert_eq!(loaded.project_dir, dir.path().canonicalize().unwrap());
    let place = Place::File { path: CONFIG_FILE.into(), line: 1, column: 22 };
    assert_eq!(loaded.notices, [Notice::BaseDirIgnored(place)]);
    let dir = project(&[(CONFIG_FILE, "project: { base_dir: '${PROJECT_DIR}' }\n")]);
    assert_eq!(load(&request(&dir)).unwrap().notices, []);
}

#[test]
fn a_file_of_the_python_implementation_loads() {
    let loaded = load_text(
        "project:\n  base_dir: ${PROJECT_DIR}\n  docs_dir: docs\n  status_file: codeAgentProjectStatus.md\n  todo_format: md\n\
         agent:\n  role: 'Dev'\n  allow_code_execution: true\n\
         server:\n  check_interval: 60\n  task_delay: 5\n  max_iterations: null\n  http_enabled: true\n  http_port: 3456\n\
         \x20 auto_todo_generation: {enabled: true, max_generations_per_session: 5, output_dir: todo}\n\
         llm: { model_name: m, api_key: '${OPENROUTER_API_KEY}' }\n\
         logging:\n  level: INFO\n  format: '%(asctime)s - %(name)s - %(levelname)s - %(message)s'\n  file: logs/code_agent.log\n",
    )
    .unwrap();
    let names = ["agent", "llm"].map(String::from).to_vec();
    assert_eq!(loaded.notices, [Notice::Unknown { names, path: CONFIG_FILE.into() }]);
    assert!(loaded.config.server.auto_todo_generation.enabled);
    assert_eq!(loaded.config.project.base_dir, None);
}

#[test]
fn secrets_are_used_but_not_shown() {
    let dir = project(&[
        (
            CONFIG_FILE,
            "executor: { command: [agent, '--key=${AGENT_API_KEY}'], prompt: 'x ${OTHER_TOKEN}' }\n",
        ),
        (".env", "OTHER_TOKEN=token-0123456789\n"),
    ]);
    let mut request = request(&dir);
    request.env = Env::from_pairs([("AGENT_API_KEY", "sk-0123456789abcdef")]);
    let loaded = load(&request).unwrap();
    assert_eq!(loaded.config.executor.command, ["agent", "--key=sk-0123456789abcdef"]);
    assert_eq!(row(&loaded, "executor.command").value_text(), r#"["agent","--key=***"]"#);
    assert_eq!(row(&loaded, "executor.prompt").value_text(), "x ***");
}
