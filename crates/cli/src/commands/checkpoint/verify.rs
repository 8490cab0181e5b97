//! `codeagent checkpoint verify`: each file by itself, and what a start would make of them.

use std::path::Path;

use codeagent_checkpoint::StoreError;
use codeagent_checkpoint::file::admin::{self, Condition, FileReport, VerifyReport};
use codeagent_checkpoint::file::reader::ReadOutcome;
use codeagent_project::harmless::harmless;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_server::notices;
use serde_json::{Map, Value, json};

use crate::args::JsonArg;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;
use crate::text::paint::{Ink, Paint};
use crate::text::rows::Columns;

pub(super) fn run(store: &Path, json: JsonArg, context: &mut Context) -> Result<Exit, CliError> {
    let report = admin::verify(store)?;
    if json.json {
        context.out.json(&as_json(&report))?;
        return match report.outcome {
            Ok(_) => Ok(Exit::Done),
            Err(error) => Err(error.into()),
        };
    }
    table(&report.files, context)?;
    for line in conclusion(&report.outcome?, store, &context.say, context.out.paint) {
        context.out.line(line)?;
    }
    Ok(Exit::Done)
}

fn table(files: &[FileReport], context: &mut Context) -> Result<(), CliError> {
    let headings = ["cli-verify-head-file", "cli-verify-head-condition"].map(|key| context.say.text(key));
    let mut columns = Columns::new(&headings, context.out.window);
    let rows: Vec<_> =
        files.iter().map(|file| (name(&file.path), condition(&file.condition, &context.say))).collect();
    for (name, _) in &rows {
        columns.hold(0, name);
    }
    let paint = context.out.paint;
    if !rows.is_empty() {
        let headings = headings.each_ref().map(String::as_str);
        context.out.line(columns.row(&headings, |_, cell| paint.ink(Ink::Dim, cell)))?;
    }
    for ((name, condition), file) in rows.iter().zip(files) {
        let bad = matches!(file.condition, Condition::Damaged(_) | Condition::Newer(_));
        let ink = |column, cell| if bad && column == 1 { paint.ink(Ink::Bad, cell) } else { cell };
        context.out.line(columns.row(&[name, condition], ink))?;
    }
    Ok(())
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    harmless(&name).into_owned()
}

fn condition(condition: &Condition, say: &Catalogue) -> String {
    match condition {
        Condition::Missing => say.text("cli-verify-missing"),
        Condition::Snapshot { epoch, tasks } => {
            msg!(say, "cli-verify-snapshot", epoch = epoch.to_string(), tasks = *tasks)
        }
        Condition::SavedByOther { tasks } => msg!(say, "cli-verify-saved-by-other", tasks = *tasks),
        Condition::Document { tasks } => msg!(say, "cli-verify-document", tasks = *tasks),
        Condition::Journal { epoch, records, torn_bytes: 0 } => {
            msg!(say, "cli-verify-journal", epoch = epoch.to_string(), records = *records)
        }
        Condition::Journal { epoch, records, torn_bytes } => {
            let (epoch, bytes) = (epoch.to_string(), *torn_bytes);
            msg!(say, "cli-verify-journal-torn", epoch = epoch, records = *records, bytes = bytes)
        }
        Condition::Unused => say.text("cli-verify-unused"),
        Condition::Newer(version) => msg!(say, "cli-verify-newer", version = harmless(version)),
        Condition::Damaged(what) => msg!(say, "cli-verify-damaged", what = harmless(what)),
    }
}

/// What a start would go on from, and what it would have to say.
fn conclusion(outcome: &ReadOutcome, store: &Path, say: &Catalogue, paint: Paint) -> Vec<String> {
    if !outcome.exists {
        let path = store.to_string_lossy();
        return vec![msg!(say, "cli-status-no-checkpoint", path = harmless(&path))];
    }
    let tasks = outcome.state.counts().total();
    let mut lines =
        vec![format!("{} {}", paint.ink(Ink::Good, "✓"), msg!(say, "cli-verify-whole", tasks = tasks))];
    if !outcome.notices.is_empty() {
        lines.push(say.text("cli-verify-would-say"));
    }
    for (_, text) in outcome.notices.iter().flat_map(|notice| notices::lines(notice, say)) {
        lines.push(format!("  {}", harmless(&text)));
    }
    lines
}

fn as_json(report: &VerifyReport) -> Value {
    let files: Vec<_> = report.files.iter().map(file_as_json).collect();
    let (whole, tasks) = match &report.outcome {
        Ok(outcome) => (true, Some(outcome.state.counts().total())),
        Err(_) => (false, None),
    };
    let problems: Vec<_> = match &report.outcome {
        Err(StoreError::Damaged(damage)) => damage.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
        Ok(_) => vec![],
    };
    json!({ "files": files, "whole": whole, "tasks": tasks, "problems": problems })
}

fn file_as_json(file: &FileReport) -> Value {
    let (word, more) = match &file.condition {
        Condition::Missing => ("missing", json!({})),
        Condition::Snapshot { epoch, tasks } => ("snapshot", json!({ "epoch": epoch, "tasks": tasks })),
        Condition::SavedByOther { tasks } => ("saved_by_other", json!({ "tasks": tasks })),
        Condition::Document { tasks } => ("document", json!({ "tasks": tasks })),
        Condition::Journal { epoch, records, torn_bytes } => {
            ("journal", json!({ "epoch": epoch, "records": records, "torn_bytes": torn_bytes }))
        }
        Condition::Unused => ("unused", json!({})),
        Condition::Newer(version) => ("newer", json!({ "version": version })),
        Condition::Damaged(what) => ("damaged", json!({ "what": what })),
    };
    let mut object = Map::new();
    object.insert("path".to_owned(), file.path.to_string_lossy().into());
    object.insert("condition".to_owned(), word.into());
    if let Value::Object(more) = more {
        object.extend(more);
    }
    Value::Object(object)
}
