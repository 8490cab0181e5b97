//! TODO lists: boxes are set, and nothing else is touched.
use std::fs;

use codeagent_core::TaskId;
use codeagent_core::list::{Line, Mark};
use codeagent_project::todo::{MarkRequest, TodoList, TodoPlaces, set_marks};

use super::scratch::Scratch;

pub(super) const WORDS: &[&str] = &[
    "- [ ] a",
    "- [x] b",
    "1. [ ] c",
    "* [-] d",
    "  - [ ] e",
    "<!-- id: x -->",
    "```",
    "~~~",
    "\r\n",
    "\r",
    "\t",
    "> - [ ] q",
    "# head",
    "tasks:\n",
    "- text: a\n  id: b\n",
    "- done: true\n",
    "<!--",
    "-->",
    "[ ] plain",
    "    - [ ] code",
    "\u{feff}",
];

thread_local! {
    static SCRATCH: [(&'static str, Scratch); 3] =
        [("todo.md", Scratch::new()), ("todo.txt", Scratch::new()), ("todo.yaml", Scratch::new())];
}

/// The first byte says what kind of list it is, the second which tasks are marked; the rest is the list.
pub(super) fn todo(input: &[u8]) {
    let [kind, which, text @ ..] = input else { return };
    SCRATCH.with(|all| {
        let (name, scratch) = &all[usize::from(*kind) % all.len()];
        let path = scratch.put(name, text);
        let places = TodoPlaces::new(scratch.dir(), "md", 1 << 20);
        let Ok(before) = TodoList::load(&places) else { return };
        let chosen: Vec<&TaskId> = chosen(&before, *which);
        let note = (which & 0x80 != 0).then(|| "codeagent - 2026-01-18 10:35:00".to_owned());
        let ask = |mark: Mark, comment: &Option<String>| -> Vec<MarkRequest> {
            chosen
                .iter()
                .map(|id| MarkRequest { id: (*id).clone(), mark, comment: comment.clone() })
                .collect()
        };
        let report = set_marks(&places, &ask(Mark::Done, &note)).expect("it was readable");
        let after = TodoList::load(&places).expect("what was readable stays so");
        check_tasks(&before, &after, &report.changed);
        let ticked = fs::read(&path).expect("our own folder");
        check_lines(text, &ticked, *name == "todo.yaml");
        // Without a note, what was ticked and opened again is what it was, to the byte.
        let had_boxes = report.notices.is_empty() && note.is_none() && ticked.len() == text.len();
        if had_boxes && *name != "todo.yaml" {
            set_marks(&places, &ask(Mark::Open, &None)).expect("it was readable");
            let opened = fs::read(&path).expect("our own folder");
            assert!(opened == text, "ticked and opened again: {:?} from {:?}", lossy(&opened), lossy(text));
        }
    });
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Open tasks whose boxes all stand open, by the bits of `which`.
fn chosen(list: &TodoList, which: u8) -> Vec<&TaskId> {
    let open = list.lines().iter().zip(list.ids()).enumerate();
    let picked = open.filter(|(number, (line, _))| line.mark == Mark::Open && which >> (number % 7) & 1 == 1);
    picked.map(|(_, (_, id))| id).collect()
}

fn check_tasks(before: &TodoList, after: &TodoList, changed: &[TaskId]) {
    assert_eq!(before.ids(), after.ids(), "ids are stable");
    for ((old, new), id) in before.lines().iter().zip(after.lines()).zip(before.ids()) {
        let wanted = if changed.contains(id) { Mark::Done } else { old.mark };
        assert_eq!(&Line { mark: wanted, ..old.clone() }, new);
    }
}

/// Lines with their endings.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')).collect()
}

/// What is not a task's line is the same to the byte; a task's line keeps its ending.
fn check_lines(old: &[u8], new: &[u8], is_yaml: bool) {
    if is_yaml {
        // Items of YAML may become several lines; comments stay as they are, in their order.
        let mut there = lines(new).into_iter();
        for comment in lines(old).into_iter().filter(|line| line.starts_with(b"#")) {
            assert!(there.any(|line| line == comment), "{:?} is gone", lossy(comment));
        }
        return;
    }
    let (old, new) = (lines(old), lines(new));
    assert_eq!(old.len(), new.len(), "a line more or less");
    for (old, new) in old.iter().zip(&new).filter(|(old, new)| old != new) {
        assert_eq!(ending(old), ending(new), "{:?} from {:?}", lossy(new), lossy(old));
        assert!(new.windows(3).any(|three| three == b"[x]"), "{:?} from {:?}", lossy(new), lossy(old));
    }
}

fn ending(line: &[u8]) -> Option<&u8> {
    line.last().filter(|last| matches!(last, b'\n' | b'\r'))
}
