//! What is written down for people while the engine works: log, status file, task logs. Nothing depends on it:
//! what fails here is said once and the work goes on.
use std::{path::Path, sync::Arc, time::Duration};

use codeagent_checkpoint::{Store, store::ReadState};
use codeagent_core::{Event, Now, Task, TaskId, TaskState, list::Mark};
use codeagent_project::{
    config::Config,
    harmless::one_line,
    logging::{self, Level},
    messages::Catalogue,
    msg,
    status::StatusManager,
    task_log::{self, LogHeader, TaskLog, TaskLogs},
    todo::{TodoError, TodoNotice},
};
use codeagent_runner::{Ended, How, SpawnError};
use jiff::civil::DateTime;

use crate::{
    attempt::Attempt,
    observe::{Outcome, WaitReason},
    once::{Once, ToldOfLists},
    recover::Recovery,
    report, say,
    worklist::Refreshed,
};

/// Task logs that are kept (contract, "Messages").
const KEPT_LOGS: usize = 20;
/// Characters of a task's text in a line of the log.
const TEXT_CHARS: usize = 200;
/// Ids that one line names.
const IDS: usize = 5;
/// Characters of a text where one line names several.
const TEXT_BESIDE_OTHERS_CHARS: usize = 60;
/// Lines of output that become the error message of a failed attempt.
const ERROR_LINES: usize = 5;
/// Characters of each of them.
const ERROR_LINE_CHARS: usize = 500;

/// The log, the status file and the task logs of a session.
pub(crate) struct Chronicle {
    catalogue: Arc<Catalogue>,
    status: Option<StatusManager>,
    logs: TaskLogs,
    trouble: Trouble,
}

/// What was told already.
#[derive(Debug, Default)]
struct Trouble {
    status: Once,
    logs: Once,
    boxes: Once,
    lists: ToldOfLists,
    marks: ToldOfLists,
}

impl Chronicle {
    /// For a project; touches nothing yet.
    pub(crate) fn new(
        catalogue: Arc<Catalogue>,
        status: Option<StatusManager>,
        logs_dir: &Path,
        config: &Config,
        secrets: &[String],
    ) -> Self {
        let logs = TaskLogs::new(logs_dir, config.executor.max_log_bytes, secrets);
        Self { catalogue, status, logs, trouble: Trouble::default() }
    }

    /// The catalogue of the user's language.
    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Writes a line of the log.
    pub(crate) fn log(&self, level: Level, text: &str) {
        logging::log(level, "codeagent.server", text);
    }

    fn status(&self, now: Now, append: impl FnOnce(&StatusManager, DateTime) -> std::io::Result<()>) {
        let (Some(status), Some(at)) = (&self.status, now.local.to_civil()) else { return };
        match append(status, at) {
            Ok(()) => self.trouble.status.over(),
            Err(error) if self.trouble.status.is_news(&error.to_string()) => {
                let (path, error) = (status.path().display(), error.to_string());
                tracing::warn!(
                    "{}",
                    msg!(self.catalogue, "server-status-unwritten", path = path, error = error)
                );
            }
            Err(_) => {}
        }
    }

    /// The recovery report: log and status file.
    pub(crate) fn recovered(&self, recovery: &Recovery, now: Now) {
        let mask = |text: &str| self.masked(text);
        for (level, text) in report::log_lines(recovery, &self.catalogue, &mask) {
            self.log(level, &text);
        }
        for text in report::survivor_lines(recovery, &self.catalogue, &mask) {
            tracing::warn!("{text}");
        }
        if recovery.is_due() {
            let count = recovery.incomplete.to_string();
            let text = msg!(self.catalogue, "report-status", count = count);
            self.status(now, |status, at| status.append_status(at, &text, 2));
            for task in &recovery.interrupted {
                let text = self.masked_line(&task.task.text, TEXT_CHARS);
                let text = msg!(self.catalogue, "report-interrupted", text = text);
                self.status(now, |status, at| status.append_status(at, &text, 0));
            }
        }
        match self.logs.recover() {
            Ok(mended) if mended.is_empty() => {}
            Ok(mended) => tracing::debug!(count = mended.len(), "task logs put together after a crash"),
            Err(error) => self.log_unwritten(&error),
        }
    }

    /// The server began to work.
    pub(crate) fn server_started(&self, session_id: &str, now: Now) {
        let text = msg!(self.catalogue, "server-started", session = session_id);
        tracing::info!("{text}");
        self.status(now, |status, at| status.update_server_status(at, &text, None));
    }

    /// The server said good-bye.
    pub(crate) fn server_stopped(&self, now: Now) {
        let text = self.catalogue.text("server-stopped");
        tracing::info!("{text}");
        self.status(now, |status, at| status.update_server_status(at, &text, None));
    }

