//! The engine with agents that do what a test says, on a store in memory and real TODO files.
use std::{
    collections::VecDeque,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use codeagent_checkpoint::{Clock, MemoryStore, Store, SystemClock, store::ReadState};
use codeagent_core::{ChildIdentity, Command, Origin, Task, TaskId, TaskState};
use codeagent_project::{
    config::Config,
    messages::{Catalogue, Lang},
    todo::TodoPlaces,
};
use codeagent_runner::{
    AttemptSpec, Ended, Exit, How, Output, SpawnError, StopHandle, Stream,
    survivors::{SurvivorEnded, SurvivorQuery},
};

use super::{Ending, Engine, EngineError, Mode, Tally};
use crate::{
    agents::{Agent, Agents, SystemDice},
    chronicle::Chronicle,
    control::{Control, Stop},
    observe::Nobody,
    worklist::Worklist,
};

/// What a fake agent does.
#[derive(Clone, Debug)]
enum Act {
    Exit(i32),
    CannotStart,
    TextTooLong,
    /// Asks the engine to stop, and ends as stopped.
    StopThen(Stop),
    /// Edits the TODO list, then exits with 0.
    Edit(String),
    /// Edits the TODO list, then exits with 1.
    EditAndFail(String),
    /// Someone says `retry` of that text meanwhile.
    Retry(&'static str),
    /// Someone says `add` meanwhile.
    AddTask,
}

/// Nothing is left that could be done.
const fn finished(failed: usize, left: usize) -> Ending {
    Ending::Finished { failed, left, is_list_missing: false }
}

/// What the agents were told: the task's text, as `CODEAGENT_TASK_TEXT`.
type Seen = Arc<Mutex<Vec<String>>>;

struct Script {
    acts: VecDeque<Act>,
    seen: Seen,
    control: Arc<Control>,
    store: Arc<dyn Store>,
    todo: std::path::PathBuf,
}

impl Agents for Script {
    fn check(&mut self, _: &AttemptSpec) -> Result<(), SpawnError> {
        match self.acts.front() {
            Some(Act::CannotStart) => Err(SpawnError::NotFound { program: "agent".into() }),
            _ => Ok(()),
        }
    }

    fn start(&mut self, spec: AttemptSpec) -> Result<Box<dyn Agent>, SpawnError> {
        let text = spec.env.iter().find(|(name, _)| name == "CODEAGENT_TASK_TEXT");
        let text = text.map(|(_, text)| text.to_string_lossy().into_owned()).unwrap_or_default();
        self.seen.lock().unwrap().push(text);
        let (control, store, todo) = (Arc::clone(&self.control), Arc::clone(&self.store), self.todo.clone());
        match self.acts.pop_front().unwrap_or(Act::Exit(0)) {
            Act::TextTooLong => {
                Err(SpawnError::TooLong { item: codeagent_runner::Item::Argument(1), bytes: 200_000 })
            }
            act => Ok(Box::new(Fake { act, control, store, todo })),
        }
    }

    fn end_survivors(&mut self, _: &Path, _: &[SurvivorQuery], _: Duration) -> Vec<SurvivorEnded> {
        Vec::new()
    }
}

struct Fake {
    act: Act,
    control: Arc<Control>,
    store: Arc<dyn Store>,
    todo: std::path::PathBuf,
}

impl Agent for Fake {
    fn identity(&self) -> ChildIdentity {
        ChildIdentity { pid: 1, start_ticks: 1, boot_id: "boot".into() }
    }

    fn watch(self: Box<Self>, output: &mut dyn Output, stop: &StopHandle) -> Ended {
        output.chunk(Stream::Stdout, b"working\nError: it broke\n").unwrap();
        let how = match self.act {
            Act::Exit(code) => How::Exited(code),
            Act::StopThen(reason) => {
                self.control.request_stop(reason);
                if stop.is_requested() { How::Stopped } else { How::Exited(0) }
            }
            Act::Edit(text) => {
                fs::write(&self.todo, text).unwrap();
                How::Exited(0)
            }
            Act::EditAndFail(text) => {
                fs::write(&self.todo, text).unwrap();
                How::Exited(1)
            }
            Act::AddTask => {
                let add = Command::AddTask {
                    id: TaskId::new("x"),
                    text: "added".to_owned(),
                    metadata: None,
                    origin: Origin::Added,
                };
                let _ = self.store.execute(add, SystemClock.now()).unwrap();
                self.control.wake();
                How::Exited(0)
            }
            Act::Retry(text) => {
                let retry = Command::Retry { id: TaskId::derive([], text), text: None };
                let _ = self.store.execute(retry, SystemClock.now()).unwrap().unwrap();
                self.control.wake();
                std::thread::park_timeout(Duration::from_millis(600)); // boxes are written again from now on
                How::Exited(0)
            }
            Act::CannotStart | Act::TextTooLong => unreachable!(),
        };
        Ended {
            how,
            exit: Exit::Code(0),
            last_lines: vec!["working".to_owned(), "Error: it broke".to_owned()],
            bytes_out: 0,
            elapsed: Duration::ZERO,
            tree_ended: 0,
            left_over: 0,
            sink_error: None,
        }
    }
}

struct World {
    dir: tempfile::TempDir,
    engine: Engine,
    seen: Seen,
}

fn config() -> Config {
    let mut config = Config::default();
    config.server.task_delay = Duration::ZERO;
    config.server.check_interval = Duration::ZERO;
    config.executor.retry.initial_delay = Duration::from_millis(1);
    config.executor.retry.jitter = false;
    config.executor.command = vec!["agent".to_owned(), "{task_text}".to_owned()];
    config
}

fn world(todo: &str, config: Config, acts: &[Act]) -> World {
    world_on(Arc::new(MemoryStore::default()), todo, config, acts)
}

fn world_on(store: Arc<dyn Store>, todo: &str, config: Config, acts: &[Act]) -> World {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("todo.md"), todo).unwrap();
    let (control, seen) = (Arc::new(Control::default()), Seen::default());
    let catalogue = Arc::new(Catalogue::new(Lang::En));
    let engine = Engine {
        mode: Mode::Run,
        session_id: "20260118_103000".to_owned(),
        data_dir: dir.path().to_owned(),
        store: Arc::clone(&store),
        worklist: Worklist::load(TodoPlaces::new(dir.path(), "md", 1 << 20)).unwrap(),
        agents: Box::new(Script {
            acts: acts.iter().cloned().collect(),
            seen: Arc::clone(&seen),
            control: Arc::clone(&control),
            store,
            todo: dir.path().join("todo.md"),
        }),
        dice: Box::new(SystemDice),
        clock: Arc::new(SystemClock),
        control,
        observer: Arc::new(Nobody),
        chronicle: Chronicle::new(catalogue, None, &dir.path().join("logs"), &config, &[]),
        generator: None,
        tally: Tally::default(),
        socket: None,
        unshown: None,
        config,
    };
    World { dir, engine, seen }
}

impl World {
    fn todo(&self) -> String {
        read(self.dir.path(), "todo.md")
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn task(&self, text: &str) -> Task {
        self.engine.store.view(|state| state.latest_with_text(text).cloned()).unwrap().unwrap()
    }
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn the_list_is_worked_through_in_its_order_and_ticked() {
    let mut world =
        world("# Plan\n\n- [ ] one\n  - [ ] two\n- [x] done before\n- [ ] three\n", config(), &[]);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "two", "three"]);
    let todo = world.todo();
    assert_eq!(todo.matches("[x]").count(), 4, "{todo}");
    assert_eq!(todo.matches("<!-- codeagent - 20").count(), 3, "{todo}");
}

#[test]
fn a_task_that_fails_is_tried_three_times_and_skipped() {
    let mut world =
        world("- [ ] bad\n- [ ] good\n", config(), &[Act::Exit(1), Act::Exit(0), Act::Exit(1), Act::Exit(1)]);
    assert_eq!(world.engine.run().unwrap(), finished(1, 0));
    assert_eq!(world.seen(), ["bad", "good", "bad", "bad"]);
    assert!(world.todo().starts_with("- [-] bad\n- [x] good"), "{}", world.todo());
    let bad = world.task("bad");
    assert_eq!((bad.attempts, bad.state()), (3, TaskState::Failed));
    assert_eq!(bad.error.as_deref(), Some("exit code 1\nworking\nError: it broke"));
}

#[test]
fn a_child_waits_until_its_parent_is_settled() {
    let acts = [Act::Exit(1), Act::Exit(0), Act::Exit(0), Act::Exit(0)];
    let mut world = world("- [ ] parent\n  - [ ] child\n- [ ] other\n", config(), &acts);
    world.engine.run().unwrap();
    assert_eq!(world.seen(), ["parent", "other", "parent", "child"]);
}

#[test]
fn a_command_that_cannot_start_uses_nothing_up() {
    let mut world = world("- [ ] one\n", config(), &[Act::CannotStart]);
    assert!(matches!(world.engine.run(), Err(EngineError::CannotStart(_))));
    let task = world.task("one");
    assert_eq!((task.state(), task.attempts), (TaskState::Pending, 0));
}

#[test]
fn a_text_that_cannot_be_handed_over_fails_alone() {
    let mut world = world("- [ ] long\n- [ ] short\n", config(), &[Act::TextTooLong]);
    assert_eq!(world.engine.run().unwrap(), finished(1, 0));
    assert!(world.task("long").error.unwrap().contains("task_file"));
    assert_eq!(world.task("short").state(), TaskState::Completed);
}

#[test]
fn a_signal_puts_the_task_back_and_excuses_the_attempt() {
    let mut world = world("- [ ] one\n- [ ] two\n", config(), &[Act::StopThen(Stop::Signal(2))]);
    assert_eq!(world.engine.run().unwrap(), Ending::Stopped(Stop::Signal(2)));
    let task = world.task("one");
    assert_eq!((task.state(), task.attempts, task.counted_attempts()), (TaskState::Pending, 1, 0));
    assert_eq!(world.seen(), ["one"]);
    assert!(world.todo().starts_with("- [ ] one"));
}

#[test]
fn stop_lets_the_current_task_finish() {
    let mut world = world("- [ ] one\n- [ ] two\n", config(), &[Act::StopThen(Stop::AfterTask)]);
    assert_eq!(world.engine.run().unwrap(), Ending::Stopped(Stop::AfterTask));
    assert_eq!(world.task("one").state(), TaskState::Completed);
    assert_eq!(world.task("two").state(), TaskState::Pending);
}

#[test]
fn a_stop_leaves_no_box_unwritten() {
    let acts = [Act::Exit(0), Act::Exit(0), Act::StopThen(Stop::AfterTask)];
    let mut world = world("- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four\n", config(), &acts);
    assert_eq!(world.engine.run().unwrap(), Ending::Stopped(Stop::AfterTask));
    assert_eq!(world.todo().matches("[x]").count(), 3, "{}", world.todo());
}

#[test]
fn a_list_that_is_edited_meanwhile_is_followed() {
    let edit = Act::Edit("- [ ] one\n- [x] by hand\n- [ ] new\n".to_owned());
    let mut world = world("- [ ] one\n- [ ] by hand\n- [ ] gone\n", config(), &[edit]);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "new"]);
    assert_eq!(world.task("by hand").state(), TaskState::Completed);
    assert_eq!(world.task("gone").state(), TaskState::Pending, "held, not run");
    assert!(world.todo().starts_with("- [x] one"), "{}", world.todo());
}

