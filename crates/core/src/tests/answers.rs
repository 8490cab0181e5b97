//! What a state, and what it is made of, answers: by value, since the layers above build on it.
use alloc::{format, vec::Vec};

use crate::{
    Command, Fingerprint, LocalTime, Plan, State, TaskId, TaskState,
    command::StartAgain,
    invariants,
    list::{Line, Mark},
    task::FinalReason,
    testkit::{act, id, now, state, task},
};

#[test]
fn a_fingerprint_says_what_it_stands_for() {
    for number in 0..64 {
        let text = format!("text {number}");
        let (of_id, of_text) = (Fingerprint::of_id(&TaskId::new(text.as_str())), Fingerprint::of_text(&text));
        assert_eq!((of_id.0[15] & 1, of_text.0[15] & 1), (0, 1));
        assert_eq!((of_id.is_of_id(), of_text.is_of_id()), (true, false));
    }
}

#[test]
fn states_are_equal_where_their_documents_are() {
    let base = || state(&["a", "b"]);
    let (mut started, mut pruned, mut header) = (base(), base(), base());
    let start = |name| Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::WithinLimits };
    act(&mut started, start("a"), now()).unwrap();
    act(&mut pruned, start("a"), now()).unwrap();
    act(&mut pruned, Command::CompleteTask { id: id("a"), result: None }, now()).unwrap();
    act(&mut pruned, Command::Prune { keep_last_n: 0 }, now()).unwrap();
    act(&mut header, Command::CountIteration, now()).unwrap();
    let forgot = State::from_parts(Default::default(), [task("b")], []).unwrap();
    let others = [started, pruned.clone(), header.clone(), forgot.clone(), state(&["a"]), state(&[])];
    for (number, other) in others.iter().enumerate() {
        assert_ne!(&base(), other, "{number}");
        assert_eq!(other, &other.clone(), "{number}");
    }
    let with_header = State::from_parts(pruned.header().clone(), [task("b")], []).unwrap();
    assert_ne!(with_header, pruned, "only one of them knows what was pruned");
    let again = State::from_parts(header.header().clone(), header.tasks().cloned(), []).unwrap();
    assert_eq!(again, header);
    assert_eq!((pruned.pruned_tasks(), forgot.pruned_tasks()), (1, 0));
}

#[test]
fn numbers_are_the_numbers() {
    let mut three = state(&["a", "b", "c"]);
    act(&mut three, Command::Skip { id: id("a") }, now()).unwrap();
    assert_eq!((three.counts().total(), three.counts().of(TaskState::Failed)), (3, 1));
    let frozen = three.freeze();
    assert_eq!((frozen.len(), frozen.is_empty(), frozen.header()), (3, false, three.header()));
    assert!(state(&[]).freeze().is_empty());
    assert_eq!(three.task(&id("a")).unwrap().final_reason(), Some(FinalReason::Skipped));
    assert_eq!(three.task(&id("b")).unwrap().final_reason(), None);
    assert_eq!(LocalTime::from_micros(1_234_567).as_micros(), 1_234_567);
    assert_eq!(format!("{:?}", LocalTime::from_micros(1_500_000)), "1970-01-01T00:00:01.500000");
    assert!(format!("{:?}", id("named")).contains("named"));
}

#[test]
fn what_can_not_be_is_seen() {
    let mut wrong = Vec::new();
    for (excused, crashes) in [(1, 0), (0, 1)] {
        let mut task = task("a");
        (task.excused, task.crashes) = (excused, crashes);
        let state = State::from_parts(Default::default(), [task], []).unwrap();
        wrong.push(invariants::violations_of_tasks(&state).len());
    }
    assert_eq!(wrong, [1, 1]);
    assert!(invariants::violations(&state(&["a"])).is_empty());
}

/// Only the right box of a task that was put back may speak for a person again.
#[test]
fn a_box_is_right_where_it_says_what_the_state_says() {
    let mut state = state(&["a", "b"]);
    let start = |name| Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::WithinLimits };
    act(&mut state, start("a"), now()).unwrap();
    act(&mut state, Command::CompleteTask { id: id("a"), result: None }, now()).unwrap();
    act(&mut state, Command::Retry { id: id("a"), text: None }, now()).unwrap();
    let line = |name: &str, mark| Line {
        given_id: Some(id(name)),
        text: format!("Do {name}"),
        parent: None,
        heading: None,
        mark,
    };
    let right = |a, b| {
        let plan = Plan::of(&state, &[line("a", a), line("b", b)]);
        [plan.is_box_right(&state, 0), plan.is_box_right(&state, 1)]
    };
    // b was never put back: nothing is owed to it.
    assert_eq!(right(Mark::Open, Mark::Open), [true, false]);
    assert_eq!(right(Mark::Done, Mark::Open), [false, false]);
    let plan = Plan::of(&state, &[line("a", Mark::Done)]);
    assert_eq!(plan.owed_mark(&state, 0), Some(Mark::Open));
}
