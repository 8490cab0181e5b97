//! What may happen to a list of tasks: commands, events, refusals and the rules between them.
//!
//! Pure: no files, no clock, no randomness, no threads (`no_std` + `alloc` keeps it so).
#![no_std]
extern crate alloc;

pub mod id;
pub mod list;

pub use id::TaskId;
