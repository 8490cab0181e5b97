//! Tests of the shape of log lines.

use proptest::prelude::*;

use super::*;

fn record<'a>(message: &'a str, fields: &'a Map<String, Value>) -> Record<'a> {
    let time = "2026-01-18T10:00:00.123456+03:00[+03:00]".parse().unwrap();
    let (name, file, line) = ("codeagent_server.engine", Some("crates/server/src/engine.rs"), Some(42));
    Record { time, level: Level::Warning, name, message, fields, file, line }
}

fn line(format: &str, message: &str) -> String {
    Format::parse(format).0.line(&record(message, &Map::new()), false)
}

#[test]
fn the_guides_line() {
    let guide = Format::guide().line(&record("Незавершенных задач: 3", &Map::new()), false);
    assert_eq!(guide, "2026-01-18 10:00:00 - WARNING - Незавершенных задач: 3");
}

#[test]
fn pythons_fields_are_honoured() {
    let cases = [
        (
            "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
            "2026-01-18 10:00:00 - codeagent_server.engine - WARNING - text",
        ),
        ("%(levelname)-8s|%(message)s", "WARNING |text"),
        ("%(levelname)8s|", " WARNING|"),
        ("%(levelname).4s|", "WARN|"),
        ("%(levelname)-6.1s|", "W     |"),
        ("%(lineno)d %(lineno)5d %(lineno)05d", "42    42 00042"),
        ("%(filename)s %(module)s %(funcName)s", "engine.rs engine engine"),
        ("%(levelno)s %(msecs)03d", "30 123"),
        ("%(created)f", "1768719600.123456"),
        ("%(pathname)s", "crates/server/src/engine.rs"),
        ("100%% %(message)s %", "100% text %"),
        ("[%(message)s] %d %(", "[text] %d %("),
    ];
    for (format, expected) in cases {
        assert_eq!(line(format, "text"), expected, "{format}");
        assert_eq!(Format::parse(format).1, Vec::<String>::new(), "{format}");
    }
    assert_eq!(line("%(process)d", ""), std::process::id().to_string());
}

#[test]
fn unknown_fields_are_named_and_shown_as_they_stand() {
    let (format, unknown) = Format::parse("%(asctme)s %(message)s %(taskName)-5s");
    assert_eq!(unknown, ["asctme", "taskName"]);
    assert_eq!(format.line(&record("x", &Map::new()), false), "%(asctme)s x %(taskName)-5s");
    assert!(format.shows_message());
    assert!(!Format::parse("%(levelname)s").0.shows_message());
}

#[test]
fn only_the_level_is_coloured() {
    let colored = Format::guide().line(&record("text", &Map::new()), true);
    assert_eq!(colored, "2026-01-18 10:00:00 - \x1b[33mWARNING\x1b[0m - text");
    let padded = Format::parse("%(levelname)-8s|").0.line(&record("", &Map::new()), true);
    assert_eq!(padded, "\x1b[33mWARNING \x1b[0m|");
}

#[test]
fn a_message_cannot_forge_a_line() {
    let forged = "done\n2026-01-18 10:00:00 - ERROR - broken\x1b[2J";
    assert_eq!(line("%(message)s", forged), "done\\n2026-01-18 10:00:00 - ERROR - broken\\x1b[2J");
}

#[test]
fn json_has_all_parts() {
    let fields = serde_json::json!({ "task": "task_1", "attempt": 2 });
    let fields = fields.as_object().unwrap();
    let text = Format::Json.line(&record("a\n\u{9b}\u{202e}\u{e0001}я", fields), true);
    let expected = concat!(
        r#"{"time":"2026-01-18T10:00:00.123456+03:00","level":"WARNING","name":"codeagent_server.engine","#,
        r#""message":"a\n\u009b\u202e\udb40\udc01я","fields":{"task":"task_1","attempt":2}}"#
    );
    assert_eq!(text, expected);
    let back: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back["message"], "a\n\u{9b}\u{202e}\u{e0001}я");
    assert_eq!(Format::parse("JSON").0, Format::Json);
}

proptest! {
    #[test]
    fn every_event_is_one_line(message in any::<String>(), template in "[%()a-z\n .0-9-]{0,30}%\\(message\\)s") {
        for format in [Format::parse(&template).0, Format::Json] {
            let line = format.line(&record(&message, &Map::new()), false);
            prop_assert_eq!(&*harmless(&line), line.as_str());
        }
    }

    #[test]
    fn a_template_is_kept_as_written(template in "\\PC{0,40}") {
        prop_assume!(!template.eq_ignore_ascii_case("json"));
        let (format, _) = Format::parse(&template);
        prop_assert_eq!(format.source(), template.as_str());
    }
}
