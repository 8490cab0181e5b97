//! The way from a request to a configuration: which folder, which file, and whose word counts.

use std::path::{Path, PathBuf};

use super::env::Env;
use super::env_file::{self, Variable};
use super::error::{ConfigError, Notice, Place, Problem};
use super::keys::{BASE_DIR, KEYS, Key};
use super::placeholders::{self, TEMPLATES};
use super::read::{self, read_base_dir, read_override};
use super::rows::{Origin, Row, mask_secrets};
use super::source::{read_text, read_tree};
use super::types::Config;
use super::typo::closest;
use super::value::Value;
use crate::logging::Format;
use crate::yaml::Node;

/// Where the configuration is looked for in the project folder.
const CONFIG_FILE: &str = "config/config.yaml";
const ENV_FILE: &str = ".env";
const ENV_PREFIX: &str = "CODEAGENT_";

/// What decides about a configuration (contract, "Where things are").
#[derive(Debug, Clone, Default)]
pub struct ConfigRequest {
    /// `--project DIR`
    pub project_flag: Option<PathBuf>,
    /// `--config FILE`
    pub config_flag: Option<PathBuf>,
    /// Other flags that set a key.
    pub overrides: Vec<Override>,
    /// The environment.
    pub env: Env,
    /// The current folder.
    pub current_dir: PathBuf,
    /// The project's own file is left out: for who must do something though it can't be read.
    pub without_file: bool,
}

/// A flag that sets a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The key's path: `server.check_interval`.
    pub key: String,
    /// Its value.
    pub value: Given,
    /// The flag as the user wrote it, for messages: `--exec`.
    pub flag: String,
}

/// The value of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// As it would stand in the file, unquoted.
    Text(String),
    /// A command's words.
    Words(Vec<String>),
}

/// A configuration, and where everything in it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The project folder: absolute, without symbolic links.
    pub project_dir: PathBuf,
    /// The file that was read; `None` where there is none.
    pub config_path: Option<PathBuf>,
    /// All values.
    pub config: Config,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// All keys with value and origin, in the order of the documentation, to be shown: secrets are masked.
    pub rows: Vec<Row>,
    /// The variables of the project's `.env` file (the last of a name counts). The process environment goes
    /// before them.
    pub env_file: Vec<(String, String)>,
}

impl Loaded {
    /// A path of the configuration, started at the project folder.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.project_dir.join(path)
    }
}

/// Finds, reads and checks the configuration.
///
/// # Errors
/// [`ConfigError`]: the first thing that makes it unusable, with its place.
pub fn load(request: &ConfigRequest) -> Result<Loaded, ConfigError> {
    let named = match &request.config_flag {
        Some(path) => {
            Some((path.clone(), read_tree(&request.current_dir.join(path)).map_err(renamed(path))?))
        }
        None => None,
    };
    let project_dir = project_dir(request, named.as_ref())?;
    let (file, is_named) = match named {
        Some(named) => (Some(named), true),
        None if request.without_file => (None, false),
        None => (found_file(request, &project_dir)?, false),
    };
    let mut loader = Loader::new(request, &project_dir);
    if let Some((path, root)) = &file {
        loader.read(path, root)?;
        if !is_named {
            loader.notice_ignored_base_dir(&project_dir);
        }
    }
    loader.read_environment()?;
    loader.read_overrides()?;
    loader.check_placeholders()?;
    loader.check_log_format();
    Ok(loader.finish(project_dir, file.map(|(path, _)| request.current_dir.join(path))))
}

/// `--project`, else `project.base_dir` of a file named by `--config` (or of a variable or flag), else
/// `$PROJECT_DIR`, else the current folder. A relative one starts at the current folder.
fn project_dir(request: &ConfigRequest, named: Option<&(PathBuf, Node)>) -> Result<PathBuf, ConfigError> {
    let (dir, place) = wanted_dir(request, named)?;
    let path = request.current_dir.join(&dir);
    let fail = |problem| ConfigError {
        place: place.clone().unwrap_or_else(|| Place::Path(dir.clone())),
        key: place.is_some().then(|| BASE_DIR.to_owned()),
        problem,
    };
    let real = std::fs::canonicalize(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fail(Problem::Missing),
        _ => fail(Problem::Unreadable(error.to_string())),
    })?;
    if real.is_dir() { Ok(real) } else { Err(fail(Problem::NotAFolder)) }
}

