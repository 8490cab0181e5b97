//! `codeagent init`: a configuration and a first TODO list, where there is none.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use codeagent_project::config::template;
use codeagent_project::fs::{create_new_private, create_private_dirs};
use codeagent_project::harmless::harmless;
use codeagent_project::msg;
use codeagent_project::todo::{TodoList, TodoPlaces};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// What it takes: nothing.
#[derive(Debug, clap::Args)]
#[command(about = "cli-init-about", after_help = "cli-init-examples")]
pub(crate) struct Args {}

/// TODO files are only looked for here, not read to their end.
const ENOUGH_BYTES: u64 = 64 * 1024 * 1024;

pub(crate) fn run(_: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let dir = context.project_dir()?;
    let config = dir.join("config/config.yaml");
    let folder = dir.join("config");
    create_private_dirs(&folder).map_err(|error| CliError::File(folder, error))?;
    let text = template(context.say.lang());
    let made = write_new(&config, &text)?;
    tell(context, made, &config)?;

    let todo = dir.join("todo.md");
    match existing_list(&dir) {
        Some(found) => tell(context, false, &found)?,
        None => {
            let text = context.say.text("cli-init-todo");
            let made = write_new(&todo, &format!("{text}\n"))?;
            tell(context, made, &todo)?;
        }
    }
    context.note(&context.say.text("cli-init-next"));
    Ok(Exit::Done)
}

/// A list that can't be read is there, too: it must not get a rival.
fn existing_list(dir: &Path) -> Option<PathBuf> {
    let places = TodoPlaces::new(dir, "md", ENOUGH_BYTES);
    match TodoList::load(&places) {
        Ok(list) => list.files().first().cloned(),
        Err(_) => Some(dir.to_owned()),
    }
}

/// False where there is such a file already.
fn write_new(path: &Path, text: &str) -> Result<bool, CliError> {
    let written = create_new_private(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(CliError::File(path.to_owned(), error)),
    }
}

fn tell(context: &mut Context, made: bool, path: &Path) -> Result<(), CliError> {
    let path = path.to_string_lossy();
    let key = if made { "cli-init-made" } else { "cli-init-kept" };
    let line = msg!(context.say, key, path = harmless(&path));
    Ok(context.out.line(line)?)
}
