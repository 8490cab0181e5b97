//! `codeagent cancel`.

use codeagent_server::api::TaskVerb;

use super::act;
use crate::args::TasksArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-cancel-about", after_help = "cli-cancel-examples")]
pub(crate) struct Args {
    #[command(flatten)]
    tasks: TasksArg,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    act::act(TaskVerb::Cancel, "cli-cancel-done", &args.tasks.ids(), context)
}
