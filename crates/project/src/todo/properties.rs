//! Property tests: whatever a list looks like, setting marks changes exactly those marks and keeps every other byte.

use std::path::PathBuf;

use codeagent_core::TaskId;
use codeagent_core::list::Mark;
use proptest::prelude::*;

use super::edit::Lines;
use super::entry::Parsed;
use super::find::{Format, ListFile};
use super::mark::{Change, MarkRequest, marked};

const COMMENT: &str = "codeagent - 2026-01-18 10:35:00";

fn ending() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just(" \t\n"), 1 => Just("\n\n")]
}

fn boxed() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("[ ] "), Just("[x] "), Just("[X]\t"), Just("[-]  "), Just("[] "), Just("[ ]")]
}

fn words() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("<!-- id: a1 -->"),
        Just("<!-- me - 2026-01-01 10:00 -->"),
        Just("<!--"),
        Just("-->"),
        Just("`"),
        Just("```"),
        Just("#"),
        Just("# c"),
        Just("é\u{202e}"),
        Just("\u{1b}[1m\0"),
        Just("[x] "),
        Just(": x"),
        Just("- b"),
        Just("\u{a0}"),
    ];
    prop::collection::vec(prop_oneof![3 => "[a-c ]{0,4}", 2 => odd.prop_map(str::to_owned)], 0..4)
        .prop_map(|words| words.join(" "))
}

fn line(lead: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    let indent =
        prop_oneof![3 => Just(""), 2 => Just("  "), 1 => Just("\t"), 1 => Just("    "), 1 => Just(" ")];
    (indent, lead, boxed(), words(), ending()).prop_map(|parts| {
        let (indent, lead, boxed, words, ending) = parts;
        let boxed = if lead == "> " { "" } else { boxed };
        format!("{indent}{lead}{boxed}{words}{ending}")
    })
}

fn text_of(lines: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (any::<bool>(), any::<bool>(), prop::collection::vec(lines, 0..12)).prop_map(|(bom, cut, lines)| {
        let text = lines.concat();
        let text = if cut { text.trim_end_matches(['\n', '\r']) } else { &text };
        format!("{}{text}", if bom { "\u{feff}" } else { "" })
    })
}

fn markdown() -> impl Strategy<Value = String> {
    let lead = prop_oneof![
        6 => Just("- "), 2 => Just("* "), 1 => Just("+\t"), 1 => Just("1. "), 1 => Just("> "), 1 => Just("- - "),
        1 => Just("```"), 1 => Just("~~~~"), 1 => Just("<!--"), 1 => Just("# "), 1 => Just("-->"),
    ];
    text_of(line(lead))
}

fn plain_text() -> impl Strategy<Value = String> {
    text_of(line(prop_oneof![3 => Just(""), 1 => Just("- "), 1 => Just("# "), 1 => Just("> ")]))
}

