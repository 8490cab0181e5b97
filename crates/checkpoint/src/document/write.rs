//! Writing the document: in one pass, without a copy of the whole.
use std::{
    io,
    sync::mpsc::{SyncSender, sync_channel},
};

use codeagent_core::{Frozen, Header, LocalTime, Task};
use sha2::{Digest as _, Sha256};

use super::{SnapshotMeta, VERSION, WORTH_A_THREAD, digest, own, raw, text, time, write_task};

/// What is gathered before it is handed on.
const BUFFER: usize = 128 * 1024;
/// How much may be made before it is written.
const BUFFERS_AHEAD: usize = 8;

/// Writes the document. With `meta` it is a snapshot of a store and ends in a digest; without, an export.
///
/// # Errors
/// Those of `to`.
pub fn write(frozen: &Frozen, meta: Option<&SnapshotMeta>, to: &mut dyn io::Write) -> io::Result<()> {
    write_around(frozen, meta, to, |out| write_tasks(out, frozen))
}

/// The same on two processors, where someone waits for it: one makes the text, the other hashes and writes.
///
/// # Errors
/// Those of `to`.
pub fn write_soon(frozen: &Frozen, meta: Option<&SnapshotMeta>, to: &mut dyn io::Write) -> io::Result<()> {
    if frozen.len() < WORTH_A_THREAD {
        return write(frozen, meta, to);
    }
    write_around(frozen, meta, to, |out| {
        out.flush()?;
        std::thread::scope(|scope| {
            let (send, made) = sync_channel(BUFFERS_AHEAD);
            let making = scope.spawn(move || {
                let mut to = Handing(send);
                let mut out = Sink::new(&mut to, false);
                write_tasks(&mut out, frozen)?;
                out.flush()
            });
            // Where this ends early, the other side finds nobody who takes what it makes, and ends too.
            made.into_iter().try_for_each(|part: Vec<u8>| out.hand_on(&part))?;
            making.join().unwrap_or_else(|_| Err(io::Error::other("the thread that makes the text panicked")))
        })
    })
}

/// Hands what is written to another thread.
struct Handing(SyncSender<Vec<u8>>);

impl io::Write for Handing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_around(
    frozen: &Frozen,
    meta: Option<&SnapshotMeta>,
    to: &mut dyn io::Write,
    write_tasks: impl FnOnce(&mut Sink<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Sink::new(to, meta.is_some());
    let header = frozen.header();
    write_server(&mut out, header);
    out.text(",\n  \"tasks\": [");
    write_tasks(&mut out)?;
    out.text(if frozen.is_empty() { "]" } else { "\n  ]" });
    write_rest(&mut out, header);
    own::write(&mut out, header, frozen.pruned(), meta)?;
    out.flush()
}

fn write_tasks(out: &mut Sink<'_>, frozen: &Frozen) -> io::Result<()> {
    let mut before = "\n";
    for task in frozen.tasks() {
        out.text(before);
        write_task::write(out, task);
        out.flush_if_full()?;
        before = ",\n";
    }
    Ok(())
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
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.hand_on(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        written
    }

    /// What was made elsewhere, after what is gathered here was handed on.
    fn hand_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.to.write_all(bytes)
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

#[cfg(test)]
mod tests {
    use codeagent_core::{State, testkit};

    use super::*;
    use crate::document::StoreId;

    /// Takes so many bytes.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn two_processors_write_what_one_writes_or_its_error() {
        let tasks = (0..WORTH_A_THREAD).map(|n| testkit::task(&format!("t{n}")));
        let frozen = State::from_parts(Header::default(), tasks, []).unwrap().freeze();
        let meta = SnapshotMeta { store_id: StoreId([1; 16]), epoch: 3, clean: true, last_lsn: 9, chain: 7 };
        for meta in [None, Some(&meta)] {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            write(&frozen, meta, &mut one).unwrap();
            write_soon(&frozen, meta, &mut two).unwrap();
            assert!(one == two);
            for room in [0, one.len() / 2, one.len() - 1] {
                let error = write_soon(&frozen, meta, &mut Full(room)).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            }
        }
    }
}
