//! stdout: what a command was asked for, and nothing else.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use codeagent_project::config::Env;
use serde::Serialize;

use super::fit;
use super::paint::{ColorWhen, Paint};

/// stdout can't be written to. Apart from other errors of the system, because a reader that went away is none.
#[derive(Debug)]
pub(crate) struct OutputError(pub(crate) io::Error);

/// What writing to stdout leads to.
pub(crate) type Written = Result<(), OutputError>;

/// Buffered stdout that knows its window and whether it is coloured.
pub(crate) struct Out {
    writer: BufWriter<Stdout>,
    /// Colours, or none.
    pub(crate) paint: Paint,
    /// Whether a person sees it at once.
    pub(crate) terminal: bool,
    /// Columns of the window; `None` where there is none.
    pub(crate) window: Option<usize>,
}

impl Out {
    /// This process's stdout.
    pub(crate) fn new(color: ColorWhen, env: &Env) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let window = if terminal { fit::window(&stdout) } else { None };
        let paint = Paint::new(color.on(terminal, env));
        Self { writer: BufWriter::with_capacity(64 * 1024, stdout), paint, terminal, window }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: impl Display) -> Written {
        self.write(|out| writeln!(out, "{text}"))
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Written {
        self.write(|out| out.write_all(bytes))
    }

    /// One JSON value, indented, as people and scripts read it.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Written {
        self.write(|out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            writeln!(out)
        })
    }

    /// `{"name": [ … ]}` with one value a line: also a hundred thousand of them stream and can be searched by line.
    pub(crate) fn json_list<T: Serialize>(&mut self, name: &str, values: &[T]) -> Written {
        self.write(|out| {
            write!(out, "{{\"{name}\": [")?;
            for (i, value) in values.iter().enumerate() {
                out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, value)?;
            }
            out.write_all(if values.is_empty() { b"]}\n" } else { b"\n]}\n" })
        })
    }

    /// Everything written reaches its reader now.
    pub(crate) fn flush(&mut self) -> Written {
        self.write(Write::flush)
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>) -> Written {
        write(&mut self.writer).map_err(OutputError)
    }
}