    /// A text with its secrets masked.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.logs.mask(text)
    }

    /// A text with its secrets masked, then cut: a part of a secret would not be known.
    fn masked_line(&self, text: &str, max_chars: usize) -> String {
        one_line(&self.masked(text), max_chars).into_owned()
    }

    /// Opens the log of an attempt; one that can't be opened is said and done without.
    pub(crate) fn open_log(&self, attempt: &Attempt, now: Now) -> Option<TaskLog> {
        let header = LogHeader {
            task_id: attempt.id.as_str(),
            text: &attempt.text,
            attempt: attempt.number,
            attempt_id: &attempt.attempt_id.0,
            started: now.local.to_civil()?,
        };
        match self.logs.start(&header) {
            Ok(log) => {
                self.trouble.logs.over();
                Some(log)
            }
            Err(error) => {
                self.log_unwritten(&error);
                None
            }
        }
    }

    /// An attempt began.
    pub(crate) fn started(&self, attempt: &Attempt) {
        let text = self.masked_line(&attempt.text, TEXT_CHARS);
        let (id, number) = (attempt.id.as_str(), attempt.number.to_string());
        let line = msg!(self.catalogue, "server-task-started", id = id, attempt = number, text = text);
        tracing::info!(task_id = id, "{line}");
    }

    /// An attempt was settled.
    pub(crate) fn ended(
        &self,
        attempt: &Attempt,
        outcome: &Outcome,
        ended: Option<&Ended>,
        log: Option<TaskLog>,
        now: Now,
    ) {
        let (level, line) = self.outcome_line(attempt, outcome);
        self.log(level, &line);
        if let Some(error) = ended.and_then(|ended| ended.sink_error.as_ref()) {
            self.log_unwritten(error);
        }
        if let Some(ended) = ended.filter(|ended| ended.tree_ended > 0 && matches!(ended.how, How::Exited(_)))
        {
            let (id, count) = (attempt.id.as_str(), ended.tree_ended);
            tracing::info!("{}", msg!(self.catalogue, "server-left-running", id = id, count = count));
        }
        if let (Some(log), Some(at)) = (log, now.local.to_civil()) {
            let level = if level == Level::Info { task_log::Level::Info } else { task_log::Level::Error };
            if let Err(error) = log.finish(at, level, &line) {
                self.log_unwritten(&error);
            }
        }
        let key = match outcome {
            Outcome::Completed => "server-status-completed",
            Outcome::GivenUp { .. } => "server-status-failed",
            Outcome::RolledBack => "server-status-rolled-back",
            Outcome::WillRetry { .. } | Outcome::Deferred => return,
        };
        let word = self.catalogue.text(key);
        let details = match outcome {
            Outcome::GivenUp { error } => Some(brief(error)),
            _ => None,
        };
        let text = self.masked(&attempt.text);
        self.status(now, |status, at| status.update_task_status(at, &text, &word, details.as_deref()));
    }

    fn outcome_line(&self, attempt: &Attempt, outcome: &Outcome) -> (Level, String) {
        let id = attempt.id.as_str();
        let seconds = say::seconds(attempt.began.elapsed());
        let line = |key: &str, error: &str| {
            msg!(self.catalogue, key, id = id, seconds = seconds.as_str(), error = brief(error))
        };
        match outcome {
            Outcome::Completed => (Level::Info, line("server-task-completed", "")),
            Outcome::WillRetry { error, delay } => {
                let delay = say::seconds(*delay);
                let error = brief(error);
                let line =
                    msg!(self.catalogue, "server-task-will-retry", id = id, error = error, delay = delay);
                (Level::Warning, line)
            }
            Outcome::GivenUp { error } => (Level::Error, line("server-task-given-up", error)),
            Outcome::Deferred => (Level::Info, line("server-task-deferred", "")),
            Outcome::RolledBack => (Level::Warning, line("server-task-rolled-back", "")),
        }
    }

    /// Removes task logs beyond the newest, except those of tasks that failed and are still listed.
    pub(crate) fn rotate_logs(&self, store: &dyn Store) {
        let is_failed = |id: &str| {
            let id = TaskId::new(id);
            let state = store.view(|state| state.task(&id).map(Task::state));
            matches!(state, Ok(Some(TaskState::Failed)))
        };
        if let Err(error) = self.logs.rotate(KEPT_LOGS, is_failed) {
            self.log_unwritten(&error);
        }
    }

    /// Why an attempt failed, for the checkpoint: how it ended, and its last lines; secrets masked while lines and
    /// what is before them are whole, since a part of one would not be known.
    pub(crate) fn error_message(&self, ended: &Ended) -> String {
        let how = say::how(&self.catalogue, ended.how, ended.elapsed);
        let masked = self.masked(&ended.last_lines.join("\n"));
        let lines: Vec<_> = behind_key(&masked).lines().collect();
        let last = lines[lines.len().saturating_sub(ERROR_LINES)..].iter();
        last.fold(how, |message, line| message + "\n" + &one_line(line, ERROR_LINE_CHARS))
    }

    /// Why a text could not be handed to the agent.
    pub(crate) fn spawn_error(&self, error: &SpawnError) -> String {
        say::spawn_error(&self.catalogue, error)
    }

    /// Completed tasks left the document.
    pub(crate) fn pruned(&self, events: &[Event]) {
        let count: usize = events
            .iter()
            .map(|event| if let Event::TasksPruned { ids, .. } = event { ids.len() } else { 0 })
            .sum();
        if count > 0 {
            tracing::info!("{}", msg!(self.catalogue, "server-pruned", count = count.to_string()));
        }
    }

    /// Another pass over the list began.
    pub(crate) fn iteration(&self, number: u64) {
        tracing::debug!("{}", msg!(self.catalogue, "server-iteration", number = number.to_string()));
    }

    /// The list can't be read just now.
    pub(crate) fn list_unreadable(&self, error: &str) {
        tracing::error!("{}", msg!(self.catalogue, "server-list-unreadable", error = error));
    }

    /// The file of sessions was damaged: how many lists this session had written is not known any more.
    pub(crate) fn sessions_set_aside(&self, kept: &Path) {
        let path = kept.display().to_string();
        let kept = one_line(&path, usize::MAX);
        tracing::warn!("{}", msg!(self.catalogue, "server-sessions-set-aside", path = kept));
    }

    /// These tasks (id and text) are not done, and won't be: their lines are gone.
    pub(crate) fn held(&self, tasks: &[(TaskId, Arc<str>)]) {
        if tasks.is_empty() {
            return;
        }
        let (count, first) = (tasks.len(), &tasks[..tasks.len().min(IDS)]);
        let ids: Vec<_> = first.iter().map(|(id, _)| id.as_str()).collect();
        let texts = first
            .iter()
            .map(|(id, text)| format!("{id} - {}", self.masked_line(text, TEXT_BESIDE_OTHERS_CHARS)));
        let more = |text: &str| if count > IDS { text.to_owned() } else { String::new() };
        let tasks = texts.collect::<Vec<_>>().join("; ") + &more("; …");
        let ids = ids.join(" ") + &more(" …");
        tracing::warn!(
            "{}",
            msg!(self.catalogue, "server-list-held", count = count, tasks = tasks, ids = ids)
        );
    }

    /// What reading the list again brought; whether this start came after a crash.
    pub(crate) fn list_refreshed(&self, refreshed: &Refreshed, is_after_crash: bool) {
        if refreshed.added > 0 {
            tracing::info!(
                "{}",
                msg!(self.catalogue, "server-list-added", count = refreshed.added.to_string())
            );
        }
        for (id, mark) in &refreshed.by_hand {
            self.ticked_by_hand(id, *mark);
        }
        // A server that was killed had no time to write them.
        self.marked_again(&refreshed.marked_again, refreshed.is_first && is_after_crash);
        self.held(&refreshed.gone);
        self.tell(self.trouble.lists.news(&refreshed.notices));
    }

    fn marked_again(&self, ids: &[TaskId], is_owed: bool) {
        if ids.is_empty() {
            return;
        }
        let first: Vec<_> = ids.iter().take(IDS).map(|id| id.as_str()).collect();
        let more = if ids.len() > IDS { ", …" } else { "" };
        let (count, ids) = (ids.len(), first.join(", ") + more);
        if is_owed {
            tracing::info!("{}", msg!(self.catalogue, "server-boxes-owed", count = count, ids = ids));
        } else {
            tracing::warn!("{}", msg!(self.catalogue, "server-boxes-marked-again", count = count, ids = ids));
        }
    }

    fn ticked_by_hand(&self, id: &TaskId, mark: Mark) {
        let key = if mark == Mark::Skipped { "server-skipped-by-hand" } else { "server-ticked-by-hand" };
        tracing::info!("{}", msg!(self.catalogue, key, id = id.as_str()));
    }

    /// Boxes were written, if any were owed: what the user should know about it.
    pub(crate) fn boxes_written(&self, notices: &[TodoNotice]) {
        if !notices.is_empty() {
            self.tell(self.trouble.marks.news(notices));
        }
    }

    fn tell(&self, notices: Vec<&TodoNotice>) {
        for notice in notices {
            tracing::warn!("{}", notice.render(&self.catalogue));
        }
    }

    /// Boxes could not be written; the checkpoint has what they lack.
    pub(crate) fn boxes_unwritten(&self, error: &TodoError) {
        let error = error.render(&self.catalogue);
        if self.trouble.boxes.is_news(&error) {
            tracing::warn!("{}", msg!(self.catalogue, "server-boxes-unwritten", error = error));
        }
    }

    /// Nothing may be started for a while.
    pub(crate) fn waiting(&self, why: WaitReason, time: Duration) {
        let seconds = say::seconds(time);
        match why {
            // A wait that nobody notices is not worth a line.
            WaitReason::Retry if time < Duration::from_secs(1) => {}
            WaitReason::Retry => {
                tracing::info!("{}", msg!(self.catalogue, "server-waiting-retry", seconds = seconds));
            }
            WaitReason::NextIteration => {
                tracing::debug!("{}", msg!(self.catalogue, "server-waiting", seconds = seconds));
            }
            WaitReason::Paused => tracing::warn!("{}", self.catalogue.text("server-paused")),
            WaitReason::BetweenTasks => {}
        }
    }

    /// Too many tasks in a row failed for good.
    pub(crate) fn agent_broken(&self, in_a_row: u32) {
        tracing::error!("{}", msg!(self.catalogue, "server-agent-broken", count = in_a_row.to_string()));
    }

    fn log_unwritten(&self, error: &std::io::Error) {
        let error = error.to_string();
        if self.trouble.logs.is_news(&error) {
            tracing::warn!("{}", msg!(self.catalogue, "server-log-unwritten", error = error));
        }
    }
}

