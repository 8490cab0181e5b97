//! From every error to what a person and a script see of it: exit code, sentence, details, hint.

mod store;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use codeagent_core::TaskState;
use codeagent_project::config::yaml_text;
use codeagent_project::harmless::{harmless, one_line};
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_project::todo::TodoError;
use codeagent_runner::SpawnError;
use codeagent_runner::exec::agents_in_path;
use codeagent_server::api::ApiError;
use codeagent_server::{AccessError, EngineError, ServerError, say as sentences};

use crate::exit::Exit;
use crate::failure::{BadArgument, CliError, Failure};
use crate::text::paint;

use self::store::store;

/// Longest piece of foreign text in a sentence.
const SHOWN: usize = 200;

/// What is shown of an error; nothing where the reader of stdout went away.
pub(crate) fn explain(error: &CliError, say: &Catalogue) -> Option<Failure> {
    Some(match error {
        CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
        CliError::Output(error) => {
            Failure::new(Exit::Disk, msg!(say, "cli-error-output", why = system(error)))
        }
        CliError::System(error) => Failure::new(Exit::Unfinished, system(error)),
        CliError::Config(error) => {
            Failure { hint: error.hint(say), ..Failure::new(Exit::Usage, error.render(say)) }
        }
        CliError::File(path, error) => {
            let path = shown_path(path);
            Failure::new(exit_of_io(error), msg!(say, "cli-error-file", path = path, why = system(error)))
        }
        CliError::Exists(path) => {
            Failure::new(Exit::Usage, msg!(say, "cli-error-exists", path = shown_path(path)))
                .hint(say.text("cli-hint-exists"))
        }
        CliError::Access(error) => access(error, say),
        CliError::Server(error) => server(error, say),
        CliError::AgentBroken => Failure::new(Exit::Unfinished, say.text("cli-error-agent-broken"))
            .hint(say.text("cli-hint-agent-broken")),
        CliError::ListMissing => Failure::new(Exit::Unfinished, say.text("cli-error-list-missing"))
            .hint(say.text("cli-hint-list-missing")),
        CliError::NoDocument(damage) => {
            let lines = damage.iter().map(|d| format!("{}: {}", shown_path(&d.path), harmless(&d.what)));
            let failure = Failure::new(Exit::Usage, say.text("cli-error-no-document"));
            lines.fold(failure, Failure::detail)
        }
        CliError::NothingToSalvage(damage) => {
            let lines = damage.iter().map(|d| format!("{}: {}", shown_path(&d.path), harmless(&d.what)));
            let failure = Failure::new(Exit::Damaged, say.text("cli-error-nothing-to-salvage"));
            lines.fold(failure, Failure::detail).hint(say.text("cli-hint-nothing-to-salvage"))
        }
        CliError::Argument(bad) => argument(bad, say),
        CliError::NoLog { id, attempt: None } => {
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-no-log", id = one_line(id, SHOWN)))
                .hint(say.text("cli-hint-no-log"))
        }
        CliError::NoLog { id, attempt: Some(attempt) } => {
            let id = one_line(id, SHOWN);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-no-log-of", id = id, attempt = *attempt))
                .hint(say.text("cli-hint-no-log"))
        }
    })
}

fn access(error: &AccessError, say: &Catalogue) -> Failure {
    match error {
        AccessError::Refused(refusal) => refused(refusal, say),
        AccessError::Store(error) => store(error, say),
        AccessError::NoServer { project_dir } => {
            let dir = shown_path(project_dir);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-no-server", dir = dir))
                .hint(say.text("cli-hint-no-server"))
        }
        AccessError::NoSocket { pid } => {
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-no-socket", pid = pid.to_string()))
                .hint(msg!(say, "cli-hint-no-socket", pid = pid.to_string()))
        }
        AccessError::Silent { socket, waited } => {
            let (path, seconds) = (shown_path(socket), waited.as_secs());
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-silent", path = path, seconds = seconds))
                .hint(say.text("cli-hint-silent"))
        }
        AccessError::Socket { socket, what } | AccessError::Unreached { socket, what } => {
            let (path, what) = (shown_path(socket), one_line(what, SHOWN));
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-socket", path = path, what = what))
                .hint(say.text("cli-hint-socket"))
        }
    }
}

fn refused(refusal: &ApiError, say: &Catalogue) -> Failure {
    match refusal {
        ApiError::UnknownTask { task_id } => {
            let id = one_line(task_id.as_str(), SHOWN);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-unknown-task", id = id))
                .hint(say.text("cli-hint-unknown-task"))
        }
        ApiError::PrunedTask { task_id } => {
            let id = one_line(task_id.as_str(), SHOWN);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-pruned-task", id = &*id)).hint(msg!(
                say,
                "cli-hint-pruned-task",
                id = id
            ))
        }
        ApiError::TaskExists { task_id } => {
            let id = one_line(task_id.as_str(), SHOWN);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-task-exists", id = &*id)).hint(msg!(
                say,
                "cli-hint-task-exists",
                id = id
            ))
        }
        ApiError::WrongState { task_id, state, verb } => {
            let id = one_line(task_id.as_str(), SHOWN);
            let sentence = msg!(
                say,
                "cli-error-wrong-state",
                id = id,
                state = paint::name(*state, say),
                verb = one_line(verb, SHOWN)
            );
            Failure { hint: way_out(verb, *state, say), ..Failure::new(Exit::Unfinished, sentence) }
        }
        ApiError::StillRuns { task_id, pid } => {
            let id = one_line(task_id.as_str(), SHOWN);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-still-runs", id = id, pid = pid.to_string()))
        }
        ApiError::BadRequest { what } => bad_request(what, say),
        ApiError::Store { what } => {
            Failure::new(Exit::Disk, msg!(say, "cli-error-store", what = one_line(what, SHOWN)))
                .hint(say.text("cli-hint-disk"))
        }
    }
}

