//! `codeagent config show | check | schema`.
pub(crate) mod doubts;

use std::collections::BTreeMap;

use clap::Subcommand;
use codeagent_project::config::{Loaded, Notice, Origin, Row, schema_json};
use codeagent_project::harmless::harmless;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use serde::Serialize;

use crate::args::JsonArg;
use crate::context::{Context, complain, tell_notices};
use crate::exit::Exit;
use crate::failure::CliError;
use crate::text::out::{Out, Written};
use crate::text::paint::Ink;
use crate::text::rows::Columns;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-config-about",
    after_help = "cli-config-examples",
    subcommand_help_heading = "cli-heading-commands"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(about = "cli-config-show-about", after_help = "cli-config-show-examples")]
    Show(JsonArg),
    #[command(about = "cli-config-check-about", after_help = "cli-config-check-examples")]
    Check,
    #[command(about = "cli-config-schema-about", after_help = "cli-config-schema-examples")]
    Schema,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match args.verb {
        Verb::Show(json) => show(json, context)?,
        Verb::Check => check(context)?,
        Verb::Schema => context.out.json(&schema_json(context.say.lang()))?,
    }
    Ok(Exit::Done)
}

fn show(json: JsonArg, context: &mut Context) -> Result<(), CliError> {
    let loaded = context.load(vec![])?;
    tell_notices(&loaded, context);
    if json.json {
        return Ok(context.out.json(&Shown::of(&loaded))?);
    }
    let headings = ["cli-config-head-key", "cli-config-head-origin", "cli-config-head-value"];
    let headings = headings.map(|key| context.say.text(key));
    Ok(table(&loaded.rows, &headings, &context.say, &mut context.out)?)
}

/// What is in the file counts most where something is wrong, so its errors come first and end the check. After a
/// warning nothing is called fine.
fn check(context: &mut Context) -> Result<(), CliError> {
    let loaded = context.load(vec![])?;
    tell_notices(&loaded, context);
    let doubts = doubts::of(&loaded, &context.say);
    for doubt in &doubts {
        complain(&format!("{}: {doubt}", context.say.text("cli-label-warning")));
    }
    let warned = !doubts.is_empty() || loaded.notices.iter().any(Notice::is_warning);
    let line = match &loaded.config_path {
        Some(path) => {
            let key = if warned { "config-check-readable" } else { "cli-config-fine" };
            msg!(context.say, key, path = harmless(&path.to_string_lossy()))
        }
        None => {
            let dir = loaded.project_dir.to_string_lossy();
            msg!(context.say, "cli-config-none", dir = harmless(&dir))
        }
    };
    Ok(context.out.line(line)?)
}

fn table(rows: &[Row], headings: &[String; 3], say: &Catalogue, out: &mut Out) -> Written {
    let mut columns = Columns::new(headings, out.window);
    let origins: Vec<String> = rows.iter().map(|row| origin(&row.origin, say)).collect();
    for (row, origin) in rows.iter().zip(&origins) {
        columns.hold(0, row.key);
        columns.hold(1, origin);
    }
    let paint = out.paint;
    out.line(columns.row(&headings.each_ref().map(String::as_str), |_, cell| paint.ink(Ink::Dim, cell)))?;
    for (row, origin) in rows.iter().zip(&origins) {
        let set = row.origin != Origin::Default;
        let ink = |column, cell| if set && column == 2 { paint.ink(Ink::Active, cell) } else { cell };
        out.line(columns.row(&[row.key, origin, &row.value_text()], ink))?;
    }
    Ok(())
}

fn origin(origin: &Origin, say: &Catalogue) -> String {
    match origin {
        Origin::Default => say.text("cli-config-default"),
        Origin::Set(place) => place.to_string(),
    }
}

/// `config show --json`.
#[derive(Serialize)]
struct Shown<'a> {
    project_dir: std::borrow::Cow<'a, str>,
    config_file: Option<std::borrow::Cow<'a, str>>,
    values: BTreeMap<&'a str, ShownValue>,
}

#[derive(Serialize)]
struct ShownValue {
    value: serde_json::Value,
    origin: String,
}

impl<'a> Shown<'a> {
    fn of(loaded: &'a Loaded) -> Self {
        let value = |row: &Row| ShownValue { value: row.value.to_json(), origin: row.origin.to_string() };
        Self {
            project_dir: loaded.project_dir.to_string_lossy(),
            config_file: loaded.config_path.as_ref().map(|path| path.to_string_lossy()),
            values: loaded.rows.iter().map(|row| (row.key, value(row))).collect(),
        }
    }
}
