//! YAML lists in which one text means several things: anchors, aliases and merge keys.

use super::tests::Project;
use super::*;
use codeagent_core::list::Mark;

/// `text` when the tasks (by index) got the mark, one after the other or all at once, and how many places were refused.
/// What was set is what is read again, and setting it again changes nothing.
fn marked(text: &str, tasks: &[usize], mark: Mark) -> (String, usize) {
    let project = Project::new(&[("todo.yaml", text)]);
    let before = project.load();
    let request = |task: &usize| MarkRequest {
        id: before.ids()[*task].clone(),
        mark,
        comment: Some("codeagent - 2026-01-18 10:35:00".to_owned()),
    };
    let requests: Vec<_> = tasks.iter().map(request).collect();
    let report = set_marks(&project.places(), &requests).unwrap();
    assert!(report.gone.is_empty(), "{report:?}");
    let after = project.load();
    assert_eq!(before.ids(), after.ids(), "{text}");
    for (index, (old, new)) in before.lines().iter().zip(after.lines()).enumerate() {
        let wanted = if report.changed.contains(&before.ids()[index]) { mark } else { old.mark };
        assert_eq!((new.mark, &new.text), (wanted, &old.text), "{text}");
    }
    let written = project.read("todo.yaml");
    if report.changed.is_empty() {
        assert_eq!(written, text);
    }
    let again = set_marks(&project.places(), &requests).unwrap();
    assert_eq!((project.read("todo.yaml"), again.changed), (written.clone(), vec![]), "{text}");
    (written, report.notices.len())
}

const FRESH: &str = "done: true\n  comment: \"codeagent - 2026-01-18 10:35:00\"\n  ";
const FRESH_FLOW: &str = "{done: true, comment: \"codeagent - 2026-01-18 10:35:00\", ";

#[test]
fn one_list_under_two_names_is_edited_once() {
    let text = "tasks: &t\n- text: a\n  done: false\n- b\ntodo: *t\n";
    let comment = "comment: \"codeagent - 2026-01-18 10:35:00\"\n  ";
    let want = format!("tasks: &t\n- {comment}text: a\n  done: true\n- {FRESH}text: b\ntodo: *t\n");
    assert_eq!(marked(text, &[0, 1], Mark::Done), (want, 0));
    let want = text.replace("text: a", "skipped: true\n  text: a");
    assert_eq!(marked(text, &[0], Mark::Skipped), (want, 0));
}

#[test]
fn what_is_merged_gets_a_key_of_its_own() {
    let base = "base: &base {done: false}\ntasks:\n- <<: *base\n  text: a\n- <<: *base\n  text: b\n";
    let both = base.replace("- <<", &format!("- {FRESH}<<"));
    assert_eq!(marked(base, &[0], Mark::Done), (base.replacen("- <<", &format!("- {FRESH}<<"), 1), 0));
    assert_eq!(marked(base, &[0, 1], Mark::Done), (both, 0));

    let defaults = "defaults: &base\n  done: false\n  owner: me\nother:\n  <<: *base\ntasks:\n- <<: *base\n  text: one\n";
    let (edited, refused) = marked(defaults, &[0], Mark::Done);
    assert!(
        edited.starts_with("defaults: &base\n  done: false\n  owner: me\nother:\n  <<: *base\ntasks:\n"),
        "{edited}"
    );
    assert_eq!(refused, 0);

    let skipped = "base: &b\n  skipped: false\n  comment: \"codeagent - 2020-01-01 00:00:00\"\ntasks:\n- {<<: *b, text: a}\n";
    let want = skipped.replace("- {", "- {skipped: true, ");
    assert_eq!(marked(skipped, &[0], Mark::Skipped), (want, 0));
    let want = skipped.replace("- {", &format!("- {FRESH_FLOW}"));
    assert_eq!(marked(skipped, &[0], Mark::Done), (want, 0));
    // What another one notes for all stays in force.
    let other = skipped.replace("codeagent - ", "me - ");
    assert_eq!(marked(&other, &[0], Mark::Done), (other.replace("- {", "- {done: true, "), 0));

    let done = "base: &b {done: true, text: a}\ntasks:\n- <<: *b\n";
    let want = done.replace("- <<", "- done: false\n  skipped: true\n  <<");
    assert_eq!(marked(done, &[0], Mark::Skipped), (want, 0));
    assert_eq!(marked(done, &[0], Mark::Open), (done.replace("- <<", "- done: false\n  <<"), 0));
}

