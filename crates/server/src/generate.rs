//! A new TODO list when the old one is done: written by a command, recorded, archived and made current.
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use codeagent_checkpoint::clock::Clock;
use codeagent_core::TaskId;
use codeagent_project::{
    config::{AutoTodoGeneration, Executor},
    msg,
    sessions::{Generation, SessionTracker},
    todo::{
        TodoError,
        generated::{self, MadeCurrent},
    },
};
use codeagent_runner::{AttemptSpec, PROJECT_DIR_VAR, StopHandle, Stream, Verdict};

use crate::{
    agents::Agents,
    chronicle::{Chronicle, brief},
    control::Control,
    say,
};

/// The attempt id that a session's generating command carries, so that a crash leaves no survivor unfound.
pub(crate) fn attempt_id(session_id: &str) -> String {
    format!("generate-{session_id}")
}

/// Has new lists written.
#[derive(Debug)]
pub(crate) struct Generator {
    /// What is set.
    pub config: AutoTodoGeneration,
    /// The project folder.
    pub project_dir: PathBuf,
    /// Where generated lists are put: `output_dir` in the project folder.
    pub output_dir: PathBuf,
    /// Counts and records.
    pub tracker: SessionTracker,
    /// Limits of the command: those of the executor.
    pub timeout: Option<Duration>,
    /// Time without output.
    pub idle_timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// Lists larger than this are refused.
    pub max_bytes: u64,
}

/// What came of the wish for a new list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generated {
    /// There is one, with something to do.
    Tasks,
    /// None was due (the session's limit), or there is nothing to do in it.
    Nothing,
    /// None could be written.
    Failed,
}

/// Why no list came of it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Todo(#[from] TodoError),
    #[error("{0}")]
    Said(String),
}

impl Generator {
    /// For a session.
    pub(crate) fn new(
        config: AutoTodoGeneration,
        executor: &Executor,
        project_dir: &Path,
        output_dir: PathBuf,
        tracker: SessionTracker,
        max_bytes: u64,
    ) -> Self {
        Self {
            config,
            project_dir: project_dir.to_owned(),
            output_dir,
            tracker,
            timeout: executor.timeout,
            idle_timeout: executor.idle_timeout,
            kill_grace: executor.kill_grace,
            max_bytes,
        }
    }

    /// Has a list written if the session may still do so. What goes wrong is said.
    pub(crate) fn generate(
        &mut self,
        agents: &mut dyn Agents,
        clock: &dyn Clock,
        control: &Control,
        chronicle: &Chronicle,
    ) -> Generated {
        if !self.tracker.can_generate(u64::from(self.config.max_generations_per_session)) {
            tracing::info!("{}", chronicle.catalogue().text("server-generation-limit"));
            return Generated::Nothing;
        }
        tracing::info!("{}", chronicle.catalogue().text("server-generation-started"));
        match self.try_generate(agents, clock, control, chronicle) {
            Ok(tasks) => {
                tracing::info!(
                    "{}",
                    msg!(chronicle.catalogue(), "server-generation-done", count = tasks.to_string())
                );
                if tasks > 0 { Generated::Tasks } else { Generated::Nothing }
            }
            Err(failure) => {
                let error = match &failure {
                    Failure::Todo(error) => error.render(chronicle.catalogue()),
                    other => brief(&other.to_string()),
                };
                tracing::error!("{}", msg!(chronicle.catalogue(), "server-generation-failed", error = error));
                Generated::Failed
            }
        }
    }

    fn try_generate(
        &mut self,
        agents: &mut dyn Agents,
        clock: &dyn Clock,
        control: &Control,
        chronicle: &Chronicle,
    ) -> Result<usize, Failure> {
        let session = self.tracker.current_session_id().to_owned();
        let target = generated::target(&self.output_dir, &session)?;
        self.run_command(&target, &session, agents, control, chronicle)?;
        if !target.exists() {
            let path = target.display();
            return Err(Failure::Said(msg!(chronicle.catalogue(), "server-generation-no-list", path = path)));
        }
        let count = generated::count(&target, self.max_bytes)?;
        let made = generated::make_current(&self.output_dir, &target, &session, self.max_bytes)?;
        if let Some(now) = clock.now().local.to_civil() {
            let todo_file = target.display().to_string();
            let generation = Generation { todo_file, task_count: count.tasks, metadata: Default::default() };
            self.tracker.record_generation(now, generation)?;
        }
        Ok(match made {
            MadeCurrent::CurrentHasOpenTasks(_) => 0,
            MadeCurrent::Made { .. } | MadeCurrent::Already => count.open,
        })
    }

    fn run_command(
        &self,
        target: &Path,
        session: &str,
        agents: &mut dyn Agents,
        control: &Control,
        chronicle: &Chronicle,
    ) -> Result<(), Failure> {
        let said = |error| Failure::Said(say::spawn_error(chronicle.catalogue(), &error));
        let agent = agents.start(self.spec(target, session)).map_err(said)?;
        let stop = StopHandle::new()?;
        control.claim_begins(&TaskId::new("generate"));
        control.attempt_began(&stop);
        let mut nowhere = |_: Stream, _: &[u8]| Ok(());
        let ended = agent.watch(&mut nowhere, &stop);
        let _ = control.attempt_ended();
        control.attempt_settled();
        match ended.verdict() {
            Verdict::Succeeded => Ok(()),
            Verdict::Failed | Verdict::Stopped => Err(Failure::Said(chronicle.error_message(&ended))),
        }
    }

    fn spec(&self, target: &Path, session: &str) -> AttemptSpec {
        let words = [
            ("{todo_file}", target.to_string_lossy().into_owned()),
            ("{session_id}", session.to_owned()),
            ("{project_dir}", self.project_dir.to_string_lossy().into_owned()),
        ];
        let fill = |arg: &String| words.iter().fold(arg.clone(), |arg, (name, word)| arg.replace(name, word));
        AttemptSpec {
            env: vec![
                ("CODEAGENT_TODO_FILE".into(), target.into()),
                ("CODEAGENT_SESSION_ID".into(), session.into()),
                (PROJECT_DIR_VAR.into(), self.project_dir.clone().into()),
            ],
            timeout: self.timeout,
            idle_timeout: self.idle_timeout,
            kill_grace: self.kill_grace,
            ..AttemptSpec::new(
                self.config.command.iter().map(|arg| fill(arg).into()).collect(),
                self.project_dir.clone(),
                attempt_id(session),
            )
        }
    }
}