/// What each verb needs, where the sentence leaves it open.
fn way_out(verb: &str, state: TaskState, say: &Catalogue) -> Option<String> {
    let key = match (verb, state) {
        ("skip", TaskState::InProgress) => "cli-hint-skip-running",
        ("cancel", _) => "cli-hint-cancel",
        ("retry", _) => "cli-hint-retry",
        ("rollback", TaskState::Pending) => "cli-hint-rollback-pending",
        _ => return None,
    };
    Some(say.text(key))
}

fn bad_request(what: &str, say: &Catalogue) -> Failure {
    let sentence = match what {
        "empty_text" => say.text("cli-error-empty-text"),
        "bad_id" => say.text("cli-error-bad-id"),
        "bad_metadata" => say.text("cli-error-bad-metadata"),
        other => msg!(say, "cli-error-bad-request", what = one_line(other, SHOWN)),
    };
    Failure::new(Exit::Usage, sentence)
}

fn server(error: &ServerError, say: &Catalogue) -> Failure {
    match error {
        ServerError::NoExecutor => no_executor(say),
        ServerError::NoList { project_dir } => {
            let dir = shown_path(project_dir);
            Failure::new(Exit::Usage, msg!(say, "cli-error-no-list", dir = dir))
                .hint(say.text("cli-hint-no-list"))
        }
        ServerError::System { what, source } => {
            let why = system(source);
            Failure::new(Exit::Unfinished, msg!(say, "cli-error-system", what = *what, why = why))
        }
        ServerError::Engine(EngineError::Store(error)) => store(error, say),
        ServerError::Engine(EngineError::Todo(error)) => todo(error, say),
        ServerError::Engine(EngineError::CannotStart(error)) => {
            let why = sentences::spawn_error(say, error);
            let hint = match error {
                SpawnError::Other(error) => store::of_system(error),
                _ => None,
            };
            Failure::new(Exit::Usage, msg!(say, "cli-error-cannot-start", why = harmless(&why)))
                .hint(say.text(hint.unwrap_or("cli-hint-cannot-start")))
        }
    }
}

/// Says how to name an agent, and which ones are at hand.
fn no_executor(say: &Catalogue) -> Failure {
    let failure = Failure::new(Exit::Usage, say.text("cli-error-no-executor"));
    let agents = agents_in_path().join(", ");
    let failure = match agents.is_empty() {
        true => failure,
        false => failure.detail(msg!(say, "cli-error-agents-found", agents = agents)),
    };
    failure.hint(say.text("cli-hint-no-executor"))
}

fn todo(error: &TodoError, say: &Catalogue) -> Failure {
    let sentence = match error {
        TodoError::Io { path, source } => {
            // Of the lists only the reading ends a command (boxes that can't be written stay owed): nothing of
            // ours was to be written, and who wrote the list can mend it.
            msg!(say, "cli-error-file", path = shown_path(path), why = system(source))
        }
        TodoError::TooLarge { path, bytes, limit } => {
            msg!(say, "cli-todo-too-large", path = shown_path(path), bytes = *bytes, limit = *limit)
        }
        TodoError::InvalidUtf8 { path, line } => {
            msg!(say, "cli-todo-not-utf8", path = shown_path(path), line = *line)
        }
        TodoError::Yaml { path, error } => {
            let what = yaml_text(say, &error.kind);
            format!("{}:{}:{}: {what}", shown_path(path), error.line, error.column)
        }
        TodoError::KeepsChanging { path } => msg!(say, "cli-todo-keeps-changing", path = shown_path(path)),
    };
    let hint = match error {
        TodoError::InvalidUtf8 { .. } => Some(say.text("cli-hint-not-utf8")),
        TodoError::TooLarge { .. } => Some(say.text("cli-hint-too-large")),
        TodoError::Io { .. } | TodoError::Yaml { .. } | TodoError::KeepsChanging { .. } => None,
    };
    Failure { hint, ..Failure::new(Exit::Usage, sentence) }
}

fn argument(bad: &BadArgument, say: &Catalogue) -> Failure {
    match bad {
        BadArgument::Metadata(why) => {
            Failure::new(Exit::Usage, msg!(say, "cli-error-metadata", why = one_line(why, SHOWN)))
                .hint(say.text("cli-hint-metadata"))
        }
        BadArgument::Exec => {
            Failure::new(Exit::Usage, say.text("cli-error-exec")).hint(say.text("cli-hint-exec"))
        }
        BadArgument::NoSuchCommand(name) => {
            Failure::new(Exit::Usage, msg!(say, "cli-usage-unknown-command", command = one_line(name, SHOWN)))
                .hint(msg!(say, "cli-usage-see-help", command = "codeagent"))
        }
    }
}

/// Reading what is not there is a mistake in the command; writing what can't be written is the disk's matter.
fn exit_of_io(error: &io::Error) -> Exit {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => Exit::Usage,
        _ => Exit::Disk,
    }
}

fn shown_path(path: &Path) -> String {
    harmless(&path.to_string_lossy()).into_owned()
}

/// The system's words, without Rust's `(os error 28)`.
fn system(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    one_line(text, SHOWN).into_owned()
}
