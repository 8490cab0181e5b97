//! `codeagent skip`.

use codeagent_server::api::TaskVerb;

use super::act;
use crate::args::TasksArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-skip-about", after_help = "cli-skip-examples")]
pub(crate) struct Args {
    #[command(flatten)]
    tasks: TasksArg,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    act::act(TaskVerb::Skip, "cli-skip-done", &args.tasks.ids(), context)
}
