//! Random states for property tests, with everything that a document can hold (feature `testing`).
use std::collections::BTreeMap;

use codeagent_core::{
    AttemptId, ChildIdentity, Fingerprint, Header, LocalTime, Origin, Phase, RawJson, State, Task, TaskId,
    Wait,
    task::{AfterFailure, Extra, FinalReason, Running, Steps},
};
use proptest::{collection, option, prelude::*};

use crate::document::{SnapshotMeta, StoreId};

/// Values of others as a document holds them: on one line, and not all of them JSON to the letter.
const VALUES: &[&str] = &[
    "{\"a\": 1}",
    "{\"a\":1,\"b\" : [ ]}",
    "[1, [2, {\"c\": null}]]",
    "{\"NaN\": NaN, \"more\": [Infinity, -Infinity]}",
    "123456789012345678901234567890.12345678901234567890e-4000",
    "-0",
    "\"\\ud800 alone, \\u0000, \\/ , é, 😀\"",
    "{\"version\": \"9\", \"tasks\": {\"task_id\": [\"codeagent\"]}}",
    "true",
];

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(VALUES)
}

fn raw() -> impl Strategy<Value = Option<RawJson>> {
    option::weighted(0.3, value().prop_map(RawJson::new))
}

/// Members that nobody knows, one key perhaps twice.
fn members() -> impl Strategy<Value = Option<Box<str>>> {
    let key = prop::sample::select(&["x", "x-note", "\\u0078", "ключ", "\\ud800", ""][..]);
    let members = collection::vec((key, value()), 1..4).prop_map(|members| {
        let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        members.join(", ").into()
    });
    option::weighted(0.2, members)
}

/// Text with whatever may stand in a string.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Zа-я ]{0,40}",
        1 => any::<String>(),
        1 => "[\\x00-\\x1f\\x7f\"\\\\/\u{2028}\u{202e}\u{feff}😀]{0,20}",
    ]
}

/// A time between the years 1 and 9999.
pub fn time() -> impl Strategy<Value = LocalTime> {
    (-62_135_596_800_i64..253_402_300_799, prop_oneof![Just(0), 0..1_000_000_i64])
        .prop_map(|(seconds, micros)| LocalTime::from_micros(seconds * 1_000_000 + micros))
}

fn wait() -> impl Strategy<Value = Option<Wait>> {
    option::of((any::<i64>(), any::<u64>()))
        .prop_map(|wait| wait.map(|(since_unix_ms, delay_ms)| Wait { since_unix_ms, delay_ms }))
}

fn running() -> impl Strategy<Value = Running> {
    let child = (any::<u32>(), any::<u64>(), text()).prop_map(|(pid, start_ticks, boot_id)| ChildIdentity {
        pid,
        start_ticks,
        boot_id: boot_id.into(),
    });
    (option::of("[0-9a-f]{32}"), option::of(child))
        .prop_map(|(id, child)| Running { attempt_id: id.map(|id| AttemptId(id.into())), child })
}

fn final_reason() -> impl Strategy<Value = FinalReason> {
    prop::sample::select(
        &[
            FinalReason::AttemptLimit,
            FinalReason::CrashLimit,
            FinalReason::Skipped,
            FinalReason::Cancelled,
            FinalReason::Uncertain,
        ][..],
    )
}

/// A phase, and how many attempts it takes to get there.
fn phase() -> impl Strategy<Value = (Phase, u32)> {
    prop_oneof![
        wait().prop_map(|wait| (Phase::Pending(wait), 0)),
        running().prop_map(|running| (Phase::InProgress(Box::new(running)), 1)),
        Just((Phase::Completed, 0)),
        wait().prop_map(|wait| (Phase::Failed(AfterFailure::Retry(wait)), 0)),
        final_reason().prop_map(|reason| (Phase::Failed(AfterFailure::Final(reason)), 0)),
        Just((Phase::RolledBack, 0)),
    ]
}

fn steps() -> impl Strategy<Value = Option<Steps>> {
    let steps = (any::<u32>(), any::<u32>(), collection::btree_set(any::<u32>(), 0..5));
    option::weighted(
        0.3,
        steps.prop_map(|(last_completed, total, completed)| Steps {
            last_completed,
            total,
            completed: completed.into_iter().collect(),
        }),
    )
}

fn extra() -> impl Strategy<Value = Option<Box<Extra>>> {
    (raw(), raw(), steps(), members(), members(), members()).prop_map(
        |(metadata, result, steps, unknown, unknown_own, of_steps)| {
            let unknown_steps = of_steps.filter(|_| steps.is_some());
            let extra = Extra { metadata, result, steps, unknown, unknown_own, unknown_steps };
            (extra != Extra::default()).then(|| Box::new(extra))
        },
    )
}

/// A task whose id is the strategy's smallest concern: the state gives it.
pub fn task() -> impl Strategy<Value = Task> {
    let counts = (0..1_000_u32, any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let times = (option::of(time()), option::of(time()));
    (text(), phase(), counts, times, option::of(text()), any::<[bool; 2]>(), extra()).prop_map(
        |(text, (phase, least), (more, excused, crashes), (start_time, end_time), error, flags, extra)| {
            let attempts = least + more;
            let part =
                |index: prop::sample::Index| u32::try_from(index.index(attempts as usize + 1)).unwrap_or(0);
            Task {
                phase,
                attempts,
                excused: part(excused),
                crashes: part(crashes),
                start_time,
                end_time,
                error: error.map(Into::into),
                reopened: flags[0],
                extra,
                ..Task::new(TaskId::new(""), text, if flags[1] { Origin::Added } else { Origin::List })
            }
        },
    )
}

/// What a document holds besides tasks.
pub fn header() -> impl Strategy<Value = Header> {
    let times = (option::of(time()), option::of(time()), option::of(time()));
    let server = (any::<u64>(), any::<bool>(), option::of(text()), option::of(text()));
    (times, server, [members(), members(), members()]).prop_map(
        |((start, stop, update), (iterations, clean, current, session), [top, server, own])| Header {
            last_start_time: start,
            last_stop_time: stop,
            iteration_count: iterations,
            clean_shutdown: clean,
            current_task: current.map(TaskId::new),
            session_id: session.map(Into::into),
            last_update: update,
            unknown: top,
            unknown_server: server,
            unknown_own: own,
        },
    )
}

/// A state with at most so many tasks.
pub fn state(max_tasks: usize) -> impl Strategy<Value = State> {
    let tasks = collection::vec((text(), task()), 0..=max_tasks);
    let pruned = collection::vec(any::<[u8; 16]>().prop_map(Fingerprint), 0..100);
    (header(), tasks, pruned).prop_map(|(header, tasks, pruned)| {
        let by_id: BTreeMap<_, _> = tasks.into_iter().collect();
        let tasks = by_id.into_iter().map(|(id, task)| Task { id: TaskId::new(id), ..task });
        State::from_parts(header, tasks, pruned).unwrap_or_default()
    })
}

/// Where a snapshot may stand in its store.
pub fn meta() -> impl Strategy<Value = SnapshotMeta> {
    (any::<[u8; 16]>(), any::<u64>(), any::<bool>(), any::<u64>(), any::<u32>()).prop_map(
        |(store_id, epoch, clean, last_lsn, chain)| SnapshotMeta {
            store_id: StoreId(store_id),
            epoch,
            clean,
            last_lsn,
            chain,
        },
    )
}
