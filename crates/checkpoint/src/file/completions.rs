//! What is done stays done, whichever document takes the place of ours (promise 2).
use std::collections::HashSet;

use codeagent_core::{Event, Fingerprint, Phase, State, Task, TaskState};

/// Completed tasks of ours that the other program's document lacks become fingerprints. Gives how many there were.
pub(crate) fn remember_completions(state: &mut State, ours: &State) -> usize {
    let pruned: Vec<Fingerprint> = ours.pruned().filter(|known| !state.is_pruned(**known)).copied().collect();
    let lacking: Vec<Fingerprint> = ours
        .tasks()
        .filter(|task| task.state() == TaskState::Completed && state.task(&task.id).is_none())
        .flat_map(|task| [Fingerprint::of_id(&task.id), Fingerprint::of_text(&task.text)])
        .collect();
    let kept = lacking.len() / 2;
    for fingerprint in pruned.into_iter().chain(lacking) {
        state.apply(&Event::CompletionRemembered { fingerprint });
    }
    kept
}

/// The document's state with every completion of ours: a task that it has as open is completed, one that it lacks is
/// known by its fingerprint, as if it had been pruned. Gives how many it did not know.
///
/// None where the document has two tasks of one id, which a state never has.
pub(crate) fn keep_completions(document: &State, ours: &State) -> Option<(State, usize)> {
    let mut kept = 0;
    let tasks: Vec<Task> = document
        .tasks()
        .map(|task| match completed_by(task, ours) {
            Some(completed) => {
                kept += 1;
                completed
            }
            None => task.clone(),
        })
        .collect();
    let there: HashSet<Fingerprint> = document.tasks().flat_map(|task| known_by(task, ours)).collect();
    let mut pruned: HashSet<Fingerprint> = document.pruned().copied().collect();
    pruned.extend(ours.pruned().filter(|fingerprint| !there.contains(*fingerprint)));
    let is_lacking = |task: &&Task| task.state() == TaskState::Completed && document.task(&task.id).is_none();
    for task in ours.tasks().filter(is_lacking) {
        kept += usize::from(pruned.insert(Fingerprint::of_id(&task.id)));
        // An id that does not follow from the text would not be found again by a line of the list.
        if !task.id.is_derived_form() {
            pruned.insert(Fingerprint::of_text(&task.text));
        }
    }
    let state = State::from_parts(document.header().clone(), tasks, pruned).ok()?;
    Some((state, kept))
}

/// The document's task as it is with our completion of it; none where it has it, or we have none.
fn completed_by(task: &Task, ours: &State) -> Option<Task> {
    if task.state() == TaskState::Completed {
        return None;
    }
    match ours.task(&task.id) {
        Some(known) if known.state() == TaskState::Completed => {
            Some(Task { text: task.text.clone(), origin: task.origin, ..known.clone() })
        }
        None if ours.is_pruned(Fingerprint::of_id(&task.id)) => {
            Some(Task { phase: Phase::Completed, error: None, reopened: false, ..task.clone() })
        }
        _ => None,
    }
}

/// The fingerprints of ours that say of the document's task what it now says itself.
fn known_by(task: &Task, ours: &State) -> Vec<Fingerprint> {
    let of_id = Fingerprint::of_id(&task.id);
    if ours.is_pruned(of_id) { vec![of_id, Fingerprint::of_text(&task.text)] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use codeagent_core::{
        Command, Origin, StartAgain, TaskId, invariants,
        testkit::{act, at, id, state},
    };

    use super::*;

    fn run(state: &mut State, name: &str) {
        let start = Command::StartTask { id: id(name), attempt_id: None, anew: StartAgain::Always };
        act(state, start, at(1)).unwrap();
        act(state, Command::CompleteTask { id: id(name), result: None }, at(2)).unwrap();
    }

    #[test]
    fn an_older_document_forgets_nothing_that_is_done() {
        let names = ["open", "done", "pruned", "lacking"];
        let (older, mut ours) = (state(&names[..3]), state(&names));
        run(&mut ours, "pruned");
        act(&mut ours, Command::Prune { keep_last_n: 0 }, at(3)).unwrap();
        run(&mut ours, "done");
        run(&mut ours, "lacking");
        let (kept, count) = keep_completions(&older, &ours).unwrap();
        let states = ["open", "done", "pruned"].map(|name| kept.task(&id(name)).unwrap().state());
        assert_eq!(states, [TaskState::Pending, TaskState::Completed, TaskState::Completed]);
        assert!(kept.task(&id("lacking")).is_none() && kept.is_text_completed("Do lacking"));
        assert_eq!((count, kept.pruned().len()), (3, 2));
        assert_eq!(invariants::violations(&kept), Vec::<String>::new());
        // And again: it is all known now.
        let (again, count) = keep_completions(&kept, &ours).unwrap();
        assert_eq!((again, count), (kept, 0));
    }

    #[test]
    fn what_the_document_knows_more_stays_and_a_text_elsewhere_is_not_taken_for_done() {
        let mut document = state(&["a", "b"]);
        run(&mut document, "a");
        let derived = TaskId::derive(["Above"], "Do it");
        let mut ours = state(&["a", "b"]);
        let text = "Do it".to_owned();
        let add = Command::AddTask { id: derived.clone(), text, metadata: None, origin: Origin::List };
        act(&mut ours, add, at(0)).unwrap();
        run(&mut ours, derived.as_str());
        let (kept, count) = keep_completions(&document, &ours).unwrap();
        assert_eq!(kept.task(&id("a")).unwrap().state(), TaskState::Completed);
        assert_eq!(kept.task(&id("b")).unwrap().state(), TaskState::Pending);
        assert!(kept.is_pruned(Fingerprint::of_id(&derived)) && !kept.is_text_completed("Do it"));
        assert_eq!(count, 1);
    }
}
