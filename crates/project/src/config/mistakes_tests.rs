//! Tests of what can be wrong with a configuration: what is said, and the place that is named.

use super::*;

/// This text is refused with this key (and where its value stands) and problem.
fn refused(text: &str, line: u32, column: u32, key: &str, problem: Problem) {
    let error = error_of(text);
    assert_eq!((place_of(&error), &error.problem), ((line, column, key), &problem), "{text}");
}

#[test]
fn values_of_another_kind_are_errors_with_line_column_and_key() {
    let wrong = |expected, found| Problem::WrongType { expected, found };
    let text = |text: &str| wrong(Kind::Seconds, Found::Text(text.into()));
    let plain = |text: &str| Found::Plain(text.into());
    let count = Kind::Count { min: 1, max: u32::MAX.into() };
    let interval = "server.check_interval";
    refused("server:\n  check_interval: soon\n", 2, 19, interval, text("soon"));
    refused("server:\n  check_interval: '5'\n", 2, 19, interval, text("5"));
    let attempts = "server.checkpoint.max_task_attempts";
    refused(&nested(attempts, "1.5"), 3, 24, attempts, wrong(count, plain("1.5")));
    let enabled = "server.checkpoint.enabled";
    refused(&nested(enabled, "2"), 3, 14, enabled, wrong(Kind::Bool, plain("2")));
    let grace = "executor.kill_grace";
    refused(&nested(grace, ".nan"), 2, 15, grace, wrong(Kind::Seconds, plain(".nan")));
    let command = "executor.command";
    refused(&nested(command, "./a"), 2, 12, command, wrong(Kind::Argv, Found::Text("./a".into())));
    refused(&nested(command, "[a, [b]]"), 2, 12, command, wrong(Kind::Argv, Found::List));
    refused(&nested("project.docs_dir", "[a]"), 2, 13, "project.docs_dir", wrong(Kind::Path, Found::List));
    let status = "project.status_file";
    refused(&nested(status, "{ a: 1 }"), 2, 16, status, wrong(Kind::Path, Found::Section));
}

