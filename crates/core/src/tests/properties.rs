//! What holds after every step of every sequence of commands.
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::{format, string::String, vec};

use proptest::{collection, option, prelude::*};

use super::*;
use crate::{
    AttemptId, ChildIdentity, Deferral, Fingerprint, Origin, Plan, RawJson, RetryPolicy, invariants,
    list::{Line, Mark},
    task::{AfterFailure, Phase},
    time::Wait,
};

/// Given ids, ids of another program, derived ones; texts that several of them share.
fn names() -> impl Strategy<Value = TaskId> {
    prop_oneof![
        prop::sample::select(vec!["a", "b", "task_1", "task_2"]).prop_map(TaskId::new),
        texts_of().prop_map(|text| TaskId::derive([], &text)),
        texts_of().prop_map(|text| TaskId::derive(["x"], &text)),
    ]
}

fn texts_of() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["x", "y", " x  ", "z z", "z\tz"]).prop_map(String::from)
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    (0..4u32, 0..9_000u64, 0..9_000u64, option::of(any::<u64>())).prop_map(
        |(max_attempts, initial, max, dice)| RetryPolicy {
            max_attempts,
            initial_delay_ms: initial,
            max_delay_ms: max,
            dice,
        },
    )
}

fn attempt_ids() -> impl Strategy<Value = Option<AttemptId>> {
    option::of((0..3u8).prop_map(|n| AttemptId(format!("attempt-{n}").into())))
}

fn commands() -> impl Strategy<Value = Command> {
    let id = names;
    let raw = || option::of(Just(RawJson::new("{\"k\": [1, NaN]}")));
    let again = prop::sample::select(vec![StartAgain::WithinLimits, StartAgain::Always]);
    let origin = prop::sample::select(vec![Origin::List, Origin::Added]);
    let wait = (any::<i64>(), any::<u64>())
        .prop_map(|(since_unix_ms, delay_ms)| Deferral::Quota(Wait { since_unix_ms, delay_ms }));
    let child = (any::<u32>(), any::<u64>()).prop_map(|(pid, start_ticks)| ChildIdentity {
        pid,
        start_ticks,
        boot_id: "boot".into(),
    });
    let server = prop_oneof![
        Just(Command::StartServer { session_id: "s".into() }),
        any::<bool>().prop_map(|clean| Command::StopServer { clean }),
        Just(Command::CountIteration),
    ];
    let running = prop_oneof![
        (id(), child).prop_map(|(id, child)| Command::RecordChild { id, child }),
        (id(), 0..5u32, 0..5u32).prop_map(|(id, step, total)| Command::CompleteStep { id, step, total }),
        (id(), prop_oneof![Just(Deferral::Stop), wait])
            .prop_map(|(id, cause)| Command::DeferTask { id, cause }),
        (id(), option::of(0..3u32))
            .prop_map(|(id, max_crashes)| Command::ResetInterrupted { id, max_crashes }),
        (id(), 0..4u32).prop_map(|(id, max_attempts)| Command::GiveUpIfExhausted { id, max_attempts }),
    ];
    let verbs = prop_oneof![
        id().prop_map(|id| Command::TickByHand { id }),
        id().prop_map(|id| Command::Skip { id }),
        id().prop_map(|id| Command::Cancel { id }),
        (id(), option::of(texts_of())).prop_map(|(id, text)| Command::Retry { id, text }),
        id().prop_map(|id| Command::Rollback { id }),
        (0..3usize).prop_map(|keep_last_n| Command::Prune { keep_last_n }),
    ];
    prop_oneof![
        4 => (id(), texts_of(), raw(), origin)
            .prop_map(|(id, text, metadata, origin)| Command::AddTask { id, text, metadata, origin }),
        5 => (id(), attempt_ids(), again)
            .prop_map(|(id, attempt_id, anew)| Command::StartTask { id, attempt_id, anew }),
        3 => (id(), raw()).prop_map(|(id, result)| Command::CompleteTask { id, result }),
        3 => (id(), "[ -~]{0,8}", option::of(policies()))
            .prop_map(|(id, error, policy)| Command::FailTask { id, error, policy }),
        1 => server,
        4 => running,
        4 => verbs,
    ]
}