fn wanted_dir(
    request: &ConfigRequest,
    named: Option<&(PathBuf, Node)>,
) -> Result<(PathBuf, Option<Place>), ConfigError> {
    if let Some(dir) = &request.project_flag {
        return Ok((dir.clone(), Some(Place::Flag("--project".to_owned()))));
    }
    let flag = request.overrides.iter().rev().find(|over| over.key == BASE_DIR);
    if let Some(Override { value: Given::Text(dir), flag, .. }) = flag {
        return Ok((dir.into(), Some(Place::Flag(flag.clone()))));
    }
    let name = variable_name(BASE_DIR);
    if let Some(dir) = request.env.get_os(&name).filter(|dir| !dir.is_empty()) {
        return Ok((dir.into(), Some(Place::Env(name))));
    }
    if let Some((path, root)) = named {
        // The project's own `.env` is not known yet; the Python implementation reads the current folder's.
        let here = read_env_file(&request.current_dir).0;
        let variable = |name: &str| lookup(&request.env, &here, name);
        if let Some((Value::Text(dir), place)) = read_base_dir(root, path, &variable)? {
            return Ok((dir.into(), Some(place)));
        }
    }
    match request.env.get_os("PROJECT_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok((dir.into(), Some(Place::Env("PROJECT_DIR".to_owned())))),
        None => Ok((request.current_dir.clone(), None)),
    }
}

/// `config/config.yaml` of the project, if there is one.
fn found_file(request: &ConfigRequest, project: &Path) -> Result<Option<(PathBuf, Node)>, ConfigError> {
    let path = project.join(CONFIG_FILE);
    let shown = shown(&path, request);
    match read_tree(&path) {
        Ok(root) => Ok(Some((shown, root))),
        // A dangling link is a mistake; no file at all is none.
        Err(error) if error.problem == Problem::Missing && path.symlink_metadata().is_err() => Ok(None),
        Err(error) => Err(renamed(&shown)(error)),
    }
}

/// The path as it is shortest from the current folder.
fn shown(path: &Path, request: &ConfigRequest) -> PathBuf {
    let current = std::fs::canonicalize(&request.current_dir);
    current.ok().and_then(|dir| path.strip_prefix(dir).ok()).unwrap_or(path).to_owned()
}

/// Errors name a file as the user does.
fn renamed(shown: &Path) -> impl FnOnce(ConfigError) -> ConfigError {
    move |mut error| {
        match &mut error.place {
            Place::Path(path) | Place::File { path, .. } => shown.clone_into(path),
            Place::Env(_) | Place::EnvFile { .. } | Place::Flag(_) => {}
        }
        error
    }
}

fn read_env_file(dir: &Path) -> (Vec<Variable>, Vec<u32>, Option<ConfigError>) {
    match read_text(&dir.join(ENV_FILE)) {
        Ok(text) => {
            let (variables, bad_lines) = env_file::parse(&text);
            (variables, bad_lines, None)
        }
        Err(error) if error.problem == Problem::Missing => (vec![], vec![], None),
        Err(error) => (vec![], vec![], Some(error)),
    }
}

/// The process environment goes before the `.env` file.
fn lookup(env: &Env, env_file: &[Variable], name: &str) -> Option<String> {
    let from_file = || env_file.iter().rev().find(|var| var.name == name).map(|var| var.value.clone());
    env.get(name).map(str::to_owned).or_else(from_file)
}

/// `server.check_interval` is `CODEAGENT_SERVER__CHECK_INTERVAL`.
fn variable_name(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

struct Loader<'r> {
    request: &'r ConfigRequest,
    env_path: PathBuf,
    env_file: Vec<Variable>,
    notices: Vec<Notice>,
    rows: Vec<Row>,
}

