//! What it was measured on: figures without it say nothing.
use std::{fs, path::Path, process::Command};

/// One line: processor, cores, kernel, file system, compiler, commit.
pub(crate) fn described(folder: &Path) -> String {
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let compiler = said("rustc", &["--version"]);
    let changed = if said("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() {
        ""
    } else {
        ", with changes"
    };
    let commit = said("git", &["rev-parse", "--short=12", "HEAD"]);
    format!(
        "{model}, {cores} cores; Linux {}; {}; {compiler}; commit {commit}{changed}",
        kernel.trim(),
        file_system(folder)
    )
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// Of the folder that is measured in.
fn file_system(folder: &Path) -> String {
    let folder = folder.display().to_string();
    let kind = said("findmnt", &["--noheadings", "--output", "FSTYPE", "--target", &folder]);
    if kind.is_empty() { "unknown file system".into() } else { kind }
}

/// What a program says, on one line; nothing where it can't be asked.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
