//! What happens around a simulated server: people give commands and edit the list, clocks jump, snapshots are taken.
use codeagent_core::{Phase, task::AfterFailure};
use codeagent_server::{
    Stop,
    api::{NewTask, TaskVerb},
    service::Service,
};

use super::{
    list::Item,
    world::{Inner, World},
};
use crate::campaign::Broken;

impl World {
    /// Time passes until then, or until something happens before.
    pub(super) fn go_on(&self, until_ms: u64) {
        let mut inner = self.look();
        if inner.is_quiet && until_ms > inner.now_ms + 1_000_000_000_000 {
            drop(inner);
            self.give_up(Broken::Stuck, "it waits for something that never comes");
        }
        let happens_at = inner.happens_at_ms;
        let to = until_ms.min(happens_at).max(inner.now_ms);
        let passed = to - inner.now_ms;
        inner.pass_time(passed);
        drop(inner);
        if happens_at <= to {
            self.happen();
        }
    }

    /// Whether it was not rung since, and the time is not over.
    pub(super) fn is_waiting(&self, heard: u64, until_ms: u64) -> bool {
        let inner = self.look();
        inner.rung == heard && inner.now_ms < until_ms
    }

    /// Something may happen just now, between two steps of the server.
    pub(super) fn perhaps(&self) {
        let mut inner = self.look();
        let is_now = !inner.is_quiet && inner.chance.percent(4);
        drop(inner);
        if is_now {
            self.happen();
        }
    }

    /// The list is touched: the server is told, as the system would.
    pub(super) fn touch_list(&self) {
        let service = self.look().service.clone();
        if let Some(running) = service.and_then(|service| service.engine) {
            running.control.list_touched();
        }
    }

    /// Whether nothing but their waits holds these tasks up.
    pub(super) fn holds_up(&self, texts: &[String]) -> bool {
        let inner = self.look();
        let items = inner.list.items().unwrap_or_default();
        let is_listed = |text: &String| items.iter().any(|item| item.text == *text && item.mark == ' ');
        !inner.is_nested
            && texts.iter().any(|text| {
                let task = inner.oracle.state().latest_with_text(text);
                let waits = task.is_some_and(|t| matches!(t.phase, Phase::Failed(AfterFailure::Retry(_))));
                waits && is_listed(text)
            })
    }

    fn happen(&self) {
        let mut inner = self.look();
        if inner.is_busy || inner.is_quiet {
            return;
        }
        inner.plan_happening();
        let Some(service) = inner.service.clone() else { return };
        inner.is_busy = true;
        inner.tally.happenings += 1;
        inner.happenings = inner.happenings.saturating_sub(1);
        let what = if inner.happenings == 0 { 99 } else { inner.chance.below(100) };
        drop(inner);
        match what {
            0..30 => {
                self.look().edit_list();
                self.touch_list();
            }
            30..42 => self.look().set_clock(),
            42..52 => self.take_snapshot(&service),
            52..95 => self.command(&service),
            _ => self.stop(&service),
        }
        self.look().is_busy = false;
    }

    /// The store's own thread would do so beside the work; people may give a command meanwhile.
    fn take_snapshot(&self, service: &Service) {
        let store = self.look().store.clone();
        self.look().tell(|| "snapshot".to_owned());
        if let Some(store) = store {
            let beside = self.look().chance.percent(40);
            let _ = store.checkpoint_beside(|| {
                if beside {
                    self.command(service);
                }
            });
            // A snapshot writes anew what was deleted.
            if store.checkpoint().is_ok() {
                self.look().is_wiped = false;
            }
        }
    }

    fn command(&self, service: &Service) {
        let mut inner = self.look();
        let verb = match inner.chance.below(100) {
            0..30 => {
                drop(inner);
                return self.add(service);
            }
            30..60 => TaskVerb::Retry,
            60..75 => TaskVerb::Skip,
            75..90 => TaskVerb::Cancel,
            _ => TaskVerb::Rollback,
        };
        let Some((id, text)) = inner.some_task() else { return };
        let ends = matches!(verb, TaskVerb::Cancel | TaskVerb::Rollback);
        // A known gap: a running server calls a task cancelled though a process of a dead one can't be ended, where
        // the command on files refuses; a retry then starts a second. (`hangs` is a process stuck in the kernel.)
        if ends && inner.processes.iter().any(|process| process.hangs && process.text == text) {
            return;
        }
        inner.tell(|| format!("{verb:?} {text}"));
        inner.oracle.asked(verb, &text);
        drop(inner);
        let running = service.engine.as_ref().filter(|_| ends);
        if running.is_none_or(|running| running.control.wish_end(&id, verb).is_none()) {
            let done = service.act(verb, &id).map(drop).map_err(|error| error.to_string());
            self.look().tell(|| format!("{done:?}"));
        }
    }

