//! TODO lists on a real disk: what is found, read, merged, marked and watched.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use codeagent_core::list::{Mark, identity};

use super::*;

pub(super) struct Project(tempfile::TempDir);

impl Project {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn places(&self) -> TodoPlaces {
        TodoPlaces::new(self.0.path(), "md", 64 << 20)
    }

    pub(super) fn load(&self) -> TodoList {
        let list = TodoList::load(&self.places()).unwrap();
        for (index, id) in list.ids().iter().enumerate() {
            assert_eq!(*id, identity(list.lines(), index), "ids are those of the core");
        }
        list
    }

    fn texts(&self) -> Vec<String> {
        self.load().lines().iter().map(|line| line.text.clone()).collect()
    }

    /// Marks the tasks with these texts.
    fn mark(&self, texts: &[&str], mark: Mark) -> MarkReport {
        let list = self.load();
        let id = |text: &&str| {
            list.ids()[list.lines().iter().position(|line| line.text == **text).unwrap()].clone()
        };
        let comment = Some("codeagent - 2026-01-18 10:35:00".to_owned());
        let request = |text| MarkRequest { id: id(text), mark, comment: comment.clone() };
        set_marks(&self.places(), &texts.iter().map(request).collect::<Vec<_>>()).unwrap()
    }

    /// Reads, marks one task and returns the file.
    fn marked(name: &str, text: &str, task: &str, mark: Mark) -> String {
        let project = Self::new(&[(name, text)]);
        project.mark(&[task], mark);
        let list = project.load();
        let line = list.lines().iter().find(|line| line.text == task).expect("the task keeps its text");
        assert_eq!(line.mark, mark);
        project.read(name)
    }
}

fn kinds(list: &TodoList) -> Vec<(usize, NoticeKind)> {
    list.notices().iter().map(|notice| (notice.line, notice.kind)).collect()
}

#[test]
fn markdown_knows_its_tasks() {
    let text = "\u{feff}# Title\n\n\
        - [ ] A <!-- id: a-1 -->\n  * [x] B <!-- codeagent - 2026-01-18 10:35:00 -->\n\t+ [X] C\n\
        - Group\n  - [-] D\n1. [ ] no\n2. no\n[ ] no\n- [] no\n- [y] no\n- [ ]no\n- [ ] \n\n\
        Part\n====\n\n1. one\n   - [ ] E\n> - [ ] no\n\n## Next ##\n- [ ] F `<!--` <!-- note -->\r\n-\t[ ]\tG\r";
    let list = Project::new(&[("TODO.md", text)]).load();
    let line = |text: &str| list.lines().iter().find(|line| line.text == text).unwrap();
    let texts: Vec<&str> = list.lines().iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["A", "B", "C", "D", "E", "F `<!--` <!-- note -->", "G"]);
    assert_eq!(line("A").given_id.as_ref().unwrap().as_str(), "a-1");
    assert_eq!(
        [line("A").mark, line("B").mark, line("C").mark, line("D").mark],
        [Mark::Open, Mark::Done, Mark::Done, Mark::Skipped]
    );
    assert_eq!([line("B").parent, line("C").parent, line("D").parent], [Some(0), Some(1), None]);
    assert_eq!(line("A").heading.as_deref(), Some("Title"));
    assert_eq!(line("E").heading.as_deref(), Some("Part"));
    assert_eq!(line("G").heading.as_deref(), Some("Next"));
    assert_eq!(list.place(1).line, 4);
}

#[test]
fn code_and_comments_hold_no_tasks() {
    let text = "\
```sh\n- [ ] no\n~~~\n``\n- [ ] no\n```` \n- [ ] A\n  ~~~~ `x`\n  - [ ] no\n  ~~~\n  - [ ] no\n\n  ~~~~\n\
- [ ] B\n    ```\n    - [ ] no\n- [ ] C\n- ```\n  - [ ] no\n  ```\n``` not ` a fence\n- [ ] D\n\
<!-- one line --> - [ ] no\n- [ ] E\n<!--\n- [ ] no\n--> - [ ] no\n- [ ] F <!-- more\n- [ ] no\n--> \n- [ ] G\n\
- [ ] H <!-- stray\n- [ ] I <!-- id: i -->\n";
    assert_eq!(
        Project::new(&[("TODO.md", text)]).texts(),
        ["A", "B", "C", "D", "E", "F", "G", "H <!-- stray", "I"]
    );
}

