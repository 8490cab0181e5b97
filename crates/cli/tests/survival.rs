//! The promise itself: a server that is killed at random moments loses nothing and repeats nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers are tests too")]
mod common;

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use common::{Project, pause};

/// The agent keeps a ledger of its own, and holds a lock while it works: two of one task would meet there.
const AGENT: &str = r#"
exec 9>"lock.$CODEAGENT_TASK_ID"
flock -n 9 || echo "overlap $CODEAGENT_TASK_ID" >> ledger
echo "start $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT" >> ledger
sleep 0.0$(( $$ % 4 ))
echo "end $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT" >> ledger
"#;

const CONFIG: &str = "
server: { task_delay: 0, check_interval: 1, checkpoint: { max_task_crashes: 100 } }
executor: { command: [sh, agent.sh], kill_grace: 2, retry: { initial_delay: 0 } }
";

/// How often each task appears with a word in the ledger.
fn ledger(project: &Project, word: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in fs::read_to_string(project.dir().join("ledger")).unwrap_or_default().lines() {
        let mut words = line.split(' ');
        if words.next() == Some(word) {
            *counts.entry(words.next().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    counts
}

/// Ids that the files say are completed, asked while no server runs.
fn completed(project: &Project) -> Vec<String> {
    let list = project.json(&["list", "--state", "completed", "--json"]);
    let tasks = list["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["task_id"].as_str().unwrap().to_owned()).collect()
}

/// Processes that say that they run for the project.
fn left_over(dir: &Path) -> Vec<u32> {
    let mark = format!("CODEAGENT_PROJECT_DIR={}", dir.canonicalize().unwrap().display());
    let is_ours = |pid: &u32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_ours).collect()
}

fn start(project: &Project) -> Child {
    project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Numbers that differ from run to run; printed, so that a failure can be told.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn survive(tasks: usize, kills: usize) {
    let list: String = (0..tasks).map(|n| format!("- [ ] Do number {n} <!-- id: t{n} -->\n")).collect();
    let project = Project::with_list(&list);
    project.write("agent.sh", AGENT);
    project.write("config/config.yaml", CONFIG);
    let mut dice = Dice(u64::from(std::process::id()));
    let mut starts_of_done: HashMap<String, Option<usize>> = HashMap::new();
    for kill in 0..kills {
        let unclean = kill > 0 && project.json(&["status", "--json"])["clean_shutdown"] == false;
        let told = said_reports(&project);
        let mut server = start(&project);
        // Every third is killed in the midst of its start; the others after they told what they found.
        if kill % 3 != 0 {
            wait_for_report(&project, told + usize::from(unclean), &mut server);
        }
        pause(Duration::from_millis(dice.throw(250)));
        server.kill().unwrap();
        server.wait().unwrap();
        let starts = ledger(&project, "start");
        for (id, before) in &starts_of_done {
            let now = starts.get(id).copied();
            assert_eq!(now, *before, "kill {kill}: {id} started again after its completion was durable");
        }
        starts_of_done
            .extend(completed(&project).into_iter().map(|id| (id.clone(), starts.get(&id).copied())));
    }
    let finished = project.say(&["run"]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let statistics = &project.json(&["status", "--json"])["statistics"];
    let known = |key: &str| usize::try_from(statistics[key].as_u64().unwrap()).unwrap();
    assert_eq!(known("completed") + known("pruned"), tasks);
    let ends = ledger(&project, "end");
    assert_eq!(ends.len(), tasks, "every task came to its end");
    assert!(ledger(&project, "overlap").is_empty(), "two of one task at a time");
    assert_eq!(left_over(project.dir()), Vec::<u32>::new());
    assert_eq!(project.read("todo.md").matches("- [x] ").count(), tasks);
}

fn said_reports(project: &Project) -> usize {
    let log = fs::read_to_string(project.dir().join("logs/code_agent.log")).unwrap_or_default();
    log.matches("THE SERVER DID NOT STOP CLEANLY").count()
}

fn wait_for_report(project: &Project, reports: usize, server: &mut Child) {
    let began = Instant::now();
    while said_reports(project) < reports {
        assert!(server.try_wait().unwrap().is_none(), "ended, and told nothing");
        assert!(began.elapsed() < Duration::from_secs(60), "no report");
        pause(Duration::from_millis(2));
    }
}

#[test]
fn killed_at_random_moments_nothing_is_lost_or_repeated() {
    survive(300, 30);
}
