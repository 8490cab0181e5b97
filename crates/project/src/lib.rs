//! The files in the user's project: configuration, TODO list, status file, sessions, logs, messages.

pub mod config;
pub mod fs;
pub mod harmless;
pub mod logging;
pub mod messages;
pub mod sessions;
pub mod status;
pub mod task_log;
pub mod todo;
pub mod yaml;
