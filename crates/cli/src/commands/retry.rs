//! `codeagent retry`.

use codeagent_core::{TaskId, TaskState};
use codeagent_server::api::{TaskVerb, TaskView};

use super::act;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-retry-about", after_help = "cli-retry-examples")]
pub(crate) struct Args {
    #[arg(
        value_name = "ID",
        help = "cli-arg-ids",
        help_heading = "cli-heading-arguments",
        required_unless_present = "failed",
        conflicts_with = "failed"
    )]
    ids: Vec<String>,
    #[arg(long, help = "cli-retry-failed", help_heading = "cli-heading-options")]
    failed: bool,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let mut ids: Vec<_> = args.ids.iter().map(|id| TaskId::new(id.as_str())).collect();
    if args.failed {
        let failed = context.access()?.tasks(Some(TaskState::Failed))?;
        // What a person gave up is `failed` in the guide's words, and not meant.
        let is_meant =
            |task: &TaskView| !matches!(task.final_reason.as_deref(), Some("skipped" | "cancelled"));
        ids.extend(failed.into_iter().filter(is_meant).map(|task| task.task_id));
        if ids.is_empty() {
            context.note(&context.say.text("cli-retry-none-failed"));
        }
    }
    act::act(TaskVerb::Retry, "cli-retry-done", &ids, context)
}
