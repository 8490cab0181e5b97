//! The list held against the state.
use alloc::{format, string::String};

use super::{listed::lines, *};
use crate::{
    Origin, Plan, RetryPolicy,
    list::Mark,
    plan::{Known, Standing},
    task::Phase,
    time::Wait,
};

fn derived(text: &str) -> TaskId {
    TaskId::derive([], text)
}

/// What the server does with a list: adds what is new and open.
fn sync(state: &mut State, list: &str) -> Plan {
    let lines = lines(list);
    let plan = Plan::of(state, &lines);
    for entry in &plan.entries {
        if let (Known::New, Mark::Open, Some(line)) = (entry.known, entry.mark, entry.line) {
            let text = lines[line].text.clone();
            let add = Command::AddTask { id: entry.id.clone(), text, metadata: None, origin: Origin::List };
            act(state, add, moment()).unwrap();
        }
    }
    Plan::of(state, &lines)
}

fn added(name: &str, text: &str) -> Command {
    Command::AddTask { id: id(name), text: text.into(), metadata: None, origin: Origin::Added }
}

/// What the plan makes of each line: id, what is known, standing.
fn seen(state: &State, list: &str) -> Vec<(String, Known, Standing)> {
    let plan = Plan::of(state, &lines(list));
    (0..plan.entries.len())
        .map(|n| {
            let entry = &plan.entries[n];
            (String::from(entry.id.as_str()), entry.known, plan.standing(state, n, moment()))
        })
        .collect()
}

fn row(id: impl AsRef<str>, known: Known, standing: Standing) -> (String, Known, Standing) {
    (String::from(id.as_ref()), known, standing)
}

fn standings(plan: &Plan, state: &State) -> Vec<Standing> {
    (0..plan.entries.len()).map(|n| plan.standing(state, n, moment())).collect()
}

mod which_task_a_line_is {
    use super::*;

    #[test]
    fn a_line_of_an_empty_checkpoint_is_new() {
        let new = |text| row(derived(text).as_str(), Known::New, Standing::Ready);
        assert_eq!(seen(&State::default(), "- [ ] a\n- [ ] b"), [new("a"), new("b")]);
    }

