//! `codeagent demo`: a scratch project whose server is killed half-way, started again, and held to its promises.
mod ledger;
mod project;

use std::{
    io,
    path::Path,
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use codeagent_core::TaskState;
use codeagent_project::{config::ConfigRequest, msg};
use codeagent_server::{Access, api::TaskView};

use self::{
    ledger::{Ledger, Summary},
    project::Scratch,
};
use crate::{context::Context, exit::Exit, failure::CliError, text::paint::Ink};

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-demo-about",
    after_help = "cli-demo-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[arg(long, help = "cli-demo-keep")]
    keep: bool,
}

/// How long each part may take before the demo gives up: it says so rather than hang.
const PATIENCE: Duration = Duration::from_secs(50);

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let scratch = Scratch::make(&context.say)?;
    tell(context, &msg!(context.say, "demo-intro", path = scratch.dir().display()))?;
    for line in scratch.todo()?.lines() {
        tell(context, &format!("    {line}"))?;
    }

    tell_step(context, "demo-first-start")?;
    let before = start_and_kill(&scratch, context)?;

    tell_step(context, "demo-second-start")?;
    let status = wait(start(scratch.dir(), context)?)?;

    let summary = Summary::of(&before, &Ledger::read(scratch.dir())?, &tasks(scratch.dir())?);
    show(&summary, context)?;
    let path = scratch.finish(args.keep)?;
    if let Some(path) = path {
        tell(context, &msg!(context.say, "demo-kept", path = path.display()))?;
    }
    // One task can't be done, so a finished list ends with 1.
    let is_as_promised = summary.is_as_promised() && status.code() == Some(1);
    if !is_as_promised {
        tell(context, &msg!(context.say, "demo-broken", status = status.to_string()))?;
    }
    Ok(if is_as_promised { Exit::Done } else { Exit::Unfinished })
}

/// Starts the server and kills it in the middle of the long task. Answers what was completed by then.
fn start_and_kill(scratch: &Scratch, context: &mut Context) -> Result<Ledger, CliError> {
    let mut server = start(scratch.dir(), context)?;
    let began = Instant::now();
    while !Ledger::read(scratch.dir())?.was_started("build") {
        if server.0.try_wait()?.is_some() || began.elapsed() > PATIENCE {
            server.0.kill()?;
            return Err(io::Error::other(context.say.text("demo-never-came")).into());
        }
        pause(Duration::from_millis(20));
    }
    pause(Duration::from_millis(700));
    let pid = server.0.id().to_string();
    server.0.kill()?; // SIGKILL: no good-bye, no clean-up
    server.0.wait()?;
    let before = Ledger::read(scratch.dir())?;
    let text = msg!(context.say, "demo-killed", pid = pid);
    let text = context.out.paint.ink(Ink::Bad, text);
    tell(context, &format!("\n⚡ {text}"))?;
    Ok(before)
}

/// This very program, on the scratch project.
fn start(dir: &Path, context: &mut Context) -> Result<Server, CliError> {
    context.out.flush()?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("--project").arg(dir).arg("--lang").arg(context.say.lang().code()).arg("run");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CODEAGENT_") || name == "PROJECT_DIR" {
            command.env_remove(name); // the demo's own configuration counts
        }
    }
    Ok(Server(command.stdin(Stdio::null()).spawn()?))
}

/// A server that does not outlive the demo, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already unless the demo broke off.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(mut server: Server) -> Result<ExitStatus, CliError> {
    let began = Instant::now();
    loop {
        if let Some(status) = server.0.try_wait()? {
            return Ok(status);
        }
        if began.elapsed() > PATIENCE {
            server.0.kill()?;
        }
        pause(Duration::from_millis(20));
    }
}

/// A wait that nothing has to end: the demo's own signals end the demo.
fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

fn tasks(dir: &Path) -> Result<Vec<TaskView>, CliError> {
    let request = ConfigRequest {
        project_flag: Some(dir.to_owned()),
        current_dir: dir.to_owned(),
        ..ConfigRequest::default()
    };
    let project = codeagent_project::config::load(&request)?;
    Ok(Access::open(&project).tasks(None)?)
}

fn show(summary: &Summary, context: &mut Context) -> Result<(), CliError> {
    tell_step(context, "demo-summary")?;
    for task in &summary.tasks {
        let (sign, ink) = match task.state {
            TaskState::Completed => ("✓", Ink::Good),
            _ => ("✗", Ink::Bad),
        };
        let sign = context.out.paint.ink(ink, sign);
        let state =
            context.say.text(if task.state == TaskState::Completed { "demo-done" } else { "demo-failed" });
        let attempts = msg!(
            context.say,
            "demo-attempts",
            count = u64::from(task.attempts),
            crashes = u64::from(task.crashes)
        );
        tell(context, &format!("    {sign} {:<11} {state} {attempts}", task.task_id.as_str()))?;
    }
    let counts = msg!(
        context.say,
        "demo-counts",
        before = summary.completed_before,
        kept = summary.kept,
        lost = summary.lost,
        repeated = summary.repeated
    );
    tell(context, "")?;
    tell(context, &counts)
}

fn tell_step(context: &mut Context, key: &str) -> Result<(), CliError> {
    let text = context.say.text(key);
    let text = context.out.paint.ink(Ink::Bold, text);
    tell(context, &format!("\n▶ {text}"))
}

/// At once: the server's own lines come in between.
fn tell(context: &mut Context, text: &str) -> Result<(), CliError> {
    context.out.line(text)?;
    Ok(context.out.flush()?)
}
