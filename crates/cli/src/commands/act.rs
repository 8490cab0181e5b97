//! What `retry`, `skip`, `cancel` and `rollback` have in common.

use codeagent_core::TaskId;
use codeagent_project::harmless::one_line;
use codeagent_project::msg;
use codeagent_server::api::TaskVerb;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// Longest text of a task that is repeated.
const SHOWN: usize = 100;

/// Says the verb of each task, and what came of it (the catalogue's `done` with `$id` and `$text`), up to the first
/// that refuses.
pub(crate) fn act(
    verb: TaskVerb,
    done: &'static str,
    tasks: &[TaskId],
    context: &mut Context,
) -> Result<Exit, CliError> {
    for id in tasks {
        let then = context.access()?.act(verb, id)?;
        let text = then.map(|task| task.task_text).unwrap_or_default();
        let (id, text) = (one_line(id.as_str(), SHOWN), one_line(&text, SHOWN));
        let line = msg!(context.say, done, id = id, text = text);
        context.out.line(line.trim_end())?;
    }
    Ok(Exit::Done)
}
