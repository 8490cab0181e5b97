//! What `run` and `serve` have in common: the log, the live line, the server, and how its end is told.

use std::io::Write;
use std::sync::Arc;

use codeagent_project::config::{Given, Loaded, Override};
use codeagent_project::logging::{self, Console, Format, Level, Settings};
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_server::observe::{Nobody, Observer, Progress};
use codeagent_server::{Ending, Host, Mode, RunRequest, Stop};

use super::config::doubts;
use crate::args::{Global, LevelFlag, LogFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{BadArgument, CliError};
use crate::progress::StatusLine;

/// Flags of both.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-options")]
pub(crate) struct WorkArgs {
    #[arg(long, value_name = "COMMAND", help = "cli-run-exec")]
    exec: Option<String>,
    #[arg(long, value_name = "N", help = "cli-run-max-iterations")]
    max_iterations: Option<u64>,
}

impl WorkArgs {
    /// The keys that they set.
    pub(crate) fn overrides(&self) -> Result<Vec<Override>, CliError> {
        let mut overrides = Vec::new();
        if let Some(command) = &self.exec {
            let words = shell_words::split(command).unwrap_or_default();
            if words.first().is_none_or(String::is_empty) {
                return Err(CliError::Argument(BadArgument::Exec));
            }
            overrides.push(set("executor.command", Given::Words(words), "--exec"));
        }
        if let Some(n) = self.max_iterations {
            overrides.push(set("server.max_iterations", Given::Text(n.to_string()), "--max-iterations"));
        }
        Ok(overrides)
    }
}

fn set(key: &str, value: Given, flag: &str) -> Override {
    Override { key: key.to_owned(), value, flag: flag.to_owned() }
}

/// How a server ended, and where its work stood.
pub(crate) struct Worked {
    pub(crate) ending: Ending,
    pub(crate) progress: Progress,
}

/// Runs a server to its end; one that was asked to restart begins again with the configuration read anew.
pub(crate) fn work(args: &WorkArgs, mode: Mode, context: &mut Context) -> Result<Worked, CliError> {
    let console = Console::stderr();
    let host = Host::new()?;
    let mut former: Option<Loaded> = None;
    loop {
        let project = match (context.load(args.overrides()?), former) {
            // A restart at night must not end the server for a slip in the file.
            (Err(CliError::Config(error)), Some(former)) => {
                let error = error.render(&context.say);
                let line = msg!(context.say, "cli-log-former-config", error = error);
                logging::log(Level::Error, "codeagent.config", &line);
                former
            }
            (project, _) => project?,
        };
        former = Some(project.clone());
        start_log(&project, &console, context);
        log_notices(&project, &context.say);
        if doubts::is_without_task(&project) {
            let line = msg!(context.say, "config-check-no-task", key = "executor.command");
            logging::log(Level::Warning, "codeagent.config", &line);
        }
        let worked = one_server(&host, project, mode, &console, context)?;
        if worked.ending != Ending::Stopped(Stop::Restart) {
            return Ok(worked);
        }
    }
}

fn one_server(
    host: &Host,
    project: Loaded,
    mode: Mode,
    console: &Arc<Console>,
    context: &Context,
) -> Result<Worked, CliError> {
    let catalogue = Arc::new(Catalogue::new(context.say.lang()));
    let status = Arc::new(StatusLine::new(console, &catalogue));
    let observer: Arc<dyn Observer> =
        if context.global.quiet { Arc::new(Nobody) } else { Arc::clone(&status) as _ };
    let quiet = context.global.quiet;
    let banner = Arc::clone(console);
    let print = Box::new(move |line: &str| {
        if !quiet {
            // A reader that went away must not stop the work.
            banner.suspend(|| _ = writeln!(std::io::stdout(), "{line}"));
        }
    });
    let ending = codeagent_server::run(host, RunRequest { project, mode, catalogue, observer, print })?;
    Ok(Worked { ending, progress: status.progress() })
}

/// The log as configured; flags count more. A second server of this process keeps the first one's.
fn start_log(project: &Loaded, console: &Arc<Console>, context: &Context) {
    let config = &project.config.logging;
    let color = config.color && context.global.color.on(console.is_terminal(), &context.env);
    let settings = Settings {
        level: level(&context.global).unwrap_or(config.level),
        format: match context.global.log_format {
            Some(LogFormat::Json) => Format::Json,
            Some(LogFormat::Text) if config.format == Some(Format::Json) => Format::guide(),
            _ => config.format.clone().unwrap_or_else(Format::guide),
        },
        file: config.file.as_deref().map(|file| project.resolve(file)),
        console: config.console,
        color,
        ..Settings::default()
    };
    _ = logging::init(settings, console);
}

/// What the user should know about the configuration, as lines of the log: also of one that programs read.
fn log_notices(project: &Loaded, say: &Catalogue) {
    for notice in &project.notices {
        let level = if notice.is_warning() { Level::Warning } else { Level::Info };
        logging::log(level, "codeagent.config", &notice.render(say));
    }
}

fn level(global: &Global) -> Option<Level> {
    let named = global.log_level.map(|level| match level {
        LevelFlag::Debug => Level::Debug,
        LevelFlag::Info => Level::Info,
        LevelFlag::Warning => Level::Warning,
        LevelFlag::Error => Level::Error,
        LevelFlag::Critical => Level::Critical,
    });
    let by_tone = match (global.quiet, global.verbose) {
        (true, _) => Some(Level::Warning),
        (_, true) => Some(Level::Debug),
        _ => None,
    };
    named.or(by_tone)
}

/// The exit code of an end.
pub(crate) fn exit(ending: Ending) -> Result<Exit, CliError> {
    match ending {
        Ending::Finished { is_list_missing: true, .. } => Err(CliError::ListMissing),
        Ending::Finished { failed: 0, left: 0, .. } => Ok(Exit::Done),
        Ending::Finished { .. } => Ok(Exit::Unfinished),
        Ending::Stopped(Stop::Signal(number)) => Ok(Exit::Signal(u8::try_from(number).unwrap_or(0))),
        Ending::Stopped(Stop::AfterTask | Stop::Restart | Stop::Now) => Ok(Exit::Done),
        Ending::AgentBroken => Err(CliError::AgentBroken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(exec: &str) -> Option<Vec<String>> {
        let args = WorkArgs { exec: Some(exec.to_owned()), max_iterations: None };
        match args.overrides().ok()?.pop()?.value {
            Given::Words(words) => Some(words),
            Given::Text(_) => None,
        }
    }

    #[test]
    fn exec_is_split_like_a_shell_does() {
        let expected = ["./agent.sh", "--say", "it is $HOME", "{task_text}"].map(String::from);
        assert_eq!(words("./agent.sh --say 'it is $HOME' {task_text}"), Some(expected.to_vec()));
        for bad in ["", "  ", "'open", "'' x"] {
            assert_eq!(words(bad), None, "{bad}");
        }
    }
}
