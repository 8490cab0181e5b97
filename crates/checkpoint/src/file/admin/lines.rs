//! Single lines of a ruined snapshot: ours has one task a line, and its place in the history on lines of its own.
//!
//! A line is as of its file's `last_lsn`, which is believed where a journal says the same with its checksum. Where the
//! place is lost or not believed, the line itself says which events it contains ([`contained`]):
//!
//! * a completed task contains all, up to the first by which a person took the completion back later;
//! * any other contains every start up to the last that is not later than its own, and, unless it still runs, the
//!   excuse of that attempt. What follows is applied: ends are the same when they are applied twice, starts and
//!   excuses are what is counted.
use codeagent_core::{Event, Fingerprint, Phase, Task, TaskState, task::AfterFailure, task::FinalReason};

use crate::document::{self, SnapshotMeta};

/// What was read of one file.
pub(super) struct Lines {
    pub(super) tasks: Vec<Task>,
    pub(super) pruned: Vec<Fingerprint>,
    /// Where the file says that it stands: nothing vouches for it.
    pub(super) meta: Option<SnapshotMeta>,
}

impl Lines {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut lines = Self { tasks: Vec::new(), pruned: Vec::new(), meta: None };
        let mut members = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            let line = line.strip_suffix(b",").unwrap_or(line);
            match line.first() {
                Some(b'{') => {
                    lines.tasks.extend(read(line, b"").into_iter().flat_map(|it| it.tasks.into_tasks()))
                }
                Some(b'"') if is_place(line) => members.push(line),
                Some(b'"') => {
                    let own = [b"\"pruned\":[", line, b"]"].concat();
                    lines.pruned.extend(read(b"", &own).into_iter().flat_map(|it| it.pruned));
                }
                _ => {}
            }
        }
        lines.meta = read(b"", &members.join(&b','))
            .and_then(|document| document.meta)
            .filter(|meta| meta.last_lsn < u64::MAX);
        lines
    }
}

fn read(tasks: &[u8], own: &[u8]) -> Option<document::Document> {
    let whole = [b"{\"version\":\"1.0\",\"tasks\":[", tasks, b"],\"codeagent\":{", own, b"}}"].concat();
    document::read(&whole).ok()
}

fn is_place(line: &[u8]) -> bool {
    let keys: [&[u8]; 5] = [b"\"store_id\":", b"\"epoch\":", b"\"clean\":", b"\"last_lsn\":", b"\"chain\":"];
    keys.iter().any(|key| line.starts_with(key))
}

/// The number of the last of the task's records that its line contains. `events` are the task's, with their numbers.
pub(super) fn contained(line: &Task, events: &[(u64, &Event)]) -> u64 {
    if line.state() == TaskState::Completed {
        let is_taken_back = |event: &Event| match event {
            Event::TaskRetried { at, .. } | Event::TaskRolledBack { at, .. } => Some(*at) > line.end_time,
            _ => false,
        };
        let taken_back = events.iter().find(|(_, event)| is_taken_back(event));
        return taken_back.map_or(u64::MAX, |(lsn, _)| lsn.saturating_sub(1));
    }
    let is_known =
        |event: &Event| matches!(event, Event::TaskStarted { at, .. } if Some(*at) <= line.start_time);
    let Some(start) = events.iter().rposition(|(_, event)| is_known(event)) else { return 0 };
    let mut rest =
        events[start + 1..].iter().take_while(|(_, event)| !matches!(event, Event::TaskStarted { .. }));
    let excuse =
        rest.find(|(_, event)| is_excuse(event)).filter(|_| !matches!(line.phase, Phase::InProgress(_)));
    excuse.unwrap_or(&events[start]).0
}

/// The same of a line whose place is confirmed: all up to there. But no digest vouches for the line itself: where it has
/// lost a completion that the journal tells, the journal is right.
pub(super) fn contained_at(place: u64, line: &Task, events: &[(u64, &Event)]) -> u64 {
    let is_word = |event: &Event| {
        matches!(
            event,
            Event::TaskCompleted { .. } | Event::TaskRetried { .. } | Event::TaskRolledBack { .. }
        )
    };
    match events.iter().rfind(|(lsn, event)| *lsn <= place && is_word(event)) {
        Some((lsn, Event::TaskCompleted { .. })) if line.state() != TaskState::Completed => {
            lsn.saturating_sub(1)
        }
        _ => place,
    }
}

fn is_excuse(event: &Event) -> bool {
    let crashed = AfterFailure::Final(FinalReason::CrashLimit);
    matches!(event, Event::AttemptExcused { .. })
        || matches!(event, Event::TaskFailed { then, .. } if *then == crashed)
}

#[cfg(test)]
mod tests {
    use codeagent_core::{
        Command, StartAgain, State, decide,
        testkit::{at, id, state},
    };

    use super::*;

    /// A life of one task; the state after each record, and its events.
    fn lived() -> (Vec<State>, Vec<Event>) {
        let start = || Command::StartTask { id: id("a"), attempt_id: None, anew: StartAgain::Always };
        let fail = || Command::FailTask { id: id("a"), error: "no".into(), policy: None };
        let commands = [
            start(),
            fail(),
            start(),
            Command::CompleteTask { id: id("a"), result: None },
            Command::Retry { id: id("a"), text: None },
            start(),
            fail(),
        ];
        let (mut states, mut events) = (vec![state(&["a"])], Vec::new());
        for (second, command) in (1..).zip(commands) {
            let mut state = states[states.len() - 1].clone();
            let happened = decide(&state, command, at(second)).unwrap();
            assert_eq!(happened.len(), 1);
            state.apply(&happened[0]);
            events.extend(happened);
            states.push(state);
        }
        (states, events)
    }

    #[test]
    fn whichever_moment_a_line_is_of_the_journal_leads_it_to_the_end() {
        let (states, events) = lived();
        let numbered: Vec<(u64, &Event)> = (1..).zip(&events).collect();
        for (moment, before) in states.iter().enumerate() {
            let mut state = before.clone();
            let known = contained(before.task(&id("a")).unwrap(), &numbered);
            numbered.iter().filter(|(lsn, _)| *lsn > known).for_each(|(_, event)| state.apply(event));
            assert_eq!(state.task(&id("a")), states[states.len() - 1].task(&id("a")), "of moment {moment}");
        }
    }

    #[test]
    fn a_completion_stays_whatever_older_records_say() {
        let (states, events) = lived();
        let done = states[4].task(&id("a")).unwrap();
        assert_eq!(done.state(), TaskState::Completed);
        let numbered: Vec<(u64, &Event)> = (1..).zip(&events[..3]).collect();
        assert_eq!(contained(done, &numbered), u64::MAX);
    }

    #[test]
    fn a_line_that_has_lost_its_completion_is_overruled() {
        let (states, events) = lived();
        let numbered: Vec<(u64, &Event)> = (1..).zip(&events).collect();
        let [running, done, again] = [3, 4, 5].map(|moment: usize| states[moment].task(&id("a")).unwrap());
        assert_eq!(contained_at(4, done, &numbered), 4);
        assert_eq!(contained_at(4, running, &numbered), 3);
        assert_eq!(contained_at(5, again, &numbered), 5);
    }
}