#[test]
fn values_beyond_their_bounds_are_errors() {
    let timeout = "executor.timeout";
    let interval = "server.check_interval";
    refused(&nested(interval, "-1"), 2, 19, interval, Problem::NegativeTime { found: "-1".into() });
    refused(&nested(timeout, "-0.5"), 2, 12, timeout, Problem::NegativeTime { found: "-0.5".into() });
    refused(&nested(timeout, "0"), 2, 12, timeout, Problem::ZeroLimit);
    refused(&nested(timeout, ".inf"), 2, 12, timeout, Problem::TimeTooLong { found: ".inf".into() });
    let port = Problem::OutOfRange { found: "70000".into(), min: 0, max: 65535 };
    refused(&nested("server.http_port", "70000"), 2, 14, "server.http_port", port);
    let iterations = Problem::OutOfRange { found: "-3".into(), min: 1, max: u32::MAX.into() };
    refused(&nested("server.max_iterations", "-3"), 2, 19, "server.max_iterations", iterations);
    refused(&nested("executor.command", "[]"), 2, 12, "executor.command", Problem::Empty);
    refused(&nested("project.docs_dir", "''"), 2, 13, "project.docs_dir", Problem::Empty);
    let locale = Problem::NotAChoice { found: "de".into(), words: &["ru", "en"] };
    refused("locale: de\n", 1, 9, "locale", locale);
    match error_of(&nested("logging.level", "LOUD")).problem {
        Problem::NotAChoice { found, words } => assert!(found == "LOUD" && words.contains(&"WARNING")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sections_hold_keys_and_values() {
    refused("server: 5\n", 1, 9, "server", Problem::NotASection);
    refused("server: { checkpoint: [] }\n", 1, 23, "server.checkpoint", Problem::NotASection);
    refused("- a\n", 1, 1, "", Problem::NotASection);
}

/// A file that sets one key, with two blanks for each section.
fn nested(key: &str, value: &str) -> String {
    let parts: Vec<_> = key.split('.').enumerate().map(|(n, part)| "  ".repeat(n) + part).collect();
    format!("{}: {value}\n", parts.join(":\n"))
}

#[test]
fn errors_read_well_in_both_languages() {
    let error = error_of("server:\n  check_interval: '5'\n");
    assert_eq!(
        error.to_string(),
        "config/config.yaml:2:19: server.check_interval: expected a time in seconds (0 or more), found the text \"5\""
    );
    assert_eq!(error.hint(&Catalogue::new(Lang::En)).as_deref(), Some("leave the quotes out"));
    let ru = Catalogue::new(Lang::Ru);
    assert_eq!(
        error.render(&ru),
        "config/config.yaml:2:19: server.check_interval: ожидается время в секундах (0 или больше), найдено: текст «5»"
    );
    let tab = error_of("server:\n\tcheck_interval: 5\n");
    assert_eq!((place_of(&tab), &tab.problem), ((2, 1, ""), &Problem::Yaml(ErrorKind::Tab)));
    assert_eq!(tab.to_string(), "config/config.yaml:2:1: a tab stands where YAML wants spaces");
    assert_eq!(tab.hint(&ru).as_deref(), Some("замените табуляцию пробелами"));
    let hint = error_of("executor: { command: a }\n").hint(&Catalogue::new(Lang::En)).unwrap();
    assert_eq!(hint, r#"write the command as a list: ["./agent.sh", "{task_text}"]"#);
}

#[test]
fn the_same_key_twice_is_an_error() {
    for (text, place) in [
        ("server:\n  task_delay: 1\n  task_delay: 2\n", (3, 3, "server.task_delay")),
        ("server:\n  task_delay: 1\nserver:\n  task_delay: 2\n", (3, 1, "server")),
    ] {
        let error = error_of(text);
        assert_eq!(place_of(&error), place);
        assert!(matches!(error.problem, Problem::Duplicate { first_line: 1 | 2 }));
    }
}

#[test]
fn hostile_files_are_refused_in_bounded_time() {
    let mut bomb = String::from("a: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..10 {
        bomb.push_str(&format!("b{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(",")));
    }
    let cases = [
        (bomb, ErrorKind::AliasesCopyTooMuch),
        (format!("llm: {}", "[".repeat(50_000)), ErrorKind::TooDeep(128)),
        (format!("llm: {}1", "{a: ".repeat(50_000)), ErrorKind::TooDeep(128)),
    ];
    for (text, kind) in cases {
        let started = Instant::now();
        assert_eq!(error_of(&text).problem, Problem::Yaml(kind));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(error_of(&"#".repeat(1024 * 1024 + 1)).problem, Problem::TooLarge(1024 * 1024));
}

#[test]
fn what_is_no_readable_file_is_said() {
    let dir = project(&[]);
    let path = dir.path().join(CONFIG_FILE);
    fs::create_dir_all(&path).unwrap();
    let error = load(&request(&dir)).unwrap_err();
    assert_eq!((error.problem, error.place), (Problem::IsAFolder, Place::Path(CONFIG_FILE.into())));
    fs::remove_dir(&path).unwrap();

    fs::write(&path, b"a: 1\nb: \xd0\xbf\xff\n").unwrap();
    let error = load(&request(&dir)).unwrap_err();
    assert_eq!((place_of(&error), &error.problem), ((2, 5, ""), &Problem::NotUtf8));
    fs::remove_file(&path).unwrap();

    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert_eq!(load(&request(&dir)).unwrap_err().problem, Problem::Missing);
    fs::remove_file(&path).unwrap();

    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(load(&request(&dir)).unwrap_err().problem, Problem::NotUsable);
    fs::remove_file(&path).unwrap();

    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it all the same.
    if !rustix::process::geteuid().is_root() {
        assert!(matches!(load(&request(&dir)).unwrap_err().problem, Problem::Unreadable(_)));
    }
}

#[test]
fn foreign_sections_and_keys_give_one_notice() {
    let loaded = load_text(
        "llm: { a: 1, a: 2 }\ncursor:\n  x: [1, {y: 2}]\nserver: { auto_reload: true }\nagent: 5\ndocs: ~\n",
    )
    .unwrap();
    let names = ["llm", "cursor", "server.auto_reload", "agent", "docs"].map(String::from).to_vec();
    assert_eq!(loaded.notices, [Notice::Unknown { names, path: CONFIG_FILE.into() }]);
    assert!(!loaded.notices[0].is_warning());
    let text = loaded.notices[0].render(&Catalogue::new(Lang::En));
    assert_eq!(
        text,
        "config/config.yaml: not used by codeagent: llm, cursor, server.auto_reload, agent, docs"
    );
}

#[test]
fn typos_are_recognised_everywhere() {
    let cases = [
        ("server: { chek_interval: 5 }\n", "server.chek_interval", "server.check_interval"),
        ("server: { checkInterval: 5 }\n", "server.checkInterval", "server.check_interval"),
        ("server: { checkpiont: { enabled: true } }\n", "server.checkpiont", "server.checkpoint"),
        ("loging: { level: INFO }\n", "loging", "logging"),
        (
            "server: { max_task_attempts: 5 }\n",
            "server.max_task_attempts",
            "server.checkpoint.max_task_attempts",
        ),
        ("check_interval: 5\n", "check_interval", "server.check_interval"),
        ("checkpoint: { enabled: true }\n", "checkpoint", "server.checkpoint"),
        ("lokale: ru\n", "lokale", "locale"),
        ("executor: { retry: { jiter: true } }\n", "executor.retry.jiter", "executor.retry.jitter"),
    ];
    for (text, key, known) in cases {
        let loaded = load_text(text).unwrap();
        match &loaded.notices[..] {
            [
                notice @ Notice::DidYouMean { key: found, known: meant, place: Place::File { line: 1, .. } },
            ] => {
                assert_eq!((found.as_str(), meant.as_str()), (key, known));
                assert!(notice.is_warning());
            }
            other => panic!("{text}: {other:?}"),
        }
        assert_eq!(loaded.config, Config::default());
    }
}

#[test]
fn unknown_variables_are_told() {
    let dir = project(&[]);
    let mut request = request(&dir);
    request.env = Env::from_pairs([
        ("CODEAGENT_SERVER__CHEK_INTERVAL", "5"),
        ("CODEAGENT_X__Y", "5"),
        ("CODEAGENT_ATTEMPT", "5"),
    ]);
    let known = Some("CODEAGENT_SERVER__CHECK_INTERVAL".to_owned());
    let expected = [
        Notice::UnknownVariable { name: "CODEAGENT_SERVER__CHEK_INTERVAL".into(), known },
        Notice::UnknownVariable { name: "CODEAGENT_X__Y".into(), known: None },
    ];
    assert_eq!(load(&request).unwrap().notices, expected);
}

#[test]
fn a_bad_env_file_does_not_stop_the_work() {
    let dir = project(&[(".env", "A=1\nnonsense\n")]);
    let notices = load(&request(&dir)).unwrap().notices;
    assert_eq!(notices, [Notice::BadEnvLine(Place::EnvFile { path: ".env".into(), line: 2 })]);
    assert_eq!(notices[0].render(&Catalogue::new(Lang::En)), ".env:2: not understood, expected NAME=value");
    fs::write(dir.path().join(".env"), b"A=\xff").unwrap();
    let notices = load(&request(&dir)).unwrap().notices;
    let text = notices[0].render(&Catalogue::new(Lang::En));
    assert_eq!(text, "the file of variables is left out: .env:1:3: is not UTF-8 from here on");
}

#[test]
fn log_formats_are_checked() {
    let loaded = load_text("logging: { format: '%(asctme)s %(levelname)s' }\n").unwrap();
    assert_eq!(
        loaded.notices,
        [Notice::UnknownLogFields(vec!["asctme".into()]), Notice::NoMessageInLogFormat]
    );
}

#[test]
fn flags_name_themselves_in_errors() {
    let dir = project(&[]);
    let mut request = request(&dir);
    request.overrides = vec![set("server.check_interval", "-5")];
    let error = load(&request).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--server.check_interval: server.check_interval: a time cannot be negative: -5"
    );
    request.overrides = vec![set("server.nonsense", "5")];
    assert_eq!(load(&request).unwrap_err().problem, Problem::UnknownKey);
}

#[test]
fn a_misspelt_placeholder_is_an_error_where_it_stands() {
    let problem =
        |found: &str, known: &str| Problem::UnknownPlaceholder { found: found.into(), known: known.into() };
    let command = "executor.command";
    let wrong = problem("{task_tex}", "{task_text}");
    refused("executor:\n  command: [a, 'x {task_tex}']\n", 2, 12, command, wrong.clone());
    refused(
        "executor: { prompt: '{heading} {parrents}' }\n",
        1,
        21,
        "executor.prompt",
        problem("{parrents}", "{parents}"),
    );
    let generation = "server.auto_todo_generation.command";
    refused(
        &nested(generation, "[a, '{todo_fil}']"),
        3,
        14,
        generation,
        problem("{todo_fil}", "{todo_file}"),
    );

    let dir = project(&[(CONFIG_FILE, "executor: { command: [a, '{task_tex}'] }\n")]);
    let mut request = request(&dir);
    let exec = |word: &str| Override {
        key: command.into(),
        value: Given::Words(vec!["a".into(), word.into()]),
        flag: "--exec".into(),
    };
    request.overrides = vec![exec("{tsak_text}")];
    let error = load(&request).unwrap_err();
    let said = "--exec: executor.command: `{tsak_text}` is no placeholder; did you mean `{task_text}`?";
    assert_eq!(error.to_string(), said);
    // The flag replaces what the file says.
    request.overrides = vec![exec("{task_text}")];
    assert_eq!(load(&request).unwrap().notices, []);
}

#[test]
fn other_words_in_braces_are_handed_on_with_a_notice() {
    let all = "{prompt} {task_text} {task_name} {task_id} {task_file} {attempt} {project_dir} {date} {heading} {parents}";
    let loaded =
        load_text(&format!("executor: {{ command: [a, '{all}', '{{\"x\": {{}}}}', '{{task}}'] }}\n"))
            .unwrap();
    let [notice @ Notice::UnknownPlaceholder { .. }] = &loaded.notices[..] else {
        panic!("{:?}", loaded.notices)
    };
    assert!(notice.is_warning());
    let text = notice.render(&Catalogue::new(Lang::En));
    let said =
        "config/config.yaml:1:22: executor.command: `{task}` is no placeholder and is handed on as it is";
    assert_eq!(text, said);
}