#[test]
fn what_is_never_closed_is_told() {
    let list =
        Project::new(&[("TODO.md", "- [ ] A\n```\n- [ ] no\n"), ("todo.md", "\n<!--\n- [ ] no\n")]).load();
    assert_eq!(list.lines().len(), 1);
    assert_eq!(kinds(&list), [(2, NoticeKind::UnclosedComment), (2, NoticeKind::UnclosedFence)]);
}

#[test]
fn text_knows_its_tasks() {
    let text = "# title\n\nWrite tests # soon\n  [x] Done # me - 2026-01-18 10:35\n- [-] Skipped\n* Fix #12 in C# code\n\
        # no\n[ ] # no\n   \n- # no\n[WIP] odd";
    let list = Project::new(&[("todo.txt", text)]).load();
    let got: Vec<_> = list.lines().iter().map(|line| (line.text.as_str(), line.mark)).collect();
    let want = [
        ("Write tests", Mark::Open),
        ("Done", Mark::Done),
        ("Skipped", Mark::Skipped),
        ("Fix #12 in C# code", Mark::Open),
        ("[WIP] odd", Mark::Open),
    ];
    assert_eq!(got, want);
}

#[test]
fn yaml_knows_its_tasks() {
    let text = "tasks:\n  - A\n  - text: B\n    done: true\n    id: b\n    children: [C, {task: D, skipped: true}]\n\
        \x20 - 42\n  - {id: x}\n  - task: |\n      E\n      e\n    done: no\n    id: ../x\ntodo: [F]\n";
    let list = Project::new(&[("todo.yaml", text)]).load();
    let got: Vec<_> = list.lines().iter().map(|line| (line.text.as_str(), line.mark, line.parent)).collect();
    let want = [
        ("A", Mark::Open, None),
        ("B", Mark::Done, None),
        ("C", Mark::Open, Some(1)),
        ("D", Mark::Skipped, Some(1)),
        ("42", Mark::Open, None),
        ("E\ne", Mark::Open, None),
        ("F", Mark::Open, None),
    ];
    assert_eq!(got, want);
    assert_eq!(kinds(&list), [(8, NoticeKind::NoTextKey), (13, NoticeKind::BadId)]);
}

#[test]
fn all_lists_count_in_their_order_and_each_task_once() {
    let project = Project::new(&[
        ("todo/ROADMAP.md", "- [ ] road\n"),
        ("todo/CURRENT.md", "- [ ] current\n- [ ] A\n"),
        ("todo/todo.yaml", "- yaml\n"),
        ("todo.md", "- [x]  A\n  - [ ] child\n"),
        ("todo.txt", "text\nA\n"),
        ("other.md", "- [ ] no\n"),
        ("lists/CURRENT.md", "- [ ] extra\n"),
    ]);
    // todo.md comes first as todo.<format>; the done one counts.
    assert_eq!(project.texts(), ["A", "child", "text", "yaml", "current", "road"]);
    let list = project.load();
    assert_eq!(list.lines()[0].mark, Mark::Done);
    assert_eq!(list.files().len(), 5);
    assert_eq!(kinds(&list), [(2, NoticeKind::MarksDiffer), (2, NoticeKind::MarksDiffer)]);
    let mut places = project.places();
    places.extra.push("lists/CURRENT.md".into());
    assert_eq!(TodoList::load(&places).unwrap().lines().last().unwrap().text, "extra");
}

#[test]
fn one_file_under_several_names_is_read_once() {
    let project = Project::new(&[("TODO.md", "- [ ] A\n")]);
    symlink("TODO.md", project.path("todo.md")).unwrap();
    fs::hard_link(project.path("TODO.md"), project.path("todo.txt")).unwrap();
    symlink("nowhere", project.path("todo.yaml")).unwrap();
    let list = project.load();
    assert_eq!(list.files().len(), 1);
    assert_eq!(kinds(&list), [(0, NoticeKind::DanglingLink)]);
}

