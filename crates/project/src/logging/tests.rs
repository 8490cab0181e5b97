//! Tests of the logger: levels, places, fields, and what happens when the file cannot be written.

use std::fs;

use tempfile::tempdir;

use super::*;
use crate::logging::console::tests::Shared;

impl Logger {
    /// Logs with this logger alone.
    fn say(&self, level: Level, text: &str) {
        let _guard = self.set_for_thread();
        log(level, "codeagent.test", text);
    }
}

#[test]
fn lines_are_captured_in_the_guides_format() {
    let (logger, lines) = Logger::for_tests(Level::Info);
    let guard = logger.set_for_thread();
    tracing::info!(task = "t1", "Прерванная задача сброшена");
    tracing::warn!("{} of {}", 1, 2);
    tracing::debug!("too quiet");
    log(Level::Error, "codeagent.x", "a\nb");
    drop(guard);
    tracing::error!("nobody listens");
    assert_eq!(lines.lines()[0], "2026-01-18 10:00:00 - INFO - Прерванная задача сброшена");
    let expected = ["INFO - Прерванная задача сброшена", "WARNING - 1 of 2", "ERROR - a\\nb"];
    assert_eq!(lines.without_times(), expected);
}

#[test]
fn libraries_speak_from_warning_on() {
    let (logger, lines) = Logger::for_tests(Level::Debug);
    let _guard = logger.set_for_thread();
    tracing::info!(target: "hyper::client", "noise");
    tracing::warn!(target: "hyper::client", "trouble");
    tracing::debug!(target: "codeagent_runner", "detail");
    assert_eq!(lines.without_times(), ["WARNING - trouble", "DEBUG - detail"]);
}

#[test]
fn levels_are_thresholds() {
    for (level, expected) in
        [(Level::Debug, 4), (Level::Info, 3), (Level::Warning, 2), (Level::Error, 1), (Level::Critical, 0)]
    {
        let (logger, lines) = Logger::for_tests(level);
        for each in &Level::ALL[..4] {
            logger.say(*each, "x");
        }
        assert_eq!(lines.lines().len(), expected, "{level:?}");
    }
}

#[test]
fn json_lines_carry_fields() {
    let out = Shared::default();
    let settings = Settings { format: Format::Json, clock: guide_time, ..Settings::default() };
    let logger = Logger::new(settings, &Console::new(out.clone(), true));
    let _guard = logger.set_for_thread();
    tracing::info!(target: "codeagent::x", attempt = 2u64, ok = true, name = "n", "said");
    let value: Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(value["fields"], serde_json::json!({ "attempt": 2, "ok": true, "name": "n" }));
    assert_eq!((value["name"].as_str(), value["message"].as_str()), (Some("codeagent.x"), Some("said")));
}

#[test]
fn a_name_can_be_given() {
    let out = Shared::default();
    let (format, _) = Format::parse("%(name)s|%(message)s");
    let logger = Logger::new(Settings { format, ..Settings::default() }, &Console::new(out.clone(), false));
    let _guard = logger.set_for_thread();
    log(Level::Info, "codeagent.checkpoint_manager", "a");
    tracing::info!(target: "codeagent_server::engine", "b");
    assert_eq!(out.text(), "codeagent.checkpoint_manager|a\ncodeagent_server.engine|b\n");
}

#[test]
fn the_terminal_is_coloured_and_the_file_is_not() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("logs/code_agent.log");
    let out = Shared::default();
    let settings = Settings { file: Some(path.clone()), clock: guide_time, ..Settings::default() };
    let console = Console::new(out.clone(), true);
    Logger::new(settings.clone(), &console).say(Level::Info, "text");
    Logger::new(Settings { color: false, ..settings.clone() }, &console).say(Level::Info, "plain");
    Logger::new(Settings { console: false, ..settings }, &console).say(Level::Info, "file only");
    let time = "2026-01-18 10:00:00";
    assert_eq!(out.text(), format!("{time} - \x1b[32mINFO\x1b[0m - text\n{time} - INFO - plain\n"));
    let expected = ["text", "plain", "file only"].map(|text| format!("{time} - INFO - {text}\n")).concat();
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}

#[test]
fn an_unwritable_file_is_told_once_and_used_again_when_it_can_be() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.log");
    fs::create_dir(&path).unwrap();
    let out = Shared::default();
    let settings = Settings { file: Some(path.clone()), clock: guide_time, ..Settings::default() };
    let logger = Logger::new(settings, &Console::new(out.clone(), false));
    logger.say(Level::Info, "one");
    logger.say(Level::Info, "two");
    let told = format!("the log file {} cannot be written", path.display());
    assert_eq!(out.text().matches(&told).count(), 1, "{}", out.text());
    assert_eq!(out.text().lines().count(), 3);

    fs::remove_dir(&path).unwrap();
    logger.say(Level::Info, "three");
    assert!(fs::read_to_string(&path).unwrap().ends_with("INFO - three\n"));
}

#[test]
fn settings_come_from_the_configuration() {
    use crate::config::{ConfigRequest, Given, Override, load};
    let dir = tempdir().unwrap();
    let over = |key: &str, value: &str| Override {
        key: key.into(),
        value: Given::Text(value.into()),
        flag: "--x".into(),
    };
    let mut request = ConfigRequest { current_dir: dir.path().into(), ..ConfigRequest::default() };
    let env = Env::from_pairs([("NO_COLOR", "1")]);
    let settings = Settings::of(&load(&request).unwrap(), Lang::Ru, &env);
    assert_eq!((settings.level, settings.format, settings.color), (Level::Info, Format::guide(), false));
    assert_eq!(settings.file, Some(dir.path().canonicalize().unwrap().join("logs/code_agent.log")));

    request.overrides =
        vec![over("logging.format", "json"), over("logging.file", "null"), over("logging.level", "error")];
    let settings = Settings::of(&load(&request).unwrap(), Lang::Ru, &Env::default());
    assert_eq!((settings.level, settings.format, settings.color), (Level::Error, Format::Json, true));
    assert_eq!(settings.file, None);
}

#[test]
fn threads_do_not_mix_their_lines() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.log");
    let settings = Settings { file: Some(path.clone()), console: false, ..Settings::default() };
    let logger = Logger::new(settings, &Console::new(Shared::default(), false));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let logger = logger.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    logger.say(Level::Info, &format!("<{thread}:{n}>"));
                }
            });
        }
    });
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), 200);
    assert!(text.lines().all(|line| line.contains(" - INFO - <") && line.ends_with('>')));
}
