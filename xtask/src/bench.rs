//! `cargo xtask bench`: builds the measurements with the peers that they are held against, and runs them.

use crate::steps::{cargo, done};

/// Measures, with these arguments.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let mut bench = cargo(&["run", "--release", "--locked", "--package", "codeagent-bench"]);
    bench.args(["--features", "peers", "--bin", "codeagent-bench", "--"]).args(args);
    done(bench, "nothing was measured")
}