#[test]
fn links_that_lead_nowhere_are_told_and_passed_over() {
    let project = Project::new(&[("TODO.md", "- [ ] A\n"), ("file", "")]);
    symlink("todo.md", project.path("todo.md")).unwrap();
    symlink("file/below", project.path("todo.yaml")).unwrap();
    symlink("todo", project.path("todo")).unwrap();
    let list = project.load();
    assert_eq!(list.lines().len(), 1);
    assert_eq!(kinds(&list), [(0, NoticeKind::DanglingLink), (0, NoticeKind::DanglingLink)]);
    let request = MarkRequest { id: list.ids()[0].clone(), mark: Mark::Done, comment: None };
    assert_eq!(set_marks(&project.places(), &[request]).unwrap().changed.len(), 1);
}

#[test]
fn what_is_no_list_is_told_or_refused() {
    assert!(Project::new(&[]).load().lines().is_empty());
    assert!(Project::new(&[("todo.md", ""), ("todo.yaml", "")]).load().notices().is_empty());

    let folder = Project::new(&[("todo.md/x", ""), ("todo", "a file called todo")]).load();
    assert_eq!(kinds(&folder), [(0, NoticeKind::NotAFile)]);

    let project = Project::new(&[]);
    project.write("todo.md", b"- [ ] A\r\n- [ ] \xff\n");
    let error = TodoList::load(&project.places()).unwrap_err();
    assert!(matches!(error, TodoError::InvalidUtf8 { line: 2, .. }), "{error}");
    let error = TodoList::load(&TodoPlaces { max_bytes: 10, ..project.places() }).unwrap_err();
    assert!(matches!(error, TodoError::TooLarge { bytes: 17, limit: 10, .. }), "{error}");
    project.write("todo.md", "");
    project.write("todo.yaml", "a: [");
    assert!(matches!(TodoList::load(&project.places()), Err(TodoError::Yaml { .. })));
}

#[test]
fn ticking_changes_the_box_and_adds_the_comment() {
    let done = Mark::Done;
    let stamp = "<!-- codeagent - 2026-01-18 10:35:00 -->";
    for (text, want) in [
        ("\u{feff}- [ ] A", format!("\u{feff}- [x] A {stamp}")),
        ("x\r\n* [-] A \t \r\n\r\n", format!("x\r\n* [x] A {stamp} \t \r\n\r\n")),
        ("- [ ] A <!-- id: a -->\n", format!("- [x] A <!-- id: a --> {stamp}\n")),
        ("- [ ] A <!-- codeagent - 2020-01-01 00:00:00 -->\n", format!("- [x] A {stamp}\n")),
        (
            "- [ ] A <!-- me - 2020-01-01 00:00 -->\r",
            format!("- [x] A <!-- me - 2020-01-01 00:00 --> {stamp}\r"),
        ),
        ("- [ ] A <!-- long\ncomment -->\n", format!("- [x] A {stamp} <!-- long\ncomment -->\n")),
        ("- [ ] A\n- [ ]   A\n", format!("- [x] A {stamp}\n- [x]   A {stamp}\n")),
    ] {
        assert_eq!(Project::marked("TODO.md", text, "A", done), want);
    }
    let stamp = "# codeagent - 2026-01-18 10:35:00";
    for (text, want) in [
        ("A", format!("[x] A {stamp}")),
        ("  - A # mine \r\nB\n", format!("  - [x] A # mine {stamp} \r\nB\n")),
        ("[ ] A # codeagent - 2020-01-01 00:00:00", format!("[x] A {stamp}")),
    ] {
        assert_eq!(Project::marked("todo.txt", text, "A", done), want);
    }
    assert_eq!(
        Project::marked("TODO.md", "- [x] A <!-- a -->\n", "A <!-- a -->", Mark::Skipped),
        "- [-] A <!-- a -->\n"
    );
    assert_eq!(Project::marked("todo.txt", "[x] A\n", "A", Mark::Open), "[ ] A\n");
}