#[test]
fn an_item_that_others_are_made_of_is_marked_with_them_or_not_at_all() {
    let text = "- &first {text: one, done: false}\n- <<: *first\n  text: two\n";
    assert_eq!(marked(text, &[0], Mark::Done), (text.to_owned(), 1));
    let (second, refused) = marked(text, &[1], Mark::Done);
    assert_eq!((second.lines().next(), refused), (text.lines().next(), 0));
    let (both, refused) = marked(text, &[0, 1], Mark::Done);
    assert_eq!(refused, 0);
    assert!(both.contains("one, done: true}") && both.contains("- done: true"), "{both}");
    // Where the first waits for the second, among others that can't be edited.
    let among = format!("- text: x\n  done:\n{text}- |\n  y\n");
    let (edited, refused) = marked(&among, &[0, 1, 2, 3], Mark::Done);
    assert_eq!((edited.matches("done: true").count(), refused), (2, 2), "{edited}");
}

#[test]
fn braces_are_found_behind_anchors_and_before_blanks() {
    for text in [
        "- { text: a }\n",
        "- &x { # c\n    text: a}\n",
        "- !!map\n  {\n  text: a }\n",
        "[&x !!map {text: a}, *x]",
        "- &x # {\n  text: a\n",
        "- # {\n  text: a\n",
        "- &x text: a\n",
        "- !!map\n  text: a\n",
    ] {
        let brace = text.find('{').filter(|_| !text.contains("# {"));
        let want = match (brace, text.find("&x text").or_else(|| text.find("text"))) {
            (Some(brace), _) => format!("{}skipped: true, {}", &text[..=brace], &text[brace + 1..]),
            (None, Some(key)) => format!("{}skipped: true\n  {}", &text[..key], &text[key..]),
            (None, None) => unreachable!(),
        };
        assert_eq!(marked(text, &[0], Mark::Skipped), (want, 0));
    }
}

#[test]
fn children_that_two_tasks_share_are_refused() {
    let text = "- text: p\n  children: &kids\n  - text: k\n    done: false\n- text: q\n  children: *kids\n";
    for tasks in [&[1][..], &[3], &[1, 3]] {
        assert_eq!(marked(text, tasks, Mark::Done), (text.to_owned(), tasks.len()), "{tasks:?}");
    }
    assert_eq!(marked(text, &[0, 2], Mark::Skipped).1, 0);
}

#[test]
fn what_something_else_is_made_of_is_refused() {
    for text in [
        "tasks: &t\n- text: a\n  done: false\nother: *t\n",
        "tasks:\n- &a {text: a, done: false}\nother: {<<: *a}\n",
        "x: &x {text: a}\ntasks: [*x]\n",
        "x: &x\n- a\ntasks: *x\n",
    ] {
        assert_eq!(marked(text, &[0], Mark::Skipped), (text.to_owned(), 1), "{text}");
    }
}

#[test]
fn values_behind_aliases_are_replaced_in_the_item() {
    let text = "no: &no false\ntasks:\n- {text: a, done: *no, skipped: *no}\n- &a b\n- *a\n";
    let want = text
        .replace("done: *no", "done: true")
        .replace("- {", "- {comment: \"codeagent - 2026-01-18 10:35:00\", ");
    assert_eq!(marked(text, &[0], Mark::Done), (want, 0));
    let want =
        text.replace("- &a", "- skipped: true\n  text: &a").replace("- *a", "- skipped: true\n  text: *a");
    assert_eq!(marked(text, &[1], Mark::Skipped), (want, 0));
}
