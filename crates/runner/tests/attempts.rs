//! Real children: how they are started, what they see, how they end.
mod common;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use codeagent_runner::{Exit, How, Item, SpawnError, Stdin, StopHandle, Verdict, spawn};
use common::{run, sh};

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
