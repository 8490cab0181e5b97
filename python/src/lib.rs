//! The native module `codeagent._native`: the checkpoint and the files of a project, for the Python around it.
//!
//! What is Python's (Enum, logging, decorators, asyncio, dicts) stands in `codeagent/*.py`; here is only what the core
//! has. Values cross as JSON text, so that what others wrote (`NaN`, long numbers) crosses unchanged.
mod errors;
mod log;
mod manager;
mod read_only;
mod sessions;
mod status;
mod todo;
mod words;

use jiff::civil::DateTime;
use pyo3::prelude::*;

/// The present, as the files of a project write it.
fn now() -> DateTime {
    jiff::Zoned::now().datetime()
}

#[pymodule]
mod _native {
    /// Whether this is an unoptimised build, which no measurement should be made with.
    #[pymodule_export]
    const DEBUG: bool = cfg!(debug_assertions);

    #[pymodule_export]
    use super::{
        log::TaskLog, manager::Manager, sessions::Sessions, status::StatusFile, todo::TodoFiles, words::Words,
    };
}