/// Commands and how many seconds after the one before; clocks are set back, too.
fn histories() -> impl Strategy<Value = Vec<(Command, i64)>> {
    collection::vec((commands(), prop_oneof![9 => 0..100i64, 1 => -7_200..0i64]), 0..50)
}

/// Carries a history out; shows each step: state before, command, what was decided, state after.
fn run(
    history: Vec<(Command, i64)>,
    mut check: impl FnMut(&State, &Command, &Result<Vec<Event>, Refusal>, &State) -> Result<(), TestCaseError>,
) -> Result<State, TestCaseError> {
    let (mut state, mut clock) = (State::default(), 0);
    for (command, pause) in history {
        clock += pause;
        let before = state.clone();
        let decided = decide(&state, command.clone(), crate::testkit::at(clock));
        for event in decided.iter().flatten() {
            state.apply(event);
        }
        check(&before, &command, &decided, &state)?;
    }
    Ok(state)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_is_sound_after_every_step(history in histories()) {
        run(history, |_, _, decided, after| {
            prop_assert_eq!(invariants::violations(after), Vec::<String>::new());
            for event in decided.iter().flatten() {
                prop_assert_eq!(event.at().is_none() || event.at() == after.header().last_update, true);
            }
            for task in after.tasks() {
                prop_assert!(!after.is_pruned(Fingerprint::of_id(&task.id)), "{} is there and pruned", task.id);
            }
            let current = after.header().current_task.as_ref();
            prop_assert!(current.is_none() || after.current_task().is_some());
            Ok(())
        })?;
    }

    #[test]
    fn refused_commands_and_repeated_ones_change_nothing(history in histories()) {
        run(history, |before, _, decided, after| {
            if decided.as_ref().map_or(true, Vec::is_empty) {
                prop_assert!(before == after);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_task_leaves_its_state_only_by_the_verbs_for_it(history in histories()) {
        run(history, |before, command, _, after| {
            for task in before.tasks() {
                let now = after.task(&task.id).map(Task::state);
                check_transition(task, now, command)?;
            }
            Ok(())
        })?;
    }

    #[test]
    fn counters_only_grow(history in histories()) {
        run(history, |before, command, _, after| {
            for was in before.tasks() {
                let Some(is) = after.task(&was.id) else { continue };
                let started = u32::from(is.start_time != was.start_time || is.running() != was.running())
                    * u32::from(matches!(command, Command::StartTask { .. }));
                prop_assert_eq!(is.attempts, was.attempts + started);
                prop_assert!(is.excused >= was.excused && is.excused <= is.attempts);
                let retried = matches!(command, Command::Retry { .. });
                prop_assert!(is.crashes >= was.crashes || retried);
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_was_completed_is_known_until_retry_or_rollback(history in histories()) {
        let mut done: BTreeMap<TaskId, String> = BTreeMap::new();
        run(history, |_, command, decided, after| {
            for event in decided.iter().flatten() {
                match event {
                    Event::TaskCompleted { id, .. } => {
                        done.insert(id.clone(), after.task(id).map_or("", |task| &task.text).into());
                    }
                    Event::TaskRetried { id, .. } | Event::TaskRolledBack { id, .. } => {
                        done.remove(id);
                    }
                    Event::CompletionForgotten { fingerprint } => {
                        done.retain(|id, _| Fingerprint::of_id(id) != *fingerprint);
                    }
                    Event::TaskStarted { id, .. } => prop_assert!(!done.contains_key(id), "{:?}", command),
                    _ => {}
                }
            }
            for id in done.keys() {
                let here = after.task(id).map(Task::state);
                let known = here == Some(TaskState::Completed) || after.is_pruned(Fingerprint::of_id(id));
                prop_assert!(known, "{} is {:?}", id, here);
            }
            Ok(())
        })?;
    }

    #[test]
    fn events_survive_json_and_lead_to_the_same_state(history in histories()) {
        let mut journal = Vec::new();
        let end = run(history, |before, _, decided, after| {
            let mut again = before.clone();
            for event in decided.iter().flatten() {
                let text = serde_json::to_string(event).unwrap();
                let read: Event = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&read, event);
                again.apply(&read);
                journal.push(text);
            }
            prop_assert!(again == *after);
            Ok(())
        })?;
        let mut replayed = State::default();
        for text in &journal {
            replayed.apply(&serde_json::from_str(text).unwrap());
        }
        prop_assert!(replayed == end);
    }

    /// A store writes a snapshot now and then and goes on from it: indexes and gaps must not matter.
    #[test]
    fn going_on_from_a_snapshot_is_the_same(history in histories(), cut in 0..50usize) {
        let (mut state, mut reloaded) = (State::default(), State::default());
        let mut clock = 0;
        for (n, (command, pause)) in history.into_iter().enumerate() {
            if n == cut {
                reloaded = reload(&state);
                prop_assert_eq!(invariants::violations(&reloaded), Vec::<String>::new());
            }
            clock += pause;
            let decided = decide(&state, command.clone(), crate::testkit::at(clock));
            prop_assert_eq!(&decide(&reloaded, command, crate::testkit::at(clock)), &decided);
            for event in decided.iter().flatten() {
                state.apply(event);
                reloaded.apply(event);
            }
            prop_assert!(state == reloaded);
            for text in ["x", "y", "z z"] {
                let latest = |state: &State| state.latest_with_text(text).map(|task| task.id.clone());
                prop_assert_eq!(latest(&state), latest(&reloaded));
                let given = |state: &State| state.given_with_text(text).next().map(|task| task.id.clone());
                prop_assert_eq!(given(&state), given(&reloaded));
                prop_assert_eq!(latest(&state), latest_by_looking(&state, text, |_| true));
                prop_assert_eq!(given(&state), latest_by_looking(&state, text, |id| !id.is_derived_form()));
            }
        }
    }

    #[test]
    fn a_frozen_copy_does_not_see_what_comes_after(first in histories(), second in histories()) {
        let mut state = run(first, |_, _, _, _| Ok(()))?;
        let (frozen, copy) = (state.freeze(), reload(&state));
        for (command, pause) in second {
            for event in decide(&state, command, crate::testkit::at(pause)).iter().flatten() {
                state.apply(event);
            }
        }
        let pruned: Vec<_> = frozen.pruned().copied().collect();
        prop_assert_eq!(frozen.len(), copy.tasks().count());
        let thawed = State::from_parts(frozen.header().clone(), frozen.to_tasks(), pruned).unwrap();
        prop_assert!(thawed == copy);
    }

    /// The server's loop in small: whatever happened before, a list that is worked through leaves nothing to do, runs
    /// nothing that was completed, and shows what it did.
    #[test]
    fn a_list_can_be_worked_through(history in histories(), list in lists()) {
        let mut state = run(history, |_, _, _, _| Ok(()))?;
        settle_interrupted(&mut state);
        add_new(&mut state, &list);
        let completed: Vec<_> = ids_in(&state, TaskState::Completed);
        let plan = Plan::of(&state, &list);
        for (n, entry) in plan.entries.iter().enumerate() {
            prop_assert!(entry.parent.is_none_or(|parent| parent < n));
        }
        let started = work_through(&mut state, &plan);
        prop_assert!(started.iter().all(|id| !completed.contains(id)));
        prop_assert!(started.iter().collect::<BTreeSet<_>>().len() == started.len());
        let again = Plan::of(&state, &list);
        prop_assert!(again.entries.iter().all(|entry| entry.known != Known::New || entry.mark != Mark::Open));
        prop_assert_eq!(work_through(&mut state, &again), Vec::<TaskId>::new());
    }
}

use crate::plan::{Known, Standing};

fn check_transition(was: &Task, is: Option<TaskState>, command: &Command) -> Result<(), TestCaseError> {
    use TaskState::{Completed, Failed, InProgress, Pending, RolledBack};
    let allowed = match (was.state(), is, command) {
        (was, Some(is), _) if was == is => true,
        (Completed, None, Command::Prune { .. }) => true,
        (Completed | Failed | RolledBack, Some(Pending), Command::Retry { .. }) => true,
        (Completed | Failed | InProgress, Some(RolledBack), Command::Rollback { .. }) => true,
        (Pending | Failed, Some(InProgress), Command::StartTask { .. }) => true,
        (Pending | InProgress, Some(Completed), Command::CompleteTask { .. }) => true,
        (Pending | InProgress, Some(Failed), Command::FailTask { .. }) => true,
        (Pending | Failed | RolledBack, Some(Completed), Command::TickByHand { .. }) => true,
        (Pending, Some(Failed), Command::Skip { .. }) => true,
        (InProgress, Some(Failed), Command::Cancel { .. } | Command::ResetInterrupted { .. }) => true,
        (InProgress, Some(Pending), Command::DeferTask { .. } | Command::ResetInterrupted { .. }) => true,
        _ => false,
    };
    prop_assert!(allowed, "{:?} -> {:?} by {:?}", was.state(), is, command);
    Ok(())
}

/// The rule of the index, without the index.
fn latest_by_looking(state: &State, text: &str, counts: impl Fn(&TaskId) -> bool) -> Option<TaskId> {
    let text = crate::id::fold_text(text);
    let same = state.tasks().filter(|task| crate::id::fold_text(&task.text) == text && counts(&task.id));
    same.max_by_key(|task| task.start_time).map(|task| task.id.clone()) // of equals the last, as in the index
}

fn lists() -> impl Strategy<Value = Vec<Line>> {
    let given = option::weighted(0.3, prop::sample::select(vec!["a", "b", "c"]).prop_map(TaskId::new));
    let mark = prop_oneof![8 => Just(Mark::Open), 1 => Just(Mark::Done), 1 => Just(Mark::Skipped)];
    collection::vec((given, texts_of(), option::of(any::<prop::sample::Index>()), mark), 0..12).prop_map(
        |rows| {
            let row = |(n, (given_id, text, parent, mark)): (
                usize,
                (_, String, Option<prop::sample::Index>, _),
            )| Line {
                given_id,
                text: text.trim().into(),
                parent: parent.filter(|_| n > 0).map(|parent| parent.index(n)),
                heading: None,
                mark,
            };
            rows.into_iter().enumerate().map(row).collect()
        },
    )
}

fn ids_in(state: &State, wanted: TaskState) -> Vec<TaskId> {
    state.tasks().filter(|task| task.state() == wanted).map(|task| task.id.clone()).collect()
}

fn settle_interrupted(state: &mut State) {
    for id in ids_in(state, TaskState::InProgress) {
        act(state, Command::ResetInterrupted { id, max_crashes: None }, moment()).unwrap();
    }
}

fn add_new(state: &mut State, list: &[Line]) {
    for entry in Plan::of(state, list).entries {
        if let (Known::New, Mark::Open, Some(line)) = (entry.known, entry.mark, entry.line) {
            let text = list[line].text.clone();
            let add = Command::AddTask { id: entry.id, text, metadata: None, origin: Origin::List };
            act(state, add, moment()).unwrap();
        }
    }
}

/// Starts what is ready and completes it, in rounds, until nothing is; waits are over at once.
fn work_through(state: &mut State, plan: &Plan) -> Vec<TaskId> {
    let mut started = Vec::new();
    for id in plan.entries.iter().map(|entry| &entry.id) {
        state.update(id, |task| match &mut task.phase {
            Phase::Pending(wait) | Phase::Failed(AfterFailure::Retry(wait)) => *wait = None,
            _ => {}
        });
    }
    while let Some(n) =
        (0..plan.entries.len()).find(|n| plan.standing(state, *n, moment()) == Standing::Ready)
    {
        let id = plan.entries[n].id.clone();
        act(state, start(id.as_str()), moment()).unwrap();
        act(state, complete(id.as_str()), moment()).unwrap();
        started.push(id);
    }
    started
}
