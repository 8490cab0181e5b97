//! What `config check` doubts though the configuration can be read: nothing to work with, or nothing to work on.

use std::ffi::OsString;

use codeagent_project::config::{Loaded, StdinSource};
use codeagent_project::harmless::harmless;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_project::todo::TodoList;
use codeagent_runner::{AttemptSpec, SpawnError};
use codeagent_server::{EngineError, ServerError, say as sentences, session};

/// Why no task could be started, as far as that is known before there is one.
pub(crate) fn executor(loaded: &Loaded) -> Result<(), ServerError> {
    let words = &loaded.config.executor.command;
    if words.is_empty() {
        return Err(ServerError::NoExecutor);
    }
    startable(words, loaded).map_err(|error| EngineError::CannotStart(error).into())
}

/// A sentence for each doubt. Starts nothing and writes nothing.
pub(super) fn of(loaded: &Loaded, say: &Catalogue) -> Vec<String> {
    let config = &loaded.config;
    let generation = &config.server.auto_todo_generation;
    let mut doubts = Vec::new();
    doubts.extend(command("executor.command", &config.executor.command, loaded, say));
    if is_without_task(loaded) {
        doubts.push(msg!(say, "config-check-no-task", key = "executor.command"));
    }
    if generation.enabled {
        let key = "server.auto_todo_generation.command";
        doubts.extend(command(key, &generation.command, loaded, say));
    }
    match TodoList::load(&session::places(loaded)) {
        // A list that is to be written yet is none that is missing.
        Ok(list) if list.files().is_empty() && !generation.enabled => {
            doubts.push(say.text("config-check-no-list"));
        }
        Ok(list) => doubts.extend(list.notices().iter().map(|notice| notice.render(say))),
        Err(error) => doubts.push(error.render(say)),
    }
    doubts
}

/// Whether an agent is handed nothing of its task but by variables, which only a script of one's own reads: one that
/// lies in the project.
pub(crate) fn is_without_task(loaded: &Loaded) -> bool {
    const OF_TASK: [&str; 5] = ["{prompt}", "{task_text}", "{task_name}", "{task_id}", "{task_file}"];
    let (executor, dir) = (&loaded.config.executor, &loaded.project_dir);
    let is_own = |word: &String| {
        let path = dir.join(word);
        path.starts_with(dir) && path.is_file()
    };
    let names = |word: &String| OF_TASK.iter().any(|placeholder| word.contains(placeholder));
    executor.stdin == StdinSource::None
        && !executor.command.is_empty()
        && !executor.command.iter().any(|word| names(word) || is_own(word))
}

/// Whether a command could be started, as far as that is known before its placeholders are filled.
fn command(key: &str, words: &[String], loaded: &Loaded, say: &Catalogue) -> Option<String> {
    if words.is_empty() {
        return Some(msg!(say, "config-check-no-command", key = key));
    }
    let error = startable(words, loaded).err()?;
    Some(format!("{key}: {}", harmless(&sentences::spawn_error(say, &error))))
}

fn startable(words: &[String], loaded: &Loaded) -> Result<(), SpawnError> {
    // A program that is named by a placeholder is known only with a task.
    if words.first().is_some_and(|program| program.contains('{')) {
        return Ok(());
    }
    let argv = words.iter().map(OsString::from).collect();
    let spec = AttemptSpec::new(argv, loaded.project_dir.clone(), "check".to_owned());
    codeagent_runner::check(&spec).map(drop)
}
