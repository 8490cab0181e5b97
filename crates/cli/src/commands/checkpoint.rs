//! `codeagent checkpoint verify | export | import | reset | repair`.
mod verify;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use codeagent_checkpoint::file::{FileStoreOptions, StoreNotice, admin, reader};
use codeagent_checkpoint::{Clock, StoreError, SystemClock};
use codeagent_project::fs::create_whole;
use codeagent_project::harmless::{harmless, one_line};
use codeagent_project::msg;
use codeagent_server::{end_survivors_in, notices, survivor_line};

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
    let loaded = context.load(vec![])?;
    let store = loaded.resolve(&loaded.config.server.checkpoint.checkpoint_file);
    let is_exchanged = matches!(args.verb, Verb::Import(_) | Verb::Reset);
    let before = is_exchanged.then(|| reader::read(&store).ok()).flatten();
    match &args.verb {
        Verb::Verify(json) => return verify::run(&store, *json, context),
        Verb::Export(args) => export(&store, &args.file, context)?,
        Verb::Import(args) => import(&store, &args.file, context)?,
        Verb::Reset => {
            let report = admin::reset(&store, FileStoreOptions::default())?;
            tell(&report.notices, context)?;
        }
        Verb::Repair => repair(&store, context)?,
    }
    // No server works here, or it would have been refused. The new state does not know what a dead one left running.
    if let Some(before) = before {
        let grace = loaded.config.executor.kill_grace;
        for survivor in end_survivors_in(&before.state, &loaded.project_dir, grace) {
            let line = survivor_line(&survivor, &context.say);
            context.out.line(harmless(&line))?;
        }
    }
    Ok(Exit::Done)
}

/// Never over an existing file: what is exported is often somebody's only copy.
fn export(store: &Path, to: &Path, context: &mut Context) -> Result<(), CliError> {
    if to == Path::new("-") {
        let mut document = Vec::new();
        admin::export(store, &mut document)?;
        return Ok(context.out.raw(&document)?);
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => CliError::Exists(to.to_owned()),
        _ => CliError::File(to.to_owned(), error),
    };
    let mut document = Vec::new();
    admin::export(store, &mut document)?;
    // Half a document must not look like one.
    create_whole(to, &document).map_err(failed)?;
    let shown = to.to_string_lossy();
    let line = msg!(context.say, "cli-checkpoint-exported", path = harmless(&shown));
    Ok(context.out.line(line)?)
}

fn import(store: &Path, from: &Path, context: &mut Context) -> Result<(), CliError> {
    File::open(from).map_err(|error| CliError::File(from.to_owned(), error))?;
    let report = match admin::import(store, from, FileStoreOptions::default()) {
        Err(StoreError::Damaged(damage)) if damage.iter().all(|damage| damage.path == from) => {
            return Err(CliError::NoDocument(damage));
        }
        imported => imported?,
    };
    tell(&report.notices, context)?;
    let shown = from.to_string_lossy();
    let line = msg!(context.say, "cli-checkpoint-imported", path = harmless(&shown));
    Ok(context.out.line(line)?)
}

fn repair(store: &Path, context: &mut Context) -> Result<(), CliError> {
    let report = match admin::repair(store, SystemClock.now(), FileStoreOptions::default()) {
        Err(StoreError::Damaged(damage)) => return Err(CliError::NothingToSalvage(damage)),
        repaired => repaired?,
    };
    if !report.was_needed {
        let line = context.say.text("cli-checkpoint-whole");
        return Ok(context.out.line(line)?);
    }
    tell(&report.notices, context)?;
    let uncertain = report.uncertain.len();
    let line = msg!(
        context.say,
        "cli-checkpoint-repaired",
        tasks = report.tasks,
        events = report.events,
        uncertain = uncertain
    );
    context.out.line(line)?;
    for id in &report.uncertain {
        context.out.line(format_args!("  {}", one_line(id.as_str(), 100)))?;
    }
    Ok(())
}

/// What became of the files.
fn tell(notices: &[StoreNotice], context: &mut Context) -> Result<(), CliError> {
    for (_, text) in notices.iter().flat_map(|notice| notices::lines(notice, &context.say)) {
        context.out.line(harmless(&text))?;
    }
    Ok(())
}
