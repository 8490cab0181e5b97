//! The engine that works through the list, and the socket through which it is asked.
//!
//! Open `engine.rs`: it tells the life of a task. `session.rs` puts a server together, `access.rs` is how a command
//! reaches the tasks, `report.rs` has the guide's recovery report.

pub mod access;
pub mod agents;
pub mod api;
mod attempt;
pub mod bell;
mod chronicle;
mod client;
pub mod control;
pub mod engine;
mod generate;
pub mod ground;
mod guard;
pub mod notices;
pub mod observe;
mod once;
mod order;
mod recover;
mod report;
pub mod say;
mod seats;
pub mod service;
pub mod session;
mod signals;
mod socket;
#[cfg(feature = "testing")]
pub mod testing;
mod wake;
mod watcher;
mod worklist;

pub use access::{Access, AccessError};
pub use control::Stop;
pub use engine::{Ending, EngineError, Mode};
pub use recover::end_survivors_in;
pub use report::survivor_line;
pub use session::{Host, RunRequest, ServerError, run};
