//! What may happen to a list of tasks: commands, events, refusals and the rules between them.
//!
//! Pure: no files, no clock, no randomness, no threads (`no_std` + `alloc` keeps it so).
//!
//! ```text
//! Command ──decide(&State, now)──▶ [Event] ──(made durable by a store)──▶ State::apply
//!                └──▶ Refusal
//! ```
#![no_std]
extern crate alloc;

mod apply;
pub mod command;
mod decide;
pub mod event;
pub mod id;
mod index;
pub mod invariants;
pub mod json;
pub mod list;
pub mod plan;
mod pruned;
pub mod recovery;
pub mod refusal;
pub mod retry;
pub mod state;
pub mod table;
pub mod task;
#[cfg(any(test, feature = "testing"))]
pub mod testkit;
#[cfg(test)]
mod tests;
pub mod time;

pub use command::{Command, Deferral, StartAgain};
pub use decide::{MAX_STEPS, decide};
pub use event::{Event, Excuse};
pub use id::{Fingerprint, TaskId};
pub use index::Both;
pub use json::RawJson;
pub use plan::Plan;
pub use recovery::{RecoveryInfo, Statistics};
pub use refusal::{Refusal, Verb};
pub use retry::RetryPolicy;
pub use state::{Counts, Frozen, Header, State};
pub use table::Table;
pub use task::{AttemptId, ChildIdentity, Origin, Phase, Task, TaskState};
pub use time::{LocalTime, Now, Wait};
