//! Simulated agents: they succeed, fail, hang, print for ever, ignore SIGTERM, meddle with the list and with the
//! checkpoint's files, and outlive their server.
use std::{path::Path, sync::Arc, time::Duration};

use codeagent_checkpoint::file::disk::Disk;
use codeagent_core::{ChildIdentity, TaskId};
use codeagent_runner::{
    AttemptSpec, Ended, Exit, How, Item, Output, SpawnError, StopHandle, Stream,
    survivors::{SurvivorEnded, SurvivorQuery},
};
use codeagent_server::{
    Stop,
    agents::{Agent, Agents},
};

use super::{
    facts::End,
    world::{Inner, Process, World},
};
use crate::campaign::Broken;

/// All agents of a world.
pub(super) struct Troupe(pub(super) Arc<World>);

/// What an agent does once, while it works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    TickOwn,
    MarkOther(char),
    Edit,
    DeleteData,
}

/// One at work.
struct Player {
    world: Arc<World>,
    pid: u32,
    boot: u32,
    text: String,
    spec: AttemptSpec,
    began_ms: u64,
    ends_at_ms: u64,
    how: How,
    prints_every_ms: u64,
    ignores_term: bool,
    acts: Vec<(u64, Act)>,
}

impl Agents for Troupe {
    fn check(&mut self, _: &AttemptSpec) -> Result<(), SpawnError> {
        self.0.cross("check");
        self.0.perhaps();
        self.0.look().may_start(1)
    }

    fn start(&mut self, spec: AttemptSpec) -> Result<Box<dyn Agent>, SpawnError> {
        self.0.cross("start");
        self.0.perhaps();
        let (id, text) = (variable(&spec, "CODEAGENT_TASK_ID"), variable(&spec, "CODEAGENT_TASK_TEXT"));
        let mut inner = self.0.look();
        if let Err(error) = inner.may_start(1) {
            inner.end_attempt(&text, &spec.attempt_id, End::NotStarted);
            return Err(error);
        }
        if !inner.is_quiet && inner.chance.percent(2) {
            inner.end_attempt(&text, &spec.attempt_id, End::TooLong);
            return Err(SpawnError::TooLong { item: Item::Argument(1), bytes: 200_000 });
        }
        inner.tell(|| format!("agent of {text} starts"));
        inner.oracle.agent_starts(&TaskId::new(id), &spec.attempt_id, &text);
        if inner.is_alive(&text) {
            inner.found(Broken::Repeated, format!("two attempts at {text:?} work at the same time"));
        }
        inner.tally.attempts += 1;
        Ok(Box::new(inner.cast(&self.0, text, spec)))
    }

    fn end_survivors(&mut self, _: &Path, _: &[SurvivorQuery], grace: Duration) -> Vec<SurvivorEnded> {
        self.0.cross("survivors");
        let mut inner = self.0.look();
        let mut ended = Vec::new();
        for at in 0..inner.processes.len() {
            let process = inner.processes[at].clone();
            if !process.is_alive {
                continue;
            }
            let gone = !process.hangs;
            inner.now_ms += inner.chance.below(1 + u64::try_from(grace.as_millis()).unwrap_or(0));
            inner.processes[at].is_alive = !gone;
            inner.tell(|| format!("survivor of {} ended: {gone}", process.text));
            ended.push(SurvivorEnded {
                pid: process.pid.cast_signed(),
                attempt_id: process.attempt,
                command: "agent".to_owned(),
                gone,
            });
        }
        ended
    }
}

