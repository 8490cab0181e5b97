//! `codeagent show`.

use codeagent_core::LocalTime;
use codeagent_project::harmless::{harmless_lines, one_line};
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_server::api::TaskView;

use crate::args::{JsonArg, TaskArg};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;
use crate::text::paint::{Ink, Paint, signed};
use crate::text::rows::Facts;
use crate::text::when;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-show-about", after_help = "cli-show-examples")]
pub(crate) struct Args {
    #[command(flatten)]
    task: TaskArg,
    #[command(flatten)]
    json: JsonArg,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let task = context.access()?.task(&args.task.id())?;
    if args.json.json {
        context.out.json(&task)?;
        return Ok(Exit::Done);
    }
    let paint = context.out.paint;
    for line in facts(&task, when::now(), &context.say, paint).lines(|label| paint.ink(Ink::Dim, label)) {
        context.out.line(line)?;
    }
    Ok(Exit::Done)
}

fn facts(task: &TaskView, now: LocalTime, say: &Catalogue, paint: Paint) -> Facts {
    let mut facts = Facts::default();
    facts.add(say.text("cli-show-id"), one_line(task.task_id.as_str(), 200));
    facts.add(say.text("cli-show-text"), harmless_lines(&task.task_text));
    facts.add(
        say.text("cli-show-state"),
        paint.ink(Ink::of(task.state), signed(task.state, say)) + &why_so(task, say),
    );
    facts.add(say.text("cli-show-attempts"), attempts(task, say));
    for (key, time) in [("cli-show-started", &task.start_time), ("cli-show-ended", &task.end_time)] {
        if let Some(time) = time {
            facts.add(say.text(key), when::moment(time, now, say));
        }
    }
    if let Some(error) = &task.error_message {
        facts.add(say.text("cli-show-error"), harmless_lines(error));
    }
    if let Some(steps) = &task.instruction_progress {
        let (done, total) = (steps.completed_instructions.len(), steps.total_instructions);
        facts.add(say.text("cli-show-steps"), msg!(say, "cli-show-steps-of", done = done, total = total));
    }
    if let Some(result) = &task.result {
        facts.add(say.text("cli-show-result"), harmless_lines(&result.to_string()));
    }
    if task.metadata.as_object().is_some_and(|object| !object.is_empty()) {
        facts.add(say.text("cli-show-metadata"), harmless_lines(&task.metadata.to_string()));
    }
    facts
}

/// Why a failed task is not tried again, or when it is: ` (skipped)`, or nothing.
pub(super) fn why_so(task: &TaskView, say: &Catalogue) -> String {
    let reason = task.final_reason.as_deref().map(|reason| match reason {
        "attempt_limit" => say.text("cli-final-attempt-limit"),
        "crash_limit" => say.text("cli-final-crash-limit"),
        "skipped" => say.text("cli-final-skipped"),
        "cancelled" => say.text("cli-final-cancelled"),
        "uncertain" => say.text("cli-final-uncertain"),
        other => one_line(other, 100).into_owned(),
    });
    let waits = || {
        let ms = task.waits_ms?;
        Some(msg!(say, "cli-show-waits", time = when::span(ms.div_ceil(1000), say)))
    };
    reason.or_else(waits).map(|text| format!(" ({text})")).unwrap_or_default()
}

fn attempts(task: &TaskView, say: &Catalogue) -> String {
    let mut parts = vec![task.attempts.to_string()];
    if task.excused > 0 {
        parts.push(msg!(say, "cli-show-excused", n = task.excused));
    }
    if task.crashes > 0 {
        parts.push(msg!(say, "cli-show-crashes", n = task.crashes));
    }
    parts.join(", ")
}
