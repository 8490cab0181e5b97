//! A random life of a store on the twin, recorded: several processes one after the other, of which some are killed
//! and some meet a failing disk; with what was acknowledged, and when.
use std::path::PathBuf;

use codeagent_core::{ChildIdentity, Command, Now, Origin, State, TaskState, decide, testkit};

use super::{Flaw, Kind, MAIN, fresh, open};
use crate::{
    conformance::{Dice, random_command},
    file::{
        FileStore,
        disk::Disk as _,
        twin::{Log, Twin},
    },
    store::{Decided, ReadState as _, Store as _, StoreError},
};

/// What was done, and what must be left of it.
pub struct Recording {
    /// The disk's operations.
    pub log: Log,
    /// The state after each request, in the order of their commits.
    pub states: Vec<State>,
    acks: Vec<Ack>,
    /// No other has it.
    pub(super) id: u64,
}

/// What is known at one moment; each number is one of a state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Ack {
    /// A power cut leaves at least this.
    pub(super) durable: usize,
    /// The death of the process leaves at least this.
    pub(super) written: usize,
    /// Nothing leaves more than this.
    pub(super) began: usize,
    /// Not while files of the store are gone that nobody but the store itself can replace.
    pub(super) is_judged: bool,
}

impl Recording {
    /// A recording that begins in that state, of what `work` does.
    pub(super) fn of(
        twin: &Twin,
        begin: State,
        id: u64,
        work: impl FnOnce(&mut Worker<'_>) -> Work,
    ) -> Result<Self, Flaw> {
        let mut worker = Worker::new(twin, begin, id);
        match work(&mut worker) {
            Ok(()) => Ok(worker.into_recording(id)),
            Err(End::Flaw(flaw)) => Err(flaw),
            Err(End::Trouble) => Err(Flaw::new(Kind::Wrong, "trouble that was not made".into())),
        }
    }

    /// What was acknowledged when so many operations were done.
    pub(super) fn ack(&self, upto: usize) -> Ack {
        let last = self.log.noted(upto).and_then(|noted| self.acks.get(noted as usize).copied());
        last.unwrap_or(Ack { durable: 0, written: 0, began: 0, is_judged: true })
    }
}

/// What ends a process.
pub(super) enum End {
    /// It died, or its disk failed: the next one goes on.
    Trouble,
    /// The store did what it must not.
    Flaw(Flaw),
}

pub(super) type Work = Result<(), End>;

/// Records the life of so many processes.
///
/// # Errors
/// What went wrong already while it was lived: an open that was refused, an answer that is not the model's.
pub fn record(seed: u64, processes: usize) -> Result<Recording, Flaw> {
    let twin = fresh().map_err(|error| Flaw::new(Kind::Wrong, error.to_string()))?;
    let mut worker = Worker::new(&twin, State::default(), seed);
    for process in 0..processes {
        match worker.process() {
            Ok(()) | Err(End::Trouble) => {}
            Err(End::Flaw(flaw)) => return Err(flaw.in_context(&format!("process {process} of seed {seed}"))),
        }
    }
    Ok(worker.into_recording(seed))
}

/// Does something with a store, keeps the model beside it, and notes what is acknowledged.
pub(super) struct Worker<'t> {
    twin: &'t Twin,
    dice: Dice,
    model: State,
    states: Vec<State>,
    acks: Vec<Ack>,
    seconds: i64,
    has_trouble: bool,
    /// Something was executed ahead: whoever is answered next has it on the disk.
    is_ahead: bool,
}