/// A text from the last line of a private key on whose first line it lacks: nothing else tells its lines.
fn behind_key(text: &str) -> &str {
    let is_end = |at: usize| text[at..].lines().next().is_some_and(|line| line.contains("PRIVATE KEY-----"));
    let end = text.match_indices("-----END ").map(|(at, _)| at).find(|at| is_end(*at));
    end.filter(|at| !text[..*at].contains("PRIVATE KEY-----")).map_or(text, |at| &text[at..])
}

/// An error message on one line: how the agent ended, and the last thing that it said.
pub(crate) fn brief(error: &str) -> String {
    let mut lines = error.lines();
    let (how, last) = (lines.next().unwrap_or_default(), lines.next_back());
    let text = last.map_or_else(|| how.to_owned(), |last| format!("{how}: {last}"));
    one_line(&text, TEXT_CHARS).into_owned()
}

impl std::fmt::Debug for Chronicle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chronicle").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use codeagent_project::messages::Lang;
    use codeagent_runner::Exit;

    use super::*;

    fn error_of(lines: &[&str]) -> String {
        let secrets = ["hunter2hunter2".to_owned()];
        let catalogue = Arc::new(Catalogue::new(Lang::En));
        let chronicle = Chronicle::new(catalogue, None, Path::new("nowhere"), &Config::default(), &secrets);
        chronicle.error_message(&Ended {
            how: How::Exited(1),
            exit: Exit::Code(1),
            last_lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            bytes_out: 0,
            elapsed: Duration::ZERO,
            tree_ended: 0,
            left_over: 0,
            sink_error: None,
        })
    }

    #[test]
    fn lines_of_an_error_are_masked_before_they_are_cut() {
        let message = error_of(&["an error", &format!("{} hunter2hunter2 x", "a".repeat(492))]);
        assert!(message.ends_with(&format!("\nan error\n{} *** x", "a".repeat(492))), "{message}");
        for before in ["a".repeat(490), format!("password={} {}", "a".repeat(460), "b ".repeat(240))] {
            let message = error_of(&[&format!("{before} hunter2hunter2 {}", "c".repeat(500))]);
            assert!(message.ends_with('…') && !message.contains("hunter"), "{message}");
            assert!(message.lines().all(|line| line.chars().count() <= ERROR_LINE_CHARS + 1), "{message}");
        }
        assert!(error_of(&["1", "2", "3", "4", "5", "6"]).ends_with("\n2\n3\n4\n5\n6"));
    }

    #[test]
    fn of_a_private_key_no_line_is_left() {
        let (head, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        let body = ["MIIE"; 8].join("\n");
        for text in [
            format!("{head}\n{body}\n{end}\nit broke"),
            format!("{body}\n{end}\nit broke"),
            format!("{head}\n{body}"),
        ] {
            let message = error_of(&text.lines().collect::<Vec<_>>());
            assert!(!message.contains("MIIE"), "{message}");
            assert_eq!(message.ends_with("it broke"), text.ends_with("it broke"), "{message}");
        }
    }
}