#[test]
fn ticking_yaml_touches_single_tokens() {
    let fresh = "done: true\n  comment: \"codeagent - 2026-01-18 10:35:00\"\n  ";
    for (text, want) in [
        ("- A # x\n- B", format!("- {fresh}text: A # x\n- B")),
        ("- 'A' \n", format!("- {fresh}text: 'A' \n")),
        (
            "- text: A\n  done: false # x\n  comment: mine\n",
            "- text: A\n  done: true # x\n  comment: mine\n".into(),
        ),
        ("-\n  task: A\n  skipped: true\n", format!("-\n  {fresh}task: A\n  skipped: false\n")),
        (
            "[A, \"B, c\"]",
            "[{done: true, comment: \"codeagent - 2026-01-18 10:35:00\", text: A}, \"B, c\"]".into(),
        ),
        (
            "- {text: A, comment: \"codeagent - 2020-01-01 00:00:00\"}\r\n",
            "- {done: true, text: A, comment: \"codeagent - 2026-01-18 10:35:00\"}\r\n".into(),
        ),
    ] {
        assert_eq!(Project::marked("todo.yaml", text, "A", Mark::Done), want);
    }
    let nested = "tasks:\r\n  - text: é\r\n    children:\r\n      - A\r\n";
    let want = "tasks:\r\n  - text: é\r\n    children:\r\n      - skipped: true\r\n        text: A\r\n";
    assert_eq!(Project::marked("todo.yaml", nested, "A", Mark::Skipped), want);
}

#[test]
fn yaml_that_cannot_be_edited_safely_is_left_and_told() {
    let text = "- &a A\n- |\n  B\n- C\n- text: D\n  done:\n- *a\n- text: E\n  done: \"no\"\n- F\n  f\n- &m {text: G}\n- *m\n";
    let project = Project::new(&[("todo.yaml", text)]);
    let report = project.mark(&["A", "B", "C", "D", "E", "F f", "G"], Mark::Skipped);
    assert_eq!(report.changed.len(), 3, "{report:?}");
    assert!(report.gone.is_empty());
    let lines: Vec<_> = report.notices.iter().map(|notice| notice.line).collect();
    assert_eq!(lines, [3, 5, 8, 10]);
    let want =
        ["C", "&a", "*a"].iter().fold(text.replace("{text: G", "{skipped: true, text: G"), |text, item| {
            text.replace(&format!("- {item}"), &format!("- skipped: true\n  text: {item}"))
        });
    assert_eq!(project.read("todo.yaml"), want);
}

#[test]
fn marks_go_to_every_place_and_once_only() {
    let project = Project::new(&[
        ("todo.md", "- [ ] A\n- [ ] B\n"),
        ("todo.txt", "A\n"),
        ("todo/DEBT.md", "- [x] A\n"),
    ]);
    fs::set_permissions(project.path("todo.md"), fs::Permissions::from_mode(0o640)).unwrap();
    let report = project.mark(&["A"], Mark::Done);
    assert_eq!(report.written, [project.path("todo.md"), project.path("todo.txt")]);
    assert_eq!((report.changed.len(), report.already.len()), (1, 0));
    assert_eq!(project.read("todo/DEBT.md"), "- [x] A\n");
    let before = fs::metadata(project.path("todo.md")).unwrap();
    assert_eq!(before.mode() & 0o777, 0o640);

    let again = project.mark(&["A"], Mark::Done);
    assert_eq!((again.changed.len(), again.already.len()), (0, 1));
    let after = fs::metadata(project.path("todo.md")).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));

    let gone = MarkRequest { id: TaskId::new("task_gone"), mark: Mark::Done, comment: None };
    assert_eq!(set_marks(&project.places(), &[gone]).unwrap().gone.len(), 1);
}

