//! Lines of Markdown that a person takes for tasks and that are none: they are told, never read as tasks.

use super::edit::read_box;

/// Whether what follows a list marker looks like a box and a text that we don't read: `1. [ ] x`, `- [] x`, `- [ ]x`.
pub(super) fn after_marker(content: &str, ordered: bool) -> bool {
    is_box_with_text(content) && ordered || is_odd_box(content)
}

/// Whether a line that is no list item looks like a task: `-[ ] x`, `> - [ ] x`.
pub(super) fn without_marker(content: &str) -> bool {
    let quoted = content.trim_start_matches(['>', ' ', '\t']);
    let Some(rest) = quoted.strip_prefix(['-', '*', '+']) else { return false };
    // With a blank before its box it is a task, unless it is quoted.
    let stands_close = rest.starts_with('[');
    (stands_close || content.starts_with('>')) && {
        let at_box = rest.trim_start_matches([' ', '\t']);
        is_box_with_text(at_box) || is_odd_box(at_box)
    }
}

fn is_box_with_text(content: &str) -> bool {
    read_box(content).is_some_and(|(_, after)| !content[after..].trim().is_empty())
}

/// `[] x`, `[]x` and `[ ]x`. Links are none: `[](to)`, `[x](to)`, `[x][to]`, `[x]: to`.
fn is_odd_box(content: &str) -> bool {
    let odd = |rest: &str| rest.trim_start().starts_with(|c: char| !matches!(c, '(' | '[' | ':'));
    match (content.strip_prefix("[]"), content.strip_prefix("[ ]")) {
        (Some(rest), _) => odd(rest),
        (_, Some(rest)) => !rest.starts_with([' ', '\t']) && odd(rest),
        _ => {
            let is_close = ["[x]", "[X]", "[-]"].iter().any(|full| {
                content.strip_prefix(full).is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
            });
            is_close || is_box_of_others(content)
        }
    }
}

/// `[~] x` and what else other programs put into a box; `[x ] y`.
fn is_box_of_others(content: &str) -> bool {
    let Some((inner, rest)) = content.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return false;
    };
    let is_mark = |mark: &str| match mark.as_bytes() {
        [b'x' | b'X' | b'-'] => mark != inner,
        [mark] => mark.is_ascii_punctuation(),
        _ => false,
    };
    let has_text = rest.starts_with([' ', '\t']) && !rest.trim().is_empty();
    inner.len() <= 3 && is_mark(inner.trim()) && has_text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_boxes_are_told_from_links_and_text() {
        for odd in ["[] x", "[]x", "[ ]x", "[x]done", "[-]no", "[]\tx", "[~] x", "[>] x", "[x ] y", "[ - ] y"]
        {
            assert!(after_marker(odd, false) && after_marker(odd, true), "{odd}");
        }
        let others = [
            "[](to)", "[ ](to)", "[x](to)", "[x][to]", "[x]: to", "[]", "[ ]", "[ ] ", "[WIP] x", "[1] x",
            "[~]", "[~](to)", "[", "", "x",
        ];
        for other in others {
            assert!(!after_marker(other, false) && !after_marker(other, true), "{other}");
        }
        assert!(after_marker("[ ] x", true) && !after_marker("[ ] x", false));
    }

    #[test]
    fn markers_may_stand_too_close_or_in_a_quotation() {
        for odd in ["-[ ] x", "*[] x", "+[x] x", "> - [ ] x", ">- [x] x", "> > * [] x"] {
            assert!(without_marker(odd), "{odd}");
        }
        for other in
            ["- [ ] x", "-[x](to)", "> x", "> - x", "-", ">", "-[WIP]", "[ ] x", "* [ ]", "> [ ] legend"]
        {
            assert!(!without_marker(other), "{other}");
        }
    }
}