    #[test]
    fn a_repeated_line_is_one_task() {
        let mut state = State::default();
        let plan = sync(&mut state, "- [ ] Do  it\n- [ ] b\n- [ ] Do it\n- [ ] c {#c}\n- [ ] c again {#c}");
        assert_eq!(state.tasks().count(), 3);
        assert_eq!(
            plan.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(3)]
        );
    }

    #[test]
    fn the_same_text_under_two_parents_is_two_tasks() {
        let mut state = State::default();
        sync(&mut state, "- [ ] P\n  - [ ] x\n- [ ] Q\n  - [ ] x");
        let ids: Vec<_> = state.tasks().map(|task| task.id.clone()).collect();
        let x = |parent| TaskId::derive([parent], "x");
        assert_eq!(ids, [derived("P"), x("P"), derived("Q"), x("Q")]);
    }

    #[test]
    fn another_programs_task_is_known_by_its_text_and_keeps_its_id() {
        let mut state = texts(&[("task_1", "Do it")]);
        assert_eq!(seen(&state, "- [ ] Do   it"), [row("task_1", Known::Task, Standing::Ready)]);
        // Nested as well: it knew no parents. But only one line is that task.
        let nested = "- [x] P\n  - [ ] Do it\n- [x] Q\n  - [ ] Do it";
        let second = TaskId::derive(["Q"], "Do it");
        assert_eq!(seen(&state, nested)[1], row("task_1", Known::Task, Standing::Ready));
        assert_eq!(seen(&state, nested)[3], row(second.as_str(), Known::New, Standing::Ready));
        all(&mut state, [complete("task_1")]);
        let repeated = "- [ ] Do it\n- [ ] Do it";
        assert_eq!(seen(&state, repeated), [row("task_1", Known::Task, Standing::Settled)]);
    }

    #[test]
    fn of_several_entries_of_one_text_the_latest_is_meant() {
        let mut state = texts(&[("task_1", "Do it"), ("task_2", "Do it"), ("task_3", "Do it")]);
        all(&mut state, [start("task_1"), fail("task_1"), start("task_3"), complete("task_3")]);
        all(&mut state, [start("task_1"), crash("task_1")]);
        act(&mut state, start("task_2"), crate::testkit::at(60)).unwrap();
        act(&mut state, complete("task_2"), crate::testkit::at(61)).unwrap();
        assert_eq!(seen(&state, "- [ ] Do it"), [row("task_2", Known::Task, Standing::Settled)]);
        // The older ones, pending or failed, are held: no line is theirs, also not a second one of that text.
        assert_eq!(seen(&state, "- [ ] Do it\n- [ ] Do it").len(), 1);
    }

    #[test]
    fn an_entry_under_other_parents_does_not_hide_another_programs() {
        let nested = TaskId::derive(["P"], "x");
        let mut state = texts(&[("task_1", "x"), (nested.as_str(), "x")]);
        all(&mut state, [start("task_1"), complete("task_1"), start(nested.as_str())]);
        assert_eq!(seen(&state, "- [ ] x"), [row("task_1", Known::Task, Standing::Settled)]);
    }

    #[test]
    fn a_line_that_moved_under_another_parent_is_a_new_task() {
        let mut state = State::default();
        sync(&mut state, "- [ ] P\n  - [ ] x");
        let moved = seen(&state, "- [x] Q\n  - [ ] x");
        assert_eq!(moved[1], row(TaskId::derive(["Q"], "x").as_str(), Known::New, Standing::Ready));
    }

    #[test]
    fn a_given_id_stands_for_itself_whatever_the_text_says() {
        let mut state = texts(&[("setup", "Set it up")]);
        all(&mut state, [complete("setup")]);
        let settled = [row("setup", Known::Task, Standing::Settled)];
        assert_eq!(seen(&state, "- [ ] Set everything up {#setup}"), settled);
        assert_eq!(seen(&state, "- [ ] Set it up"), settled, "the comment was taken away");
        assert_eq!(
            seen(&state, "- [ ] Set it up {#install}"),
            settled,
            "the comment was changed: it keeps its id"
        );
    }

    #[test]
    fn an_id_that_was_added_later_does_not_make_a_new_task() {
        let mut state = State::default();
        sync(&mut state, "- [ ] P\n  - [ ] x");
        let x = TaskId::derive(["P"], "x");
        all(&mut state, [complete(derived("P").as_str()), complete(x.as_str())]);
        let list = "- [x] P\n  - [ ] x {#given}";
        assert_eq!(seen(&state, list)[1], row(x.as_str(), Known::Task, Standing::Settled));
        all(&mut state, [prune(0)]);
        assert_eq!(seen(&state, list)[1], row(x.as_str(), Known::Pruned, Standing::Settled));
        // But not where another line is that task.
        let both = format!("{list}\n  - [ ] x");
        assert_eq!(seen(&state, &both)[1], row("given", Known::New, Standing::Ready));
    }

    #[test]
    fn two_given_ids_with_one_text_are_two_tasks() {
        let list = "- [ ] Do it {#a}\n- [ ] Do it {#b}";
        let mut state = State::default();
        sync(&mut state, "- [ ] Do it {#a}");
        all(&mut state, [complete("a")]);
        let b = row("b", Known::New, Standing::Ready);
        assert_eq!(seen(&state, list), [row("a", Known::Task, Standing::Settled), b.clone()]);
        all(&mut state, [prune(0)]);
        assert_eq!(seen(&state, list), [row("a", Known::Pruned, Standing::Settled), b.clone()]);
        let reversed = "- [ ] Do it {#b}\n- [ ] Do it {#a}";
        assert_eq!(seen(&state, reversed)[0], b, "identities come before texts");
        // Alone it is the old task under another name.
        assert_eq!(seen(&state, "- [ ] Do it {#b}"), [row("b", Known::Pruned, Standing::Settled)]);
    }

    #[test]
    fn a_line_stays_the_task_that_it_became_by_text() {
        let list = "- [ ] Do it\n- [ ] Do it {#new}";
        let mut state = texts(&[("old", "Do it")]);
        let first = |state: &State| seen(state, list).remove(0);
        assert_eq!(first(&state), row("old", Known::Task, Standing::Ready));
        sync(&mut state, list);
        assert_eq!(
            first(&state),
            row("old", Known::Task, Standing::Ready),
            "a later one of that text is another line's"
        );
        all(&mut state, [complete("old"), start("new")]);
        assert_eq!(first(&state), row("old", Known::Task, Standing::Settled));
    }

    #[test]
    fn what_was_pruned_is_not_new() {
        let mut state = State::default();
        sync(&mut state, "- [ ] a\n- [ ] b {#b}");
        let a = derived("a");
        all(&mut state, [complete(a.as_str()), complete("b"), prune(0)]);
        let wanted =
            [row(a.as_str(), Known::Pruned, Standing::Settled), row("b", Known::Pruned, Standing::Settled)];
        assert_eq!(seen(&state, "- [ ] a\n- [ ] b {#b}"), wanted);
        assert_eq!(seen(&state, "- [ ] b")[0].1, Known::Pruned, "known by its text when the id is gone");
        all(&mut state, [Command::Retry { id: a.clone(), text: Some("a".into()) }]);
        assert_eq!(seen(&state, "- [x] a"), [row(a.as_str(), Known::Task, Standing::Ready)]);
    }

    #[test]
    fn another_programs_pruned_completion_stands_before_its_older_attempts() {
        let mut state = texts(&[("task_1", "Do it"), ("task_2", "Do it")]);
        all(&mut state, [start("task_1"), fail("task_1"), start("task_2"), complete("task_2"), prune(0)]);
        let pruned = row(derived("Do it").as_str(), Known::Pruned, Standing::Settled);
        assert_eq!(seen(&state, "- [ ] Do it"), [pruned]);
        all(&mut state, [Command::Retry { id: derived("Do it"), text: Some("Do it".into()) }]);
        let again = row(derived("Do it").as_str(), Known::Task, Standing::Ready);
        assert_eq!(seen(&state, "- [ ] Do it"), [again]);
    }
}

