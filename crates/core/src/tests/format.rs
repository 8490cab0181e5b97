//! The text of every event as it stands in journals. It is read by later versions: add to it, never change it.
use alloc::{format, string::String, vec};

use super::*;
use crate::{
    AttemptId, ChildIdentity, Excuse, Fingerprint, LocalTime, Origin, RawJson,
    task::{AfterFailure, FinalReason},
    time::Wait,
};

fn at() -> LocalTime {
    LocalTime::parse("2026-01-18T10:30:00.254894").unwrap()
}

fn failed(then: AfterFailure) -> Event {
    Event::TaskFailed { id: id("t"), error: "exit 1".into(), then, at: at() }
}

fn excused(cause: Excuse, wait: Option<Wait>) -> Event {
    Event::AttemptExcused { id: id("t"), cause, wait, at: at() }
}

/// The time of all events below.
const AT: &str = r#""2026-01-18T10:30:00.254894""#;

const WAIT: Option<Wait> = Some(Wait { since_unix_ms: 1_768_732_200_000, delay_ms: 5_000 });

fn raw() -> Option<RawJson> {
    Some(RawJson::new(r#"{"n":NaN}"#))
}

fn golden() -> Vec<(Event, &'static str)> {
    let mut all = beginnings();
    all.extend(endings());
    all.extend(forgotten());
    all
}

fn beginnings() -> Vec<(Event, &'static str)> {
    let attempt_id = Some(AttemptId("00ff".into()));
    let child = ChildIdentity { pid: 7, start_ticks: 99, boot_id: "b-1".into() };
    let (id, at) = (id("t"), at());
    let task = |text: &str, metadata, origin| Event::TaskAdded {
        id: id.clone(),
        text: text.into(),
        metadata,
        origin,
        at,
    };
    vec![
        (
            Event::ServerStarted { session_id: "20260118_103000".into(), at },
            r#"{"server_started":{"session_id":"20260118_103000","at":AT}}"#,
        ),
        (Event::ServerStopped { clean: true, at }, r#"{"server_stopped":{"clean":true,"at":AT}}"#),
        (Event::IterationCounted { at }, r#"{"iteration_counted":{"at":AT}}"#),
        (
            task("Сделать \"X\"\n", None, Origin::List),
            r#"{"task_added":{"id":"t","text":"Сделать \"X\"\n","origin":"list","at":AT}}"#,
        ),
        (
            task("x", raw(), Origin::Added),
            r#"{"task_added":{"id":"t","text":"x","metadata":"{\"n\":NaN}","origin":"added","at":AT}}"#,
        ),
        (
            Event::TaskStarted { id: id.clone(), attempt_id: None, at },
            r#"{"task_started":{"id":"t","at":AT}}"#,
        ),
        (
            Event::TaskStarted { id: id.clone(), attempt_id, at },
            r#"{"task_started":{"id":"t","attempt_id":"00ff","at":AT}}"#,
        ),
        (
            Event::ChildSpawned { id: id.clone(), child },
            r#"{"child_spawned":{"id":"t","child":{"pid":7,"start_ticks":99,"boot_id":"b-1"}}}"#,
        ),
        (
            Event::StepCompleted { id, step: 2, total: 6, at },
            r#"{"step_completed":{"id":"t","step":2,"total":6,"at":AT}}"#,
        ),
    ]
}

fn endings() -> Vec<(Event, &'static str)> {
    let (id, at) = (id("t"), at());
    vec![
        (
            Event::TaskCompleted { id: id.clone(), result: None, at },
            r#"{"task_completed":{"id":"t","at":AT}}"#,
        ),
        (
            Event::TaskCompleted { id: id.clone(), result: raw(), at },
            r#"{"task_completed":{"id":"t","result":"{\"n\":NaN}","at":AT}}"#,
        ),
        (
            failed(AfterFailure::Retry(None)),
            r#"{"task_failed":{"id":"t","error":"exit 1","then":{"retry":null},"at":AT}}"#,
        ),
        (
            failed(AfterFailure::Retry(WAIT)),
            r#"{"task_failed":{"id":"t","error":"exit 1","then":{"retry":{"since_unix_ms":1768732200000,"delay_ms":5000}},"at":AT}}"#,
        ),
        (
            failed(AfterFailure::Final(FinalReason::AttemptLimit)),
            r#"{"task_failed":{"id":"t","error":"exit 1","then":{"final":"attempt_limit"},"at":AT}}"#,
        ),
        (
            Event::TaskGivenUp { id: id.clone(), reason: FinalReason::AttemptLimit, at },
            r#"{"task_given_up":{"id":"t","reason":"attempt_limit","at":AT}}"#,
        ),
        (excused(Excuse::Crash, None), r#"{"attempt_excused":{"id":"t","cause":"crash","at":AT}}"#),
        (
            excused(Excuse::Quota, WAIT),
            r#"{"attempt_excused":{"id":"t","cause":"quota","wait":{"since_unix_ms":1768732200000,"delay_ms":5000},"at":AT}}"#,
        ),
        (Event::TaskRetried { id: id.clone(), at }, r#"{"task_retried":{"id":"t","at":AT}}"#),
        (Event::BoxSeen { id: id.clone() }, r#"{"box_seen":{"id":"t"}}"#),
        (Event::TaskRolledBack { id, at }, r#"{"task_rolled_back":{"id":"t","at":AT}}"#),
    ]
}

fn forgotten() -> Vec<(Event, &'static str)> {
    let fingerprint = Fingerprint([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255]);
    let at = at();
    vec![
        (
            Event::TasksPruned { ids: vec![id("t"), id("u")].into(), at },
            r#"{"tasks_pruned":{"ids":["t","u"],"at":AT}}"#,
        ),
        (
            Event::CompletionRemembered { fingerprint },
            r#"{"completion_remembered":{"fingerprint":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,255]}}"#,
        ),
        (
            Event::CompletionForgotten { fingerprint },
            r#"{"completion_forgotten":{"fingerprint":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,255]}}"#,
        ),
    ]
}

#[test]
fn events_are_written_and_read_as_they_always_were() {
    for (event, text) in golden() {
        let text = text.replace("AT", AT);
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}

#[test]
fn every_kind_of_event_has_its_golden_text() {
    let kinds: alloc::collections::BTreeSet<_> = golden().iter().map(|(event, _)| name(event)).collect();
    assert_eq!(kinds.len(), 17, "one for each arm of `name`, which the compiler keeps complete");
}

#[test]
fn the_words_inside_events_are_fixed() {
    let words =
        |values: &[&dyn erased::Json]| values.iter().map(|value| value.json()).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&[&Excuse::Crash, &Excuse::Stop, &Excuse::Quota]), r#""crash" "stop" "quota""#);
    assert_eq!(words(&[&Origin::List, &Origin::Added]), r#""list" "added""#);
    let reasons = [
        (FinalReason::AttemptLimit, "attempt_limit"),
        (FinalReason::CrashLimit, "crash_limit"),
        (FinalReason::Skipped, "skipped"),
        (FinalReason::Cancelled, "cancelled"),
        (FinalReason::Uncertain, "uncertain"),
    ];
    for (reason, word) in reasons {
        assert_eq!((words(&[&reason]), reason.as_str()), (format!("\"{word}\""), word));
        assert_eq!(FinalReason::parse(word), Some(reason));
    }
    for state in TaskState::ALL {
        assert_eq!(words(&[&state]), format!("\"{}\"", state.as_str()));
        assert_eq!(TaskState::parse(state.as_str()), Some(state));
    }
    assert_eq!((TaskState::parse("done"), FinalReason::parse("")), (None, None));
}

/// serde's trait as an object.
mod erased {
    use super::String;

    pub(super) trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}