#[test]
fn what_was_done_is_shown_by_the_list_that_it_was_begun_from() {
    let acts = [Act::Exit(0), Act::Edit("- [x] one\n".to_owned())];
    let mut world = world("- [ ] one\n- [ ] two\n", config(), &acts);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "two"]);
    assert_eq!(world.todo(), "- [x] one\n");
}

#[test]
fn a_box_that_was_owed_when_retry_came_is_no_word_against_it() {
    let acts = [Act::Exit(0), Act::Exit(0), Act::Retry("two")];
    let mut world = world("- [ ] one\n- [ ] two\n- [ ] three\n", config(), &acts);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "two", "three", "two"]);
}

#[test]
fn an_agent_that_ticks_its_own_box_and_fails_is_not_believed() {
    let acts = [Act::EditAndFail("- [x] one\n".to_owned()), Act::Exit(0)];
    let mut world = world("- [ ] one\n", config(), &acts);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "one"]);
    assert_eq!(world.task("one").attempts, 2);
}

#[test]
fn many_failures_in_a_row_mean_that_the_agent_is_broken() {
    let mut config = config();
    config.executor.max_consecutive_failures = 2;
    config.server.checkpoint.max_task_attempts = 1;
    let acts = [Act::Exit(1), Act::Exit(1), Act::Exit(0)];
    let mut world = world("- [ ] a\n- [ ] b\n- [ ] c\n", config, &acts);
    assert_eq!(world.engine.run().unwrap(), Ending::AgentBroken);
    assert_eq!(world.task("c").state(), TaskState::Pending);
}

