//! Commands as named steps: each is announced, timed, and counted in a closing summary.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

/// Steps that run one after another; a failed one does not keep the next from being tried.
#[derive(Default)]
pub(crate) struct Steps(Vec<Done>);

struct Done {
    name: &'static str,
    elapsed: Duration,
    passed: bool,
}

/// Some steps failed.
pub(crate) struct Failed(usize);

impl Steps {
    /// Runs a command as a step; whether it passed.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) -> bool {
        println!("\n── {name}: {}", shown(command));
        let started = Instant::now();
        let passed = match command.status() {
            Ok(status) => status.success(),
            Err(error) => {
                println!("cannot start: {error}");
                false
            }
        };
        let done = Done { name, elapsed: started.elapsed(), passed };
        println!("── {done}");
        self.0.push(done);
        passed
    }

    /// Prints the summary.
    pub(crate) fn finish(self) -> Result<(), Failed> {
        println!("\nSummary");
        for done in &self.0 {
            println!("  {done}");
        }
        let total: Duration = self.0.iter().map(|done| done.elapsed).sum();
        println!("  in {:.1} s", total.as_secs_f64());
        match self.0.iter().filter(|done| !done.passed).count() {
            0 => Ok(()),
            failed => Err(Failed(failed)),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed { "ok    " } else { "FAILED" };
        write!(f, "{word} {:>7.1} s  {}", self.elapsed.as_secs_f64(), self.name)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 step failed"),
            n => write!(f, "{n} steps failed"),
        }
    }
}

/// `cargo` with these arguments, at the workspace's root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Runs a command; says `otherwise` where it fails.
pub(crate) fn done(mut command: Command, otherwise: &str) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// The workspace's root.
pub(crate) fn root() -> &'static std::path::Path {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}
