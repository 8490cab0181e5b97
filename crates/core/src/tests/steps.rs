//! The guide's `instruction_progress`.
use super::*;
use crate::{MAX_STEPS, task::Steps};

fn step(step: u32, total: u32) -> Command {
    Command::CompleteStep { id: id("t"), step, total }
}

fn steps(last_completed: u32, total: u32, completed: &[u32]) -> Steps {
    Steps { last_completed, total, completed: completed.into() }
}

#[test]
fn steps_are_kept_in_order_and_once() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), step(3, 5), step(1, 5), step(3, 5)]);
    assert_eq!(the(&state, "t").steps(), Some(&steps(3, 5, &[1, 3])));
}

#[test]
fn an_interrupted_or_failed_task_goes_on_after_its_last_step() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), step(1, 3), step(2, 3), crash("t"), start("t"), fail("t"), retry("t")]);
    assert_eq!(the(&state, "t").steps(), Some(&steps(2, 3, &[1, 2])));
}

#[test]
fn a_completed_task_has_completed_all_its_steps() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), step(1, 3), complete("t")]);
    assert_eq!(the(&state, "t").steps(), Some(&steps(3, 3, &[1, 2, 3])));
}

#[test]
fn the_most_steps_that_a_task_may_have_are_completed_with_it() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), step(1, MAX_STEPS), complete("t")]);
    assert_eq!(the(&state, "t").steps().map(|steps| steps.completed.len()), Some(MAX_STEPS as usize));
}

#[test]
fn what_was_completed_or_taken_back_begins_anew() {
    for end in [complete("t"), rollback("t")] {
        let mut state = crate::testkit::state(&["t"]);
        all(&mut state, [start("t"), step(1, 3), step(2, 3), end, retry("t")]);
        assert_eq!(the(&state, "t").steps(), Some(&steps(0, 3, &[])));
    }
}

#[test]
fn a_list_of_steps_that_became_shorter() {
    let mut state = crate::testkit::state(&["t"]);
    all(&mut state, [start("t"), step(4, 5), step(5, 5), step(1, 2)]);
    assert_eq!(the(&state, "t").steps(), Some(&steps(1, 2, &[1])));
}

#[test]
fn a_step_lies_between_1_and_the_total() {
    let state = crate::testkit::state(&["t"]);
    for (step_, total) in [(0, 3), (4, 3), (0, 0), (1, MAX_STEPS + 1)] {
        let refusal = Refusal::BadStep { step: step_, total };
        assert_eq!(try_now(&state, step(step_, total)), Err(refusal));
    }
    assert!(try_now(&state, step(MAX_STEPS, MAX_STEPS)).is_ok());
}

#[test]
fn another_programs_absurd_total_costs_no_memory() {
    let mut task = crate::testkit::task("t");
    task.extra_mut().steps = Some(steps(1, u32::MAX, &[1]));
    let mut state = State::from_parts(Default::default(), [task], []).unwrap();
    all(&mut state, [complete("t")]);
    assert_eq!(the(&state, "t").steps(), Some(&steps(1, u32::MAX, &[1])));
}
