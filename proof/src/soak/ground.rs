//! The ground of the soak: a project of many tasks, the program in it, and what the program says.
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::campaign::Terms;

/// None of the program's commands needs a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// `kill_grace` is longer than any agent here takes to end; retries come at once, so that a round sees many.
const CONFIG: &str = "
server:
  task_delay: 0
  check_interval: 1
  http_enabled: false
  checkpoint: { max_task_attempts: 6, max_task_crashes: 1000000, keep_completed_tasks: 25 }
executor:
  command: [sh, \"@OUT@/agent.sh\"]
  idle_timeout: 2
  kill_grace: 1
  max_consecutive_failures: 1000000
  retry: { initial_delay: 0 }
";

/// Where everything lies.
pub(super) struct Ground {
    binary: PathBuf,
    /// The project folder.
    pub(super) project: PathBuf,
    /// The oracle's own files: no `git clean` comes here.
    pub(super) out: PathBuf,
    /// Whether agents may run `git clean -fdx`.
    pub(super) has_git: bool,
}

/// What a command of the program came to.
pub(super) struct Said {
    pub(super) done: bool,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ground {
    /// Lays out the project, with this list.
    pub(super) fn lay_out(terms: &Terms, list: &str) -> Result<Self, String> {
        let scratch = terms.scratch.canonicalize().map_err(|error| error.to_string())?;
        let (project, out) = (scratch.join("project"), scratch.join("oracle"));
        let put = |path: PathBuf, text: &str| {
            let text = text.replace("@OUT@", &out.display().to_string());
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
        };
        for dir in [project.join("config"), out.clone()] {
            fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        }
        put(project.join("config/config.yaml"), CONFIG)?;
        put(project.join("todo.md"), list)?;
        put(out.join("agent.sh"), include_str!("agent.sh"))?;
        put(out.join("ledger"), "")?;
        put(out.join("life"), "0")?;
        let has_git = ["init -q", "add -A"].iter().all(|words| {
            let git = Command::new("git").arg("-C").arg(&project).args(words.split(' ')).output();
            git.is_ok_and(|output| output.status.success())
        });
        Ok(Self { binary: terms.binary.clone(), project, out, has_git })
    }

    /// The program with these words, in English, in the project's folder, perhaps behind another command.
    pub(super) fn command(&self, before: &[&str], words: &[&str]) -> Command {
        let mut all = before.iter().map(AsRef::as_ref).chain([self.binary.as_os_str()]);
        let mut command = Command::new(all.next().unwrap_or(self.binary.as_os_str()));
        command.args(all).args(words).current_dir(&self.project).stdin(Stdio::null());
        command.env_clear().env("LANG", "C.UTF-8");
        for name in ["PATH", "HOME", "TMPDIR", "TZ"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Begins a command whose end is asked for later.
    pub(super) fn begin(&self, words: &[&str]) -> Result<Child, String> {
        let mut command = self.command(&[], words);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        child.map_err(|error| format!("{words:?}: {error}"))
    }

    /// What a command came to. One that does not end is an error.
    pub(super) fn finish(&self, child: Child) -> Result<Said, String> {
        let pid = child.id();
        let (told, end) = mpsc::channel();
        std::thread::spawn(move || told.send(child.wait_with_output()));
        match end.recv_timeout(PATIENCE) {
            Ok(Ok(output)) => Ok(Said::of(&output)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("a command (pid {pid}) did not end within {} s", PATIENCE.as_secs())),
        }
    }

    /// What a command says.
    pub(super) fn say(&self, words: &[&str]) -> Result<Said, String> {
        self.finish(self.begin(words)?)
    }

    /// What a command prints as JSON; it must succeed.
    pub(super) fn json(&self, words: &[&str]) -> Result<Value, String> {
        let said = self.say(words)?;
        match serde_json::from_str(&said.out) {
            Ok(value) if said.done => Ok(value),
            _ => Err(format!("{words:?} failed: {}{}", said.out, said.err)),
        }
    }

    /// Writes a line into the story of what was done, with the place in the ledger, so that both can be read together.
    pub(super) fn tell(&self, what: &str) -> std::io::Result<()> {
        let ledger = fs::read(self.out.join("ledger"))?.iter().filter(|byte| **byte == b'\n').count();
        let mut story = File::options().create(true).append(true).open(self.out.join("story"))?;
        writeln!(story, "{what} (ledger: {ledger} lines)")
    }

    /// The TODO list.
    pub(super) fn list(&self) -> PathBuf {
        self.project.join("todo.md")
    }

    /// No agent that was started before takes the checkpoint away from here on.
    pub(super) fn new_life(&self, number: u64) -> Result<(), String> {
        fs::write(self.out.join("life"), number.to_string()).map_err(|error| error.to_string())
    }

    /// Holds a lock of the oracle until it is dropped.
    pub(super) fn lock(&self, name: &str) -> Result<File, String> {
        let path = self.out.join(name);
        let held = File::options().create(true).append(true).open(&path).and_then(|file| {
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        });
        held.map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { done: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}
