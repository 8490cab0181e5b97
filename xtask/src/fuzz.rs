//! `cargo xtask fuzz TARGET [--seconds N]`: libFuzzer, by cargo-fuzz, from the kept inputs on.

use std::process::Stdio;

use crate::steps::{cargo, root};

/// Runs one target. What libFuzzer finds new goes into `fuzz/corpus/`, what fails into `fuzz/artifacts/`; an input
/// worth keeping is moved to `proof/corpus/`, where CI tries it each time.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let (target, seconds) = match args {
        [target] => (*target, "60"),
        [target, "--seconds", seconds] => (*target, *seconds),
        _ => return Err(format!("fuzz TARGET [--seconds N], one of: {}", targets()?.join(", "))),
    };
    if !targets()?.iter().any(|known| known == target) {
        return Err(format!("no such target: {target}; there are: {}", targets()?.join(", ")));
    }
    if !is_installed() {
        return Err("cargo-fuzz is missing: cargo install cargo-fuzz --locked".to_owned());
    }
    let found = format!("fuzz/corpus/{target}");
    std::fs::create_dir_all(root().join(&found)).map_err(|error| format!("{found}: {error}"))?;
    let (kept, time) = (format!("proof/corpus/{target}"), format!("-max_total_time={seconds}"));
    // Without a sanitizer it works on a stable toolchain; there is no unsafe code in what is fuzzed.
    let mut fuzz = cargo(&["fuzz", "run", "--sanitizer", "none", target, &found, &kept, "--", &time]);
    let status = fuzz.arg("-max_len=4096").status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{target}: see above")) }
}

/// Each has a folder of inputs.
fn targets() -> Result<Vec<String>, String> {
    let entries =
        std::fs::read_dir(root().join("proof/corpus")).map_err(|error| format!("proof/corpus: {error}"))?;
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn is_installed() -> bool {
    let mut asked = cargo(&["fuzz", "--version"]);
    asked.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
