//! SIGINT, SIGTERM and SIGHUP become stop requests; a SIGHUP that nohup ignores stays ignored.
use std::{io, sync::Arc, thread};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::{Handle, Signals},
};

use crate::control::{Control, Stop};

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener(Handle);

impl Listener {
    /// Begins to listen. The first signal asks for a clean stop, the second for one without grace.
    ///
    /// # Errors
    /// As the system gives them.
    pub(crate) fn start(control: Arc<Control>) -> io::Result<Self> {
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(wanted)?;
        let handle = signals.handle();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                control.request_stop(Stop::Signal(signal));
            }
        })?;
        Ok(Self(handle))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Whether whoever started us had the signal ignored: bit `signal - 1` of `SigIgn` (proc(5)).
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