#[test]
fn links_stay_links() {
    let project = Project::new(&[("elsewhere/list.md", "- [ ] A\n")]);
    symlink("elsewhere/list.md", project.path("todo.md")).unwrap();
    symlink("todo.md", project.path("TODO.md")).unwrap();
    project.write("hard.md", "- [ ] H\n");
    fs::create_dir(project.path("todo")).unwrap();
    fs::hard_link(project.path("hard.md"), project.path("todo/todo.md")).unwrap();
    fs::hard_link(project.path("hard.md"), project.path("todo/DEBT.md")).unwrap();
    project.mark(&["A", "H"], Mark::Skipped);
    assert!(fs::symlink_metadata(project.path("todo.md")).unwrap().is_symlink());
    assert_eq!(project.read("elsewhere/list.md"), "- [-] A\n");
    assert_eq!(fs::read_dir(project.path("elsewhere")).unwrap().count(), 1);
    // Both names of the hard link are lists, so both have the mark.
    assert_eq!(project.read("todo/todo.md"), "- [-] H\n");
    assert_eq!(project.read("todo/DEBT.md"), "- [-] H\n");
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let project = Project::new(&[("todo.md", "- [ ] A\n")]);
    let path = project.path("todo.md");
    assert!(!mark::write(&path, 99, "- [ ] old\n", "- [x] old\n", None).unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!mark::write(&path, 99, "- [ ] old\n", "- [x] old\n", None).is_ok_and(|written| written));
    assert!(!path.exists());
}

#[test]
fn changes_are_seen() {
    let project = Project::new(&[("todo.md", "- [ ] A\n")]);
    let list = project.load();
    assert!(!list.changed());
    project.write("todo/CURRENT.md", "");
    assert!(list.changed());
    let list = project.load();
    project.write("todo.md", "- [ ] A, longer\n");
    assert!(list.changed());
    fs::remove_file(project.path("todo.md")).unwrap();
    assert!(list.changed());
}

#[test]
#[cfg(target_os = "linux")]
fn a_watch_wakes_for_lists_only() {
    let project = Project::new(&[("elsewhere/list.md", "- [ ] A\n")]);
    symlink("elsewhere/list.md", project.path("todo.md")).unwrap();
    let mut watch = Watch::new(&project.places()).unwrap();
    assert!(!watch.drain().unwrap());
    project.write("notes.md", "x");
    assert!(!watch.drain().unwrap(), "another file");
    project.write("elsewhere/list.md", "- [ ] B\n");
    assert!(watch.drain().unwrap(), "behind a link");
    fs::create_dir(project.path("todo")).unwrap();
    assert!(watch.drain().unwrap(), "a new folder");
    project.write("todo/CURRENT.md", "x");
    assert!(watch.drain().unwrap(), "a list in the new folder");
    assert!(!watch.drain().unwrap());
}

#[test]
fn odd_texts_are_kept_as_they_are() {
    let long = "x".repeat(1 << 20);
    let text = format!("- [ ] a\0b\x1b[2J\u{202e}c\n- [ ] {long}\n");
    let project = Project::new(&[("todo.md", &text)]);
    assert_eq!(project.texts(), ["a\0b\x1b[2J\u{202e}c".to_owned(), long]);
    project.mark(&["a\0b\x1b[2J\u{202e}c"], Mark::Skipped);
    assert_eq!(project.read("todo.md"), text.replacen("[ ]", "[-]", 1));
}

#[test]
fn deep_nesting_is_bounded() {
    let mut deep = String::new();
    for level in 0..2000 {
        deep += &format!("{}- [ ] {level}\n", " ".repeat(level * 2));
    }
    let yaml = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let project = Project::new(&[("todo.md", &deep)]);
    let list = project.load();
    assert_eq!(list.lines()[70].parent, Some(63));
    assert_eq!(kinds(&list), [(65, NoticeKind::TooDeep)]);
    project.write("todo.yaml", yaml);
    assert!(TodoList::load(&project.places()).is_err());
}

#[test]
fn many_tasks_are_marked_in_one_pass() {
    let text: String = (0..20_000).map(|task| format!("- [ ] Task number {task} of a long list\n")).collect();
    let project = Project::new(&[("todo.md", &text)]);
    let list = project.load();
    assert_eq!(list.lines().len(), 20_000);
    let request = |id: &TaskId| MarkRequest { id: id.clone(), mark: Mark::Skipped, comment: None };
    let requests: Vec<_> = list.ids().iter().step_by(20).map(request).collect();
    let report = set_marks(&project.places(), &requests).unwrap();
    assert_eq!(report.changed.len(), 1000);
    let mut marks = HashMap::new();
    for line in project.load().lines() {
        *marks.entry(format!("{:?}", line.mark)).or_insert(0) += 1;
    }
    assert_eq!(marks["Skipped"], 1000);
}

