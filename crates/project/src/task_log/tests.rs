//! Task logs on a real disk: names, bounds, rotation, crashes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use jiff::civil::{DateTime, date};

use super::*;

fn now() -> DateTime {
    date(2026, 1, 18).at(10, 30, 0, 0)
}

fn header<'a>(task_id: &'a str, attempt: u32, attempt_id: &'a str) -> LogHeader<'a> {
    LogHeader { task_id, text: "Write tests", attempt, attempt_id, started: now() }
}

#[test]
fn a_log_has_head_output_and_last_line() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path().join("logs"), 1 << 20, &[]);
    let mut log = logs.start(&header("task_a", 2, "x1")).unwrap();
    let path = log.path().to_owned();
    log.line(now(), Level::Info, "started").unwrap();
    log.output(Stream::Out, b"working").unwrap();
    log.line(now(), Level::Warning, "slow").unwrap();
    log.output(Stream::Err, b"oops\n").unwrap();
    log.output(Stream::Out, b" on").unwrap();
    log.finish(now(), Level::Error, "failed").unwrap();

    assert_eq!(path, dir.path().join("logs/task_task_a_20260118_103000.log"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    let (head, body) = text.split_at(text.rfind("====\n").unwrap() + 5);
    assert!(
        head.contains("Task ID: task_a\nAttempt: 2 x1\nStarted: 2026-01-18 10:30:00\nTask: Write tests\n")
    );
    assert_eq!(
        body,
        "2026-01-18 10:30:00 - INFO - started\n2026-01-18 10:30:00 - WARNING - slow\noops\nworking on\n\
         2026-01-18 10:30:00 - ERROR - failed\n"
    );
}

#[test]
fn only_the_same_attempt_shares_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &[]);
    let mut first = logs.start(&header("a", 1, "x1")).unwrap();
    first.output(Stream::Out, b"one\n").unwrap();
    let second = logs.start(&header("a", 2, "x2")).unwrap();
    let other = logs.start(&header("../a", 1, "x3")).unwrap();
    let again = logs.start(&header("a", 1, "x1")).unwrap();

    assert_eq!(first.path(), again.path());
    assert_eq!(second.path(), dir.path().join("task_a_20260118_103000_2.log"));
    assert_eq!(other.path().parent(), Some(dir.path()));
    let found = logs.logs_of("a").unwrap();
    assert_eq!(found, [(1, first.path().to_owned()), (2, second.path().to_owned())]);
    assert_eq!(logs.logs_of("../a").unwrap(), [(1, other.path().to_owned())]);
    assert_eq!(logs.logs_of("b").unwrap(), []);
}

fn write_lines(log: &mut TaskLog, lines: std::ops::Range<u32>) {
    for line in lines {
        log.output(Stream::Out, format!("line {line:06}\n").as_bytes()).unwrap();
    }
}

#[test]
fn head_and_tail_are_kept_and_the_gap_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let max = 64 << 10;
    let logs = TaskLogs::new(dir.path(), max, &[]);
    let mut log = logs.start(&header("a", 1, "x1")).unwrap();
    let path = log.path().to_owned();
    write_lines(&mut log, 0..100_000);
    let on_disk: u64 = fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!(on_disk <= max);
    log.finish(now(), Level::Info, "done").unwrap();

    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let text = fs::read_to_string(path).unwrap();
    assert!(text.len() as u64 <= max, "{}", text.len());
    assert!(text.len() as u64 > max / 2);
    assert!(text.contains("line 000000\nline 000001\n"));
    assert!(text.ends_with("line 099998\nline 099999\n2026-01-18 10:30:00 - INFO - done\n"));
    let gap = text.split("[... ").nth(1).unwrap().split(' ').next().unwrap().parse::<usize>().unwrap();
    let note = text.lines().find(|line| line.starts_with("[... ")).unwrap().len() + 2;
    let written =
        text.find("line 000000").unwrap() + 12 * 100_000 + "2026-01-18 10:30:00 - INFO - done\n".len();
    assert_eq!(text.len() - note + gap, written);
}

