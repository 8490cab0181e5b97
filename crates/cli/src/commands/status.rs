//! `codeagent status`.

use codeagent_core::{LocalTime, TaskState};
use codeagent_project::harmless::{harmless, one_line};
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_server::api::{Activity, RecoveredView, ServerView, StatisticsView, StatusView, TaskView};

use crate::args::JsonArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;
use crate::text::paint::{Ink, Paint, name, sign};
use crate::text::rows::Facts;
use crate::text::when;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-status-about", after_help = "cli-status-examples")]
pub(crate) struct Args {
    #[command(flatten)]
    json: JsonArg,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let status = context.access()?.status()?;
    if args.json.json {
        context.out.json(&status)?;
        return Ok(Exit::Done);
    }
    let paint = context.out.paint;
    let facts = Picture { say: &context.say, paint, now: when::now() }.facts(&status);
    for line in facts.lines(|label| paint.ink(Ink::Dim, label)) {
        context.out.line(line)?;
    }
    Ok(Exit::Done)
}

/// How a status is told.
struct Picture<'a> {
    say: &'a Catalogue,
    paint: Paint,
    now: LocalTime,
}

impl Picture<'_> {
    fn facts(&self, status: &StatusView) -> Facts {
        let say = self.say;
        let mut facts = Facts::default();
        facts.add(say.text("cli-status-server"), self.server(status));
        if let Some(recovered) = status.server.as_ref().and_then(|server| server.recovered.as_ref()) {
            facts.add(say.text("cli-status-recovered"), self.recovered(recovered));
        }
        if let Some(session) = &status.session_id {
            let session = one_line(session, 100);
            let line =
                msg!(say, "cli-status-session-of", session = session, iterations = status.iteration_count);
            facts.add(say.text("cli-status-session"), line);
        }
        let runs = status.server.is_some() || status.unreachable_pid.is_some();
        self.times(status, runs, &mut facts);
        facts.add(say.text("cli-status-tasks"), self.counts(&status.statistics));
        for task in &status.current {
            facts.add(
                say.text(if runs { "cli-status-current" } else { "cli-status-cut-off" }),
                self.current(task, status.server.as_ref()),
            );
        }
        facts.add(say.text("cli-status-checkpoint"), self.checkpoint(status));
        facts
    }

    fn server(&self, status: &StatusView) -> String {
        let Some(server) = &status.server else {
            return match status.unreachable_pid {
                Some(pid) => {
                    let text = msg!(self.say, "cli-status-unreachable", pid = pid.to_string());
                    self.paint.ink(Ink::Warning, text)
                }
                None => self.say.text("cli-status-no-server"),
            };
        };
        let activity = match server.activity {
            Activity::Working => "cli-activity-working",
            Activity::Waiting => "cli-activity-waiting",
            Activity::Paused => "cli-activity-paused",
            Activity::Stopping => "cli-activity-stopping",
        };
        let activity = self.paint.ink(Ink::Active, self.say.text(activity));
        let uptime = when::span(server.uptime_s, self.say);
        let (mode, pid) = (one_line(&server.mode, 20), server.pid.to_string());
        msg!(self.say, "cli-status-server-is", activity = activity, mode = mode, pid = pid, uptime = uptime)
    }

    fn recovered(&self, recovered: &RecoveredView) -> String {
        let interrupted: Vec<_> = recovered.interrupted.iter().map(|id| one_line(id.as_str(), 64)).collect();
        let interrupted = if interrupted.is_empty() { "—".to_owned() } else { interrupted.join(", ") };
        msg!(
            self.say,
            "cli-status-recovered-is",
            interrupted = interrupted,
            survivors = recovered.survivors_ended,
            incomplete = recovered.incomplete_tasks,
            failed = recovered.failed_tasks
        )
    }

    fn times(&self, status: &StatusView, runs: bool, facts: &mut Facts) {
        let say = self.say;
        // The stop of the session before is none of this one. (Both are of one form, which sorts by time.)
        let stopped =
            status.last_stop_time.clone().filter(|stop| Some(stop) >= status.last_start_time.as_ref());
        let rows = [("cli-status-started", &status.last_start_time), ("cli-status-stopped", &stopped)];
        for (key, time) in rows {
            if let Some(time) = time {
                facts.add(say.text(key), when::moment(time, self.now, say));
            }
        }
        if !runs && status.checkpoint_exists && !status.clean_shutdown {
            let unclean = self.paint.ink(Ink::Warning, say.text("cli-status-unclean"));
            facts.add("", unclean);
        }
    }

    fn counts(&self, n: &StatisticsView) -> String {
        let states = [
            (TaskState::Completed, n.completed),
            (TaskState::Failed, n.failed),
            (TaskState::InProgress, n.in_progress),
            (TaskState::Pending, n.pending),
            (TaskState::RolledBack, n.rolled_back),
        ];
        let shown = states.into_iter().filter(|(state, count)| *count > 0 || *state != TaskState::RolledBack);
        let mut parts: Vec<String> = shown
            .map(|(state, count)| {
                let text = format!("{} {count} {}", sign(state), name(state, self.say));
                if count > 0 { self.paint.ink(Ink::of(state), text) } else { self.paint.ink(Ink::Dim, text) }
            })
            .collect();
        if n.pruned > 0 {
            parts.push(msg!(self.say, "cli-status-pruned", n = n.pruned));
        }
        format!("{}: {}", n.total_tasks, parts.join("  "))
    }

    fn current(&self, task: &TaskView, server: Option<&ServerView>) -> String {
        let (id, text) = (one_line(task.task_id.as_str(), 64), one_line(&task.task_text, 100));
        let elapsed = server.and_then(|server| server.attempt_elapsed_s);
        let elapsed = elapsed.map(|s| format!(", {}", when::span(s, self.say))).unwrap_or_default();
        let attempt = msg!(self.say, "cli-status-attempt", n = task.attempts);
        let mut shown = format!("{id} {text} ({attempt}{elapsed})");
        if let Some(line) = server.and_then(|server| server.last_line.as_deref()) {
            shown.push_str("\n└ ");
            shown.push_str(&self.paint.ink(Ink::Dim, one_line(line, 200)));
        }
        shown
    }

    fn checkpoint(&self, status: &StatusView) -> String {
        let path = harmless(&status.checkpoint_file);
        if status.checkpoint_exists {
            path.into_owned()
        } else {
            msg!(self.say, "cli-status-no-checkpoint", path = path)
        }
    }
}
