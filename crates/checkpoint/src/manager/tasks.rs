//! The life of tasks: added, started, worked on in steps, ended.
use codeagent_core::{Command, Origin, RawJson, Refusal, StartAgain, TaskId};

use super::{CheckpointManager, ManagerError, Outcome, checked, server::last};
use crate::{
    document,
    store::{Decided, StoreError},
};

impl CheckpointManager {
    /// `add_task`. The metadata is a JSON object; it may hold what Python writes (`NaN`). A task of that id
    /// that exists, or existed and was completed, is left as it is.
    ///
    /// # Errors
    /// [`ManagerError`]: metadata that is no JSON object, or an error of the store.
    pub fn add_task(
        &self,
        id: &TaskId,
        text: &str,
        metadata: Option<RawJson>,
    ) -> Result<Outcome, ManagerError> {
        let metadata = match metadata {
            Some(metadata) => document::metadata(metadata.as_str())
                .map_err(|source| ManagerError::BadJson { what: "metadata", source })?,
            None => None,
        };
        let command = Command::AddTask { id: id.clone(), text: text.into(), metadata, origin: Origin::Added };
        Ok(self.act(command)?)
    }

    /// `mark_task_start`. A task that an earlier process left running is taken as cut off by a crash and begins
    /// again; what failed may always be started, since the guide's caller decides.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn mark_task_start(&self, id: &TaskId) -> Result<Outcome, StoreError> {
        let mut commands: Vec<_> = self.reset_if_left_running(id)?.into_iter().collect();
        commands.push(start(id));
        self.act_all(commands).map(last)
    }

    /// `mark_task_completed`. The result is any JSON value.
    ///
    /// # Errors
    /// [`ManagerError`]: a result that is no JSON, or an error of the store.
    pub fn mark_task_completed(&self, id: &TaskId, result: Option<RawJson>) -> Result<Outcome, ManagerError> {
        let result = checked("result", result)?.filter(|result| result.as_str() != "null");
        Ok(self.act(Command::CompleteTask { id: id.clone(), result })?)
    }

    /// `mark_task_failed`. Whether it is tried again is the caller's to decide ([`Self::should_retry_task`]).
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn mark_task_failed(&self, id: &TaskId, error_message: &str) -> Result<Outcome, StoreError> {
        self.act(Command::FailTask { id: id.clone(), error: error_message.into(), policy: None })
    }

    /// `update_instruction_progress`: step `instruction_num` of `total_instructions` is done; steps count from 1.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn update_instruction_progress(
        &self,
        id: &TaskId,
        instruction_num: u32,
        total_instructions: u32,
    ) -> Result<Outcome, StoreError> {
        self.act(Command::CompleteStep { id: id.clone(), step: instruction_num, total: total_instructions })
    }

    /// `start_task`: adds the task if nobody knows it, and starts it; both become durable together.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn start_task(&self, todo_item: &str, id: &TaskId) -> Result<Outcome, StoreError> {
        let add = Command::AddTask {
            id: id.clone(),
            text: todo_item.into(),
            metadata: None,
            origin: Origin::Added,
        };
        let mut commands = vec![add];
        commands.extend(self.reset_if_left_running(id)?);
        commands.push(start(id));
        self.act_all(commands).map(|decided| added_and_started(&decided))
    }

    /// `end_task`: completed, or failed with that message.
    ///
    /// # Errors
    /// As [`Store::execute_all`](crate::Store::execute_all).
    pub fn end_task(
        &self,
        id: &TaskId,
        success: bool,
        error_message: Option<&str>,
    ) -> Result<Outcome, StoreError> {
        let id = id.clone();
        self.act(if success {
            Command::CompleteTask { id, result: None }
        } else {
            Command::FailTask { id, error: error_message.unwrap_or_default().into(), policy: None }
        })
    }
}

fn start(id: &TaskId) -> Command {
    Command::StartTask { id: id.clone(), attempt_id: None, anew: StartAgain::Always }
}

/// That a task exists is no news to who wants it started; that it could not come in, is.
fn added_and_started(decided: &[Decided]) -> Outcome {
    match (decided.first(), decided.last()) {
        (Some(Err(why)), Some(Err(Refusal::UnknownTask(_)))) => Outcome::Ignored(why.clone()),
        (_, Some(Err(why))) => Outcome::Ignored(why.clone()),
        _ => Outcome::Done,
    }
}
