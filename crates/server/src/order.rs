//! What an agent is told: its argv, environment and input, made from the executor's templates and a task.
use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use codeagent_core::{AttemptId, TaskId};
use codeagent_project::config::{Executor, StdinSource};
use codeagent_runner::{AttemptSpec, PROJECT_DIR_VAR, Stdin};

/// The system refuses an argument or a variable of this size or more (Linux: MAX_ARG_STRLEN, 32 pages).
const MAX_ARG_BYTES: usize = 128 * 1024;

/// One attempt at one task, in the words of the executor's templates.
#[derive(Clone, Debug)]
pub(crate) struct Order<'a> {
    /// The task.
    pub id: &'a TaskId,
    /// Its text.
    pub text: &'a str,
    /// The heading above its line.
    pub heading: &'a str,
    /// Its parents' texts, outermost first, joined by ` / `.
    pub parents: &'a str,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The attempt's unique id.
    pub attempt_id: &'a AttemptId,
    /// A file with the text.
    pub task_file: &'a Path,
    /// The project folder.
    pub project_dir: &'a Path,
    /// The server's session.
    pub session_id: &'a str,
    /// Today, `YYYY-MM-DD`.
    pub date: &'a str,
}

impl Order<'_> {
    /// The process to start for it.
    pub(crate) fn spec(&self, executor: &Executor) -> AttemptSpec {
        let mut words = self.words();
        let prompt = fill(&executor.prompt, &words);
        words.insert("prompt", prompt.clone());
        let argv = executor.command.iter().map(|arg| OsString::from(fill(arg, &words))).collect();
        AttemptSpec {
            env: self.environment(),
            stdin: match executor.stdin {
                StdinSource::None => Stdin::Null,
                StdinSource::Prompt => Stdin::Bytes(prompt.into_bytes()),
            },
            timeout: executor.timeout,
            idle_timeout: executor.idle_timeout,
            kill_grace: executor.kill_grace,
            ..AttemptSpec::new(argv, PathBuf::from(self.project_dir), self.attempt_id.0.to_string())
        }
    }

    fn words(&self) -> HashMap<&'static str, String> {
        HashMap::from([
            ("task_text", self.text.to_owned()),
            ("task_name", self.text.to_owned()),
            ("task_id", self.id.to_string()),
            ("task_file", self.task_file.to_string_lossy().into_owned()),
            ("attempt", self.attempt.to_string()),
            ("project_dir", self.project_dir.to_string_lossy().into_owned()),
            ("date", self.date.to_owned()),
            ("heading", self.heading.to_owned()),
            ("parents", self.parents.to_owned()),
        ])
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut env: Vec<(OsString, OsString)> = vec![
            ("CODEAGENT_TASK_ID".into(), self.id.as_str().into()),
            ("CODEAGENT_TASK_FILE".into(), self.task_file.into()),
            ("CODEAGENT_ATTEMPT".into(), self.attempt.to_string().into()),
            (PROJECT_DIR_VAR.into(), self.project_dir.into()),
            ("CODEAGENT_SESSION_ID".into(), self.session_id.into()),
        ];
        // A text that a variable can't hold is left to the file.
        if self.text.len() + "CODEAGENT_TASK_TEXT=".len() < MAX_ARG_BYTES && !self.text.contains('\0') {
            env.push(("CODEAGENT_TASK_TEXT".into(), self.text.into()));
        }
        env
    }
}

/// Puts the words into the template, in one pass: braces in a task's text are never taken for a place.
/// A name that we don't know stays as it is, with its braces: agents take JSON as arguments.
fn fill(template: &str, words: &HashMap<&'static str, String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let word = from.find('}').and_then(|close| Some((close, words.get(&from[1..close])?)));
        rest = match word {
            Some((close, word)) => {
                filled.push_str(word);
                &from[close + 1..]
            }
            None => {
                filled.push('{');
                &from[1..]
            }
        };
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, template: &str) -> String {
        fill(template, &HashMap::from([("task_text", text.to_owned()), ("task_id", "t1".to_owned())]))
    }

    #[test]
    fn words_are_put_in_once() {
        assert_eq!(with("say {task_id}", "{task_id}: {task_text}!"), "t1: say {task_id}!");
    }

    #[test]
    fn other_braces_stay() {
        assert_eq!(with("x", r#"{"a": {"b": "{task_text}"}} {nope} {"#), r#"{"a": {"b": "x"}} {nope} {"#);
        assert_eq!(with("x", "{{task_text}}"), "{x}");
    }
}
