//! What happened to one task, and what may follow from it.
use std::collections::BTreeSet;

use codeagent_core::{
    AttemptId, Event, Excuse,
    task::{AfterFailure, FinalReason},
};

use crate::campaign::Broken;

/// The limits that the simulated configuration sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    pub(super) initial_delay_ms: u64,
    pub(super) max_delay_ms: u64,
}

/// How an attempt ended, as the world saw it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Succeeded,
    Failed,
    Stopped,
    TooLong,
    NotStarted,
}

/// What happened to a task. Texts are unique in the simulated project, so that they name tasks whatever their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) completed: bool,
    pub(super) taken_back: bool,
    pub(super) failures: u32,
    pub(super) crashes: u32,
    /// The attempt that was claimed: in which life of the server, and how it ended.
    pub(super) attempt: Option<(AttemptId, u64, Option<End>)>,
    /// In which life the last attempt began.
    pub(super) last_life: u64,
    /// Someone ticked the box, or skipped it, while no attempt ran.
    pub(super) said_done: bool,
    pub(super) said_skip: bool,
    /// The running attempt ticked its own box.
    pub(super) own_tick: bool,
    pub(super) asked: BTreeSet<&'static str>,
    /// When the last wait began, and how long it is.
    pub(super) wait: Option<(u64, u64)>,
}

/// What an event is held against: the facts before it.
struct Before<'a> {
    facts: &'a Facts,
    /// How the attempt ended, as far as it is known.
    end: Option<End>,
    /// The server that began it is no more.
    was_cut_off: bool,
}

impl Facts {
    /// What people and agents said since stays said, whatever a power cut took.
    pub(super) fn hear(&mut self, after: Self) {
        self.said_done |= after.said_done;
        self.said_skip |= after.said_skip;
        self.own_tick |= after.own_tick;
        self.asked.extend(after.asked);
    }

    /// Takes the event over; says what is wrong with it.
    pub(super) fn follow(
        &mut self,
        event: &Event,
        limits: Limits,
        life: u64,
        now_ms: u64,
    ) -> Option<(Broken, &'static str)> {
        let facts = self.clone();
        let attempt = facts.attempt.as_ref();
        let before = Before {
            facts: &facts,
            end: attempt.and_then(|(_, _, end)| *end),
            was_cut_off: attempt.is_some_and(|(_, its, _)| *its != life),
        };
        self.wait = None;
        if !matches!(event, Event::TaskStarted { .. } | Event::TaskGivenUp { .. }) {
            self.attempt = None;
        }
        let is_right = match event {
            Event::TaskStarted { attempt_id, .. } => {
                self.attempt = attempt_id.clone().map(|id| (id, life, None));
                (self.own_tick, self.last_life) = (false, life);
                if facts.completed {
                    return Some((Broken::Repeated, "started again after its completion"));
                }
                !facts.taken_back && attempt.is_none()
            }
            Event::TaskCompleted { .. } => {
                (self.completed, self.taken_back) = (true, false);
                if before.end != Some(End::Succeeded) && !(attempt.is_none() && facts.said_done) {
                    return Some((Broken::Lost, "called completed, and nobody has done it or said so"));
                }
                true
            }
            Event::TaskFailed { then, .. } => self.fail(&before, *then, limits, now_ms),
            Event::AttemptExcused { cause, .. } => self.excuse(&before, *cause, limits),
            Event::TaskRetried { .. } => {
                *self = Self { last_life: facts.last_life, ..Self::default() };
                facts.asked.contains("retry")
            }
            Event::TaskRolledBack { .. } => {
                (self.completed, self.taken_back, self.said_done) = (false, true, false);
                facts.asked.contains("rollback")
            }
            _ => false,
        };
        (!is_right).then_some((Broken::Wrong, "this does not follow"))
    }

    fn fail(&mut self, before: &Before<'_>, then: AfterFailure, limits: Limits, now_ms: u64) -> bool {
        let failed = before.end == Some(End::Failed);
        self.own_tick = false;
        // While an attempt that fails runs, boxes are not listened to.
        self.said_done &= before.facts.attempt.is_none();
        match then {
            AfterFailure::Retry(wait) => {
                self.failures += 1;
                let doubled = limits.initial_delay_ms << (self.failures - 1).min(30);
                let most = doubled.min(limits.max_delay_ms);
                self.wait = wait.map(|wait| (now_ms, wait.delay_ms));
                failed && self.failures < limits.attempts && wait.is_some_and(|wait| wait.delay_ms <= most)
            }
            AfterFailure::Final(FinalReason::AttemptLimit) => {
                self.failures += 1;
                before.end == Some(End::TooLong) || (failed && self.failures >= limits.attempts)
            }
            AfterFailure::Final(FinalReason::CrashLimit) => {
                self.crashes += 1;
                before.was_cut_off && self.crashes >= limits.crashes
            }
            AfterFailure::Final(FinalReason::Skipped) => {
                before.facts.said_skip || before.facts.asked.contains("skip")
            }
            AfterFailure::Final(FinalReason::Cancelled) => before.facts.asked.contains("cancel"),
            AfterFailure::Final(FinalReason::Uncertain) => false,
        }
    }

    fn excuse(&mut self, before: &Before<'_>, cause: Excuse, limits: Limits) -> bool {
        // What it put into its own box stands for it: it has neither failed nor succeeded.
        self.said_done |= before.facts.own_tick;
        self.said_skip |= before.facts.own_tick;
        match cause {
            Excuse::Crash => {
                self.crashes += 1;
                before.was_cut_off && self.crashes < limits.crashes
            }
            Excuse::Stop => matches!(before.end, Some(End::Stopped | End::NotStarted)),
            Excuse::Quota => false,
        }
    }
}
