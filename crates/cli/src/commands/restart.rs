//! `codeagent restart`.

use codeagent_server::api::StopKind;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes: nothing.
#[derive(Debug, clap::Args)]
#[command(about = "cli-restart-about", after_help = "cli-restart-examples")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &mut Context) -> Result<Exit, CliError> {
    context.access()?.stop(StopKind::Restart)?;
    let line = context.say.text("cli-restart-done");
    context.out.line(line)?;
    Ok(Exit::Done)
}
