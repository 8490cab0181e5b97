//! `codeagent list`.

use clap::ValueEnum;
use codeagent_core::TaskState;
use codeagent_project::harmless::one_line;
use codeagent_project::messages::Catalogue;
use codeagent_server::api::TaskView;

use super::show;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;
use crate::text::out::{Out, Written};
use crate::text::paint::{Ink, signed};
use crate::text::rows::Columns;

/// Longest text that a line shows where there is no window to fit.
const SHOWN: usize = 1_000;

/// What it takes.
#[derive(Debug, clap::Args)]
#[command(
    about = "cli-list-about",
    after_help = "cli-list-examples",
    next_help_heading = "cli-heading-options"
)]
pub(crate) struct Args {
    #[arg(long, value_name = "STATE", value_enum, hide_possible_values = true, help = "cli-list-state")]
    state: Option<StateFlag>,
    #[arg(long, help = "cli-arg-json")]
    json: bool,
}

/// `--state`: the guide's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum StateFlag {
    Pending,
    InProgress,
    Completed,
    Failed,
    RolledBack,
}

impl StateFlag {
    fn state(self) -> TaskState {
        match self {
            Self::Pending => TaskState::Pending,
            Self::InProgress => TaskState::InProgress,
            Self::Completed => TaskState::Completed,
            Self::Failed => TaskState::Failed,
            Self::RolledBack => TaskState::RolledBack,
        }
    }
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let access = context.access()?;
    let tasks = access.tasks(args.state.map(StateFlag::state))?;
    if args.json {
        context.out.json_list("tasks", &tasks)?;
    } else if tasks.is_empty() {
        let is_to_come = args.state.is_none() && access.has_list() && !access.status()?.checkpoint_exists;
        let key = if is_to_come { "cli-list-empty-yet" } else { "cli-list-empty" };
        context.note(&context.say.text(key));
    } else {
        let headings =
            ["cli-list-head-id", "cli-list-head-state", "cli-list-head-attempts", "cli-list-head-text"];
        let headings = headings.map(|key| context.say.text(key));
        table(&tasks, &headings, &context.say, &mut context.out)?;
    }
    Ok(Exit::Done)
}

/// Each task is looked at twice, for the widths and for its line: nothing is kept in between.
fn table(tasks: &[TaskView], headings: &[String; 4], say: &Catalogue, out: &mut Out) -> Written {
    let mut columns = Columns::new(headings, out.window);
    for task in tasks {
        columns.hold(0, &id(task));
        columns.hold(1, &signed(task.state, say));
    }
    let paint = out.paint;
    out.line(columns.row(&headings.each_ref().map(String::as_str), |_, cell| paint.ink(Ink::Dim, cell)))?;
    for task in tasks {
        let text = text(task, say, out.window.unwrap_or(SHOWN));
        let cells = [&*id(task), &signed(task.state, say), &task.attempts.to_string(), &text];
        let ink = Ink::of(task.state);
        out.line(columns.row(&cells, |column, cell| if column == 1 { paint.ink(ink, cell) } else { cell }))?;
    }
    Ok(())
}

/// Ids of other programs may be anything.
fn id(task: &TaskView) -> String {
    one_line(task.task_id.as_str(), 64).into_owned()
}

/// The text; before it, why a task has failed other than by its attempts: that looks alike in the column of states.
fn text(task: &TaskView, say: &Catalogue, width: usize) -> String {
    let text = one_line(&task.task_text, width);
    match show::why_so(task, say).trim_start() {
        "" => text.into_owned(),
        _ if task.final_reason.as_deref() == Some("attempt_limit") => text.into_owned(),
        why => format!("{why} {text}"),
    }
}
