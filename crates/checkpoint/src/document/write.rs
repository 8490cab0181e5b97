//! Writing the document: in one pass, without a copy of the whole.
use std::io;

use codeagent_core::{Frozen, Header, LocalTime, Task};
use sha2::{Digest as _, Sha256};

use super::{SnapshotMeta, VERSION, digest, own, raw, text, time, write_task};

/// What is gathered before it is handed on.
const BUFFER: usize = 128 * 1024;

/// Writes the document. With `meta` it is a snapshot of a store and ends in a digest; without, an export.
///
/// # Errors
/// Those of `to`.
pub fn write(frozen: &Frozen, meta: Option<&SnapshotMeta>, to: &mut dyn io::Write) -> io::Result<()> {
    let mut out = Sink::new(to, meta.is_some());
    let header = frozen.header();
    write_server(&mut out, header);
    out.text(",\n  \"tasks\": [");
    let mut before = "\n";
    for task in frozen.tasks() {
        out.text(before);
        write_task::write(&mut out, task);
        out.flush_if_full()?;
        before = ",\n";
    }
    out.text(if frozen.is_empty() { "]" } else { "\n  ]" });
    write_rest(&mut out, header);
    own::write(&mut out, header, frozen.pruned(), meta)?;
    out.flush()
}

/// The document as text, for those who want it in memory: an export.
pub fn to_string(frozen: &Frozen) -> String {
    let mut bytes = Vec::new();
    let _ = write(frozen, None, &mut bytes); // writing into a vector cannot fail
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// One task as a document holds it, by itself.
pub fn task_to_string(task: &Task) -> String {
    let mut bytes = Vec::new();
    let mut out = Sink { to: &mut bytes, buffer: Vec::new(), hash: None };
    write_task::write(&mut out, task);
    let _ = out.flush(); // writing into a vector cannot fail
    String::from_utf8_lossy(bytes.trim_ascii_start()).into_owned()
}

fn write_server(out: &mut Sink<'_>, header: &Header) {
    out.text("{\n  \"version\": ");
    out.string(VERSION);
    out.text(",\n  \"server_state\": {\n    \"last_start_time\": ");
    out.time(header.last_start_time);
    out.member("last_stop_time");
    out.time(header.last_stop_time);
    out.member("iteration_count");
    out.number(header.iteration_count);
    out.member("clean_shutdown");
    out.bool(header.clean_shutdown);
    if let Some(unknown) = &header.unknown_server {
        out.text(",\n    ");
        out.text(unknown);
    }
    out.text("\n  }");
}

fn write_rest(out: &mut Sink<'_>, header: &Header) {
    out.text(",\n  \"current_task\": ");
    out.string_or_null(header.current_task.as_ref().map(|id| id.as_str()));
    out.text(",\n  \"session_id\": ");
    out.string_or_null(header.session_id.as_deref());
    out.text(",\n  \"last_update\": ");
    out.time(header.last_update);
    if let Some(unknown) = &header.unknown {
        out.text(",\n  ");
        out.text(unknown);
    }
}

/// Where the parts of a document go: gathered, hashed, handed on.
pub(super) struct Sink<'w> {
    to: &'w mut dyn io::Write,
    buffer: Vec<u8>,
    hash: Option<Sha256>,
}

impl<'w> Sink<'w> {
    fn new(to: &'w mut dyn io::Write, hashed: bool) -> Self {
        Self { to, buffer: Vec::with_capacity(BUFFER + BUFFER / 8), hash: hashed.then(Sha256::new) }
    }

    pub(super) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(hash) = &mut self.hash {
            hash.update(&self.buffer);
        }
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the digest of everything before it.
    pub(super) fn digest(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Some(hash) = self.hash.take() {
            self.buffer.extend_from_slice(&digest::quoted(hash));
        }
        Ok(())
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// The key of a member that is not the first, two levels down.
    pub(super) fn member(&mut self, key: &str) {
        self.text(",\n    \"");
        self.text(key);
        self.text("\": ");
    }

    pub(super) fn string(&mut self, string: &str) {
        text::push_string(&mut self.buffer, string);
    }

    pub(super) fn string_or_null(&mut self, string: Option<&str>) {
        match string {
            Some(string) => self.string(string),
            None => self.text("null"),
        }
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }

    pub(super) fn number(&mut self, number: u64) {
        if number < 10 {
            self.buffer.push(b'0' + number as u8);
        } else {
            self.text(&number.to_string());
        }
    }

    pub(super) fn time(&mut self, time: Option<LocalTime>) {
        time::push(&mut self.buffer, time);
    }

    /// A value of others, on one line. One that is no JSON is written as a string: whoever made it, what we
    /// write must be readable.
    pub(super) fn raw(&mut self, value: &str) {
        match raw::valid(value) {
            Ok(value) => self.text(&raw::one_line(value)),
            Err(_) => self.string(value),
        }
    }
}
