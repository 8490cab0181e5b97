//! Reading the tasks of a large document on several processors.
//!
//! The list is cut where a comma, a line end and an opening brace at the indentation of tasks meet. Such a place may lie
//! within a task of a file that others wrote; but then the piece before it does not end as a list of whole tasks. So
//! either every piece is read as such, and together they are what one pass would have read, or nothing is taken and one
//! pass reads it, and finds the faults where they stand.
use codeagent_core::Table;

use super::{error::Scanned, read_task, scan::Scanner};

/// Smaller lists are read in less time than threads take to start.
const LARGE: usize = 1 << 20;
/// More processors would wait for memory.
const MAX_PIECES: usize = 8;

const BETWEEN: &str = ",\n    {";
const END: &str = "\n  ]";

/// The tasks of the list that `list` begins with, and its length. None where one pass has to read it.
pub(super) fn read(list: &str) -> Option<(Table, usize)> {
    if list.len() < LARGE {
        return None;
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    read_in(list, processors.min(MAX_PIECES))
}

fn read_in(list: &str, pieces: usize) -> Option<(Table, usize)> {
    let end = list.rfind(END)?;
    let (first, others) = cut(list.get(1..end)?, pieces);
    if others.is_empty() {
        return None;
    }
    let tasks = std::thread::scope(|scope| {
        let others: Vec<_> = others.into_iter().map(|piece| scope.spawn(|| read_piece(piece))).collect();
        let mut tasks = read_piece(first).ok();
        for other in others {
            let read = other.join().ok().and_then(Result::ok);
            tasks = tasks.zip(read).map(|(mut tasks, read)| {
                tasks.append(read);
                tasks
            });
        }
        tasks
    })?;
    Some((tasks, end + END.len()))
}

/// Cuts into about so many pieces of about the same length.
fn cut(inside: &str, pieces: usize) -> (&str, Vec<&str>) {
    let mut cuts = Vec::new();
    for piece in 1..pieces {
        let from = inside.len() / pieces * piece;
        // A byte within a character is no place to look from; the next one or the one after is.
        let from = (from..inside.len()).find(|at| inside.is_char_boundary(*at)).unwrap_or(from);
        let found = inside.get(from..).and_then(|rest| rest.find(BETWEEN)).map(|place| from + place);
        cuts.extend(found.filter(|at| cuts.last() < Some(at)));
    }
    let ends = cuts.iter().copied().skip(1).chain([inside.len()]);
    let others = cuts.iter().zip(ends).map(|(at, end)| &inside[at + 1..end]).collect();
    (&inside[..cuts.first().copied().unwrap_or(inside.len())], others)
}

/// Whole tasks with commas between them, and nothing else.
fn read_piece(piece: &str) -> Scanned<Table> {
    let mut s = Scanner::new(piece);
    let mut tasks = Table::default();
    loop {
        tasks.add(read_task::read(&mut s)?);
        if !s.comma() {
            return s.end().map(|()| tasks);
        }
    }
}

#[cfg(test)]
mod tests {
    use codeagent_core::{TaskId, invariants};
    use proptest::prelude::*;

    use super::*;
    use crate::document::{self, ErrorKind};

    fn list(tasks: &[String]) -> String {
        format!("[\n    {}{END},\n  \"current_task\": null", tasks.join(",\n    "))
    }

    fn in_one_pass(list: &str) -> Scanned<Table> {
        let mut tasks = Table::default();
        Scanner::new(list).array(|s, _| read_task::read(s).map(|task| tasks.add(task)))?;
        Ok(tasks)
    }

    #[test]
    fn pieces_are_whole_tasks_or_nothing() {
        let task = |n: usize| format!("{{\"task_id\": \"t{n}\", \"task_text\": \"Задача {n}\"}}");
        let mut tasks: Vec<_> = (0..100).map(task).collect();
        let whole = list(&tasks);
        for pieces in 2..9 {
            let (read, length) = read_in(&whole, pieces).unwrap();
            assert_eq!(read, in_one_pass(&whole).unwrap());
            assert!(whole[length..].starts_with(",\n  \"current_task\""));
        }
        // A place that looks like one between two tasks, within one.
        let inner = "{\"task_id\": \"x\", \"task_text\": \"x\", \"metadata\": {\"a\": [1,\n    {}, {}]}}";
        tasks[50] = inner.into();
        assert!(
            read_in(&list(&tasks), 2).is_none_or(|(read, _)| read == in_one_pass(&list(&tasks)).unwrap())
        );
        // A fault is told by the one pass, which knows its place.
        tasks[70] = "{\"task_id\": 7}".into();
        assert!(read_in(&list(&tasks), 3).is_none());
    }

    #[test]
    fn a_large_document_is_what_a_small_one_would_be() {
        let tasks = (0..20_000).map(|n| codeagent_core::testkit::task(&format!("t{n}")));
        let state = codeagent_core::State::from_parts(Default::default(), tasks, []).unwrap();
        let text = document::to_string(&state.freeze());
        assert!(text.len() > LARGE);
        let read = document::read(text.as_bytes()).unwrap().into_state().unwrap();
        assert_eq!(read, state);
        assert_eq!(invariants::violations(&read), [""; 0]);
        let twice = text.replace("\"t17000\"", "\"t42\"");
        let error = document::read(twice.as_bytes()).unwrap().into_state().unwrap_err();
        assert_eq!(
            (error.kind, &*error.path),
            (ErrorKind::DuplicateId(TaskId::new("t42")), "tasks[17000].task_id")
        );
    }

    proptest! {
        #[test]
        fn what_pieces_read_one_pass_reads(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "{\"task_id\": \"a\", \"task_text\": \"b\"}", "{\"task_id\": \"a\", \"task_text\": \"b\"}",
                    "{\"task_id\": \"a\", \"task_text\": \"b\"", "}", "[", "]", "{", ",\n    {}", "\n  ]", "\"",
                ]),
                1..12,
            ),
            pieces in 2..5usize,
        ) {
            let list = list(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
            if let Some((read, length)) = read_in(&list, pieces) {
                prop_assert_eq!(read, in_one_pass(&list[..length]).map_err(|fault| fault.kind).unwrap());
            }
        }
    }
}
