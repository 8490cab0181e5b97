//! `cargo xtask bench`: builds the program, and the measurements with the peers that they are held against, and runs them.

use crate::steps::{cargo, done};

/// Measures, with these arguments.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    // By itself: built together with the measurements, it would get the features that only tests want.
    done(cargo(&["build", "--release", "--locked", "--package", "codeagent"]), "the build failed")?;
    let mut bench = cargo(&["run", "--release", "--locked", "--package", "codeagent-bench"]);
    bench.args(["--features", "peers", "--bin", "codeagent-bench", "--"]).args(args);
    done(bench, "nothing was measured")
}