mod what_runs {
    use super::*;

    #[test]
    fn a_task_whose_line_is_gone_is_held() {
        let mut state = State::default();
        sync(&mut state, "- [ ] a\n- [ ] b");
        assert_eq!(seen(&state, "- [ ] b"), [row(derived("b").as_str(), Known::Task, Standing::Ready)]);
        assert_eq!(state_of(&state, derived("a").as_str()), TaskState::Pending);
        assert_eq!(seen(&state, "- [ ] b\n- [ ] a").len(), 2, "it runs when its line is back");
    }

    #[test]
    fn what_came_by_add_runs_without_a_line_and_after_the_list() {
        let mut state = State::default();
        all(&mut state, [added("by-hand", "x"), added("done", "y"), complete("done")]);
        let plan = sync(&mut state, "- [ ] a");
        assert_eq!(plan.entries[1].id, id("by-hand"));
        assert_eq!((plan.entries.len(), plan.entries[1].line), (2, None));
        assert_eq!(standings(&plan, &state), [Standing::Ready; 2]);
        // With a line it is that line's, once.
        assert_eq!(seen(&state, "- [ ] x"), [row("by-hand", Known::Task, Standing::Ready)]);
    }

    #[test]
    fn a_ticked_or_skipped_line_that_nobody_knows_is_not_added() {
        let mut state = State::default();
        let plan = sync(&mut state, "- [x] a\n- [-] b\n  - [ ] c");
        assert_eq!(state.tasks().count(), 1);
        assert_eq!(standings(&plan, &state), [Standing::Settled, Standing::Settled, Standing::Ready]);
        assert_eq!(plan.owed_mark(&state, 0), None);
    }

    #[test]
    fn ticked_at_one_of_its_places_is_ticked() {
        let plan = Plan::of(&State::default(), &lines("- [ ] a\n- [x] a"));
        assert_eq!((plan.entries.len(), plan.entries[0].mark), (1, Mark::Done));
    }

    #[test]
    fn children_wait_until_everything_above_is_settled() {
        let mut state = State::default();
        let plan = sync(&mut state, "- [ ] P\n  - [ ] Q\n    - [ ] x\n- [ ] y");
        let [p, q] = [derived("P"), TaskId::derive(["P"], "Q")];
        let (p, q) = (p.as_str(), q.as_str());
        use Standing::{Blocked, Ready, Running, Settled};
        assert_eq!(standings(&plan, &state), [Ready, Blocked, Blocked, Ready]);
        all(&mut state, [start(p)]);
        assert_eq!(standings(&plan, &state), [Running, Blocked, Blocked, Ready]);
        all(&mut state, [complete(p)]);
        assert_eq!(standings(&plan, &state), [Settled, Ready, Blocked, Ready]);
        all(&mut state, [Command::Skip { id: id(q) }]);
        assert_eq!(standings(&plan, &state), [Settled, Settled, Ready, Ready], "however it ended");
        all(&mut state, [rollback(p)]);
        assert_eq!(standings(&plan, &state)[2], Ready);
    }

