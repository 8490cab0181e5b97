//! Every verb in every state.
use alloc::{format, string::String, vec};

use super::*;
use crate::{
    AttemptId, ChildIdentity, Deferral, Origin, RetryPolicy, Verb,
    task::{AfterFailure, FinalReason, Phase},
};

const STATES: [&str; 6] = ["pending", "in_progress", "completed", "failed", "given_up", "rolled_back"];

/// A state with one task, `t`, brought there by commands.
fn with_task_in(name: &str) -> State {
    let mut state = crate::testkit::state(&["t"]);
    let path = match name {
        "pending" => vec![],
        "in_progress" => vec![start("t")],
        "completed" => vec![start("t"), complete("t")],
        "failed" => vec![start("t"), fail("t")],
        "given_up" => vec![start("t"), fail("t"), Command::Skip { id: id("t") }],
        "rolled_back" => vec![start("t"), rollback("t")],
        other => panic!("{other}"),
    };
    all(&mut state, path);
    state
}

fn verbs() -> [(&'static str, Command); 15] {
    let t = || id("t");
    let child = ChildIdentity { pid: 7, start_ticks: 9, boot_id: "b".into() };
    [
        ("start", start("t")),
        ("start always", Command::StartTask { id: t(), attempt_id: None, anew: StartAgain::Always }),
        ("record child", Command::RecordChild { id: t(), child }),
        ("step 1 of 2", Command::CompleteStep { id: t(), step: 1, total: 2 }),
        ("complete", complete("t")),
        ("fail", fail("t")),
        ("give up if exhausted", Command::GiveUpIfExhausted { id: t(), max_attempts: 1 }),
        ("defer", Command::DeferTask { id: t(), cause: Deferral::Stop }),
        ("reset", crash("t")),
        ("tick", Command::TickByHand { id: t() }),
        ("skip", Command::Skip { id: t() }),
        ("cancel", Command::Cancel { id: t() }),
        ("retry", retry("t")),
        ("rollback", rollback("t")),
        ("add", Command::AddTask { id: t(), text: "x".into(), metadata: None, origin: Origin::List }),
    ]
}

/// "no" is a refusal by the state; contract.md, "What the verbs do to a state".
const TABLE: &str = "
                     | pending   | in_progress | completed   | failed      | given_up                        | rolled_back
start                | started   | no          | no          | started     | no: task t was given up: skipped | no
start always         | started   | no          | no          | started     | started                         | no
record child         | no        | child       | no          | no          | no                              | no
step 1 of 2          | step      | step        | no          | step        | step                            | no
complete             | completed | completed   | no          | no          | no                              | no
fail                 | failed    | failed      | no          | no          | no                              | no
give up if exhausted | no        | no          | no          | given_up    | nothing                         | no
defer                | no        | excused     | no          | no          | no                              | no
reset                | no        | excused     | no          | no          | no                              | no
tick                 | completed | no          | no          | completed   | completed                       | completed
skip                 | failed    | no          | no          | failed      | failed                          | no
cancel               | no        | failed      | no          | no          | no                              | no
retry                | no        | no          | retried     | retried     | retried                         | retried
rollback             | no        | rolled_back | rolled_back | rolled_back | rolled_back                     | no
add                  | no: task t exists | no: task t exists | no: task t exists | no: task t exists | no: task t exists | no: task t exists
";

#[test]
fn every_verb_in_every_state() {
    let squeeze = |row: &str| row.split('|').map(str::trim).collect::<Vec<_>>().join(" | ");
    let wanted: Vec<String> = TABLE.trim_start_matches('\n').lines().map(squeeze).collect();
    let mut found = vec![format!(" | {}", STATES.join(" | "))];
    for (name, command) in verbs() {
        let cells = STATES.map(|state| outcome(&try_now(&with_task_in(state), command.clone())));
        found.push(format!("{name} | {}", cells.join(" | ")));
    }
    assert_eq!(found, wanted);
}

#[test]
fn every_verb_of_an_unknown_task_is_refused() {
    let state = State::default();
    for (name, command) in verbs() {
        if name != "add" {
            assert_eq!(try_now(&state, command), Err(Refusal::UnknownTask(id("t"))), "{name}");
        }
    }
}

#[test]
fn a_refusal_names_state_and_verb() {
    let refusal = try_now(&with_task_in("completed"), start("t")).unwrap_err();
    let wanted = Refusal::WrongState { id: id("t"), state: TaskState::Completed, verb: Verb::Start };
    assert_eq!(refusal, wanted);
    assert_eq!(format!("{refusal}"), "cannot start task t: it is completed");
}

/// What each verb leaves behind, field by field.
#[test]
fn a_task_is_added_with_its_metadata_and_an_empty_object_says_nothing() {
    for (given, kept) in [("{\"n\":1}", Some("{\"n\":1}")), ("{}", None)] {
        let metadata = Some(crate::RawJson::new(given));
        let add = Command::AddTask { id: id("t"), text: "T".into(), metadata, origin: Origin::Added };
        let mut state = State::default();
        all(&mut state, [add]);
        assert_eq!(the(&state, "t").metadata().map(crate::RawJson::as_str), kept);
    }
}

#[test]
fn a_task_keeps_what_its_verbs_say() {
    let task_after = |from: &str, command| {
        let mut state = with_task_in(from);
        act(&mut state, command, crate::testkit::at(60)).unwrap();
        the(&state, "t").clone()
    };
    let minute = Some(crate::testkit::at(60).local);

    let started = task_after("pending", start("t"));
    assert_eq!((started.attempts, started.start_time, started.end_time), (1, minute, None));

    let result = Some(crate::RawJson::new("{\"n\":1}"));
    let completed = task_after("in_progress", Command::CompleteTask { id: id("t"), result: result.clone() });
    assert_eq!((completed.end_time, completed.result()), (minute, result.as_ref()));

    let failed = task_after("in_progress", fail("t"));
    assert_eq!((failed.error.as_deref(), failed.end_time), (Some("broken"), minute));
    assert_eq!(failed.phase, Phase::Failed(AfterFailure::Retry(None)));

    let skipped = task_after("pending", Command::Skip { id: id("t") });
    assert_eq!(skipped.phase, Phase::Failed(AfterFailure::Final(FinalReason::Skipped)));
    assert_eq!((skipped.error.as_deref(), skipped.attempts), (Some("skipped"), 0));

    let cancelled = task_after("in_progress", Command::Cancel { id: id("t") });
    assert_eq!(cancelled.phase, Phase::Failed(AfterFailure::Final(FinalReason::Cancelled)));
    assert_eq!(cancelled.error.as_deref(), Some("cancelled"));

    let retried = task_after("failed", retry("t"));
    assert_eq!((retried.error.as_deref(), retried.end_time), (Some("broken"), None));
    assert_eq!(task_after("failed", Command::TickByHand { id: id("t") }).error, None);
}

#[test]
fn what_was_done_before_is_not_the_result_of_the_next_attempt() {
    let mut state = with_task_in("in_progress");
    let result = Some(crate::RawJson::new("1"));
    all(&mut state, [Command::CompleteTask { id: id("t"), result }, retry("t")]);
    assert_eq!(the(&state, "t").result(), None);
    all(&mut state, [start("t"), complete("t")]);
    assert_eq!(the(&state, "t").result(), None);
}

#[test]
fn the_same_start_again_changes_nothing() {
    let mut state = crate::testkit::state(&["t"]);
    let with = |attempt: &str| Command::StartTask {
        id: id("t"),
        attempt_id: Some(AttemptId(attempt.into())),
        anew: StartAgain::WithinLimits,
    };
    all(&mut state, [with("a1")]);
    assert_eq!(try_now(&state, with("a1")), Ok(vec![]));
    assert_eq!(outcome(&try_now(&state, with("a2"))), "no");
    assert_eq!(outcome(&try_now(&state, start("t"))), "no", "without an attempt id it is another start");
    assert_eq!(the(&state, "t").attempts, 1);
}

#[test]
fn the_child_belongs_to_one_attempt() {
    let mut state = with_task_in("in_progress");
    let child = ChildIdentity { pid: 7, start_ticks: 9, boot_id: "b".into() };
    all(&mut state, [Command::RecordChild { id: id("t"), child: child.clone() }]);
    assert_eq!(the(&state, "t").running().unwrap().child, Some(child));
    all(&mut state, [crash("t"), start("t")]);
    assert_eq!(the(&state, "t").running().unwrap().child, None);
}

#[test]
fn the_server_says_hello_counts_and_says_good_bye() {
    let mut state = State::default();
    assert!(state.header().clean_shutdown, "a brand-new document is clean");
    all(&mut state, [Command::StartServer { session_id: "s1".into() }, Command::CountIteration]);
    let header = state.header();
    assert_eq!((header.clean_shutdown, header.iteration_count), (false, 1));
    assert_eq!(header.session_id.as_deref(), Some("s1"));
    assert_eq!(header.last_start_time, Some(crate::testkit::at(0).local));
    assert_eq!(header.last_update, Some(crate::testkit::at(1).local));
    all(&mut state, [Command::StopServer { clean: true }]);
    assert_eq!((state.header().clean_shutdown, state.header().last_stop_time), (true, Some(moment().local)));
}

#[test]
fn the_current_task_is_the_one_that_runs() {
    let mut state = crate::testkit::state(&["a", "b"]);
    let current = |state: &State| state.current_task().map(|task| task.id.clone());
    all(&mut state, [start("a")]);
    assert_eq!(current(&state), Some(id("a")));
    all(&mut state, [start("b"), complete("a")]);
    assert_eq!(current(&state), Some(id("b")), "another one's end does not matter");
    all(&mut state, [fail("b")]);
    assert_eq!(current(&state), None);
    // A document of others may name one that does not run.
    let header = crate::Header { current_task: Some(id("b")), ..Default::default() };
    assert_eq!(State::from_parts(header, [the(&state, "b").clone()], []).unwrap().current_task(), None);
}

#[test]
fn an_empty_text_is_no_task() {
    for text in ["", " \t\n"] {
        let add = Command::AddTask { id: id("t"), text: text.into(), metadata: None, origin: Origin::Added };
        assert_eq!(try_now(&State::default(), add), Err(Refusal::EmptyText));
    }
}

#[test]
fn a_failure_in_pending_is_no_attempt() {
    let mut state = crate::testkit::state(&["t"]);
    let policy = RetryPolicy { max_attempts: 1, initial_delay_ms: 5_000, max_delay_ms: 9_000, dice: None };
    all(&mut state, [Command::FailTask { id: id("t"), error: "e".into(), policy: Some(policy) }]);
    let wait = policy.wait(0, moment());
    assert_eq!(the(&state, "t").phase, Phase::Failed(AfterFailure::Retry(Some(wait))));
    assert_eq!(wait.delay_ms, 5_000);
}
