//! What CI and people run: `cargo xtask test | crash | planted | soak | fuzz | bench | guard | man | completions | python | wheels`.
//!
//! No dependency on the workspace, so that it builds in a second and can say what is broken in the rest.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people at a terminal")]

mod bench;
mod crash;
mod files;
mod fuzz;
mod guard;
mod planted;
mod python;
mod steps;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <COMMAND>

Commands:
  test [--quick]    everything that CI checks; --quick: formatting, lints and unit tests only
  crash [--long]    campaigns that try to break every promise; --help: their options
  planted [NAME…]   puts known bugs into a copy of the sources: a campaign must find each; also: --list, --markdown
  soak --minutes N  the real program, killed at random moments for so long; also: --seed N
  fuzz TARGET       libFuzzer on one target of proof/src/fuzz; also: --seconds N
  bench             measures, side by side with what people use; --help: its options
  guard [--bless]   counts instructions and holds them against those of before; --bless: takes them over
  man               man pages, in English and Russian, into target/man
  completions       shell completions into target/completions
  python            the tests of the Python package alone, a part of test; --bench: its transitions per second
  wheels            the Python package as a wheel and as sources, into target/python/wheels
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["test"] => test::run(test::Extent::All),
        ["test", "--quick"] => test::run(test::Extent::Quick),
        ["crash", args @ ..] => crash::run(args),
        ["planted", args @ ..] => planted::run(args),
        ["soak", args @ ..] => crash::soak(args),
        ["fuzz", args @ ..] => fuzz::run(args),
        ["bench", args @ ..] => bench::run(args),
        ["guard"] => guard::run(false),
        ["guard", "--bless"] => guard::run(true),
        ["man"] => files::man(),
        ["completions"] => files::completions(),
        ["python"] => python::run(),
        ["python", "--bench", args @ ..] => python::bench(args),
        ["wheels"] => python::wheels(),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("error: no such task: {}\n\n{USAGE}", args.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