/// YAML whose items are mostly sound; what is not is thrown away by the test.
fn yaml() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        4 => Just("- a b"), 1 => Just("- 'a: b'"), 1 => Just("- \"q\" # c"), 2 => Just("- text: a\n  done: false"),
        1 => Just("- {text: a, skipped: true}"), 1 => Just("- [a]"), 1 => Just("- |\n  a\n  b"), 1 => Just("- &x c"),
        1 => Just("- *x"), 1 => Just("-\n  task: t\n  children: [u, \"v\", {text: w}]"), 1 => Just("- 12"),
        1 => Just("- text: p\n  children:\n  - q\n  - done: yes\n    text: r"), 1 => Just("- a\n  b"),
        1 => Just("- done:\n  text: d"), 1 => Just("- comment: c\n  text: >-\n    f\n    g\n"), 1 => Just("- !!str s"),
        1 => Just("- ? text\n  : k"), 1 => Just("- - nested"), 1 => Just("# - no"),
    ];
    (any::<bool>(), any::<bool>(), prop::collection::vec(item, 0..8)).prop_map(|(key, crlf, items)| {
        let text = format!("{}{}\n", if key { "tasks:\n" } else { "" }, items.join("\n"));
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

/// YAML whose items share texts: with each other, with the other list, with what is no list.
fn shared_yaml() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        Just("base: &b {done: false, owner: me}"),
        Just("base: &b\n  done: false\n  skipped: false"),
        Just("base: &b {text: a, comment: 'codeagent - 2020-01-01 00:00:00'}"),
        Just("base: &b\n  comment: \"codeagent - 2020-01-01 00:00:00\"\n  done: no"),
        Just("base: &b {skipped: true, children: [k, {text: l, done: false}]}"),
    ];
    let item = prop_oneof![
        2 => Just("- <<: *b\n  text: c"), 2 => Just("- {<<: *b, text: d}"), 1 => Just("- <<: *b"), 1 => Just("- *b"),
        1 => Just("- &m {text: m, done: false}"), 1 => Just("- &m\n  text: n"), 1 => Just("- &m {<<: *b, text: o}"),
        1 => Just("- *m"), 1 => Just("- <<: *m\n  text: p"), 1 => Just("- {<<: [*m, *b]}"), 1 => Just("- &m b: x\n  text: *m"),
        1 => Just("- text: q\n  children: &k\n  - r\n  - text: s\n    done: false"), 1 => Just("- text: &m t\n  done: &f off"),
        1 => Just("- text: u\n  children: *k"), 1 => Just("- { text: v, done: *f }"), 1 => Just("- <<: {done: no}\n  text: w"),
        1 => Just("- &m x"), 1 => Just("- text: y"), 1 => Just("-\n  <<: *m\n  children: *k"), 1 => Just("- text: z\n  done:"),
    ];
    let tail = prop_oneof![
        2 => Just(""), 1 => Just("todo: *l\n"), 1 => Just("other: *l\n"), 1 => Just("other:\n  <<: *m\n"),
        1 => Just("todo:\n- *m\n- <<: *b\n"), 1 => Just("todo: [*m, {<<: *b}]\n"), 1 => Just("<<: {todo: *l}\n"),
    ];
    (head, prop::collection::vec(item, 0..6), tail, any::<bool>()).prop_map(|(head, items, tail, crlf)| {
        let text = format!(
            "{head}\nfirst: [&m {{text: i}}, &k [j], &f no]\ntasks: &l\n{}\n{tail}",
            items.join("\n")
        );
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

fn mark() -> impl Strategy<Value = Mark> {
    prop_oneof![Just(Mark::Open), Just(Mark::Done), Just(Mark::Skipped)]
}

fn file(format: Format, text: String) -> ListFile {
    ListFile { path: PathBuf::new(), real_paths: vec![], format, text }
}

fn requests(parsed: &Parsed, marks: &[Option<Mark>], comment: bool) -> Vec<(usize, MarkRequest)> {
    let chosen = parsed.entries.iter().enumerate().zip(marks.iter().cycle());
    chosen
        .filter_map(|((index, entry), mark)| Some((index, mark.filter(|mark| *mark != entry.mark)?)))
        .map(|(index, mark)| {
            let comment = (comment && mark == Mark::Done).then(|| COMMENT.to_owned());
            (index, MarkRequest { id: TaskId::new("any"), mark, comment })
        })
        .collect()
}

fn changes(requests: &[(usize, MarkRequest)]) -> Vec<Change<'_>> {
    requests.iter().map(|(entry, request)| Change { entry: *entry, request }).collect()
}

/// The file read again has the same tasks, with the marks asked for.
fn check_marks(
    file: &ListFile,
    before: &Parsed,
    edited: &str,
    made: &[Change<'_>],
) -> Result<(), TestCaseError> {
    let after = file.parse_text(edited).unwrap();
    prop_assert_eq!(before.entries.len(), after.entries.len(), "{:?}", edited);
    for (index, (old, new)) in before.entries.iter().zip(&after.entries).enumerate() {
        let wanted = made.iter().find(|change| change.entry == index);
        prop_assert_eq!(new.mark, wanted.map_or(old.mark, |change| change.request.mark), "{:?}", edited);
        prop_assert_eq!(
            (&old.text, &old.given_id, old.parent, old.heading),
            (&new.text, &new.given_id, new.parent, new.heading)
        );
    }
    Ok(())
}

/// Takes out of a changed line what marking puts in.
fn without_mark(line: &str, old: &str, done: bool) -> Option<String> {
    let comments = [format!(" <!-- {COMMENT} -->"), format!(" # {COMMENT}"), String::new()];
    let bodies = comments.iter().filter(|_| done).map(|comment| line.replacen(comment, "", 1));
    bodies.chain([line.to_owned()]).find_map(|body| {
        let same_but_box =
            body.len() == old.len() && body.bytes().zip(old.bytes()).filter(|(a, b)| a != b).count() == 1;
        let with_box = || {
            ["[x] ", "[-] "].iter().any(|b| {
                body.match_indices(b)
                    .any(|(at, b)| format!("{}{}", &body[..at], &body[at + b.len()..]) == old)
            })
        };
        (same_but_box || with_box()).then_some(body)
    })
}

fn check_lines(before: &Parsed, old: &str, new: &str, made: &[Change<'_>]) -> Result<(), TestCaseError> {
    let split = |text: &str| -> Vec<String> {
        Lines::new(text.as_bytes()).map(|line| text[line.start..line.next].to_owned()).collect()
    };
    let (old, new) = (split(old), split(new));
    prop_assert_eq!(old.len(), new.len());
    for (number, (old, new)) in old.iter().zip(&new).enumerate() {
        let change = made.iter().find(|change| before.entries[change.entry].line == number + 1);
        match change {
            None => prop_assert_eq!(old, new),
            Some(change) => {
                let done = change.request.comment.is_some();
                prop_assert!(without_mark(new, old, done).is_some(), "{:?} from {:?}", new, old);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn marks_in_lines_change_nothing_else(
        (format, text) in prop_oneof![
            markdown().prop_map(|text| (Format::Markdown, text)),
            plain_text().prop_map(|text| (Format::Text, text)),
        ],
        marks in prop::collection::vec(prop::option::of(mark()), 1..6),
        comment: bool,
    ) {
        let file = file(format, text);
        let parsed = file.parse().unwrap();
        let requests = requests(&parsed, &marks, comment);
        let (edited, made) = marked(&file, &parsed, changes(&requests));
        prop_assert_eq!(made.len(), requests.len());
        check_marks(&file, &parsed, &edited, &made)?;
        check_lines(&parsed, &file.text, &edited, &made)?;
    }

    #[test]
    fn marks_in_yaml_change_nothing_else(
        text in prop_oneof![yaml(), shared_yaml()],
        marks in prop::collection::vec(prop::option::of(mark()), 1..6),
        comment: bool,
    ) {
        let file = file(Format::Yaml, text);
        let Ok(parsed) = file.parse() else { return Ok(()) };
        let requests = requests(&parsed, &marks, comment);
        let (edited, made) = marked(&file, &parsed, changes(&requests));
        check_marks(&file, &parsed, &edited, &made)?;
        // Every line that holds none of the changed items is there still, in its order.
        let mut new = edited.lines();
        for (number, old) in file.text.lines().enumerate() {
            let item = made.iter().any(|change| number + 1 >= parsed.entries[change.entry].line);
            prop_assert!(item || new.any(|line| line == old), "{:?} in {:?}", old, edited);
        }
    }

    #[test]
    fn marks_of_items_that_share_texts_change_no_other_value(
        text in shared_yaml(),
        marks in prop::collection::vec(prop::option::of(mark()), 1..6),
        comment: bool,
    ) {
        let file = file(Format::Yaml, text);
        let Ok(parsed) = file.parse() else { return Ok(()) };
        let requests = requests(&parsed, &marks, comment);
        let (edited, made) = marked(&file, &parsed, changes(&requests));
        check_marks(&file, &parsed, &edited, &made)?;
        // What is no list says what it said, aliases resolved.
        let (old, new) = (crate::yaml::parse(&file.text).unwrap(), crate::yaml::parse(&edited).unwrap());
        for (key, value) in old.as_map().unwrap() {
            let key = key.scalar_text().unwrap();
            let same = new.get(key).is_some_and(|new| new.is_like(value));
            prop_assert!(same || ["tasks", "todo"].contains(&key), "{key} in {edited:?}");
        }
        // Nothing goes but flags and a comment of the same author.
        let kept = |text: &str| {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"&*".contains(c));
            let said = ["true", "false", "no", "off", "on", "yes", "*f", "2020", "01", "00"];
            words.filter(|word| !said.contains(word)).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut new = kept(&edited).into_iter();
        for word in kept(&file.text) {
            prop_assert!(new.any(|new| new == word), "{word} in {edited:?}");
        }
        // What was set stays, and what could not be set is refused again.
        let file = ListFile { text: edited, ..file };
        let parsed = file.parse().unwrap();
        let open: Vec<_> = requests.iter().filter(|(entry, r)| parsed.entries[*entry].mark != r.mark).cloned().collect();
        let (again, more) = marked(&file, &parsed, changes(&open));
        prop_assert_eq!((again, more.len()), (file.text, 0));
    }

    #[test]
    fn no_text_is_too_odd_to_read(text in any::<String>(), lines in markdown()) {
        for text in [text, lines] {
            for format in [Format::Markdown, Format::Text, Format::Yaml] {
                let _ = file(format, text.clone()).parse();
            }
        }
    }
}
