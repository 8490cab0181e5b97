//! `codeagent help`: the same as `--help` behind a command.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{BadArgument, CliError};
use crate::speech;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-help-about",
    after_help = "cli-help-examples",
    next_help_heading = "cli-heading-arguments"
)]
pub(crate) struct Args {
    #[arg(value_name = "COMMAND", help = "cli-help-command")]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let mut command = speech::command(&context.say);
    for name in &args.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| CliError::Argument(BadArgument::NoSuchCommand(name.clone())))?;
    }
    let help = command.render_help();
    let color = context.global.color.on(context.out.terminal, &context.env);
    let text = if color { help.ansi().to_string() } else { help.to_string() };
    context.out.raw(text.as_bytes())?;
    Ok(Exit::Done)
}
