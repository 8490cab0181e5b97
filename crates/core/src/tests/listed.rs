//! Identities of lines.
use alloc::{borrow::ToOwned, format, string::String, vec};

use super::*;
use crate::list::{Line, Mark, derived_ids, identity, parents};

/// A line: `- [ ] text`, indented by two blanks a level, `{#id}` at its end for a given id.
pub(super) fn lines(list: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for row in list.lines().filter(|row| !row.trim().is_empty()) {
        let indent = row.len() - row.trim_start().len();
        let (mark, text) = row.trim_start().split_at(6);
        let mark = match mark {
            "- [ ] " => Mark::Open,
            "- [x] " => Mark::Done,
            "- [-] " => Mark::Skipped,
            other => panic!("{other}"),
        };
        let (text, given_id) = match text.split_once(" {#") {
            Some((text, id)) => (text, Some(TaskId::parse_given(id.trim_end_matches('}')).unwrap())),
            None => (text, None),
        };
        open.retain(|(outer, _)| *outer < indent);
        let parent = open.last().map(|(_, index)| *index);
        open.push((indent, lines.len()));
        lines.push(Line { given_id, text: text.to_owned(), parent, heading: None, mark });
    }
    lines
}

const NESTED: &str = "
- [ ] Parser
  - [ ] Write tests
    - [ ] for  numbers
- [ ] Printer {#print}
  - [ ] Write tests
";

#[test]
fn identities_follow_from_texts_unless_given() {
    let list = lines(NESTED);
    let ids: Vec<_> = (0..list.len()).map(|index| identity(&list, index)).collect();
    let wanted = [
        TaskId::derive([], "Parser"),
        TaskId::derive(["Parser"], "Write tests"),
        TaskId::derive(["Parser", "Write tests"], "for numbers"),
        id("print"),
        TaskId::derive(["Printer"], "Write tests"),
    ];
    assert_eq!(ids, wanted, "a parent's given id does not change its children's: they are named by texts");
}

#[test]
fn derived_ids_are_identities_without_given_ones() {
    let mut list = lines(NESTED);
    let derived = derived_ids(&list);
    list.iter_mut().for_each(|line| line.given_id = None);
    let one_by_one: Vec<_> = (0..list.len()).map(|index| identity(&list, index)).collect();
    assert_eq!(derived, one_by_one);
}

#[test]
fn parents_are_outermost_first() {
    assert_eq!(parents(&lines(NESTED), 2), ["Parser", "Write tests"]);
    assert_eq!(parents(&lines(NESTED), 3), vec![""; 0]);
}

#[test]
fn a_parent_that_does_not_come_first_is_none() {
    let mut list = lines("- [ ] a\n- [ ] b");
    list[0].parent = Some(1);
    list[1].parent = Some(1);
    assert_eq!(derived_ids(&list), [TaskId::derive([], "a"), TaskId::derive([], "b")]);
    assert_eq!(identity(&list, 0), TaskId::derive([], "a"));
    assert_eq!(crate::Plan::of(&State::default(), &list).entries.len(), 2);
    list[0].parent = Some(99);
    assert_eq!(crate::Plan::of(&State::default(), &list).entries.len(), 2);
}

#[test]
fn a_chain_of_20_000_costs_no_more_than_its_bytes() {
    let list: Vec<_> = (0..20_000usize)
        .map(|n| Line {
            given_id: None,
            text: format!("level {n}"),
            parent: n.checked_sub(1),
            heading: None,
            mark: Mark::Open,
        })
        .collect();
    let ids = derived_ids(&list); // 200 million hashed texts, were each named from the top
    let last = list.len() - 1;
    let texts: Vec<&str> = list[..last].iter().map(|line| line.text.as_str()).collect::<Vec<_>>();
    assert_eq!(ids[last], TaskId::derive(texts, &String::from("level 19999")));
}
