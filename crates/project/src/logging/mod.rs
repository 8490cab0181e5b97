//! Log lines: to stderr, around the live status line, and to a bounded log file; in the guide's format.
//!
//! Code logs with `tracing`'s macros. A message is one line: line breaks and terminal escapes in it are
//! made visible, so that no task text can forge a line. Fields of an event (`task = id`) appear only in the
//! JSON format; the text format is the message alone, as the guide shows it.

mod console;
mod file;
mod format;
mod level;
mod subscriber;

pub use console::Console;
pub use file::{KEPT_FILES, MAX_FILE_BYTES};
pub use format::Format;
pub use level::Level;
pub use subscriber::{AlreadySet, Captured, Clock, Logger, Settings, init, log};
