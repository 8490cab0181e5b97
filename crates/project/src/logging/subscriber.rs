//! From an event to its lines: the subscriber behind `tracing`'s macros.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Zoned;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Dispatch, Event, Metadata, Subscriber};

use super::file::LogFile;
use super::format::Record;
use super::{Console, Format, Level};
use crate::config::{Env, Loaded};
use crate::harmless::harmless;
use crate::messages::{Catalogue, Lang};
use crate::msg;

/// The field of an event that names who speaks, where its target does not (see [`log`]).
const LOGGER_FIELD: &str = "logger";

/// Where the time of a line comes from.
pub type Clock = fn() -> Zoned;

/// What is logged, and where to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The least grave level that is written.
    pub level: Level,
    /// The shape of a line.
    pub format: Format,
    /// The log file; `None` for none.
    pub file: Option<PathBuf>,
    /// Also to the console.
    pub console: bool,
    /// Colour level names if the console is a terminal.
    pub color: bool,
    /// Local time.
    pub clock: Clock,
    /// The language in which the logger speaks of itself.
    pub lang: Lang,
}

impl Settings {
    /// What the configuration says. `NO_COLOR` in the environment turns colours off.
    #[must_use]
    pub fn of(loaded: &Loaded, lang: Lang, env: &Env) -> Settings {
        let logging = &loaded.config.logging;
        Settings {
            level: logging.level,
            format: logging.format.clone().unwrap_or_else(Format::guide),
            file: logging.file.as_deref().map(|path| loaded.resolve(path)),
            console: logging.console,
            color: logging.color && env.get_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            lang,
            ..Settings::default()
        }
    }
}

impl Default for Settings {
    /// The guide's line from `INFO` on to the console, coloured, no file, the system's time, English.
    fn default() -> Settings {
        let (format, lang) = (Format::guide(), Lang::En);
        Settings {
            level: Level::Info,
            format,
            file: None,
            console: true,
            color: true,
            clock: Zoned::now,
            lang,
        }
    }
}

/// The one who writes lines. Clones write to the same places.
#[derive(Clone)]
pub struct Logger(Arc<Sinks>);

struct Sinks {
    settings: Settings,
    console: Option<Arc<Console>>,
    file: Option<Mutex<Guarded>>,
    captured: Option<Captured>,
}

/// The log file, and whether its present trouble was already told.
struct Guarded {
    log: LogFile,
    told: bool,
    lang: Lang,
}

/// The lines of a logger for tests.
#[derive(Debug, Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<String>>>);

/// A logger was set for this process before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a logger is already set for this process")]
pub struct AlreadySet;

/// Makes a logger and sets it for the whole process.
///
/// # Errors
/// [`AlreadySet`] on the second call.
pub fn init(settings: Settings, console: &Arc<Console>) -> Result<Logger, AlreadySet> {
    let logger = Logger::new(settings, console);
    tracing::dispatcher::set_global_default(logger.dispatch()).map_err(|_| AlreadySet)?;
    Ok(logger)
}

/// Logs a sentence whose level is only known at run time. `name` says who speaks, with dots
/// (`codeagent.checkpoint_manager`).
pub fn log(level: Level, name: &str, text: &str) {
    match level {
        Level::Debug => tracing::debug!(target: "codeagent", logger = name, "{text}"),
        Level::Info => tracing::info!(target: "codeagent", logger = name, "{text}"),
        Level::Warning => tracing::warn!(target: "codeagent", logger = name, "{text}"),
        Level::Error | Level::Critical => {
            tracing::error!(target: "codeagent", logger = name, "{text}");
        }
    }
}

impl Logger {
    /// A logger that is not set anywhere yet. An unusable log file is told on the console, once.
    #[must_use]
    pub fn new(settings: Settings, console: &Arc<Console>) -> Logger {
        let file = settings.file.clone().map(|path| {
            let mut log = LogFile::new(path);
            let prepared = log.prepare();
            let mut guarded = Guarded { log, told: false, lang: settings.lang };
            guarded.tell(prepared, console);
            Mutex::new(guarded)
        });
        Logger(Arc::new(Sinks { settings, console: Some(Arc::clone(console)), file, captured: None }))
    }