#[test]
fn output_that_fits_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 64 << 10, &[]);
    let mut log = logs.start(&header("a", 1, "x1")).unwrap();
    let path = log.path().to_owned();
    write_lines(&mut log, 0..3500);
    log.finish(now(), Level::Info, "done").unwrap();
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains("left out"));
    assert_eq!(text.matches("line ").count(), 3500);
}

#[test]
fn side_files_of_a_crashed_run_are_tidied() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 64 << 10, &[]);
    let mut whole = logs.start(&header("a", 1, "x1")).unwrap();
    let mut cut = logs.start(&header("a", 2, "x2")).unwrap();
    let [whole_path, cut_path] = [whole.path().to_owned(), cut.path().to_owned()];
    for log in [&mut whole, &mut cut] {
        write_lines(log, 0..50_000);
    }
    whole.finish(now(), Level::Info, "done").unwrap();
    drop(cut);

    assert_eq!(logs.recover().unwrap(), std::slice::from_ref(&cut_path));
    assert_eq!(logs.recover().unwrap(), [] as [PathBuf; 0]);

    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    let end = |path| fs::read_to_string(path).unwrap().split_once("[... ").unwrap().1.to_owned();
    let last = "2026-01-18 10:30:00 - INFO - done\n";
    assert_eq!(end(whole_path).strip_suffix(last).unwrap(), end(cut_path));
}

#[test]
fn the_newest_and_the_needed_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &[]);
    for (second, id) in [(1, "old"), (2, "failed"), (3, "../failed"), (4, "b"), (5, "c")] {
        let started = date(2026, 1, 18).at(10, 30, second, 0);
        logs.start(&LogHeader { started, ..header(id, 1, "x") }).unwrap();
    }
    fs::write(dir.path().join("code_agent.log"), "").unwrap();

    assert_eq!(logs.rotate(2, |id| id == "failed" || id == "../failed").unwrap(), 1);

    assert!(logs.logs_of("old").unwrap().is_empty());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 5);
}

#[test]
fn a_failed_write_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 4096, &[]);
    let mut log = logs.start(&header("a", 1, "x1")).unwrap();
    let tail = format!("{}.tail-0", log.path().display());
    fs::create_dir(tail).unwrap();
    assert!(log.output(Stream::Out, &[b'x'; 5000]).and_then(|()| log.output(Stream::Out, b"\n")).is_err());
    assert!(log.output(Stream::Out, b"more\n").is_ok());
    assert!(log.finish(now(), Level::Info, "done").is_ok());
}

#[test]
fn secrets_are_masked_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &["correct horse".to_owned()]);
    let text = "use password=hunter2";
    let mut log = logs.start(&LogHeader { text, ..header("a", 1, "x1") }).unwrap();
    let path = log.path().to_owned();
    log.line(now(), Level::Info, "token: abcdefgh1").unwrap();
    log.output(Stream::Out, b"corr").unwrap();
    log.output(Stream::Err, b"api_key=").unwrap();
    log.output(Stream::Out, b"ect horse").unwrap();
    log.output(Stream::Err, b"abcdef").unwrap();
    log.finish(now(), Level::Info, "done").unwrap();
    let text = fs::read_to_string(path).unwrap();
    for secret in ["hunter2", "abcdefgh1", "correct horse", "abcdef"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_long_text_is_masked_before_it_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 4096, &["correct horse".to_owned()]);
    let text = format!("{}correct horse {}", "a".repeat(505), "b".repeat(500));
    let log = logs.start(&LogHeader { text: &text, ..header("a", 1, "x1") }).unwrap();
    let head = fs::read_to_string(log.path()).unwrap();
    assert!(head.contains("aaa*** bbb…\n"), "{head}");
}

#[test]
fn a_line_is_masked_with_and_without_logs() {
    let line = "use password=hunter2, x-pensive y";
    let logs = TaskLogs::new("nowhere", 1 << 20, &["x-pensive".to_owned()]);
    assert_eq!(logs.mask(line), "use password=*** *** y");
    assert_eq!(mask(line), "use password=*** x-pensive y");
    assert_eq!(mask("nothing to see: Привет"), "nothing to see: Привет");
}

