//! `cargo xtask crash`: builds the program and the campaigns, each as it is meant to be, and runs them.

use crate::steps::{cargo, done};

/// Runs the campaigns with these arguments.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    // In two steps: built together, the program would get the features that only tests want.
    for package in ["codeagent", "codeagent-proof"] {
        done(cargo(&["build", "--release", "--locked", "--package", package]), "the build failed")?;
    }
    let mut campaigns =
        cargo(&["run", "--quiet", "--release", "--locked", "--package", "codeagent-proof", "--"]);
    campaigns.args(args);
    done(campaigns, "a campaign found something, or could not go on")
}

/// Kills the real program at random moments for as long as is asked: 10 minutes if it is not said.
pub(crate) fn soak(args: &[&str]) -> Result<(), String> {
    let (minutes, rest) = match args {
        ["--minutes", minutes, rest @ ..] => {
            (minutes.parse::<u64>().map_err(|error| error.to_string())?, rest)
        }
        rest => (10, rest),
    };
    let seconds = (minutes * 60).to_string();
    run(&[&["--long", "--only", "soak", "--seconds", &seconds], rest].concat())
}
