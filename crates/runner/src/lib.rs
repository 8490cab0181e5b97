//! Child processes: start, watch, stop the whole tree, capture output. No task, no store, no language in here.
//!
//! One attempt is one call of [`spawn`] and one of [`Attempt::watch`], which blocks its thread until the child
//! *and everything that it started* is gone:
//!
//! ```text
//!   spawn ──► Attempt ──► watch ─┬─ pump stdout, stderr, stdin     (pump.rs)
//!             (identity)         ├─ time-outs, stop requests       (watch.rs)
//!                                ├─ TERM, grace, KILL to the tree  (tree.rs)
//!                                └─► Ended: how, last lines, counts (ended.rs)
//! ```
//!
//! A thread that sits in poll(2) is all that this needs, so there is no async runtime here.
//! What is particular to Linux stands under `linux/`.

mod attempt;
mod ended;
pub mod exec;
mod linux;
mod pump;
mod spec;
mod stop;
pub mod survivors;
mod tail;
mod tree;
mod watch;

pub use attempt::{Attempt, Checked, check, spawn, spawn_checked};
pub use ended::{Ended, Exit, How, Verdict};
pub use linux::{identity::ProcessIdentity, init_process};
pub use pump::{Output, Stream};
pub use spec::{AttemptSpec, Item, SpawnError, Stdin};
pub use stop::StopHandle;

/// The variable that marks every process of an attempt; survivors are found by it.
pub const ATTEMPT_ID_VAR: &str = "CODEAGENT_ATTEMPT_ID";
/// The variable that names the project folder; survivors of another folder are not ours to end.
pub const PROJECT_DIR_VAR: &str = "CODEAGENT_PROJECT_DIR";
/// The variable that says which server started an attempt: what works for one that lives is no survivor.
pub const SERVER_VAR: &str = "CODEAGENT_SERVER";