#[test]
fn a_pipe_with_the_name_of_a_log_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &[]);
    let taken = crate::fs::pipe_in(dir.path(), &name::log_name("a", now(), 1));
    crate::fs::pipe_in(dir.path(), &format!("{}.tail-0", name::log_name("a", now(), 1)));
    let log = logs.start(&header("a", 1, "x1")).unwrap();
    let path = log.path().to_owned();
    log.finish(now(), Level::Info, "done").unwrap();
    assert_eq!(logs.recover().unwrap(), Vec::<PathBuf>::new());
    assert_eq!(logs.logs_of("a").unwrap(), [(1, path)]);
    assert_eq!(logs.rotate(0, |_| false).unwrap(), 1);
    assert!(taken.symlink_metadata().is_ok());
}

/// `cargo test --release -p codeagent-project measure -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn measure_throughput() {
    let dir = tempfile::tempdir().unwrap();
    let plain =
        "   Compiling crate-name v1.2.3 (/path/to/crate), step 17 of 230: nothing to see here\n".repeat(800);
    let wordy =
        "{\"type\":\"assistant\",\"usage\":{\"input_tokens\":12},\"url\":\"https://example.org/x\"}\n"
            .repeat(800);
    let secret = format!("{}password=hunter2 {}\n", "x ".repeat(20), "y ".repeat(20)).repeat(800);
    let long = "abcdefgh".repeat(8192);
    for (name, chunk) in
        [("plain", plain), ("json", wordy), ("a secret a line", secret), ("no line ends", long)]
    {
        for max_bytes in [u64::MAX >> 1, 1 << 20] {
            let logs = TaskLogs::new(dir.path(), max_bytes, &["0123456789abcdef".to_owned()]);
            let mut log = logs.start(&header("a", 1, name)).unwrap();
            let path = log.path().to_owned();
            let begin = std::time::Instant::now();
            let total = 512 << 20;
            for _ in 0..total / chunk.len() {
                log.output(Stream::Out, chunk.as_bytes()).unwrap();
            }
            let rate = total as f64 / (1 << 20) as f64 / begin.elapsed().as_secs_f64();
            log.finish(now(), Level::Info, "done").unwrap();
            println!("{name}, at most {max_bytes} bytes: {rate:.0} MiB/s");
            fs::remove_file(path).unwrap();
        }
    }
    let begin = std::time::Instant::now();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &[]);
    println!("patterns: {:?}", begin.elapsed());
    let line = "{\"type\":\"assistant\",\"token\":\"abcdefgh12345678\"} ".repeat(4);
    let begin = std::time::Instant::now();
    for _ in 0..100_000 {
        assert!(!std::hint::black_box(logs.mask(&line)).is_empty());
    }
    println!("a line of {} bytes masked: {:?}", line.len(), begin.elapsed() / 100_000);
    let begin = std::time::Instant::now();
    for attempt in 0..1000 {
        let id = format!("task_{attempt}");
        logs.start(&header(&id, 1, "x")).unwrap().finish(now(), Level::Info, "done").unwrap();
    }
    println!("one log: {:?}", begin.elapsed() / 1000);
}

#[test]
fn a_hostile_text_forges_nothing_in_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let logs = TaskLogs::new(dir.path(), 1 << 20, &[]);
    let text = "one\n2026-01-18 10:00:00 - ERROR - forged\n\x1b[2J\u{202e}";
    logs.start(&LogHeader { text, ..header("a", 1, "x1") })
        .unwrap()
        .finish(now(), Level::Info, "done")
        .unwrap();
    let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let log = fs::read_to_string(path).unwrap();
    assert!(
        log.contains("Task: one\n      2026-01-18 10:00:00 - ERROR - forged\n      \\x1b[2J\\u{202e}\n"),
        "{log}"
    );
}
