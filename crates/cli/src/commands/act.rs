//! What `retry`, `skip`, `cancel` and `rollback` have in common.

use codeagent_core::TaskId;
use codeagent_project::harmless::one_line;
use codeagent_project::msg;
use codeagent_server::AccessError;
use codeagent_server::api::TaskVerb;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CliError;

/// Longest text of a task that is repeated.
const SHOWN: usize = 100;

/// Says the verb of each task, and what came of it (the catalogue's `done` with `$id` and `$text`). One that refuses is
/// told, and the others have their turn.
pub(crate) fn act(
    verb: TaskVerb,
    done: &'static str,
    tasks: &[TaskId],
    context: &mut Context,
) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    for id in tasks {
        let then = match context.access()?.act(verb, id) {
            Err(error @ AccessError::Refused(_)) => {
                exit = context.tell(&error.into());
                continue;
            }
            then => then?,
        };
        let text = then.map(|task| task.task_text).unwrap_or_default();
        let (id, text) = (one_line(id.as_str(), SHOWN), one_line(&text, SHOWN));
        let line = msg!(context.say, done, id = id, text = text);
        context.out.line(line.trim_end())?;
    }
    Ok(exit)
}
