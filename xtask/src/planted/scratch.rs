//! Where bugs are planted: a git worktree below `target/`, with one folder for all builds, and campaigns run in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::steps::{done, root};

/// Campaigns that run the program itself.
const OF_THE_PROGRAM: [&str; 4] = ["syscalls", "powercut", "medium", "soak"];

/// A bug may keep a campaign from ending.
const LIMIT: Duration = Duration::from_secs(900);

/// A copy of what is committed.
pub(crate) struct Scratch {
    tree: PathBuf,
    build: PathBuf,
    output: PathBuf,
}

impl Scratch {
    /// Makes it, or takes the one of before: its builds are still good.
    pub(crate) fn make() -> Result<Self, String> {
        let dir = root().join("target/planted");
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let [tree, build, output] = ["tree", "build", "output"].map(|name| dir.join(name));
        let scratch = Self { tree, build, output };
        if scratch.tree.join(".git").exists() {
            scratch.clean()?;
            git(&scratch.tree, &["checkout", "--quiet", "--detach", &head()?])?;
        } else {
            let tree = scratch.tree.to_string_lossy();
            git(root(), &["worktree", "add", "--quiet", "--force", "--detach", &tree, "HEAD"])?;
        }
        Ok(scratch)
    }

    /// Takes out what was planted.
    pub(crate) fn clean(&self) -> Result<(), String> {
        git(&self.tree, &["reset", "--quiet", "--hard"])
    }

    /// Plants a bug.
    pub(crate) fn plant(&self, patch: &Path) -> Result<(), String> {
        git(&self.tree, &["apply", &patch.to_string_lossy()])
    }

    /// Builds what is there and runs a campaign on it: its name, then arguments.
    pub(crate) fn run(&self, campaign: &[String]) -> Result<Seen, String> {
        let (name, args) = campaign.split_first().ok_or("no campaign is named")?;
        let proof = self.binary("codeagent-proof")?;
        let of_the_program = OF_THE_PROGRAM.contains(&name.as_str());
        // The others take a program, too, and never start it.
        let program = if of_the_program { self.binary("codeagent")? } else { proof.clone() };
        let output = |error: std::io::Error| format!("{}: {error}", self.output.display());
        let file = File::create(&self.output).map_err(output)?;
        let mut command = Command::new(proof);
        command.current_dir(&self.tree).args(["--only", name]).args(args).arg("--binary").arg(program);
        command.stdout(file.try_clone().map_err(output)?).stderr(file);
        let status = within(command, LIMIT)?;
        Seen::read(&fs::read(&self.output).map_err(output)?, status)
    }

    /// In two steps, as for the campaigns without a bug: built together, the program would get features of tests.
    fn binary(&self, package: &str) -> Result<PathBuf, String> {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "--release", "--locked", "--package", package])
            .current_dir(&self.tree);
        build.env("CARGO_TARGET_DIR", &self.build);
        // One crate changes: what is built of it again should be little.
        build.env("CARGO_INCREMENTAL", "1").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256");
        // What a bug leaves unused is warned of: that is of interest where it does not build.
        let built = build.output().map_err(|error| error.to_string())?;
        let binary = self.build.join("release").join(package);
        let why = || format!("the build failed: {}", String::from_utf8_lossy(&built.stderr));
        if built.status.success() { Ok(binary) } else { Err(why()) }
    }
}

/// What a campaign printed of what it found.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How many of each kind, in the order of their first.
    pub(crate) counts: Vec<(String, usize)>,
    /// The first finding's first line.
    pub(crate) first: String,
}

impl Seen {
    fn read(printed: &[u8], status: ExitStatus) -> Result<Self, String> {
        let printed = String::from_utf8_lossy(printed);
        let seen = Self::of(&printed);
        if seen.is_nothing() && !status.success() {
            let last =
                printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(format!("{status}: {last}"));
        }
        Ok(seen)
    }

    fn of(printed: &str) -> Self {
        let mut seen = Self::default();
        for finding in printed.lines().filter_map(|line| line.strip_prefix("FOUND (")) {
            let Some((kind, story)) = finding.split_once(") ") else { continue };
            match seen.counts.iter_mut().find(|(known, _)| known == kind) {
                Some((_, count)) => *count += 1,
                None => seen.counts.push((kind.to_owned(), 1)),
            }
            if seen.first.is_empty() {
                story.clone_into(&mut seen.first);
            }
        }
        seen
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.counts.is_empty()
    }

    /// In one line, the first finding's part of it cut off at so many characters.
    pub(crate) fn told(&self, length: usize) -> String {
        if self.is_nothing() {
            return "nothing was found".to_owned();
        }
        let counts: Vec<_> = self.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        format!("{}: {}", counts.join(", "), self.first.chars().take(length).collect::<String>())
    }
}

fn git(dir: &Path, args: &[&str]) -> Result<(), String> {
    let mut git = Command::new("git");
    git.current_dir(dir).args(args);
    done(git, &format!("git {} failed", args.join(" ")))
}

fn head() -> Result<String, String> {
    let mut git = Command::new("git");
    let output = git.current_dir(root()).args(["rev-parse", "HEAD"]).output();
    Ok(String::from_utf8_lossy(&output.map_err(|error| error.to_string())?.stdout).trim().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a tool in the foreground: Ctrl-C ends it and its child")]
fn within(mut command: Command, limit: Duration) -> Result<ExitStatus, String> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let began = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => return Ok(status),
            None if began.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
                return Err(format!("it did not end within {} s", limit.as_secs()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_counted_and_the_first_is_kept() {
        let printed = "── x: y\nFOUND (lost) a (b) c\nFOUND (needs a hand) d\nFOUND (lost) e\n\ntable\n";
        assert_eq!(Seen::of(printed).told(5), "lost 2, needs a hand 1: a (b)");
        assert!(Seen::of("── x: y\nfound nothing\n").is_nothing());
    }
}