    #[test]
    fn children_wait_as_long_as_their_parent() {
        let mut state = State::default();
        let plan = sync(&mut state, "- [ ] P\n  - [ ] x");
        let (p, x) = (derived("P"), TaskId::derive(["P"], "x"));
        let policy =
            RetryPolicy { max_attempts: 3, initial_delay_ms: 5_000, max_delay_ms: 9_000, dice: None };
        let fail_with_wait = Command::FailTask { id: p.clone(), error: "e".into(), policy: Some(policy) };
        act(&mut state, start(p.as_str()), moment()).unwrap();
        act(&mut state, fail_with_wait, moment()).unwrap();
        assert_eq!(standings(&plan, &state), [Standing::Waiting(5_000); 2]);
        let later = crate::testkit::at(4);
        assert_eq!(plan.standing(&state, 0, later), Standing::Waiting(1_000));
        assert_eq!(plan.standing(&state, 0, crate::testkit::at(5)), Standing::Ready);
        assert_eq!(plan.standing(&state, 1, crate::testkit::at(5)), Standing::Blocked);
        // Its own wait, where that is longer.
        state.update(&x, |task| {
            task.phase = Phase::Pending(Some(Wait { since_unix_ms: moment().unix_ms, delay_ms: 60_000 }));
        });
        assert_eq!(plan.standing(&state, 1, later), Standing::Waiting(56_000));
    }

    #[test]
    fn what_was_taken_back_does_not_run_by_itself() {
        let mut state = State::default();
        let plan = sync(&mut state, "- [ ] a");
        let a = derived("a");
        all(&mut state, [start(a.as_str()), complete(a.as_str()), rollback(a.as_str())]);
        assert_eq!(standings(&plan, &state), [Standing::Settled]);
        all(&mut state, [retry(a.as_str())]);
        assert_eq!(standings(&plan, &state), [Standing::Ready]);
    }
}

mod boxes {
    use super::*;

    /// (what a person said, what the box is owed) for a list of the one task `a`, whose box says `mark`.
    fn box_of(state: &State, mark: char) -> (Option<Mark>, Option<Mark>) {
        let plan = Plan::of(state, &lines(&format!("- [{mark}] a {{#a}}")));
        (plan.said_by_hand(state, 0), plan.owed_mark(state, 0))
    }

    /// Both, for each of the three marks.
    fn boxes(state: &State) -> [(Option<Mark>, Option<Mark>); 3] {
        [' ', 'x', '-'].map(|mark| box_of(state, mark))
    }

    fn after(commands: impl IntoIterator<Item = Command>) -> State {
        let mut state = texts(&[("a", "a")]);
        all(&mut state, commands);
        state
    }

    const NOTHING: (Option<Mark>, Option<Mark>) = (None, None);
    const OPEN: (Option<Mark>, Option<Mark>) = (None, Some(Mark::Open));
    const DONE: (Option<Mark>, Option<Mark>) = (None, Some(Mark::Done));
    const SKIPPED: (Option<Mark>, Option<Mark>) = (None, Some(Mark::Skipped));
    const SAID_DONE: (Option<Mark>, Option<Mark>) = (Some(Mark::Done), None);
    const SAID_SKIPPED: (Option<Mark>, Option<Mark>) = (Some(Mark::Skipped), None);

    #[test]
    fn a_persons_word_is_heard_while_the_task_is_open() {
        assert_eq!(boxes(&after([])), [NOTHING, SAID_DONE, SAID_SKIPPED]);
        let seen = Command::SeeBox { id: id("a") };
        assert_eq!(boxes(&after([start("a"), fail("a"), seen])), [NOTHING, SAID_DONE, SAID_SKIPPED]);
        assert_eq!(
            boxes(&after([start("a"), fail("a")])),
            [NOTHING, OPEN, OPEN],
            "ticked during the attempt"
        );
        for cut_off in [crash("a"), stop("a")] {
            assert_eq!(
                boxes(&after([start("a"), cut_off])),
                [NOTHING, OPEN, OPEN],
                "ticked, and not finished"
            );
        }
    }

    #[test]
    fn while_an_attempt_runs_the_word_waits() {
        assert_eq!(boxes(&after([start("a")])), [NOTHING; 3]);
    }

