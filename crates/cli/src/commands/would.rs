//! `run --dry-run`: the plan as the server would make it, from the files as they are; nothing is written.

use codeagent_checkpoint::StoreError;
use codeagent_checkpoint::file::reader;
use codeagent_core::list::Mark;
use codeagent_core::plan::Standing;
use codeagent_core::{Now, Plan, State};
use codeagent_project::config::Loaded;
use codeagent_project::harmless::one_line;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_project::todo::{TodoList, TodoNotice};
use codeagent_server::ServerError;
use codeagent_server::session;

use crate::failure::CliError;
use crate::text::{fit, when};

/// Longest text of a task where there is no window to fit.
const SHOWN: usize = 1_000;

/// What would run, in this order.
pub(crate) struct Would {
    pub(crate) tasks: Vec<WouldRun>,
    /// Open boxes that would not: their tasks are settled.
    pub(crate) settled: Vec<WouldRun>,
    /// What the user should know about the lists.
    pub(crate) notices: Vec<TodoNotice>,
}

/// One task of it.
pub(crate) struct WouldRun {
    id: String,
    text: String,
    standing: Standing,
}

impl Would {
    /// Holds the list against the checkpoint.
    pub(crate) fn of(project: &Loaded, now: Now) -> Result<Self, CliError> {
        let list = TodoList::load(&session::places(project)).map_err(ServerError::from)?;
        let state = state(project)?;
        let may_generate = project.config.server.auto_todo_generation.enabled;
        if list.files().is_empty()
            && !may_generate
            && state.counts().total() == 0
            && state.pruned().len() == 0
        {
            return Err(ServerError::NoList { project_dir: project.project_dir.clone() }.into());
        }
        let plan = Plan::of(&state, list.lines());
        let open = plan.entries.iter().enumerate().filter_map(|(index, entry)| {
            let standing = plan.standing(&state, index, now);
            let is_closed = standing == Standing::Settled && entry.mark != Mark::Open;
            if is_closed || plan.said_by_hand(&state, index).is_some() {
                return None;
            }
            let line = entry.line.and_then(|line| list.lines().get(line)).map(|line| line.text.clone());
            let text = line.or_else(|| state.task(&entry.id).map(|task| task.text.to_string()));
            Some(WouldRun { id: entry.id.to_string(), text: text.unwrap_or_default(), standing })
        });
        let (settled, tasks) = open.partition(|task| task.standing == Standing::Settled);
        Ok(Self { tasks, settled, notices: list.notices().to_vec() })
    }
}

fn state(project: &Loaded) -> Result<State, StoreError> {
    let checkpoint = &project.config.server.checkpoint;
    if !checkpoint.enabled {
        return Ok(State::default());
    }
    Ok(reader::read(&project.resolve(&checkpoint.checkpoint_file))?.state)
}

impl WouldRun {
    /// `  task_2c26b46b68ff  Write tests (in 5 s)`
    pub(crate) fn line(&self, say: &Catalogue, window: Option<usize>) -> String {
        let why = match self.standing {
            Standing::Waiting(ms) => {
                Some(msg!(say, "cli-run-would-wait", time = when::span(ms.div_ceil(1_000), say)))
            }
            Standing::Running => Some(say.text("cli-run-would-recover")),
            Standing::Blocked => Some(say.text("cli-run-would-later")),
            Standing::Ready | Standing::Settled => None,
        };
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let line = format!("  {}  {}{why}", one_line(&self.id, 64), one_line(&self.text, SHOWN));
        window.map_or(line.clone(), |window| fit::cut(&line, window))
    }
}
