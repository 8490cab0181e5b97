//! `codeagent add`.

use std::io::{self, Read};
use std::path::PathBuf;

use codeagent_project::harmless::one_line;
use codeagent_project::msg;
use codeagent_server::api::NewTask;
use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{BadArgument, CliError};

/// Texts from stdin end here: what is longer is no task.
const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-add-about",
    after_help = "cli-add-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[arg(value_name = "TEXT", help = "cli-add-text", help_heading = "cli-heading-arguments")]
    text: String,
    #[arg(long, value_name = "ID", help = "cli-add-id")]
    id: Option<String>,
    #[arg(long, value_name = "JSON", help = "cli-add-metadata")]
    metadata: Option<String>,
    #[arg(long, help = "cli-arg-json")]
    json: bool,
}

pub(crate) fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let metadata = args.metadata.as_deref().map(object).transpose()?;
    let text = if args.text == "-" { from_stdin()? } else { args.text };
    let task = context.access()?.add(NewTask { text, id: args.id, metadata })?;
    if args.json {
        context.out.json(&task)?;
    } else {
        let (id, text) = (one_line(task.task_id.as_str(), 100), one_line(&task.task_text, 100));
        let line = msg!(context.say, "cli-add-done", id = id, text = text);
        context.out.line(line)?;
    }
    Ok(Exit::Done)
}

fn object(text: &str) -> Result<Value, CliError> {
    let wrong = |why: String| CliError::Argument(BadArgument::Metadata(why));
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(other) => Err(wrong(other.to_string())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn from_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    let read = io::stdin().lock().take(MAX_TEXT_BYTES).read_to_string(&mut text);
    read.map_err(|error| CliError::File(PathBuf::from("-"), error))?;
    Ok(text)
}