#[test]
fn what_was_completed_is_not_run_again_and_its_box_is_put_right() {
    let store = Arc::new(MemoryStore::default());
    let mut first = world_on(Arc::clone(&store) as _, "- [ ] one\n", config(), &[]);
    first.engine.run().unwrap();
    let mut second = world_on(store, "- [ ] one\n", config(), &[]);
    second.engine.run().unwrap();
    assert!(second.seen().is_empty());
    assert!(second.todo().starts_with("- [x] one"), "{}", second.todo());
}

#[test]
fn completed_tasks_are_pruned_every_tenth_iteration_and_stay_known() {
    let store = Arc::new(MemoryStore::default());
    let mut config = config();
    config.server.checkpoint.keep_completed_tasks = 0;
    let mut world = world_on(Arc::clone(&store) as _, "- [ ] one\n", config.clone(), &[]);
    world.engine.run().unwrap();
    for _ in 0..8 {
        let _ = store.execute(Command::CountIteration, SystemClock.now()).unwrap();
    }
    let mut again = world_on(Arc::clone(&store) as _, "- [ ] one\n", config, &[]);
    again.engine.run().unwrap();
    assert!(again.seen().is_empty());
    assert_eq!(store.view(|state| (state.counts().total(), state.pruned().len())).unwrap(), (0, 1));
    assert!(again.todo().starts_with("- [x] one"), "{}", again.todo());
}