    /// A logger that keeps its lines, in the guide's format, all at 2026-01-18 10:00:00.
    #[must_use]
    pub fn for_tests(level: Level) -> (Logger, Captured) {
        let settings = Settings { level, clock: guide_time, ..Settings::default() };
        let captured = Captured::default();
        let sinks = Sinks { settings, console: None, file: None, captured: Some(captured.clone()) };
        (Logger(Arc::new(sinks)), captured)
    }

    /// Sets it for the current thread, until the guard is dropped.
    #[must_use]
    pub fn set_for_thread(&self) -> DefaultGuard {
        tracing::dispatcher::set_default(&self.dispatch())
    }

    /// As `tracing` takes it.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch {
        Dispatch::new(self.clone())
    }

    fn write(&self, record: &Record<'_>) {
        let Sinks { settings, console, file, captured } = &*self.0;
        let plain = settings.format.line(record, false);
        if let Some(captured) = captured {
            captured.0.lock().unwrap_or_else(PoisonError::into_inner).push(plain.clone());
        }
        let Some(console) = console else { return };
        if settings.console {
            let color = settings.color && console.is_terminal();
            if color { console.line(&settings.format.line(record, true)) } else { console.line(&plain) }
        }
        if let Some(file) = file {
            let mut guarded = file.lock().unwrap_or_else(PoisonError::into_inner);
            let written = guarded.log.write_line(&plain);
            guarded.tell(written, console);
        }
    }
}

impl Guarded {
    /// Says on the console that the file cannot be written, once until it can be again.
    fn tell(&mut self, result: std::io::Result<()>, console: &Console) {
        match result {
            Ok(()) => self.told = false,
            Err(_) if self.told => {}
            Err(error) => {
                self.told = true;
                let path = harmless(&self.log.path().to_string_lossy()).into_owned();
                let catalogue = Catalogue::new(self.lang);
                console.line(&msg!(catalogue, "core-log-file", path = path, why = error.to_string()));
            }
        }
    }
}

impl Captured {
    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All lines so far without their time: `WARNING - text`.
    #[must_use]
    pub fn without_times(&self) -> Vec<String> {
        let cut = |line: &String| line.split_once(" - ").map_or("", |(_, rest)| rest).to_owned();
        self.lines().iter().map(cut).collect()
    }
}

/// 2026-01-18 10:00:00 in UTC, the time of the guide's example.
fn guide_time() -> Zoned {
    jiff::Timestamp::from_second(1_768_730_400).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC)
}

impl Subscriber for Logger {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    /// Libraries speak from `WARNING` on: their `INFO` is our users' noise.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("codeagent");
        let least = self.0.settings.level.max(if ours { Level::Debug } else { Level::Warning });
        metadata.is_event() && Level::from(*metadata.level()) >= least
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut parts = Parts::default();
        event.record(&mut parts);
        let name = match parts.fields.shift_remove(LOGGER_FIELD) {
            Some(Value::String(name)) => name,
            _ => metadata.target().replace("::", "."),
        };
        self.write(&Record {
            time: (self.0.settings.clock)(),
            level: Level::from(*metadata.level()),
            name: &name,
            message: &parts.message,
            fields: &parts.fields,
            file: metadata.file(),
            line: metadata.line(),
        });
    }

    // Spans are not used: what a line belongs to stands in its fields.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// An event's message and fields.
#[derive(Default)]
struct Parts {
    message: String,
    fields: Map<String, Value>,
}

impl Parts {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => _ = self.fields.insert(name.to_owned(), value),
        }
    }
}

impl Visit for Parts {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, Value::String(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string().into());
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
