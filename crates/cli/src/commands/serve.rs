//! `codeagent serve`.

use codeagent_server::Mode;

use super::work::{self, WorkArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(about = "cli-serve-about", after_help = "cli-serve-examples")]
pub(crate) struct Args {
    #[command(flatten)]
    work: WorkArgs,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    work::exit(work::work(&args.work, Mode::Serve, context)?.ending)
}
