//! The real program in a scratch project, worked by an agent that keeps a ledger: what a campaign that drives the
//! program as a user does needs.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long a command may take before it counts as stuck, on a machine that has much to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A project folder, and the program that works it.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) dir: PathBuf,
    /// Where the agent writes its ledger and holds its locks; may lie outside of the project.
    pub(crate) oracle: PathBuf,
    binary: PathBuf,
    /// How long the second task takes at its first attempt.
    nap_s: &'static str,
}

/// How a command ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Exit code; none where a signal ended it, or where it had to be ended.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stuck: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What the checkpoint says of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) state: String,
    pub(crate) attempts: u64,
}

/// What the agents wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) starts: BTreeMap<String, u64>,
    pub(crate) ends: BTreeMap<String, u64>,
    pub(crate) overlaps: BTreeSet<String>,
}

/// t2 takes long enough for a snapshot to be written meanwhile, t3 fails at first.
const AGENT: &str = r#"
exec 9>"$ORACLE/lock.$CODEAGENT_TASK_ID"
flock -n 9 || echo "overlap $CODEAGENT_TASK_ID" >> "$ORACLE/ledger"
echo "start $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT $CODEAGENT_SERVER${DISK_LOG:+ $(stat -c %s "$DISK_LOG")}" >> "$ORACLE/ledger"
case "$CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT" in
"t2 1") sleep ${NAP:-0.9} ;;
"t3 1") exit 1 ;;
esac
echo "end $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT $CODEAGENT_SERVER" >> "$ORACLE/ledger"
"#;

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1, checkpoint: { max_task_crashes: 100 } }
executor: { command: [sh, agent.sh], kill_grace: 2, retry: { initial_delay: 0 } }
";

impl Bench {
    /// Lays out a project with so many tasks, `t1`, `t2`, …
    pub(crate) fn lay_out(binary: &Path, dir: &Path, oracle: &Path, tasks: usize) -> io::Result<Self> {
        fs::create_dir_all(dir.join("config"))?;
        fs::create_dir_all(oracle)?;
        let (dir, oracle) = (dir.canonicalize()?, oracle.canonicalize()?);
        fs::write(dir.join("agent.sh"), AGENT)?;
        fs::write(dir.join("config/config.yaml"), CONFIG)?;
        let list: String = (1..=tasks).map(|n| format!("- [ ] Do number {n} <!-- id: t{n} -->\n")).collect();
        fs::write(dir.join("todo.md"), list)?;
        Ok(Self { dir, oracle, binary: binary.to_owned(), nap_s: "0.9" })
    }

    /// A project that lies there already, with an oracle of its own, whose agents hurry.
    pub(crate) fn of(binary: &Path, dir: &Path, oracle: &Path) -> io::Result<Self> {
        fs::create_dir_all(oracle)?;
        Ok(Self {
            dir: dir.canonicalize()?,
            oracle: oracle.canonicalize()?,
            binary: binary.to_owned(),
            nap_s: "0",
        })
    }

    /// The program with these words, its answers in files of the oracle. Of the environment only what it needs.
    pub(crate) fn command(&self, words: &[&str]) -> io::Result<Command> {
        self.command_of(&self.binary, words)
    }

    /// The same of another program, which starts ours.
    pub(crate) fn command_of(&self, program: &Path, words: &[&str]) -> io::Result<Command> {
        let mut command = Command::new(program);
        command.args(words).current_dir(&self.dir).env_clear().env("LANG", "C.UTF-8").env("TZ", "UTC");
        command
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ORACLE", &self.oracle)
            .env("NAP", self.nap_s);
        command.stdin(Stdio::null());
        command.stdout(File::create(self.oracle.join("out"))?).stderr(File::create(self.oracle.join("err"))?);
        Ok(command)
    }

    /// What the last command said.
    pub(crate) fn heard(&self) -> Said {
        let read = |name| {
            String::from_utf8_lossy(&fs::read(self.oracle.join(name)).unwrap_or_default()).into_owned()
        };
        Said { out: read("out"), err: read("err"), ..Said::default() }
    }

    /// Runs the program to its end, or to the end of our patience.
    pub(crate) fn say(&self, words: &[&str]) -> io::Result<Said> {
        self.wait_for(self.command(words)?)
    }

    /// The same for a command that was changed.
    pub(crate) fn wait_for(&self, mut command: Command) -> io::Result<Said> {
        let mut child = command.spawn()?;
        let until = Instant::now() + PATIENCE;
        let (status, stuck) = loop {
            if let Some(status) = child.try_wait()? {
                break (status, false);
            }
            if Instant::now() > until {
                child.kill()?;
                break (child.wait()?, true);
            }
            std::thread::park_timeout(Duration::from_millis(4));
        };
        Ok(Said { code: status.code(), signal: status.signal(), stuck, ..self.heard() })
    }

    /// What the checkpoint says; asking takes no lock and writes nothing.
    ///
    /// # Errors
    /// What the program answered, where it was not a list.
    pub(crate) fn list(&self) -> Result<BTreeMap<String, Listed>, String> {
        let said = self.say(&["list", "--json"]).map_err(|error| error.to_string())?;
        if said.code != Some(0) {
            return Err(said.short());
        }
        let listed: Value = serde_json::from_str(&said.out).map_err(|error| format!("list: {error}"))?;
        let tasks = listed["tasks"].as_array().ok_or("list: no tasks")?;
        let of = |task: &Value| {
            let state = task["state"].as_str()?.to_owned();
            Some((
                task["task_id"].as_str()?.to_owned(),
                Listed { state, attempts: task["attempts"].as_u64()? },
            ))
        };
        tasks.iter().map(|task| of(task).ok_or_else(|| format!("list: {task}"))).collect()
    }

    /// What the agents wrote so far.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        let text = fs::read_to_string(self.oracle.join("ledger")).unwrap_or_default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let (word, id) = (words.next(), words.next().unwrap_or_default().to_owned());
            match word {
                Some("start") => *ledger.starts.entry(id).or_default() += 1,
                Some("end") => *ledger.ends.entry(id).or_default() += 1,
                Some("overlap") => drop(ledger.overlaps.insert(id)),
                _ => {}
            }
        }
        ledger
    }

    /// Processes that say that they run for this project.
    pub(crate) fn left_over(&self) -> Vec<u32> {
        let mark = format!("CODEAGENT_PROJECT_DIR={}", self.dir.display());
        let is_ours = |pid: &u32| {
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(is_ours)
            .collect()
    }
}

impl Said {
    /// The end of it, for a story.
    pub(crate) fn short(&self) -> String {
        let lines: Vec<&str> = self.err.lines().collect();
        let last = lines[lines.len().saturating_sub(4)..].join(" / ");
        let how = match (self.stuck, self.code, self.signal) {
            (true, ..) => "had to be ended".to_owned(),
            (_, Some(code), _) => format!("exit code {code}"),
            (_, _, signal) => format!("signal {}", signal.unwrap_or_default()),
        };
        format!("{how}: {last}")
    }
}

/// The ids that are completed.
pub(crate) fn completed(list: &BTreeMap<String, Listed>) -> BTreeSet<String> {
    list.iter().filter(|(_, task)| task.state == "completed").map(|(id, _)| id.clone()).collect()
}