    fn add(&self, service: &Service) {
        let mut inner = self.look();
        inner.names += 1;
        let text = format!("added {}", inner.names);
        inner.tell(|| format!("add {text}"));
        drop(inner);
        let done = service.add(NewTask { text, id: None, metadata: None });
        let done = done.map(drop).map_err(|error| error.to_string());
        self.look().tell(|| format!("{done:?}"));
    }

    fn stop(&self, service: &Service) {
        let mut inner = self.look();
        let stop = match inner.chance.below(100) {
            0..35 => Stop::AfterTask,
            35..60 => Stop::Now,
            60..80 => Stop::Signal(15),
            _ => Stop::Restart,
        };
        inner.tell(|| format!("{stop:?}"));
        inner.stops.push(stop);
        if inner.happenings == 0 {
            inner.happenings = 1; // until it obeys, it is asked again
        }
        drop(inner);
        if let Some(running) = &service.engine {
            running.control.request_stop(stop);
        }
    }
}

impl Inner {
    /// By seconds or by days, forwards or back.
    fn set_clock(&mut self) {
        let by = i64::try_from(self.chance.magnitude(1_000, 500_000_000)).unwrap_or(0);
        let by = if self.chance.percent(50) { by } else { -by };
        self.wall_ms += by;
        self.undisturbed_ms = None;
        self.tell(|| format!("the clock is set by {by} ms"));
    }

    /// One of the lines.
    pub(super) fn some_line(&mut self, is_meant: impl Fn(&Item) -> bool) -> Option<String> {
        let items = self.list.items().unwrap_or_default();
        let texts: Vec<String> = items.into_iter().filter(is_meant).map(|item| item.text).collect();
        let at = self.chance.index(texts.len());
        texts.get(at).cloned()
    }

    /// Someone edits the list. What nested lines stand under stays: their identity rests on it.
    pub(super) fn edit_list(&mut self) {
        self.check_list();
        let edit = self.chance.below(100);
        let nested = self.is_nested;
        let text = self.some_line(|_| true).unwrap_or_default();
        let plain = self.some_line(|item| !item.has_id()).unwrap_or_default();
        self.names += 1;
        let name = self.names;
        self.tell(|| format!("edit {edit} {text} {plain} {name}"));
        let edited = match edit {
            0..15 => return self.mark(&text, 'x', false),
            15..25 => return self.mark(&text, '-', false),
            25..40 => return self.mark(&text, ' ', false),
            40..50 if !nested => {
                self.former.push(text.clone());
                self.list.delete(&text)
            }
            50..60 if !nested => self.rename(&plain, &format!("task {name}")),
            60..75 if !nested => self.bring_back(&plain),
            75..80 => self.list.give_id(&plain, &format!("id-{name}")),
            80..85 => self.list.rewrite(),
            _ => {
                let at = 4 + if nested { 1_000 } else { self.chance.index(10) };
                self.list.insert(&format!("task {name}"), at)
            }
        };
        self.must(edited);
    }

    /// A line gets a text that the list had before: the task of that time is meant again.
    fn bring_back(&mut self, plain: &str) -> std::io::Result<()> {
        let items = self.list.items()?;
        let at = self.chance.index(self.former.len());
        let Some(former) = self.former.get(at).cloned() else { return Ok(()) };
        if former.is_empty() || items.iter().any(|item| item.text == former) {
            return Ok(());
        }
        self.tell(|| format!("{former} is back"));
        match self.chance.percent(50) {
            true => self.list.insert(&former, 5),
            false => self.rename(plain, &former),
        }
    }

    /// The line keeps its box: what stands there is said of the new text.
    fn rename(&mut self, text: &str, to: &str) -> std::io::Result<()> {
        self.former.push(text.to_owned());
        let items = self.list.items()?;
        let mark = items.iter().find(|item| item.text == text).map_or(' ', |item| item.mark);
        self.oracle.marked(to, mark, false);
        self.list.rename(text, to)
    }

    /// Nobody but people and agents changes anything but boxes and comments.
    pub(super) fn check_list(&mut self) {
        match self.list.damage() {
            Ok(None) => {}
            Ok(Some(damage)) => self.found(Broken::Lost, format!("bytes of the list were changed: {damage}")),
            Err(error) => self.must(Err(error)),
        }
    }
}