fn variable(spec: &AttemptSpec, name: &str) -> String {
    let found = spec.env.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Inner {
    fn may_start(&mut self, percent: u64) -> Result<(), SpawnError> {
        if self.is_quiet || !self.chance.percent(percent) {
            return Ok(());
        }
        self.could_not_start = true;
        self.tell(|| "the agent's command is not there".to_owned());
        Err(SpawnError::NotFound { program: "agent".into() })
    }

    /// Chooses what the agent will do.
    fn cast(&mut self, world: &Arc<World>, text: String, spec: AttemptSpec) -> Player {
        let quiet = self.is_quiet;
        let chance = &mut self.chance;
        let (how, lasts_ms) = match chance.below(100) {
            0..55 => (How::Exited(0), chance.magnitude(1, 3_000_000)),
            55..80 => (How::Exited(1), chance.magnitude(1, 3_000_000)),
            80..85 => (How::Signalled(9), chance.magnitude(1, 3_000_000)),
            _ if quiet => (How::Exited(0), 1_000),
            _ => (How::Exited(0), 1_000_000_000), // it hangs, or prints for ever
        };
        let prints_every_ms = if chance.percent(50) { 200_000 } else { u64::MAX / 4 };
        let ignores_term = chance.percent(20);
        let mut acts = Vec::new();
        while !quiet && chance.percent(35) {
            let act = match chance.below(100) {
                0..45 => Act::TickOwn,
                45..60 => Act::MarkOther('x'),
                60..65 => Act::MarkOther('-'),
                65..90 => Act::Edit,
                _ => Act::DeleteData,
            };
            acts.push((self.now_ms + chance.below(lasts_ms.min(3_000_000)), act));
        }
        acts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let pid = 100 + u32::try_from(self.tally.attempts).unwrap_or(0);
        let ends_at_ms = self.now_ms + lasts_ms;
        let hangs = !quiet && self.chance.percent(3);
        self.processes.retain(|process| process.is_alive);
        self.processes.push(Process {
            pid,
            attempt: spec.attempt_id.clone(),
            text: text.clone(),
            is_alive: true,
            ends_at_ms,
            hangs,
        });
        Player {
            world: Arc::clone(world),
            pid,
            boot: self.boot,
            text,
            spec,
            began_ms: self.now_ms,
            ends_at_ms,
            how,
            prints_every_ms,
            ignores_term,
            acts,
        }
    }
}

impl Agent for Player {
    fn identity(&self) -> ChildIdentity {
        let boot_id = format!("boot {}", self.boot).into();
        ChildIdentity { pid: self.pid, start_ticks: self.began_ms / 10, boot_id }
    }

    fn watch(mut self: Box<Self>, output: &mut dyn Output, stop: &StopHandle) -> Ended {
        let ms = |time: Option<Duration>| time.and_then(|time| u64::try_from(time.as_millis()).ok());
        let (timeout, idle) = (ms(self.spec.timeout), ms(self.spec.idle_timeout));
        let mut printed_ms = self.began_ms;
        loop {
            self.world.cross("watch");
            let now = self.world.look().now_ms;
            let times_out = timeout.map_or(u64::MAX, |timeout| self.began_ms + timeout);
            let idles_out = idle.map_or(u64::MAX, |idle| printed_ms + idle);
            if stop.is_requested() {
                return self.ended_by_us(How::Stopped);
            } else if now >= self.ends_at_ms {
                let how = self.how;
                return self.ended(how);
            } else if now >= times_out {
                return self.ended_by_us(How::TimedOut);
            } else if now >= idles_out {
                return self.ended_by_us(How::IdleTimedOut);
            }
            let acts_at = self.acts.last().map_or(u64::MAX, |(at, _)| *at);
            let prints_at = printed_ms + self.prints_every_ms;
            let next = [times_out, idles_out, acts_at, prints_at, self.ends_at_ms].into_iter().min();
            self.world.go_on(next.unwrap_or(now));
            let now = self.world.look().now_ms;
            if now >= prints_at {
                printed_ms = now;
                let _ = output.chunk(Stream::Stdout, b"working\n");
            }
            if now >= acts_at
                && let Some((_, act)) = self.acts.pop()
            {
                self.act(act);
            }
        }
    }
}

/// An agent that nobody watches is ended, unless it is its server that dies.
impl Drop for Player {
    fn drop(&mut self) {
        let mut inner = self.world.look();
        let lives =
            inner.processes.iter().any(|process| process.is_alive && process.attempt == self.spec.attempt_id);
        if lives && inner.dead.is_none() {
            inner.end_attempt(&self.text, &self.spec.attempt_id, End::Stopped);
        }
    }
}

impl Player {
    fn ended_by_us(&mut self, how: How) -> Ended {
        let grace = u64::try_from(self.spec.kill_grace.as_millis()).unwrap_or(0);
        let mut inner = self.world.look();
        let takes = if self.ignores_term { grace } else { inner.chance.below(100) };
        inner.now_ms += takes;
        drop(inner);
        self.ended(how)
    }

    fn ended(&mut self, how: How) -> Ended {
        let mut inner = self.world.look();
        let end = match how {
            How::Exited(0) => End::Succeeded,
            How::Stopped => End::Stopped,
            _ => End::Failed,
        };
        inner.end_attempt(&self.text, &self.spec.attempt_id, end);
        Ended {
            how,
            exit: Exit::Code(0),
            last_lines: vec!["working".to_owned()],
            bytes_out: 8,
            elapsed: Duration::from_millis(inner.now_ms - self.began_ms),
            tree_ended: 0,
            left_over: 0,
            sink_error: None,
        }
    }

    fn act(&self, act: Act) {
        match act {
            Act::TickOwn => self.world.look().mark(&self.text, 'x', true),
            Act::MarkOther(mark) => {
                let mut inner = self.world.look();
                if let Some(text) = inner.some_line(|item| item.text != self.text) {
                    inner.mark(&text, mark, false);
                }
            }
            Act::Edit => self.world.look().edit_list(),
            Act::DeleteData => return self.delete_data(),
        }
        self.world.touch_list();
    }

    /// As `git clean -fdx` does; the guard of a real server notices, perhaps before the next change of the state.
    fn delete_data(&self) {
        let mut inner = self.world.look();
        inner.tell(|| "data/ is deleted".to_owned());
        inner.is_wiped = true;
        let _ = std::fs::remove_dir_all(inner.project.project_dir.join("data"));
        for path in inner.twin.files().keys().filter(|path| path.starts_with(Path::new("/project/data"))) {
            let _ = inner.twin.unlink(path); // on a disk that fails it stays
        }
        let service = inner.service.clone().filter(|_| inner.chance.percent(70));
        drop(inner);
        if let Some(service) = service
            && service.store.keep().is_err()
            && let Some(running) = &service.engine
        {
            self.world.look().stops.push(Stop::Now);
            running.control.request_stop(Stop::Now);
        }
    }
}