impl<'r> Loader<'r> {
    fn new(request: &'r ConfigRequest, project: &Path) -> Loader<'r> {
        let env_path = shown(&project.join(ENV_FILE), request);
        let (env_file, bad_lines, error) = read_env_file(project);
        let bad = |line| Notice::BadEnvLine(Place::EnvFile { path: env_path.clone(), line });
        let mut notices: Vec<_> = bad_lines.into_iter().map(bad).collect();
        notices.extend(error.map(|error| Notice::EnvFileUnreadable(renamed(&env_path)(error))));
        let default = |key: &Key| Row { key: key.path, value: key.default_value(), origin: Origin::Default };
        Loader { request, env_path, env_file, notices, rows: KEYS.iter().map(default).collect() }
    }

    fn read(&mut self, path: &Path, root: &Node) -> Result<(), ConfigError> {
        let variable = |name: &str| lookup(&self.request.env, &self.env_file, name);
        let values = read::read_file(root, path, &variable)?;
        self.notices.extend(values.notices);
        for found in values.values {
            if let Some(value) = found.value {
                let place = Place::File { path: path.to_owned(), line: found.line, column: found.column };
                self.set(found.key, value, place);
            }
        }
        Ok(())
    }

    /// A file that was found in the project folder cannot move the project elsewhere.
    fn notice_ignored_base_dir(&mut self, project: &Path) {
        let row = self.rows.iter().find(|row| row.key == BASE_DIR);
        let Some(Row { value: Value::Text(dir), origin: Origin::Set(place), .. }) = row else { return };
        let real = std::fs::canonicalize(self.request.current_dir.join(dir));
        if real.ok().as_deref() != Some(project) {
            self.notices.push(Notice::BaseDirIgnored(place.clone()));
        }
    }

    fn read_environment(&mut self) -> Result<(), ConfigError> {
        let (request, file) = (self.request, self.env_file.clone());
        let from_file = file.iter().map(|var| {
            let place = Place::EnvFile { path: self.env_path.clone(), line: var.line };
            (var.name.as_str(), var.value.as_str(), place)
        });
        let from_process = request.env.iter().map(|(name, value)| (name, value, Place::Env(name.to_owned())));
        let all: Vec<_> = from_file.chain(from_process).collect();
        for (name, text, place) in all {
            self.read_variable(name, text, place)?;
        }
        Ok(())
    }

    /// Variables without `__` (`CODEAGENT_TASK_ID`) are what a running task is told, not settings.
    fn read_variable(&mut self, name: &str, text: &str, place: Place) -> Result<(), ConfigError> {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else { return Ok(()) };
        let path = rest.to_ascii_lowercase().replace("__", ".");
        match KEYS.iter().find(|key| key.path == path) {
            Some(key) => {
                let value =
                    read_override(key, text).map_err(|problem| fail(place.clone(), key.path, problem))?;
                self.set(key, value, place);
            }
            None if rest.contains("__") => {
                let known = closest(&path, KEYS.iter().map(|key| key.path)).map(variable_name);
                self.notices.push(Notice::UnknownVariable { name: name.to_owned(), known });
            }
            None => {}
        }
        Ok(())
    }

    fn read_overrides(&mut self) -> Result<(), ConfigError> {
        for over in &self.request.overrides {
            let place = Place::Flag(over.flag.clone());
            let Some(key) = KEYS.iter().find(|key| key.path == over.key) else {
                return Err(fail(place, &over.key, Problem::UnknownKey));
            };
            let value = match &over.value {
                Given::Text(text) => read_override(key, text),
                Given::Words(words) => key.kind.read(&Node::list_of(words)),
            };
            let value = value.map_err(|problem| fail(place.clone(), key.path, problem))?;
            self.set(key, value, place);
        }
        Ok(())
    }

    /// What counts in the end is checked: a flag may have replaced what the file says.
    fn check_placeholders(&mut self) -> Result<(), ConfigError> {
        for (key, known) in TEMPLATES {
            let row = self.rows.iter().find(|row| row.key == key);
            let Some(Row { value, origin: Origin::Set(place), .. }) = row else { continue };
            for word in placeholders::unknown(value, known) {
                let found = word.found;
                if let Some(known) = word.meant {
                    return Err(fail(place.clone(), key, Problem::UnknownPlaceholder { found, known }));
                }
                self.notices.push(Notice::UnknownPlaceholder { found, key, place: place.clone() });
            }
        }
        Ok(())
    }

    fn check_log_format(&mut self) {
        let row = self.rows.iter().find(|row| row.key == "logging.format");
        let Some(Row { value: Value::Text(text), .. }) = row else { return };
        let (format, unknown) = Format::parse(text);
        if !unknown.is_empty() {
            self.notices.push(Notice::UnknownLogFields(unknown));
        }
        if !format.shows_message() {
            self.notices.push(Notice::NoMessageInLogFormat);
        }
    }

    fn set(&mut self, key: &Key, value: Value, place: Place) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.key == key.path) {
            (row.value, row.origin) = (value, Origin::Set(place));
        }
    }

    fn finish(mut self, project_dir: PathBuf, config_path: Option<PathBuf>) -> Loaded {
        let mut config = Config::blank();
        for (key, row) in KEYS.iter().zip(&self.rows) {
            (key.set)(&mut config, &row.value);
        }
        let env_file: Vec<_> = self.env_file.into_iter().map(|var| (var.name, var.value)).collect();
        let process = self.request.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        mask_secrets(&mut self.rows, process.chain(env_file.iter().cloned()));
        Loaded { project_dir, config_path, config, notices: self.notices, rows: self.rows, env_file }
    }
}

fn fail(place: Place, key: &str, problem: Problem) -> ConfigError {
    ConfigError { place, key: Some(key.to_owned()), problem }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
