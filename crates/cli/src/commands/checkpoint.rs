//! `codeagent checkpoint verify | export | import | reset | repair`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::args::JsonArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-checkpoint-about",
    after_help = "cli-checkpoint-examples",
    subcommand_help_heading = "cli-heading-commands"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(about = "cli-checkpoint-verify-about", after_help = "cli-checkpoint-verify-examples")]
    Verify(JsonArg),
    #[command(about = "cli-checkpoint-export-about", after_help = "cli-checkpoint-export-examples")]
    Export(ExportArgs),
    #[command(about = "cli-checkpoint-import-about", after_help = "cli-checkpoint-import-examples")]
    Import(ImportArgs),
    #[command(about = "cli-checkpoint-reset-about", after_help = "cli-checkpoint-reset-examples")]
    Reset,
    #[command(about = "cli-checkpoint-repair-about", after_help = "cli-checkpoint-repair-examples")]
    Repair,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-arguments")]
struct ExportArgs {
    #[arg(value_name = "FILE", help = "cli-checkpoint-export-file")]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-arguments")]
struct ImportArgs {
    #[arg(value_name = "FILE", help = "cli-checkpoint-import-file")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let _ = (args, context);
    Ok(Exit::Usage)
}