#[test]
fn retry_opens_the_box_again() {
    let store = Arc::new(MemoryStore::default());
    let mut first = world_on(Arc::clone(&store) as _, "- [ ] one\n", config(), &[]);
    first.engine.run().unwrap();
    let retry = Command::Retry { id: TaskId::derive([], "one"), text: None };
    let _ = store.execute(retry, SystemClock.now()).unwrap().unwrap();
    let mut second = world_on(store, &first.todo(), config(), &[]);
    second.engine.run().unwrap();
    assert_eq!(second.seen(), ["one"]);
}

#[test]
fn a_task_that_is_added_during_the_last_attempt_is_run_too() {
    let mut world = world("- [ ] one\n", config(), &[Act::AddTask]);
    assert_eq!(world.engine.run().unwrap(), finished(0, 0));
    assert_eq!(world.seen(), ["one", "added"]);
}

#[test]
fn iterations_end_at_their_limit() {
    let mut config = config();
    config.server.max_iterations = Some(1);
    let mut world = world("- [ ] one\n", config, &[Act::Exit(1)]);
    assert_eq!(world.engine.run().unwrap(), finished(0, 1));
    assert_eq!(world.seen(), ["one"]);
}

#[test]
fn the_log_has_what_the_agent_printed() {
    let mut world = world("- [ ] one\n", config(), &[]);
    world.engine.run().unwrap();
    let logs: Vec<_> = fs::read_dir(world.dir.path().join("logs")).unwrap().flatten().collect();
    assert_eq!(logs.len(), 1);
    let log = fs::read_to_string(logs[0].path()).unwrap();
    assert!(log.contains("working\nError: it broke\n"), "{log}");
    assert!(!world.dir.path().join(".codeagent_task_").exists());
    let left = fs::read_dir(world.dir.path()).unwrap().flatten();
    assert!(left.map(|entry| entry.file_name().into_string().unwrap()).all(|name| !name.contains("_task_")));
}
