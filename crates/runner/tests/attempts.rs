//! Real children: how they are started, what they see, what is refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]
mod common;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use codeagent_runner::{AttemptSpec, Exit, How, Item, SpawnError, Stdin, StopHandle, Stream, Verdict, spawn};
use common::{run, sh, words};

#[test]
fn output_and_exit_code_arrive() {
    let (ended, got) = run(sh("echo out; echo err >&2; exit 3"));
    assert_eq!((got.stdout.as_str(), got.stderr.as_str()), ("out\n", "err\n"));
    assert_eq!((ended.how, ended.exit), (How::Exited(3), Exit::Code(3)));
    assert_eq!(ended.verdict(), Verdict::Failed);
    assert_eq!(ended.bytes_out, 8);
    assert_eq!((ended.tree_ended, ended.left_over), (0, 0));
    let mut lines = ended.last_lines;
    lines.sort();
    assert_eq!(lines, ["err", "out"]);
}

#[test]
fn exit_zero_is_success_and_a_signal_is_not() {
    assert_eq!(run(sh("true")).0.verdict(), Verdict::Succeeded);
    let (ended, _) = run(sh("kill -9 $$"));
    assert_eq!((ended.how, ended.verdict()), (How::Signalled(9), Verdict::Failed));
}

#[test]
fn no_shell_touches_the_words() {
    let (_, got) = run(words(&["printf", "%s|", "$HOME; `id`", "", "a b", "ж"]));
    assert_eq!(got.stdout, "$HOME; `id`||a b|ж|");
}

#[test]
fn the_child_leads_a_session_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut spec = sh("read -r _ _ _ _ group session _ < /proc/$$/stat; echo $$ $group $session; pwd -P");
    spec.dir = dir.path().canonicalize().unwrap();
    let here = format!("{}\n", spec.dir.display());
    let (_, got) = run(spec);
    let (first, pwd) = got.stdout.split_once('\n').unwrap();
    let ids: Vec<&str> = first.split(' ').collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    assert_eq!(pwd, here);
}

#[test]
fn the_child_is_marked_and_inherits_the_rest() {
    let mut spec = sh("echo $CODEAGENT_ATTEMPT_ID $CODEAGENT_PROJECT_DIR $MORE ${PATH:+path}");
    spec.env = vec![("MORE".into(), "old".into()), ("MORE".into(), "new".into())];
    spec.env.push(("CODEAGENT_ATTEMPT_ID".into(), "forged".into()));
    let expected = format!("{} / new path\n", spec.attempt_id);
    assert_eq!(run(spec).1.stdout, expected);
}

#[test]
fn only_three_descriptors_are_handed_down() {
    // One that somebody forgot to close on exec.
    let leak = rustix::io::dup(fs::File::open("/dev/null").unwrap()).unwrap();
    let (_, got) = run(sh("ls /proc/$$/fd"));
    drop(leak);
    assert_eq!(got.stdout, "0\n1\n2\n");
}

