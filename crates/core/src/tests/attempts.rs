//! What counts as an attempt, and where the limits are (contract, "Attempts").
use super::*;
use crate::{
    Deferral, RetryPolicy,
    task::{AfterFailure, FinalReason, Phase},
    time::Wait,
};

const POLICY: RetryPolicy =
    RetryPolicy { max_attempts: 3, initial_delay_ms: 5_000, max_delay_ms: 300_000, dice: None };

fn fail_by_policy() -> Command {
    Command::FailTask { id: id("t"), error: "exit 1".into(), policy: Some(POLICY) }
}

fn defer(cause: Deferral) -> Command {
    Command::DeferTask { id: id("t"), cause }
}

/// (attempts, excused, crashes, counted) of `t`.
fn tally(state: &State) -> (u32, u32, u32, u32) {
    let task = the(state, "t");
    (task.attempts, task.excused, task.crashes, task.counted_attempts())
}

fn given_up(reason: FinalReason) -> Phase {
    Phase::Failed(AfterFailure::Final(reason))
}

#[test]
fn the_third_failure_is_the_last() {
    let mut state = crate::testkit::state(&["t"]);
    let mut delays = Vec::new();
    for _ in 0..2 {
        all(&mut state, [start("t"), fail_by_policy()]);
        match the(&state, "t").phase {
            Phase::Failed(AfterFailure::Retry(Some(wait))) => delays.push(wait.delay_ms),
            ref other => panic!("{other:?}"),
        }
    }
    all(&mut state, [start("t"), fail_by_policy()]);
    assert_eq!(delays, [5_000, 10_000]);
    assert_eq!(the(&state, "t").phase, given_up(FinalReason::AttemptLimit));
    assert_eq!(tally(&state), (3, 0, 0, 3));
    let refusal = try_now(&state, start("t")).unwrap_err();
    assert_eq!(refusal, Refusal::GivenUp { id: id("t"), reason: FinalReason::AttemptLimit });
}

#[test]
fn clean_stops_and_quotas_are_excused() {
    let mut state = crate::testkit::state(&["t"]);
    let wait = Wait { since_unix_ms: 5, delay_ms: 60_000 };
    all(&mut state, [start("t"), defer(Deferral::Stop)]);
    assert_eq!(the(&state, "t").phase, Phase::Pending(None));
    all(&mut state, [start("t"), defer(Deferral::Quota(wait))]);
    assert_eq!(the(&state, "t").phase, Phase::Pending(Some(wait)));
    assert_eq!(tally(&state), (2, 2, 0, 0));
    for _ in 0..2 {
        all(&mut state, [start("t"), fail_by_policy()]);
    }
    assert_eq!(tally(&state), (4, 2, 0, 2));
    assert!(matches!(the(&state, "t").phase, Phase::Failed(AfterFailure::Retry(_))), "one attempt is left");
}

#[test]
fn crashes_are_excused_until_their_own_limit() {
    let mut state = crate::testkit::state(&["t"]);
    for n in 1..10 {
        all(&mut state, [start("t"), crash("t")]);
        assert_eq!((tally(&state), &the(&state, "t").phase), ((n, n, n, 0), &Phase::Pending(None)));
    }
    all(&mut state, [start("t"), crash("t")]);
    assert_eq!(tally(&state), (10, 10, 10, 0));
    assert_eq!(the(&state, "t").phase, given_up(FinalReason::CrashLimit));
    assert_eq!(the(&state, "t").error.as_deref(), Some("crash_limit"));
}

#[test]
fn a_crash_limit_of_0_is_1_and_none_is_no_limit() {
    let reset = |max_crashes| Command::ResetInterrupted { id: id("t"), max_crashes };
    let mut state = crate::testkit::state(&["t"]);
    for _ in 0..50 {
        all(&mut state, [start("t"), reset(None)]);
    }
    assert_eq!(tally(&state), (50, 50, 50, 0));
    all(&mut state, [start("t"), reset(Some(0))]);
    assert_eq!(the(&state, "t").phase, given_up(FinalReason::CrashLimit));
}

#[test]
fn retry_excuses_everything_before() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), crash("t")]);
    for _ in 0..3 {
        all(&mut state, [start("t"), fail_by_policy()]);
    }
    assert_eq!(tally(&state), (4, 1, 1, 3));
    all(&mut state, [retry("t")]);
    assert_eq!(tally(&state), (4, 4, 0, 0));
    all(&mut state, [start("t"), fail_by_policy()]);
    assert_eq!(tally(&state), (5, 4, 0, 1));
    assert!(matches!(the(&state, "t").phase, Phase::Failed(AfterFailure::Retry(Some(_)))));
}

#[test]
fn exhausted_attempts_of_another_programs_file_are_counted_by_the_limit_of_now() {
    let mut state = crate::testkit::state(&["t"]);
    let give_up = |max_attempts| Command::GiveUpIfExhausted { id: id("t"), max_attempts };
    all(&mut state, [start("t"), fail("t"), start("t"), fail("t")]);
    let before = the(&state, "t").clone();
    assert_eq!(try_now(&state, give_up(3)), Ok(Vec::new()));
    let later = crate::testkit::at(3600);
    act(&mut state, give_up(2), later).unwrap();
    let after = the(&state, "t");
    assert_eq!(after.phase, given_up(FinalReason::AttemptLimit));
    assert_eq!(
        (&after.error, after.end_time),
        (&before.error, before.end_time),
        "the failure is the old one"
    );
    assert_eq!(state.header().last_update, Some(later.local));
    assert_eq!(try_now(&state, give_up(2)), Ok(Vec::new()), "once");
}

#[test]
fn another_programs_counters_do_no_harm() {
    // in_progress without an attempt, as a hand-written file may say.
    let mut task = crate::testkit::task("t");
    task.phase = Phase::InProgress(Default::default());
    let mut state = State::from_parts(Default::default(), [task], []).unwrap();
    all(&mut state, [crash("t")]);
    assert_eq!(tally(&state), (0, 0, 0, 0));

    let mut task = crate::testkit::task("t");
    task.attempts = u32::MAX;
    let mut state = State::from_parts(Default::default(), [task], []).unwrap();
    all(&mut state, [start("t"), fail_by_policy()]);
    assert_eq!(tally(&state), (u32::MAX, 0, 0, u32::MAX));
    assert_eq!(the(&state, "t").phase, given_up(FinalReason::AttemptLimit));
}
