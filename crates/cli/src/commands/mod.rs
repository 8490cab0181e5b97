//! One verb, one file; each has its arguments and a `run`.

mod act;
pub(crate) mod add;
pub(crate) mod cancel;
pub(crate) mod checkpoint;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod restart;
pub(crate) mod retry;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod skip;
pub(crate) mod status;
pub(crate) mod stop;
mod work;
mod would;

use crate::args::Verb;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// Runs a verb.
pub(crate) fn run(verb: Verb, context: &mut Context) -> Result<Exit, CliError> {
    match verb {
        Verb::Run(args) => run::run(&args, context),
        Verb::Serve(args) => serve::run(&args, context),
        Verb::Add(args) => add::run(args, context),
        Verb::List(args) => list::run(&args, context),
        Verb::Show(args) => show::run(&args, context),
        Verb::Status(args) => status::run(&args, context),
        Verb::Log(args) => log::run(&args, context),
        Verb::Retry(args) => retry::run(&args, context),
        Verb::Skip(args) => skip::run(&args, context),
        Verb::Cancel(args) => cancel::run(&args, context),
        Verb::Rollback(args) => rollback::run(&args, context),
        Verb::Stop(args) => stop::run(&args, context),
        Verb::Restart(args) => restart::run(&args, context),
        Verb::Checkpoint(args) => checkpoint::run(&args, context),
        Verb::Config(args) => config::run(&args, context),
        Verb::Init(args) => init::run(&args, context),
        Verb::Demo(args) => demo::run(&args, context),
        Verb::Completions(args) => completions::run(&args, context),
        Verb::Help(args) => help::run(&args, context),
    }
}
