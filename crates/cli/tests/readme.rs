//! The two READMEs say the same, and what they tell people to type is right.
#![allow(clippy::unwrap_used, reason = "a part of the tests")]

use std::path::Path;

use codeagent_project::config::{ConfigRequest, load};
use codeagent_project::messages::Lang;
use codeagent_project::todo::{TodoList, TodoPlaces};

fn readme(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// Language and text of each fenced block.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(lang) if !open => {
                found.push((lang.to_owned(), String::new()));
                open = true;
            }
            Some(_) => open = false,
            None if open => {
                let (_, text) = found.last_mut().unwrap();
                *text += line;
                *text += "\n";
            }
            None => {}
        }
    }
    assert!(!open, "a block is not closed");
    found
}

fn levels_of_headings(text: &str) -> Vec<usize> {
    let mut open = false;
    let mut levels = vec![];
    for line in text.lines() {
        open ^= line.starts_with("```");
        if !open && line.starts_with('#') {
            levels.push(line.chars().take_while(|c| *c == '#').count());
        }
    }
    levels
}

#[test]
fn both_have_the_same_shape() {
    let (en, ru) = (readme("README.md"), readme("README.ru.md"));
    assert_eq!(levels_of_headings(&en), levels_of_headings(&ru));
    let langs = |text: &str| blocks(text).into_iter().map(|(lang, _)| lang).collect::<Vec<_>>();
    assert_eq!(langs(&en), langs(&ru));
    let rows = |text: &str| text.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows(&en), rows(&ru));
}

#[test]
fn both_name_the_same_commands() {
    let commands = |name| -> Vec<String> {
        let all = blocks(&readme(name)).into_iter().filter(|(lang, _)| lang == "sh");
        let lines = all.flat_map(|(_, text)| text.lines().map(str::to_owned).collect::<Vec<_>>());
        // The text of a task may be in the reader's language.
        lines.map(|line| line.split('\'').next().unwrap().to_owned()).collect()
    };
    assert_eq!(commands("README.md"), commands("README.ru.md"));
}

#[test]
fn every_command_is_one_that_we_take() {
    let mut seen = 0;
    for name in ["README.md", "README.ru.md"] {
        for (_, text) in blocks(&readme(name)).into_iter().filter(|(lang, _)| lang == "sh") {
            for line in text.lines() {
                let words = shell_words::split(line).unwrap();
                let ours: Vec<String> = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                    ["codeagent", ..] => words,
                    ["cargo", "run", "--release", "--", ..] => {
                        ["codeagent".to_owned()].into_iter().chain(words.into_iter().skip(4)).collect()
                    }
                    ["cargo" | "cd", ..] => continue,
                    _ => panic!("{name}: what is `{line}`?"),
                };
                codeagent_cli::command(Lang::En)
                    .try_get_matches_from(ours)
                    .unwrap_or_else(|e| panic!("{line}: {e}"));
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn nothing_is_left_to_fill_in() {
    for name in ["README.md", "README.ru.md"] {
        let text = readme(name);
        for mark in ["RECORDING", "SCENARIO", "TODO:", "FIXME"] {
            assert!(!text.contains(mark), "{name}: {mark}");
        }
    }
}

#[test]
fn the_lists_and_configurations_are_read_without_a_doubt() {
    for name in ["README.md", "README.ru.md"] {
        let (mut lists, mut configurations) = (0, 0);
        for (lang, text) in blocks(&readme(name)) {
            let folder = tempfile::tempdir().unwrap();
            let file = match lang.as_str() {
                "markdown" => "todo.md",
                "yaml" if text.starts_with("tasks:") => "todo.yaml",
                "yaml" => "config/config.yaml",
                "text" if text.starts_with("# Shop") => "todo.txt",
                _ => continue,
            };
            std::fs::create_dir_all(folder.path().join("config")).unwrap();
            std::fs::write(folder.path().join(file), &text).unwrap();
            if file == "config/config.yaml" {
                configurations += 1;
                let current_dir = folder.path().to_owned();
                let loaded = load(&ConfigRequest { current_dir, ..ConfigRequest::default() }).unwrap();
                assert_eq!(loaded.notices, [], "{name}: {text}");
            } else {
                lists += 1;
                let list = TodoList::load(&TodoPlaces::new(folder.path(), "md", 1 << 20)).unwrap();
                assert_eq!((list.notices(), list.lines().len() >= 3), (&[][..], true), "{name}: {text}");
            }
        }
        assert_eq!((lists, configurations), (3, 2), "{name}");
    }
}
