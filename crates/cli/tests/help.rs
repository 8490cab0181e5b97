//! Every command has its help, in both languages.

mod common;

use codeagent_project::messages::Lang;
use common::{command, say};

/// `checkpoint export` and all the others; the empty path is the overview.
fn paths() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        for sub in command.get_subcommands() {
            let path: Vec<_> = path.iter().cloned().chain([sub.get_name().to_owned()]).collect();
            walk(sub, &path, found);
        }
    }
    let mut found = vec![];
    walk(&codeagent_cli::command(Lang::En), &[], &mut found);
    found
}

fn help(lang: &str, path: &[String]) -> String {
    let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
    words.extend(["--help", "--lang", lang]);
    let said = say(&words);
    said.done();
    assert_eq!(said.err, "");
    said.out
}

#[test]
fn every_command_of_the_contract_is_there() {
    let names: Vec<String> = paths().into_iter().map(|path| path.join(" ")).collect();
    for name in [
        "run",
        "serve",
        "add",
        "list",
        "show",
        "status",
        "log",
        "retry",
        "skip",
        "cancel",
        "rollback",
        "stop",
        "restart",
        "checkpoint verify",
        "checkpoint export",
        "checkpoint import",
        "checkpoint reset",
        "checkpoint repair",
        "config show",
        "config check",
        "config schema",
        "init",
        "demo",
        "completions",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn english() {
    let mut all = String::new();
    for path in paths() {
        let text = help("en", &path);
        assert!(text.contains("Usage: codeagent") && text.contains("Example"), "{path:?}:\n{text}");
        assert!(!text.contains("cli-"), "{path:?}:\n{text}");
        all += &format!("$ codeagent {} --help\n{text}\n", path.join(" "));
    }
    insta::assert_snapshot!(all.replace("codeagent  ", "codeagent "));
}

#[test]
fn russian() {
    let mut all = String::new();
    for path in paths() {
        let text = help("ru", &path);
        assert!(text.contains("Использование: codeagent") && text.contains("Пример"), "{path:?}:\n{text}");
        for english in ["cli-", "Usage", "Options", "[OPTIONS]", "Print", "default"] {
            assert!(!text.contains(english), "{path:?} has {english}:\n{text}");
        }
        all += &format!("$ codeagent {} --help\n{text}\n", path.join(" "));
    }
    insta::assert_snapshot!(all.replace("codeagent  ", "codeagent "));
}

#[test]
fn help_is_a_command_too() {
    assert_eq!(say(&["help", "checkpoint", "export"]).done().out, say(&["checkpoint", "export", "-h"]).out);
    say(&["help", "nothing"]).failed(2, &["error: there is no command `nothing`"]);
}

#[test]
fn the_language_comes_from_the_environment() {
    let mut russian = command(&["-h"]);
    let out = russian.env("LANG", "ru_RU.UTF-8").output().unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains("Использование"));
    let mut flag_first = command(&["--lang", "en", "-h"]);
    let out = flag_first.env("LC_ALL", "ru_RU.UTF-8").output().unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains("Usage"));
}

#[test]
fn the_version() {
    assert_eq!(say(&["--version"]).done().out, format!("codeagent {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn colours_only_where_they_are_wanted() {
    assert!(!say(&["-h"]).out.contains('\x1b'));
    assert!(say(&["-h", "--color", "always"]).out.contains("\x1b["));
    let mut no_color = command(&["-h", "--color=auto"]);
    let out = no_color.env("NO_COLOR", "1").output().unwrap();
    assert!(!String::from_utf8(out.stdout).unwrap().contains('\x1b'));
}

#[test]
fn completions_for_every_shell() {
    for (shell, piece) in [
        ("bash", "complete -F _codeagent"),
        ("zsh", "#compdef codeagent"),
        ("fish", "complete -c codeagent"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        assert!(say(&["completions", shell]).done().out.contains(piece), "{shell}");
    }
    say(&["completions", "csh"]).failed(2, &["`csh` is no value of", "possible: bash"]);
}
