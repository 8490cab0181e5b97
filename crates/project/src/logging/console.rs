//! The terminal that log lines and the live status line share.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::harmless::harmless;

/// Clears the line on which the cursor stands.
const CLEAR: &str = "\r\x1b[2K";

/// stderr with a status line at its bottom. Whoever prints goes through it, so that lines and status never mix.
pub struct Console {
    terminal: bool,
    screen: Mutex<Screen>,
}

struct Screen {
    out: Box<dyn Write + Send>,
    status: Option<String>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

impl Console {
    /// This process's stderr.
    #[must_use]
    pub fn stderr() -> Arc<Console> {
        let stderr = std::io::stderr();
        let terminal = stderr.is_terminal();
        Console::new(stderr, terminal)
    }

    /// A console on any writer; `terminal` says whether it understands escapes.
    pub fn new(out: impl Write + Send + 'static, terminal: bool) -> Arc<Console> {
        let screen = Mutex::new(Screen { out: Box::new(out), status: None });
        Arc::new(Console { terminal, screen })
    }

    /// True if escapes are understood: a status line is shown, colours make sense.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Shows a status line, in place of the one before. Does nothing where there is no terminal.
    pub fn set_status(&self, text: &str) {
        if self.terminal {
            let mut screen = self.lock();
            screen.status = Some(harmless(text).into_owned());
            screen.redraw("");
        }
    }

    /// Takes the status line away.
    pub fn clear_status(&self) {
        let mut screen = self.lock();
        if screen.status.take().is_some() {
            screen.write(CLEAR);
        }
    }

    /// Prints a line above the status line. The text is printed as it is: make foreign text harmless first.
    pub fn line(&self, text: &str) {
        self.lock().redraw(&format!("{text}\n"));
    }

    /// Runs something that prints elsewhere (to stdout) while the status line is out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut screen = self.lock();
        if screen.status.is_some() {
            screen.write(CLEAR);
        }
        let result = print();
        screen.redraw("");
        result
    }

    /// A thread that panicked while printing must not silence the others.
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    /// Text above, then the status again, in one write. The terminal is told not to wrap, so the status stays
    /// one line whatever the width and the script.
    fn redraw(&mut self, above: &str) {
        match &self.status {
            Some(status) => {
                let all = format!("{CLEAR}{above}\x1b[?7l{status}\x1b[?7h");
                self.write(&all);
            }
            None if above.is_empty() => {}
            None => self.write(above),
        }
    }

    /// A closed terminal is no reason to stop working: errors are dropped.
    fn write(&mut self, text: &str) {
        _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A writer whose bytes can be looked at.
    #[derive(Clone, Default)]
    pub(in crate::logging) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(in crate::logging) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_status_is_cleared_before_a_line_and_drawn_again() {
        let out = Shared::default();
        let console = Console::new(out.clone(), true);
        console.line("first");
        console.set_status("1/3 \x1b[2J");
        console.line("second");
        console.suspend(|| {});
        console.clear_status();
        console.clear_status();
        let status = "\x1b[?7l1/3 \\x1b[2J\x1b[?7h";
        let expected = format!("first\n{CLEAR}{status}{CLEAR}second\n{status}{CLEAR}{CLEAR}{status}{CLEAR}");
        assert_eq!(out.text(), expected);
    }

    #[test]
    fn without_a_terminal_there_are_only_lines() {
        let out = Shared::default();
        let console = Console::new(out.clone(), false);
        console.set_status("1/3");
        console.line("only");
        console.clear_status();
        assert_eq!(out.text(), "only\n");
    }
}
