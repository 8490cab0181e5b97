//! Tests of the YAML tree: places, scalars, limits.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn kind(text: &str) -> Kind {
    parse(text).unwrap().kind
}

fn error(text: &str) -> (u32, u32, ErrorKind) {
    let error = parse(text).unwrap_err();
    (error.line, error.column, error.kind)
}

#[test]
fn nodes_know_their_place() {
    let root = parse("# head\nserver:\n  check_interval: 5\n  names: [a, \"б\"]\n").unwrap();
    let server = root.get("server").unwrap();
    let interval = server.get("check_interval").unwrap();
    assert_eq!((interval.line, interval.column, &interval.kind), (3, 19, &Kind::Int(5)));
    let names = server.get("names").unwrap().as_seq().unwrap();
    assert_eq!((names[1].line, names[1].column, names[1].scalar_text()), (4, 14, Some("б")));
}

#[test]
fn scalars_follow_the_core_schema() {
    let cases: &[(&str, Kind)] = &[
        ("", Kind::Null),
        ("~", Kind::Null),
        ("true", Kind::Bool(true)),
        ("yes", Kind::Str("yes".into())),
        ("12", Kind::Int(12)),
        ("-7", Kind::Int(-7)),
        ("0x10", Kind::Int(16)),
        ("0o10", Kind::Int(8)),
        ("1.5", Kind::Float(1.5)),
        ("1e3", Kind::Float(1000.0)),
        ("99999999999999999999", Kind::Float(1e20)),
        ("-.inf", Kind::Float(f64::NEG_INFINITY)),
        ("inf", Kind::Str("inf".into())),
        ("2026-01-18", Kind::Str("2026-01-18".into())),
        ("'12'", Kind::Str("12".into())),
        ("!!str 12", Kind::Str("12".into())),
        ("1.2.3", Kind::Str("1.2.3".into())),
        ("...x", Kind::Str("...x".into())),
    ];
    for (text, expected) in cases {
        assert_eq!(&kind(text), expected, "{text:?}");
    }
}

#[test]
fn text_of_a_number_is_kept_as_written() {
    let list = parse("- 007\n- 1.50\n- null\n- ~\n- x").unwrap();
    let texts: Vec<_> = list.as_seq().unwrap().iter().map(|n| n.scalar_text().unwrap()).collect();
    assert_eq!(texts, ["007", "1.50", "null", "~", "x"]);
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let root = parse("base: &b {x: 1, y: 2}\nsub:\n  <<: *b\n  y: 3\nlist: [*b]\n").unwrap();
    let sub = root.get("sub").unwrap();
    assert_eq!(sub.get("x").unwrap().kind, Kind::Int(1));
    assert_eq!(sub.get("y").unwrap().kind, Kind::Int(3));
    assert_eq!(root.get("list").unwrap().as_seq().unwrap()[0].get("y").unwrap().kind, Kind::Int(2));
}

#[test]
fn a_tab_is_called_a_tab() {
    assert_eq!(error("server:\n\tcheck_interval: 5\n"), (2, 1, ErrorKind::Tab));
    assert_eq!(error("server:\n  a: 1\n\tb: 2\n"), (3, 1, ErrorKind::Tab));
    assert_eq!(error("server:\n  a: 1\n  \tb: 2\n"), (3, 3, ErrorKind::Tab));
    // Between values, in comments and in quotes a tab is allowed.
    assert_eq!(parse("a: 5\t# x\ty\n").unwrap().get("a").unwrap().kind, Kind::Int(5));
    assert_eq!(error("ok: 1\na:\t5\n"), (2, 3, ErrorKind::Tab));
}

#[test]
fn syntax_errors_have_a_place() {
    let (line, _, kind) = error("a: 1\nb: [1, 2\nc: 3\n");
    assert!(line >= 2 && matches!(kind, ErrorKind::Syntax(_)), "{line} {kind:?}");
    assert_eq!(error("a: 1\n---\nb: 2\n"), (2, 1, ErrorKind::SecondDocument));
    assert!(matches!(error("a: *nowhere\n"), (1, _, ErrorKind::Syntax(_))));
    assert!(matches!(error("a: &x [*x]\n"), (1, _, ErrorKind::AliasOfItself)));
}

#[test]
fn bombs_are_refused_quickly() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for i in 1..12 {
        let uses = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs.push_str(&format!("a{i}: &a{i} [{uses}]\n"));
    }
    let long = "x".repeat(1_000_000);
    let copies = vec!["*t"; 1000].join(", ");
    let texts = format!("t: &t {long}\nu: [{copies}]\n");
    for (name, text) in [("laughs", laughs), ("texts", texts)] {
        let started = Instant::now();
        assert!(matches!(error(&text), (_, _, ErrorKind::AliasesCopyTooMuch)), "{name}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name}: {:?}", started.elapsed());
    }
}

#[test]
fn deep_nesting_is_refused_in_every_style() {
    let block: String = (0..50_000).map(|i| format!("{}a:\n", " ".repeat(i.min(2000)))).collect();
    let texts =
        ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000), block];
    for text in texts {
        let started = Instant::now();
        let (_, _, kind) = error(&text);
        assert!(matches!(kind, ErrorKind::TooDeep(_)), "{}: {kind:?}", &text[..4]);
        assert!(started.elapsed() < Duration::from_secs(5), "{}: {:?}", &text[..4], started.elapsed());
    }
}

#[test]
fn too_many_nodes_are_refused() {
    let limits = Limits { nodes: 10, ..Limits::USUAL };
    let error = parse_within("[1,2,3,4,5,6,7,8,9,10,11]", limits).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooManyNodes(10));
    assert!(parse_within("[1,2,3,4,5,6,7,8,9]", limits).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[\\PC\n\t]{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(text in "[-:?&*!|>'\"{}\\[\\], ab<0\n\t#%@]{0,120}") {
        let _ = parse(&text);
    }

    #[test]
    fn quoted_texts_come_back(text in "[a-zа-я0-9 :#'-]{0,40}") {
        let quoted = format!("k: '{}'", text.replace('\'', "''"));
        let root = parse(&quoted).unwrap();
        prop_assert_eq!(root.get("k").unwrap().scalar_text(), Some(text.as_str()));
    }
}
