//! The program under measurement: the release build of this workspace.
use std::path::PathBuf;

use crate::root;

/// Where `cargo xtask bench` has put it.
pub(crate) fn path() -> PathBuf {
    root().join("target/release/codeagent")
}
