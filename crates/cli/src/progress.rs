//! The live line at the bottom of the terminal while `run` and `serve` work. Without a terminal the log says it all.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use codeagent_project::harmless::{harmless, one_line};
use codeagent_project::logging::Console;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use codeagent_server::observe::{Observation, Observer, Progress, WaitReason};

use crate::text::{fit, when};

/// At most five times a second.
const REDRAW_EVERY: Duration = Duration::from_millis(200);
/// Columns that a task's text may take: the agent's last line gets the rest.
const TEXT_COLUMNS: usize = 40;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Watches the engine and keeps the line.
pub(crate) struct StatusLine {
    shared: Arc<Shared>,
    drawing: Option<JoinHandle<()>>,
}

struct Shared {
    console: Arc<Console>,
    say: Arc<Catalogue>,
    scene: Mutex<Scene>,
    changed: Condvar,
}

#[derive(Default)]
struct Scene {
    act: Act,
    progress: Progress,
    frame: usize,
    /// Counts what was seen, so that nothing is slept over.
    changes: u64,
    over: bool,
}

/// What happens just now.
#[derive(Default)]
enum Act {
    #[default]
    Nothing,
    Working(Work),
    Waiting(String),
}

struct Work {
    text: String,
    attempt: u32,
    began: Instant,
    line: String,
}

impl StatusLine {
    /// A line on that console; none where it is no terminal.
    pub(crate) fn new(console: &Arc<Console>, say: &Arc<Catalogue>) -> Self {
        let shared = Arc::new(Shared {
            console: Arc::clone(console),
            say: Arc::clone(say),
            scene: Mutex::default(),
            changed: Condvar::new(),
        });
        let drawing = console.is_terminal().then(|| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("status".to_owned()).spawn(move || shared.draw())
        });
        // Without the thread there is no line; the work does not depend on it.
        Self { shared, drawing: drawing.and_then(Result::ok) }
    }

    /// Where the work stood last.
    pub(crate) fn progress(&self) -> Progress {
        self.shared.lock().progress
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        if let Some(drawing) = self.drawing.take() {
            _ = drawing.join();
        }
        self.shared.console.clear_status();
    }
}