    #[test]
    fn what_is_done_or_given_up_is_shown() {
        assert_eq!(boxes(&after([complete("a")])), [DONE, NOTHING, DONE]);
        let skip = Command::Skip { id: id("a") };
        assert_eq!(boxes(&after([skip])), [SKIPPED, SAID_DONE, NOTHING]);
        assert_eq!(boxes(&after([complete("a"), prune(0)])), [DONE, NOTHING, DONE]);
    }

    #[test]
    fn what_was_reopened_is_open_and_its_old_tick_is_no_word() {
        let old_tick = [NOTHING, OPEN, OPEN];
        assert_eq!(boxes(&after([complete("a"), retry("a")])), old_tick);
        assert_eq!(boxes(&after([complete("a"), retry("a"), start("a")])), old_tick, "a box may lag behind");
        assert_eq!(boxes(&after([complete("a"), retry("a"), start("a"), crash("a")])), old_tick);
        let failed_anew = [complete("a"), retry("a"), start("a"), fail("a")];
        assert_eq!(boxes(&after(failed_anew)), old_tick, "nobody has seen the box open");
        let seen = Command::SeeBox { id: id("a") };
        let seen_open = [complete("a"), retry("a"), start("a"), fail("a"), seen];
        assert_eq!(boxes(&after(seen_open)), [NOTHING, SAID_DONE, SAID_SKIPPED]);
        let skipped = [complete("a"), retry("a"), Command::Skip { id: id("a") }];
        assert_eq!(boxes(&after(skipped)), [SKIPPED, SKIPPED, NOTHING]);
        let pruned = [complete("a"), prune(0), Command::Retry { id: id("a"), text: Some("a".into()) }];
        assert_eq!(boxes(&after(pruned)), old_tick);
    }

    #[test]
    fn what_was_taken_back_is_to_do_again() {
        let taken_back = [NOTHING, OPEN, NOTHING];
        assert_eq!(boxes(&after([complete("a"), rollback("a")])), taken_back);
        assert_eq!(boxes(&reload(&after([complete("a"), rollback("a")]))), taken_back);
    }

    #[test]
    fn a_task_without_a_line_has_no_box() {
        let mut state = State::default();
        all(&mut state, [added("b", "b")]);
        let plan = Plan::of(&state, &[]);
        assert_eq!((plan.said_by_hand(&state, 0), plan.owed_mark(&state, 0)), NOTHING);
        all(&mut state, [complete("b")]);
        assert_eq!(plan.owed_mark(&state, 0), None);
    }
}

/// A list of 50,000 lines, half of them of one text, against a state that knows them by id, by text or not at all.
/// What is not linear here takes minutes.
#[test]
fn a_large_list_costs_one_pass() {
    let list: Vec<_> = (0..50_000usize)
        .map(|n| {
            let text = if n % 2 == 0 { format!("Part {n}") } else { "Write tests".into() };
            let parent = (n % 2 == 1).then(|| n - 1);
            crate::list::Line { given_id: None, text, parent, heading: None, mark: Mark::Open }
        })
        .collect();
    let mut state = State::default();
    let plan = Plan::of(&state, &list);
    for entry in plan.entries.iter().filter(|entry| entry.line.is_some_and(|line| line % 3 == 0)) {
        let text = list[entry.line.unwrap()].text.clone();
        let add = Command::AddTask { id: entry.id.clone(), text, metadata: None, origin: Origin::List };
        for event in try_now(&state, add).unwrap() {
            state.apply(&event);
        }
    }
    let old = (0..20_000).map(|n| Task::new(id(&format!("old_{n}")), "Write tests", Origin::List));
    for task in old {
        state.insert(task);
    }
    let first = id("old_0");
    for command in [start("old_0"), complete("old_0"), prune(0)] {
        for event in try_now(&state, command).unwrap() {
            state.apply(&event);
        }
    }
    assert!(state.task(&first).is_none());
    let plan = Plan::of(&state, &list);
    assert_eq!(plan.entries.len(), list.len());
    let known = |known| plan.entries.iter().filter(|entry| entry.known == known).count();
    assert_eq!((known(Known::Pruned), known(Known::Task)), (1, 16_667 + 1));
    assert_eq!(plan.standing(&state, 1, moment()), Standing::Settled);
    assert_eq!(plan.standing(&state, 3, moment()), Standing::Blocked);
}
