//! Command lines that make no sense, and streams that go away.

mod common;

use std::io::Read;
use std::process::Stdio;

use common::{Project, command, say};

#[test]
fn mistakes_are_named_and_exit_2() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["--nope"], &["error: unknown argument `--nope`", "hint: "]),
        (&["run", "--exce", "x"], &["error: unknown argument `--exce`", "hint: did you mean `--exec`?"]),
        (&["chekpoint"], &["error: there is no command `chekpoint`", "hint: did you mean `checkpoint`?"]),
        (&["show"], &["error: missing: <ID>", "hint: `codeagent show --help`"]),
        (&["show", "a", "b"], &["error: unknown argument `b`"]),
        (
            &["list", "--state", "odd"],
            &["`odd` is no value of `--state <STATE>`", "possible: pending, in_progress"],
        ),
        (&["list", "--state"], &["`--state <STATE>` needs a value"]),
        (&["log", "x", "--attempt", "two"], &["`two` is no value of", "`codeagent log --help`"]),
        (&["-q", "-v", "list"], &["does not go together with"]),
        (&["run", "--exec", "'open"], &["error: `--exec` cannot be split", "hint: for example"]),
        (&["add", "x", "--metadata", "[]"], &["error: `--metadata` must be a JSON object"]),
        (&["--lang", "de", "list"], &["`de` is no value of", "possible: ru, en"]),
    ];
    for (words, pieces) in cases {
        let said = say(words);
        said.failed(2, pieces);
        assert_eq!(said.out, "", "{words:?}");
    }
}

#[test]
fn mistakes_are_told_in_russian_too() {
    say(&["--lang", "ru", "run", "--exce", "x"])
        .failed(2, &["ошибка: неизвестный аргумент `--exce`", "подсказка: может быть, `--exec`?"]);
    say(&["show", "--lang=ru"]).failed(2, &["ошибка: не хватает: <ID>"]);
    say(&["--lang=ru", "checkpoint", "x"]).failed(2, &["ошибка: нет команды `x`"]);
}

#[test]
fn nothing_at_all_shows_the_help_and_fails() {
    let said = say(&[]);
    said.failed(2, &["Usage: codeagent"]);
    assert_eq!(said.out, "");
}

#[test]
fn escapes_in_an_argument_do_not_reach_the_terminal() {
    let said = say(&["\x1b[2Jx"]);
    said.failed(2, &["\\x1b[2Jx"]);
    assert!(!said.err.contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let mut child =
        command(&["config", "schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

/// The project's own language is known also where the command line is not understood.
#[test]
fn usage_errors_speak_the_configured_language() {
    let project = Project::new();
    project.write("config/config.yaml", "locale: ru\n");
    project.say(&["retry"]).failed(2, &["ошибка: не хватает: "]);
    project.say(&["retry", "--lang", "en"]).failed(2, &["error: missing: "]);
    let dir = project.dir().to_str().unwrap();
    common::say(&["frob", "--project", dir]).failed(2, &["ошибка: нет команды `frob`"]);
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&["config", "schema"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(err.contains("error: cannot write to standard output: No space left on device"), "{err}");
}

#[test]
fn a_deleted_current_folder_is_told() {
    let project = Project::new();
    let gone = project.dir().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let mut asked = std::process::Command::new("sh");
    asked.args(["-c", "cd gone && rmdir ../gone && exec \"$0\" list", env!("CARGO_BIN_EXE_codeagent")]);
    let output = asked.env("LANG", "C").env_remove("LC_ALL").current_dir(project.dir()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
