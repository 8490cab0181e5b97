//! `codeagent run`.

use codeagent_checkpoint::{Clock, SystemClock};
use codeagent_project::msg;
use codeagent_server::observe::Progress;
use codeagent_server::{Ending, Mode};

use super::config::doubts;
use super::work::{self, WorkArgs};
use super::would::Would;
use crate::context::{Context, complain};
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-run-about",
    after_help = "cli-run-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[command(flatten)]
    work: WorkArgs,
    #[arg(long, help = "cli-run-dry-run", help_heading = "cli-heading-options")]
    dry_run: bool,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    if args.dry_run {
        return would_run(&args.work, context);
    }
    let worked = work::work(&args.work, Mode::Run, context)?;
    if let (Ending::Finished { failed, left: held, .. }, false) = (worked.ending, context.global.quiet) {
        let Progress { total, completed, failed: ended } = worked.progress;
        let left = total.saturating_sub(completed + ended).max(held);
        let line = match (total, failed, held) {
            (0, 0, 0) => context.say.text("cli-run-nothing"),
            (0, _, 0) => msg!(context.say, "cli-run-nothing-more", failed = failed),
            _ => msg!(
                context.say,
                "cli-run-finished",
                completed = completed,
                total = total,
                failed = ended,
                left = left
            ),
        };
        context.out.line(line)?;
    }
    work::exit(worked.ending)
}

fn would_run(args: &WorkArgs, context: &mut Context) -> Result<Exit, CliError> {
    let project = context.load(args.overrides()?)?;
    let would = Would::of(&project, SystemClock.now())?;
    for notice in &would.notices {
        complain(&format!("{}: {}", context.say.text("cli-label-warning"), notice.render(&context.say)));
    }
    if doubts::is_without_task(&project) {
        let doubt = msg!(context.say, "config-check-no-task", key = "executor.command");
        complain(&format!("{}: {doubt}", context.say.text("cli-label-warning")));
    }
    if would.tasks.is_empty() {
        context.out.line(context.say.text("cli-run-nothing"))?;
    } else {
        context.out.line(context.say.text("cli-run-would"))?;
    }
    for task in &would.tasks {
        context.out.line(task.line(&context.say, context.out.window))?;
    }
    if !would.settled.is_empty() {
        context.out.line(context.say.text("cli-run-would-not"))?;
    }
    for task in &would.settled {
        context.out.line(task.line(&context.say, context.out.window))?;
    }
    // What would end the real run before its first task ends this one, too.
    doubts::executor(&project)?;
    Ok(Exit::Done)
}
