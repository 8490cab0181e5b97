//! `cargo xtask bench`: measures side by side with what people use, in interleaved rounds of one run.
//!
//! Each section is a module with `measure(&Terms) -> Result<Section>` and a line in `SECTIONS`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people at a terminal")]

mod guarded;
mod machine;
mod measure;
mod page;
mod plot;
mod program;
mod python;
mod scale;
mod server;
mod store;
mod tasks;
mod work;

use std::{path::Path, process::ExitCode, time::Duration};

use measure::Result;
use page::Section;

/// What can be measured.
type Measure = fn(&Terms) -> Result<Section>;
const SECTIONS: &[(&str, Measure)] = &[
    ("store", store::measure),
    ("scale", scale::measure),
    ("work", work::measure),
    ("server", server::measure),
    ("python", python::measure),
];

const USAGE: &str = "\
Usage: cargo xtask bench [OPTIONS] [SECTION]...

Sections: store, scale, work, server, python; all where none is named

Options:
  --rounds N     rounds, of which medians are taken [default: 5]
  --seconds S    length of each run in a round [default: 1]
  --tasks N      size of the large store [default: 1000000]
  --dir FOLDER   on the disk that is to be measured [default: target]
  --write        put the figures into docs/performance.md
";

/// How it is measured.
pub(crate) struct Terms {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) tasks: usize,
    /// A folder on the disk that is measured; gone at the end.
    pub(crate) dir: tempfile::TempDir,
}

struct Wanted {
    terms: Terms,
    sections: Vec<&'static (&'static str, Measure)>,
    is_written: bool,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["child", args @ ..] => scale::run_child(args).map(|said| println!("{said}")),
        ["guarded", work, tasks, count] => guarded(work, tasks, count),
        _ => wanted(&args).and_then(run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn guarded(work: &str, tasks: &str, count: &str) -> Result<()> {
    guarded::run(work, tasks.parse()?, count.parse()?)
}

fn wanted(args: &[&str]) -> Result<Wanted> {
    let (mut rounds, mut seconds, mut tasks, mut dir) = (5, 1.0, 1_000_000, root().join("target"));
    let (mut sections, mut is_written) = (Vec::new(), false);
    let mut args = args.iter().copied();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg {
            "--rounds" => rounds = value()?.parse()?,
            "--seconds" => seconds = value()?.parse()?,
            "--tasks" => tasks = value()?.parse()?,
            "--dir" => dir = value()?.into(),
            "--write" => is_written = true,
            name => {
                let section = SECTIONS.iter().find(|(known, _)| *known == name);
                sections.push(section.ok_or_else(|| format!("no such section: {name}\n\n{USAGE}"))?);
            }
        }
    }
    if sections.is_empty() {
        sections = SECTIONS.iter().collect();
    }
    let dir = tempfile::tempdir_in(dir)?;
    Ok(Wanted {
        terms: Terms { rounds, time: Duration::from_secs_f64(seconds), tasks, dir },
        sections,
        is_written,
    })
}

fn run(wanted: Wanted) -> Result<()> {
    let machine = machine::described(wanted.terms.dir.path());
    println!("{machine}");
    for (name, measure) in wanted.sections {
        let section = measure(&wanted.terms).map_err(|error| format!("{name}: {error}"))?;
        println!("\n## {}\n\n{}", section.title, section.text);
        if wanted.is_written {
            section.write(root(), &machine)?;
        }
    }
    Ok(())
}

/// The workspace's root.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
