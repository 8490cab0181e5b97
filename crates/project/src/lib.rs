//! The files in the user's project: configuration, TODO list, status file, sessions, logs, messages.

pub mod config;
pub mod harmless;
pub mod logging;
pub mod messages;
pub mod yaml;