/// Marks every third task, beginning with this one, each by itself.
fn mark_every_third(places: &TodoPlaces, first: usize) {
    for id in TodoList::load(places).unwrap().ids().iter().skip(first).step_by(3) {
        let request = MarkRequest { id: id.clone(), mark: Mark::Done, comment: Some("me".into()) };
        let report = set_marks(places, &[request]).unwrap();
        assert_eq!(report.changed, std::slice::from_ref(id));
    }
}

const WRITER: &str = "CODEAGENT_TEST_LIST_TO_MARK";

#[test]
fn no_writer_of_a_list_loses_the_mark_of_another() {
    if let Some(dir) = std::env::var_os(WRITER) {
        return mark_every_third(&TodoPlaces::new(PathBuf::from(dir), "md", 64 << 20), 2);
    }
    let text: String = (0..150).map(|task| format!("- [ ] Task {task}\n")).collect();
    let project = Project::new(&[("todo.md", &text)]);
    // The other writers know the list by a link.
    let linked = tempfile::tempdir().unwrap();
    symlink(project.path("todo.md"), linked.path().join("todo.md")).unwrap();
    let mut other_process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "todo::tests::no_writer_of_a_list_loses_the_mark_of_another"])
        .env(WRITER, linked.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| mark_every_third(&project.places(), 0));
        scope.spawn(|| mark_every_third(&TodoPlaces::new(linked.path(), "md", 64 << 20), 1));
    });
    assert!(other_process.wait().unwrap().success());
    assert_eq!(project.read("todo.md").matches("- [x] ").count(), 150);
    let names: Vec<_> =
        fs::read_dir(project.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["todo.md"]);
}

/// `cargo test --release -p codeagent-project measure -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn measure_large_lists() {
    let tasks = 100_000;
    let markdown: String = (0..tasks).map(|n| format!("- [ ] Task number {n} of a long list\n")).collect();
    let nested: String = (0..tasks).map(|n| format!("{}- [ ] Task {n}\n", "  ".repeat(n % 20))).collect();
    let text: String = (0..tasks).map(|n| format!("Task number {n} of a long list\n")).collect();
    let yaml: String = (0..tasks).map(|n| format!("- text: Task number {n} of a long list\n")).collect();
    let strings: String = (0..tasks).map(|n| format!("- Task number {n} of a long list\n")).collect();
    let flow = format!("[{}]", (0..tasks).map(|n| format!("Task {n}, ")).collect::<String>());
    let openers = "a <!-- b `` ` ".repeat(tasks);
    for (name, file, text) in [
        ("Markdown", "todo.md", markdown),
        ("Markdown, nested", "todo.md", nested),
        ("text", "todo.txt", text),
        ("YAML", "todo.yaml", yaml),
        ("YAML, strings", "todo.yaml", strings),
        ("YAML, one line", "todo.yaml", flow),
        ("Markdown, unclosed comments", "todo.md", openers),
    ] {
        let project = Project::new(&[(file, &text)]);
        let begin = std::time::Instant::now();
        let list = TodoList::load(&project.places()).unwrap();
        let load = begin.elapsed();
        let request =
            |id: &TaskId| MarkRequest { id: id.clone(), mark: Mark::Done, comment: Some("c".into()) };
        let requests: Vec<_> = list.ids().iter().step_by(100).map(request).collect();
        let begin = std::time::Instant::now();
        let report = set_marks(&project.places(), &requests).unwrap();
        let marks = begin.elapsed();
        let begin = std::time::Instant::now();
        assert!(list.changed() != report.changed.is_empty());
        let changed = begin.elapsed();
        println!("{name}: load {load:?}, {} marks {marks:?}, changed {changed:?}", report.changed.len());
    }
}

/// What is told of a list, as a person reads it, without its path.
fn told(name: &str, text: &str) -> Vec<(usize, NoticeKind)> {
    kinds(&Project::new(&[(name, text)]).load())
}