impl<'t> Worker<'t> {
    fn new(twin: &'t Twin, begin: State, seed: u64) -> Self {
        let dice = Dice(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let (model, states) = (begin.clone(), vec![begin]);
        let mut worker = Self {
            twin,
            dice,
            model,
            states,
            acks: Vec::new(),
            seconds: 0,
            has_trouble: false,
            is_ahead: false,
        };
        worker.note(Ack { durable: 0, written: 0, began: 0, is_judged: true });
        worker
    }

    fn into_recording(self, id: u64) -> Recording {
        Recording { log: self.twin.log(), states: self.states, acks: self.acks, id }
    }

    fn last(&self) -> Ack {
        self.acks.last().copied().unwrap_or(Ack { durable: 0, written: 0, began: 0, is_judged: true })
    }

    fn note(&mut self, ack: Ack) {
        self.twin.note(self.acks.len() as u64);
        self.acks.push(ack);
    }

    /// All that began is durable.
    fn all_durable(&mut self) {
        self.is_ahead = false;
        let began = self.last().began;
        self.note(Ack { durable: began, written: began, began, is_judged: true });
    }

    fn now(&mut self) -> Now {
        self.seconds += 1;
        testkit::at(self.seconds)
    }

    /// One process from its open to its end, whatever that is.
    fn process(&mut self) -> Work {
        let at = self.twin.len() + self.dice.throw(70) as usize;
        self.has_trouble = true;
        match self.dice.throw(6) {
            0 | 1 => self.twin.die_at(at),
            2 => self.twin.fail_at(at, 5, self.dice.throw(2) == 0),
            3 => self.twin.fail_at(at, 28, false),
            _ => self.has_trouble = false,
        }
        let lived = self.open().and_then(|store| {
            let lived = self.live(&store);
            if lived.is_ok() && self.dice.throw(3) == 0 {
                let closed = store.close();
                self.ended(closed)?;
                self.all_durable();
            } else {
                store.abandon();
            }
            lived
        });
        self.twin.revive();
        lived
    }

    /// Opens; what was found must be what may be there, and is durable from now on.
    pub(super) fn open(&mut self) -> Result<FileStore, End> {
        let store = self.ended(open(self.twin))?;
        let found = self.ended(store.view(Clone::clone))?;
        let Ack { written, began, .. } = self.last();
        if !self.states[written..=began].contains(&found) {
            return Err(flaw(Kind::Lost, "what a process left is not what the next one found"));
        }
        (self.model, self.is_ahead) = (found.clone(), false);
        self.states.push(found);
        let here = self.states.len() - 1;
        self.note(Ack { durable: here, written: here, began: here, is_judged: true });
        Ok(store)
    }

    fn live(&mut self, store: &FileStore) -> Work {
        for _ in 0..2 + self.dice.throw(8) {
            match self.dice.throw(16) {
                0..=5 => self.one_caller(store)?,
                6..=8 => self.several_callers(store)?,
                9 => self.note_child(store)?,
                10 => self.ahead(store)?,
                11 | 12 => self.checkpoint(store)?,
                13 => self.checkpoint_beside(store)?,
                14 if !self.has_trouble => self.files_deleted(store)?,
                _ => self.ended(store.keep())?,
            }
        }
        Ok(())
    }

    fn one_caller(&mut self, store: &FileStore) -> Work {
        let commands = self.commands();
        self.submit(store, vec![commands])
    }

    fn several_callers(&mut self, store: &FileStore) -> Work {
        let callers = 2 + self.dice.throw(3);
        let commands = (0..callers).map(|_| self.commands()).collect();
        self.submit(store, commands)
    }

    fn commands(&mut self) -> Vec<Command> {
        (0..=self.dice.throw(3)).map(|_| random_command(&mut self.dice)).collect()
    }

    /// A task of that name comes in.
    pub(super) fn add(&mut self, store: &FileStore, name: &str) -> Work {
        let (id, text) = (testkit::id(name), format!("Do {name}"));
        let add = Command::AddTask { id, text, metadata: None, origin: Origin::Added };
        self.submit(store, vec![vec![add]])
    }

    fn submit(&mut self, store: &FileStore, callers: Vec<Vec<Command>>) -> Work {
        let now = self.now();
        let expected: Vec<Vec<Decided>> =
            callers.iter().map(|commands| self.imagine(commands, now)).collect();
        let before = self.last();
        let began = self.states.len() - 1;
        self.note(Ack { began, ..before });
        for (answer, expected) in store.execute_together(callers, now).into_iter().zip(expected) {
            if self.ended(answer)? != expected {
                return Err(flaw(Kind::Wrong, "an answer is not the model's"));
            }
        }
        if began > before.began || self.is_ahead {
            self.all_durable();
        }
        Ok(())
    }

    /// What the commands of one caller lead to.
    fn imagine(&mut self, commands: &[Command], now: Now) -> Vec<Decided> {
        let decided: Vec<Decided> = commands
            .iter()
            .map(|command| {
                let events = decide(&self.model, command.clone(), now)?;
                events.iter().for_each(|event| self.model.apply(event));
                Ok(events)
            })
            .collect();
        if decided.iter().flatten().flatten().next().is_some() {
            self.states.push(self.model.clone());
        }
        decided
    }

    /// Written, and not waited for.
    fn note_child(&mut self, store: &FileStore) -> Work {
        let running = self.model.tasks().find(|task| task.state() == TaskState::InProgress);
        let Some(id) = running.map(|task| task.id.clone()) else { return Ok(()) };
        let now = self.now();
        let child = ChildIdentity { pid: now.unix_ms as u32, start_ticks: 1, boot_id: "boot".into() };
        let command = Command::RecordChild { id, child };
        self.imagine(std::slice::from_ref(&command), now);
        let began = self.states.len() - 1;
        self.note(Ack { began, ..self.last() });
        let noted = store.note(command, now);
        self.ended(noted)?.map_err(|_| flaw(Kind::Wrong, "a note was refused"))?;
        self.note(Ack { written: began, ..self.last() });
        Ok(())
    }

    /// Answered before it is durable, and then looked at, or not.
    fn ahead(&mut self, store: &FileStore) -> Work {
        let (command, now) = (random_command(&mut self.dice), self.now());
        let expected = self.imagine(std::slice::from_ref(&command), now).pop();
        let (before, began) = (self.last(), self.states.len() - 1);
        self.note(Ack { began, ..before });
        let decided = store.execute_ahead(command, now);
        if Some(self.ended(decided)?) != expected {
            return Err(flaw(Kind::Wrong, "an answer ahead is not the model's"));
        }
        self.is_ahead |= began > before.began;
        self.note(Ack { written: began, ..self.last() });
        if self.dice.throw(2) == 0 {
            let flushed = store.flush();
            self.ended(flushed)?;
            self.all_durable();
        }
        Ok(())
    }

    /// A snapshot, by which all notes become durable too.
    pub(super) fn checkpoint(&mut self, store: &FileStore) -> Work {
        let done = store.checkpoint();
        self.ended(done)?;
        self.all_durable();
        Ok(())
    }

    fn checkpoint_beside(&mut self, store: &FileStore) -> Work {
        let mut beside = Ok(());
        let done = store.checkpoint_beside(|| {
            beside = self.one_caller(store).and_then(|()| self.several_callers(store));
        });
        beside?;
        self.ended(done)
    }

    /// Somebody deletes files under the store; what it acknowledges next must be safe again.
    fn files_deleted(&mut self, store: &FileStore) -> Work {
        let which =
            ["", ".journal-", ".mark-", ".json", ".json.backup", ".lock"][self.dice.throw(6) as usize];
        // Without its journal, or without both snapshots, a store has lost what it had acknowledged, until it
        // notices that: whoever deletes them takes that into account.
        let is_judged = !["", ".journal-"].contains(&which);
        self.note(Ack { is_judged, ..self.last() });
        let paths: Vec<PathBuf> = self.twin.files().into_keys().collect();
        let is_meant = |path: &PathBuf| {
            let name = path.to_string_lossy();
            which.is_empty() || name.ends_with(which) || (which.ends_with('-') && name.contains(which))
        };
        for path in paths.iter().filter(|path| is_meant(path)) {
            let deleted = self.twin.unlink(path);
            deleted.map_err(|error| flaw(Kind::Wrong, &error.to_string()))?;
        }
        let name = format!("added after {} operations", self.twin.len());
        self.add(store, &name)?;
        self.checkpoint(store)
    }

    /// An error ends the process; one that the disk did not cause is a flaw.
    fn ended<T>(&self, result: Result<T, StoreError>) -> Result<T, End> {
        result.map_err(|error| match error {
            StoreError::Io { .. } if self.has_trouble => End::Trouble,
            error => flaw(Kind::NeedsHand, &format!("with {MAIN}: {error}")),
        })
    }
}

fn flaw(kind: Kind, story: &str) -> End {
    End::Flaw(Flaw::new(kind, story.to_owned()))
}
