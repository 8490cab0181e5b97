//! `codeagent stop`.

use codeagent_runner::ATTEMPT_ID_VAR;
use codeagent_server::Access;
use codeagent_server::api::StopKind;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-stop-about",
    after_help = "cli-stop-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[arg(long, help = "cli-stop-now")]
    now: bool,
    #[arg(long, help = "cli-stop-wait")]
    wait: bool,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let (how, done) = match args.now {
        true => (StopKind::Now, "cli-stop-done-now"),
        false => (StopKind::AfterTask, "cli-stop-done"),
    };
    let access = context.access()?;
    let is_own = args.wait && !args.now && is_within_attempt(&access, context)?;
    let server = access.stop(how)?;
    let line = context.say.text(done);
    context.out.line(line)?;
    if is_own {
        context.note(&context.say.text("cli-stop-not-waited"));
    } else if args.wait {
        context.out.flush()?;
        access.wait_for_end(server);
        let line = context.say.text("cli-stop-waited");
        context.out.line(line)?;
    }
    Ok(Exit::Done)
}

/// Whether we were started by the attempt that runs: the server waits for its end, and it would wait for ours.
fn is_within_attempt(access: &Access, context: &Context) -> Result<bool, CliError> {
    let Some(own) = context.env.get(ATTEMPT_ID_VAR) else { return Ok(false) };
    let current = access.status()?.current;
    Ok(current.iter().any(|task| task.attempt_id.as_ref().is_some_and(|id| *id.0 == *own)))
}
