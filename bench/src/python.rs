//! The guide's API in Python: `python/bench/transitions.py`, whose variants take turns by themselves, in a table.
use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

use crate::{
    Terms,
    measure::{Result, Samples, number},
    page::{self, Section},
    root,
};

const ABOUT: &str = "\
Transitions a second of one task beside so many others in the file, through `CheckpointManager`. What `sync` returns from
is durable; what `batch` returns from is written, and durable at the latest 100 ms later; Rust is `sync` without Python. The
stand-in for the Python implementation rewrites its JSON file at each transition: unsynced (nothing is durable), or synced.
";

pub(crate) fn measure(terms: &Terms) -> Result<Section> {
    let python = std::env::var_os("CODEAGENT_BENCH_PYTHON");
    let python =
        python.ok_or("no CODEAGENT_BENCH_PYTHON: `cargo xtask bench` makes an environment and names it")?;
    let output = Command::new(python)
        .arg("python/bench/transitions.py")
        .args(["--json", "-", "--rounds", &terms.rounds.to_string()])
        .args(["--seconds", &terms.time.as_secs_f64().to_string()])
        .arg("--dir")
        .arg(terms.dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = format!("{ABOUT}\n{}", table(&serde_json::from_slice(&output.stdout)?)?);
    Ok(Section { name: "python", title: "From Python", text, plots: Vec::new() })
}

fn table(measured: &Value) -> Result<String> {
    let mut rounds = BTreeMap::<u64, BTreeMap<&str, Vec<f64>>>::new();
    for result in measured["results"].as_array().ok_or("no results")? {
        let tasks = result["tasks"].as_u64().ok_or("no number of tasks")?;
        let variant = result["variant"].as_str().ok_or("no variant")?;
        let figures = result["rounds"].as_array().into_iter().flatten().filter_map(Value::as_f64);
        rounds.entry(tasks).or_default().insert(variant, figures.collect());
    }
    let head = [
        "tasks",
        "sync ÷ Rust",
        "sync ÷ rewriting",
        "sync/s",
        "batch/s",
        "Rust/s",
        "rewriting/s",
        "synced/s",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (tasks, variants) in &rounds {
        let of = |name: &str| variants.get(name).ok_or_else(|| format!("{name} was not measured"));
        let shown = |name: &str| Ok::<_, String>(of(name)?.iter().copied().collect::<Samples>().shown(0));
        let by = |name: &str| {
            let pairs = of("sync")?.iter().zip(of(name)?).map(|(ours, other)| ours / other);
            Ok::<_, String>(pairs.collect::<Samples>().shown(2))
        };
        rows.push([
            number(*tasks as f64, 0),
            by("Rust")?,
            by("rewriting")?,
            shown("sync")?,
            shown("batch")?,
            shown("Rust")?,
            shown("rewriting")?,
            shown("rewriting, synced")?,
        ]);
    }
    Ok(page::table(rows))
}
