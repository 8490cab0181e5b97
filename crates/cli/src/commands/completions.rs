//! `codeagent completions`.

use clap_complete::Shell;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;
use crate::speech;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-completions-about",
    after_help = "cli-completions-examples",
    next_help_heading = "cli-heading-arguments"
)]
pub(crate) struct Args {
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true, help = "cli-completions-shell")]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    // clap_complete panics where it can't write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut speech::command(&context.say), "codeagent", &mut script);
    context.out.raw(&script)?;
    Ok(Exit::Done)
}