#[test]
fn signals_have_their_defaults_back() {
    // Ignored here by init_process: SIGPIPE, SIGXFSZ. Blocked here, in this thread:
    // SAFETY: the set is filled before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGUSR1);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
    let (_, got) = run(words(&["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]));
    assert_eq!(got.stdout, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

#[test]
fn the_identity_is_the_childs() {
    let attempt = spawn(sh("cut -d' ' -f22 /proc/$$/stat; echo $$")).unwrap();
    let identity = attempt.identity().clone();
    let (_, got) = common::watch(attempt, &StopHandle::new().unwrap());
    assert_eq!(got.stdout, format!("{}\n{}\n", identity.start_ticks, identity.pid));
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(identity.boot_id, boot_id.trim());
}

#[test]
fn no_input_is_the_end_of_input() {
    assert_eq!(run(words(&["cat"])).0.how, How::Exited(0));
    let mut spec = words(&["cat"]);
    spec.stdin = Stdin::Bytes(Vec::new());
    assert_eq!(run(spec).0.how, How::Exited(0));
}

#[test]
fn much_input_is_fed_while_output_is_read() {
    let mut spec = words(&["cat"]);
    spec.stdin = Stdin::Bytes(b"0123456789abcdef".repeat(100_000));
    let (ended, got) = run(spec);
    assert_eq!((ended.how, got.stdout.len()), (How::Exited(0), 1_600_000));
}

#[test]
fn input_that_nobody_reads_is_no_error() {
    for script in ["exec <&-; echo done", "head -c 10 >/dev/null; echo done"] {
        let mut spec = sh(script);
        spec.stdin = Stdin::Bytes(vec![b'x'; 1_000_000]);
        let (ended, got) = run(spec);
        assert_eq!((ended.how, got.stdout.as_str()), (How::Exited(0), "done\n"));
    }
}

#[test]
fn an_error_of_the_sink_is_kept_and_the_child_goes_on() {
    let mut calls = 0;
    let mut sink = |_: Stream, _: &[u8]| {
        calls += 1;
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
    };
    let attempt = spawn(sh("head -c 300000 /dev/zero; echo; echo last; exit 5")).unwrap();
    let ended = attempt.watch(&mut sink, &StopHandle::new().unwrap());
    assert_eq!(ended.how, How::Exited(5));
    assert_eq!(ended.sink_error.unwrap().kind(), std::io::ErrorKind::StorageFull);
    assert_eq!((ended.bytes_out, calls), (300_006, 1));
    assert_eq!(ended.last_lines.last().unwrap(), "last");
}

#[test]
fn programs_are_found_as_execvp_does_but_from_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("bin")).unwrap();
    script(&dir.path().join("bin/agent.sh"), "#!/bin/sh\necho found\n", 0o755);
    let at = |program: &str, path: &str| {
        let mut spec = words(&[program]);
        spec.dir = dir.path().to_owned();
        spec.env.push(("PATH".into(), path.into()));
        spec
    };
    assert_eq!(run(at("bin/agent.sh", "/nowhere")).1.stdout, "found\n");
    assert_eq!(run(at("./bin/agent.sh", "/nowhere")).1.stdout, "found\n");
    assert_eq!(run(at("agent.sh", "/nowhere:bin")).1.stdout, "found\n");
    assert!(matches!(spawn(at("agent.sh", "/nowhere")), Err(SpawnError::NotFound { .. })));
    // A file that may not be executed is passed by where PATH offers another, and named where not.
    script(&dir.path().join("agent.sh"), "no", 0o644);
    assert_eq!(run(at("agent.sh", ".:bin")).1.stdout, "found\n");
    assert!(matches!(spawn(at("agent.sh", ".:/nowhere")), Err(SpawnError::NotExecutable { .. })));
}

fn script(file: &Path, text: &str, mode: u32) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_not_there_is_not_found() {
    for program in ["no-such-agent", "./no-such-agent", "/no/such/agent", "/dev/null/agent", ""] {
        match spawn(words(&[program])) {
            Err(SpawnError::NotFound { program: named }) => assert_eq!(named, program),
            other => panic!("{program}: {other:?}"),
        }
    }
    assert!(matches!(spawn(words(&[])), Err(SpawnError::Empty)));
}

#[test]
fn what_cannot_be_executed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode| {
        script(&dir.path().join(name), text, mode);
        dir.path().join(name)
    };
    let files = [
        file("not-executable", "#!/bin/sh\n", 0o644),
        file("no-interpreter", "#!/no/such/shell\n", 0o755),
        file("no-first-line", "echo hello\n", 0o755),
        dir.path().to_owned(),
    ];
    for file in files {
        match spawn(words(&[file.to_str().unwrap()])) {
            Err(SpawnError::NotExecutable { program, .. }) => assert_eq!(program, file),
            other => panic!("{file:?}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_folder_is_named() {
    let dir = tempfile::tempdir().unwrap().path().join("gone");
    let mut spec = sh("true");
    spec.dir = dir.clone();
    assert!(matches!(spawn(spec), Err(SpawnError::DirGone { dir: named }) if named == dir));
}

#[test]
fn what_is_too_long_is_named_before_anything_runs() {
    let long = "x".repeat(128 * 1024);
    let item = |spec: AttemptSpec| match spawn(spec) {
        Err(SpawnError::TooLong { item, bytes }) => (item, bytes),
        other => panic!("{other:?}"),
    };
    assert_eq!(item(words(&["echo", "ok", &long])), (Item::Argument(2), long.len()));
    let mut spec = words(&["true"]);
    spec.env.push(("TEXT".into(), long[5..].into()));
    assert_eq!(item(spec.clone()), (Item::Variable("TEXT".into()), long.len()));
    // One byte less is the most that the system takes.
    spec.env[0].1 = long[6..].into();
    assert_eq!(run(spec).0.how, How::Exited(0));
    assert_eq!(run(words(&["echo", &long[1..]])).1.stdout.len(), long.len());
    let many: Vec<&str> = std::iter::repeat_n(&long[1..], 100).collect();
    assert_eq!(item(words(&[&["true"], many.as_slice()].concat())), (Item::Whole, 0));
}

#[test]
fn a_nul_byte_is_named() {
    let nul = || OsString::from_vec(b"a\0b".to_vec());
    let mut spec = words(&["echo", "ok"]);
    spec.argv[1] = nul();
    assert!(matches!(spawn(spec), Err(SpawnError::NulByte { item: Item::Argument(1) })));
    let mut spec = words(&["echo"]);
    spec.env.push(("TEXT".into(), nul()));
    let named = spawn(spec).unwrap_err();
    assert!(matches!(named, SpawnError::NulByte { item: Item::Variable(name) } if name == "TEXT"));
}