#[test]
fn lines_that_look_like_tasks_are_told() {
    let text = "- [ ] A\n1. [ ] no\n2) [x] no\n> - [ ] no\n-[ ] no\n\n- [link](x)\n- [x](x)\n- text\n1. text\n\n> text\n\n\
        ```\n1. [ ] code\n```\n<!--\n1. [ ] comment\n-->\n- [ ]\n";
    let lines =
        |lines: &[usize]| lines.iter().map(|line| (*line, NoticeKind::LooksLikeTask)).collect::<Vec<_>>();
    assert_eq!(told("todo.md", text), lines(&[2, 3, 4, 5]));
    assert_eq!(told("todo.md", "- [] no\n- [ ]no\n  * [] no\n"), lines(&[1, 2, 3]));
    assert_eq!(Project::new(&[("todo.md", text)]).texts(), ["A"]);
}

#[test]
fn a_file_full_of_what_looks_like_tasks_is_told_briefly() {
    let text = "1. [ ] x\n".repeat(21) + "- [ ] A <!-- id: ../a -->\n";
    let list = Project::new(&[("todo.md", &text), ("todo.yaml", "[{title: x}, {text: ''}]\n")]).load();
    let looks = |line| (line, NoticeKind::LooksLikeTask);
    let mut expected: Vec<_> = (1..=5).map(looks).collect();
    expected.extend([(22, NoticeKind::BadId), (6, NoticeKind::More(16))]);
    expected.extend([(1, NoticeKind::NoTextKey), (1, NoticeKind::NoText)]);
    let mut got = kinds(&list);
    got.sort_by_key(|notice| expected.iter().position(|other| other == notice));
    assert_eq!(got, expected);
    let en = crate::messages::Catalogue::new(crate::messages::Lang::En);
    let texts: Vec<_> = list.notices().iter().map(|notice| notice.render(&en)).collect();
    assert!(
        texts.iter().any(|text| text.ends_with("todo.md:6: and 16 more like these from here on")),
        "{texts:?}"
    );
    let looks = "todo.md:1: looks like a task but is not read as one: write `- [ ] …`";
    assert!(texts.iter().any(|text| text.ends_with(looks)), "{texts:?}");
}

#[test]
fn yaml_that_is_not_read_is_told() {
    let cases = [
        ("- title: a\n- name: b\n", vec![(1, NoticeKind::NoTextKey), (2, NoticeKind::NoTextKey)]),
        ("- {text: ''}\n- ''\n", vec![(1, NoticeKind::NoText), (2, NoticeKind::NoText)]),
        ("- text: a\n  priority: 1\n  subtasks: [b]\n", vec![(3, NoticeKind::MeansChildren)]),
        (
            "- text: a\n  skip: true\n- text: b\n  status: done\n",
            vec![(2, NoticeKind::MeansFlag), (4, NoticeKind::MeansFlag)],
        ),
        (
            "- text: a\n  chidren: [b]\n- text: c\n  children: d\n",
            vec![(2, NoticeKind::MeansChildren), (4, NoticeKind::MeansChildren)],
        ),
        ("- text: a\n  items: 5\n  children:\n", vec![]),
        (
            "- ~\n- text: null\n-\n",
            vec![(1, NoticeKind::NoText), (2, NoticeKind::NoText), (3, NoticeKind::NoText)],
        ),
        ("- [a, b]\n- text: [a]\n", vec![(1, NoticeKind::ListInList), (2, NoticeKind::NoText)]),
        (
            "- text: a\n  done: maybe\n- text: b\n  skipped: {}\n",
            vec![(2, NoticeKind::BadFlag), (4, NoticeKind::BadFlag)],
        ),
        ("- {text: a, done: No, skipped: ~}\n- {text: b, done: '', skipped: off}\n- 7\n- 'null'\n", vec![]),
        ("tasks: 5\n", vec![(1, NoticeKind::NoTasks)]),
        ("things: []\n", vec![(1, NoticeKind::NoTasks)]),
    ];
    for (text, expected) in cases {
        assert_eq!(told("todo.yaml", text), expected, "{text}");
    }
}
