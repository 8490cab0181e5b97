//! `cargo xtask bench`: builds the program, and the measurements with the peers that they are held against, and runs them.

use crate::{
    python,
    steps::{cargo, done},
};

/// The sections that need no Python.
const OTHERS: [&str; 4] = ["store", "scale", "work", "server"];

/// Measures, with these arguments.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    // By itself: built together with the measurements, it would get the features that only tests want.
    done(cargo(&["build", "--release", "--locked", "--package", "codeagent"]), "the build failed")?;
    let mut bench = cargo(&["run", "--release", "--locked", "--package", "codeagent-bench"]);
    let asks_for_help = args.iter().any(|arg| ["--help", "-h", "help"].contains(arg));
    let leaves_python_out = args.iter().any(|arg| OTHERS.contains(arg)) && !args.contains(&"python");
    if !asks_for_help && !leaves_python_out {
        bench.env("CODEAGENT_BENCH_PYTHON", python::interpreter()?);
    }
    bench.args(["--features", "peers", "--bin", "codeagent-bench", "--"]).args(args);
    done(bench, "nothing was measured")
}
