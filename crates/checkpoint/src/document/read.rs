//! Reading the document: in one pass, into tasks, without a tree between.
use std::borrow::Cow;

use codeagent_core::{Header, Table, TaskId};

use super::{
    Digest, Document, DocumentError, ErrorKind, VERSION, digest,
    error::{Fault, Place, Scanned, Segment},
    own::Own,
    pieces, python,
    read_task::{self, or_default, some, text, time},
    scan::{Key, Scanner},
};

/// A file with this in front was saved by some editors for Windows.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a document: one of ours, one of the Python implementation, or one made by hand.
///
/// Members that are missing or `null` take their defaults; `version`, `tasks` and the tasks' ids and texts must
/// be there. Of a key that comes twice the last counts, as in Python. A byte order mark is passed over.
///
/// # Errors
/// [`DocumentError`]: what is wrong and where. Duplicate ids are found by [`Document::into_state`].
pub fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = Some(Place::of(bytes, error.valid_up_to()));
        DocumentError { kind: ErrorKind::InvalidUtf8, path: String::new(), place }
    })?;
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mark = text.len() - body.len();
    let (parts, hashed) = std::thread::scope(|scope| {
        let hashing = digest::is_worth_a_thread(bytes).then(|| scope.spawn(|| digest::Hashed::of(bytes)));
        let parts = Parts::read(body);
        (parts, hashing.and_then(|thread| thread.join().ok()))
    });
    let parts = parts.map_err(|fault| newer_version(body).unwrap_or(fault).locate(body.as_bytes()))?;
    let value_at = parts.own.as_ref().and_then(|own| own.digest_at).map(|at| at + mark);
    let digest = digest::check(bytes, value_at, hashed);
    let saved_by_python = digest != Digest::Matches && python::wrote(text);
    Ok(parts.into_document(digest, saved_by_python))
}

/// The document as far as it was read.
#[derive(Default)]
struct Parts<'a> {
    version: Option<Cow<'a, str>>,
    header: Header,
    tasks: Option<Table>,
    own: Option<Own>,
    unknown: String,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Scanned<Self> {
        let mut s = Scanner::new(text);
        if s.peek() != b'{' {
            return Err(not_an_object(s));
        }
        let mut parts = Self::default();
        s.object(|s, key| parts.member(s, key))?;
        s.end()?;
        let lacking = |what| Err(Fault::new(ErrorKind::NotADocument(what), 0));
        match (&parts.version, &parts.tasks) {
            (Some(_), Some(_)) => Ok(parts),
            (None, None) => lacking("an object with neither `version` nor `tasks`"),
            (None, Some(_)) => lacking("an object without `version`"),
            (Some(_), None) => lacking("an object without `tasks`"),
        }
    }

    fn member(&mut self, s: &mut Scanner<'a>, key: &Key<'a>) -> Scanned<()> {
        match &*key.name {
            "version" => self.version = Some(version(s)?),
            "server_state" => server_state(s, &mut self.header)?,
            "tasks" => self.tasks = Some(tasks(s)?),
            "current_task" => self.header.current_task = text(s)?.map(TaskId::new),
            "session_id" => self.header.session_id = text(s)?,
            "last_update" => self.header.last_update = time(s)?,
            "codeagent" => self.own = Some(Own::read(s)?),
            _ => s.keep(key, &mut self.unknown)?,
        }
        Ok(())
    }

    fn into_document(self, digest: Digest, saved_by_python: bool) -> Document {
        let has_own = self.own.is_some();
        let own = self.own.unwrap_or_default();
        let mut header = self.header;
        header.unknown = some(&self.unknown);
        header.unknown_own = some(&own.unknown);
        Document {
            header,
            tasks: self.tasks.unwrap_or_default(),
            has_own,
            meta: own.meta(),
            own_last_update: own.last_update,
            pruned: own.pruned,
            digest,
            saved_by_python,
        }
    }
}

/// What stands in place of the document's object.
fn not_an_object(mut s: Scanner<'_>) -> Box<Fault> {
    let (start, first) = (s.at(), s.peek());
    let what = match first {
        b'[' => "a list",
        b'"' => "a string",
        b'n' => "null",
        b't' | b'f' => "true or false",
        0 if s.end().is_ok() => return Fault::new(ErrorKind::NotADocument("empty"), start),
        _ => "a number",
    };
    let scanned = s.skip().and_then(|()| s.end());
    scanned.err().unwrap_or_else(|| Fault::new(ErrorKind::NotADocument(what), start))
}

fn version<'a>(s: &mut Scanner<'a>) -> Scanned<Cow<'a, str>> {
    let start = s.at();
    let version = s.string()?;
    if version != VERSION {
        return Err(Fault::new(ErrorKind::NewerVersion(version.into_owned()), start));
    }
    Ok(version)
}

fn server_state(s: &mut Scanner<'_>, header: &mut Header) -> Scanned<()> {
    let fresh = Header::default();
    header.last_start_time = None;
    header.last_stop_time = None;
    header.iteration_count = fresh.iteration_count;
    header.clean_shutdown = fresh.clean_shutdown;
    if s.null() {
        return Ok(());
    }
    let mut unknown = String::new();
    s.object(|s, key| {
        match &*key.name {
            "last_start_time" => header.last_start_time = time(s)?,
            "last_stop_time" => header.last_stop_time = time(s)?,
            "iteration_count" => header.iteration_count = or_default(s, Scanner::integer)?,
            "clean_shutdown" if s.null() => header.clean_shutdown = fresh.clean_shutdown,
            "clean_shutdown" => header.clean_shutdown = s.bool()?,
            _ => s.keep(key, &mut unknown)?,
        }
        Ok(())
    })?;
    header.unknown_server = some(&unknown);
    Ok(())
}

fn tasks(s: &mut Scanner<'_>) -> Scanned<Table> {
    let start = s.at();
    if s.peek() != b'[' {
        s.skip()?;
        return Err(Fault::new(ErrorKind::NotADocument("`tasks` is not a list"), start));
    }
    if let Some((tasks, length)) = pieces::read(s.rest()) {
        s.pass(length);
        return Ok(tasks);
    }
    let mut tasks = Table::default();
    s.array(|s, _| {
        tasks.add(read_task::read(s)?);
        Ok(())
    })?;
    Ok(tasks)
}

/// A file of a newer version may differ in everything: whatever was found wrong, that is the reason.
fn newer_version(text: &str) -> Option<Box<Fault>> {
    let mut newer = None;
    let mut s = Scanner::new(text);
    let whole = s.object(|s, key| {
        let found = match &*key.name {
            "version" => version(s).map(drop),
            "codeagent" => Own::read(s).map(drop),
            _ => return s.skip(),
        };
        if let Err(fault) = found {
            if !matches!(fault.kind, ErrorKind::NewerVersion(_)) {
                return Err(fault);
            }
            newer = Some(fault.under(Segment::Key(key.name.as_ref().into())));
        }
        Ok(())
    });
    newer.filter(|_| whole.is_ok())
}
