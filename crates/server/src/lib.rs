//! The engine that works through the list, and the socket through which it is asked.

pub mod access;
pub mod api;
