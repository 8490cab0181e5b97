//! Whether an edited YAML list means what it meant, but for the marks of the items that were to change. Aliases and merge
//! keys let one text mean several things, and not all of them are tasks.

use super::yaml::{LISTS, text_of};
use crate::yaml::Node;

/// Whether `new` is `old` with other marks and comments at the entries (by their index) that `is_changed` names.
pub(super) fn same_but_marks(old: &Node, new: &Node, is_changed: impl Fn(usize) -> bool) -> bool {
    let mut walk = Walk { entry: 0, is_changed };
    if let (Some(old), Some(new)) = (old.as_seq(), new.as_seq()) {
        return walk.items(old, new);
    }
    let (Some(entries), Some(new_entries)) = (old.as_map(), new.as_map()) else { return old.is_like(new) };
    let is_list =
        |value: &Node| LISTS.iter().any(|key| old.get(key).is_some_and(|list| std::ptr::eq(list, value)));
    let same = |(old, new): (&(Node, Node), &(Node, Node))| {
        old.0.is_like(&new.0) && (is_list(&old.1) || old.1.is_like(&new.1))
    };
    entries.len() == new_entries.len()
        && entries.iter().zip(new_entries).all(same)
        // In the order in which the entries are counted.
        && LISTS.iter().all(|key| match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => walk.list(old, new),
            (old, new) => old.is_none() && new.is_none(),
        })
}

/// Goes through two lists in step, in the order in which they are read.
struct Walk<F> {
    /// The index of the next entry.
    entry: usize,
    is_changed: F,
}

impl<F: Fn(usize) -> bool> Walk<F> {
    fn list(&mut self, old: &Node, new: &Node) -> bool {
        match (old.as_seq(), new.as_seq()) {
            (Some(old), Some(new)) => self.items(old, new),
            _ => old.is_like(new),
        }
    }

    fn items(&mut self, old: &[Node], new: &[Node]) -> bool {
        old.len() == new.len() && old.iter().zip(new).all(|(old, new)| self.item(old, new))
    }

    fn item(&mut self, old: &Node, new: &Node) -> bool {
        let is_entry = text_of(old).is_some();
        let is_changed = is_entry && (self.is_changed)(self.entry);
        self.entry += usize::from(is_entry);
        match (old.as_map(), new.as_map()) {
            (Some(entries), Some(new_entries)) => {
                let is_other = |(key, _): &&(Node, Node)| !is_changed || !is_mark(key);
                let others: Vec<_> = entries.iter().filter(is_other).collect();
                let new_others: Vec<_> = new_entries.iter().filter(is_other).collect();
                let children = old.get("children");
                let mut same = |(old, new): (&&(Node, Node), &&(Node, Node))| {
                    old.0.is_like(&new.0)
                        && if children.is_some_and(|children| std::ptr::eq(children, &old.1)) {
                            self.list(&old.1, &new.1)
                        } else {
                            old.1.is_like(&new.1)
                        }
                };
                others.len() == new_others.len()
                    && others.iter().zip(&new_others).all(&mut same)
                    && no_mark_came_twice(entries, new_entries)
            }
            // A text that became a mapping.
            (None, Some(new_entries)) if is_changed => {
                let others: Vec<_> = new_entries.iter().filter(|(key, _)| !is_mark(key)).collect();
                matches!(others[..], [(key, text)] if key.scalar_text() == Some("text") && text.is_like(old))
                    && no_mark_came_twice(&[], new_entries)
            }
            _ => old.is_like(new),
        }
    }
}

const MARKS: [&str; 3] = ["done", "skipped", "comment"];

fn is_mark(key: &Node) -> bool {
    key.scalar_text().is_some_and(|key| MARKS.contains(&key))
}

/// Our reader takes a key that stands twice, others refuse it.
fn no_mark_came_twice(old: &[(Node, Node)], new: &[(Node, Node)]) -> bool {
    MARKS.iter().all(|mark| {
        let count = |entries: &[(Node, Node)]| {
            entries.iter().filter(|(key, _)| key.scalar_text() == Some(*mark)).count()
        };
        count(new) <= count(old).max(1)
    })
}