impl Observer for StatusLine {
    fn see(&self, what: &Observation<'_>) {
        let mut scene = self.shared.lock();
        scene.changes += 1;
        match what {
            Observation::TaskStarted { text, attempt, progress, .. } => {
                scene.progress = *progress;
                let text = one_line(text, TEXT_COLUMNS).into_owned();
                let line = String::new();
                scene.act = Act::Working(Work { text, attempt: *attempt, began: Instant::now(), line });
            }
            // The line is drawn at the next frame anyway: no need to wake the drawing for it.
            Observation::Line { line } => {
                if let Act::Working(work) = &mut scene.act {
                    work.line = harmless(line).into_owned();
                }
                return;
            }
            // Where nothing was started there is nothing to count.
            Observation::WorkEnded { progress } if scene.progress.total > 0 => scene.progress = *progress,
            Observation::WorkEnded { .. } => {}
            Observation::TaskEnded { progress, .. } => {
                scene.progress = *progress;
                scene.act = Act::Nothing;
            }
            Observation::Waiting { time, why } => scene.act = Act::Waiting(self.shared.waiting(*time, *why)),
            Observation::IterationBegan { .. } => scene.act = Act::Nothing,
        }
        drop(scene);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Redraws while a task runs, and sleeps while nothing moves.
    fn draw(&self) {
        let mut scene = self.lock();
        while !scene.over {
            let text = scene.line(&self.say, self.window());
            let drawn = scene.changes;
            scene.frame += 1;
            drop(scene);
            match text {
                Some(text) => self.console.set_status(&text),
                None => self.console.clear_status(),
            }
            scene = self.rest();
            if !matches!(scene.act, Act::Working(_)) {
                let unchanged = |scene: &mut Scene| !scene.over && scene.changes == drawn;
                scene = self.changed.wait_while(scene, unchanged).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// A thousand tasks a second are not a thousand lines a second.
    fn rest(&self) -> MutexGuard<'_, Scene> {
        let goes_on = |scene: &mut Scene| !scene.over;
        let rested = self.changed.wait_timeout_while(self.lock(), REDRAW_EVERY, goes_on);
        rested.unwrap_or_else(PoisonError::into_inner).0
    }

    fn window(&self) -> usize {
        fit::window(std::io::stderr()).unwrap_or(80)
    }

    fn waiting(&self, time: Duration, why: WaitReason) -> String {
        let time = when::span(time.as_secs_f64().ceil() as u64, &self.say);
        match why {
            WaitReason::Retry => msg!(self.say, "cli-wait-retry", time = time),
            WaitReason::BetweenTasks => msg!(self.say, "cli-wait-between", time = time),
            WaitReason::NextIteration => msg!(self.say, "cli-wait-next", time = time),
            WaitReason::Paused => msg!(self.say, "cli-wait-paused", time = time),
        }
    }
}

impl Scene {
    /// The line as it is to be seen now; cut to the window.
    fn line(&self, say: &Catalogue, window: usize) -> Option<String> {
        let Progress { total, completed, failed } = self.progress;
        let counts = format!("✓ {completed} ✗ {failed} / {total}");
        let line = match &self.act {
            Act::Nothing => return None,
            Act::Waiting(why) => format!("… {counts}  {why}"),
            Act::Working(work) => {
                let spin = SPINNER[self.frame % SPINNER.len()];
                let number = (completed + failed + 1).min(total.max(1));
                let elapsed = when::span(work.began.elapsed().as_secs(), say);
                let again = match work.attempt {
                    0 | 1 => String::new(),
                    n => format!(" ({})", msg!(say, "cli-status-attempt", n = n)),
                };
                let last = if work.line.is_empty() { String::new() } else { format!(" │ {}", work.line) };
                format!(
                    "{spin} {number}/{total} ✓ {completed} ✗ {failed}  {elapsed}  {}{again}{last}",
                    work.text
                )
            }
        };
        Some(fit::cut(&line, window.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeagent_core::TaskId;
    use codeagent_project::messages::Lang;
    use codeagent_server::observe::Outcome;

    fn status() -> StatusLine {
        let console = Console::new(std::io::sink(), false);
        StatusLine::new(&console, &Arc::new(Catalogue::new(Lang::En)))
    }

    fn shown(status: &StatusLine, window: usize) -> Option<String> {
        status.shared.lock().line(&status.shared.say, window)
    }

    #[test]
    fn the_line_follows_the_task() {
        let status = status();
        let id = TaskId::new("a");
        let progress = Progress { total: 3, completed: 1, failed: 0 };
        assert_eq!(shown(&status, 80), None);
        status.see(&Observation::TaskStarted { id: &id, text: "Write\n tests", attempt: 2, progress });
        assert_eq!(shown(&status, 80).unwrap(), "⠋ 2/3 ✓ 1 ✗ 0  0 s  Write\\n tests (attempt 2)");
        status.see(&Observation::Line { line: "compiling\x1b[2J" });
        let line = shown(&status, 80).unwrap();
        assert!(line.ends_with("│ compiling\\x1b[2J"), "{line}");
        assert_eq!(fit::width(&shown(&status, 30).unwrap()), 29);
        let progress = Progress { total: 3, completed: 2, failed: 0 };
        let elapsed = Duration::from_secs(1);
        status.see(&Observation::TaskEnded {
            id: &id,
            text: "",
            outcome: Outcome::Completed,
            elapsed,
            progress,
        });
        assert_eq!(shown(&status, 80), None);
        assert_eq!(status.progress(), progress);
    }

    #[test]
    fn a_wait_says_for_what() {
        let status = status();
        status.see(&Observation::Waiting { time: Duration::from_millis(4_200), why: WaitReason::Retry });
        assert_eq!(shown(&status, 80).unwrap(), "… ✓ 0 ✗ 0 / 0  waiting 5 s before another attempt");
    }
}
