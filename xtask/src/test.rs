//! `cargo xtask test`: what CI checks, in the order in which mistakes are cheapest to find.

use std::process::Stdio;

use crate::guard;
use crate::python;
use crate::steps::{Failed, Steps, cargo};

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    All,
    /// Formatting, lints, unit tests.
    Quick,
}

/// Runs the checks.
pub(crate) fn run(extent: Extent) -> Result<(), String> {
    let mut steps = Steps::default();
    steps.run("formatting", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    steps.run("lints", &mut cargo(&clippy));
    match extent {
        Extent::Quick => {
            steps.run("unit tests", &mut cargo(&["test", "--workspace", "--locked", "--lib", "--bins"]));
        }
        Extent::All => {
            tests(&mut steps);
            docs(&mut steps);
            python::tests(&mut steps);
            count(&mut steps);
            campaigns(&mut steps);
        }
    }
    steps.finish().map_err(|failed: Failed| failed.to_string())
}

/// With nextest where it is installed (each test a process of its own, all crates at once), else with plain cargo.
fn tests(steps: &mut Steps) {
    if has_nextest() {
        steps.run("tests", &mut cargo(&["nextest", "run", "--workspace", "--locked"]));
        steps.run("doc tests", &mut cargo(&["test", "--workspace", "--locked", "--doc"]));
    } else {
        steps.run("tests", &mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]));
    }
}

fn has_nextest() -> bool {
    let mut asked = cargo(&["nextest", "--version"]);
    asked.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn docs(steps: &mut Steps) {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"]);
    // Read by those who work on the code: links to private items are welcome.
    let flags = "--deny warnings --allow rustdoc::private_intra_doc_links";
    steps.run("documentation", doc.env("RUSTDOCFLAGS", flags));
}

/// Those that chance and a busy machine have no part in; the others are for `cargo xtask crash`.
fn campaigns(steps: &mut Steps) {
    steps.run("campaigns", &mut cargo(&["xtask", "crash", "--only", "explore,damage,simulate,fuzz"]));
}

/// Needs valgrind: where it is missing, nothing is counted, and that is said.
fn count(steps: &mut Steps) {
    if guard::is_possible() {
        steps.run("instructions", &mut cargo(&["xtask", "guard"]));
    } else {
        println!("\n── instructions: not counted, valgrind is not installed");
    }
}
