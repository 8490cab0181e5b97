//! Wakes a waiting engine when someone edits the list.
use std::{io, ops::ControlFlow, sync::Arc};

use codeagent_project::todo::{TodoPlaces, Watch};

use crate::{control::Control, watcher::Watcher};

/// Begins to watch the places of the list.
///
/// # Errors
/// As the system gives them; a server that does not watch sees edits at its next iteration.
pub(crate) fn start(places: &TodoPlaces, control: Arc<Control>) -> io::Result<Watcher> {
    Watcher::start("list", Watch::new(places)?, move |watch, _| {
        if watch.drain().unwrap_or(true) {
            control.list_touched();
        }
        ControlFlow::Continue(())
    })
}
