//! The sessions file: which session generated which TODO lists (the guide's SessionTracker).
//!
//! The document is kept as it was read, so that keys of others survive. A file that cannot be read as one is set
//! aside under another name and reported, never overwritten.

use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use crate::fs::{Keep, ReadOutcome, create_private_dirs, read_regular, rename_to_free, replace};

/// A sessions file larger than this is not ours.
const MAX_BYTES: u64 = 64 << 20;

/// One generation of a TODO list.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The list that was written.
    pub todo_file: String,
    /// How many tasks it has.
    pub task_count: usize,
    /// Whatever else is to be remembered.
    pub metadata: Map<String, Value>,
}

/// Counts the generations of this session and records them.
#[derive(Debug)]
pub struct SessionTracker {
    path: PathBuf,
    session_id: String,
    started: DateTime,
    document: Map<String, Value>,
    set_aside: Option<PathBuf>,
}

impl SessionTracker {
    /// Opens the file for a session that starts now; writes nothing, but sets a damaged file aside. The session's id is `YYYYMMDD_HHMMSS` of
    /// `now`; where that is taken, by the file or as `is_taken` knows, of the first second after it that is free,
    /// so that the form stays what other readers expect.
    ///
    /// # Errors
    /// Those of the system. A damaged file is no error: see [`SessionTracker::set_aside`].
    pub fn open(
        path: impl Into<PathBuf>,
        now: DateTime,
        is_taken: impl Fn(&str) -> bool,
    ) -> io::Result<SessionTracker> {
        let path = path.into();
        let (document, set_aside) = read(&path)?;
        let known = |id: &str| sessions(&document).any(|session| session["session_id"] == id);
        let session_id = free_id(now, |id| known(id) || is_taken(id));
        Ok(Self { path, session_id, started: now, document, set_aside })
    }

    /// The id of this session.
    #[must_use]
    pub fn current_session_id(&self) -> &str {
        &self.session_id
    }

    /// Where a damaged file was moved when this one was opened.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The document, with the keys of others.
    #[must_use]
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// How many lists this session generated.
    #[must_use]
    pub fn generation_count(&self) -> u64 {
        let own = sessions(&self.document).find(|session| session["session_id"] == self.session_id.as_str());
        own.and_then(|session| session["generation_count"].as_u64()).unwrap_or(0)
    }

    /// Whether this session may generate another list.
    #[must_use]
    pub fn can_generate(&self, max_generations_per_session: u64) -> bool {
        self.generation_count() < max_generations_per_session
    }

    /// Records a generation and saves the file. The file is read again first: what others added stays.
    ///
    /// # Errors
    /// Those of the system; the generation then counts in this session, but is not saved.
    pub fn record_generation(&mut self, now: DateTime, generation: Generation) -> io::Result<()> {
        let reread = read(&self.path);
        if let Ok((document, set_aside)) = &reread {
            self.adopt(document);
            self.set_aside = set_aside.clone().or(self.set_aside.take());
        }
        self.add(now, generation);
        reread?;
        self.save()
    }

    /// Takes what is on disk, unless it knows less of this session than we do.
    fn adopt(&mut self, on_disk: &Map<String, Value>) {
        let ours = self.generation_count();
        let mine = std::mem::replace(&mut self.document, on_disk.clone());
        if self.generation_count() < ours {
            self.document = mine;
        }
    }

    fn add(&mut self, now: DateTime, generation: Generation) {
        let time = iso(now);
        let record = json!({
            "session_id": self.session_id,
            "timestamp": time,
            "todo_file": generation.todo_file,
            "task_count": generation.task_count,
            "metadata": generation.metadata,
        });
        let total = self.document.get("total_generations").and_then(Value::as_u64).unwrap_or(0);
        let started = iso(self.started);
        let session = own_session(&mut self.document, &self.session_id, &started);
        let count = session.get("generation_count").and_then(Value::as_u64).unwrap_or(0);
        session.insert("generation_count".into(), json!(count + 1));
        list(session, "generations").push(record);
        self.document.insert("total_generations".into(), json!(total + 1));
        self.document.insert("last_generation_date".into(), json!(time));
    }

    fn save(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            create_private_dirs(folder)?;
        }
        let real = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let keep = if real.exists() { Keep::ModeAndOwner } else { Keep::Nothing };
        let mut text = serde_json::to_string_pretty(&self.document)?;
        text.push('\n');
        replace(&real, text.as_bytes(), keep, || Ok(true)).map(|_| ())
    }
}

fn iso(time: DateTime) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// The first free id at or after this second.
fn free_id(now: DateTime, is_taken: impl Fn(&str) -> bool) -> String {
    let mut time = now;
    loop {
        let id = time.strftime("%Y%m%d_%H%M%S").to_string();
        let Ok(next) = time.checked_add(jiff::Span::new().seconds(1)) else { return id };
        if !is_taken(&id) {
            return id;
        }
        time = next;
    }
}

fn sessions(document: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    document.get("sessions").and_then(Value::as_array).into_iter().flatten()
}

/// The list under a key; what else may stand there was refused when the document was read.
fn list<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Vec<Value> {
    let value = map.entry(key).or_insert_with(|| json!([]));
    if !value.is_array() {
        *value = json!([]);
    }
    match value {
        Value::Array(items) => items,
        _ => unreachable!("made an array above"),
    }
}

fn own_session<'a>(
    document: &'a mut Map<String, Value>,
    id: &str,
    started: &str,
) -> &'a mut Map<String, Value> {
    let sessions = list(document, "sessions");
    let at = sessions.iter().position(|session| session["session_id"] == id).unwrap_or_else(|| {
        let (count, none) = (0, Value::Array(vec![]));
        sessions.push(json!({
            "session_id": id, "start_time": started, "generation_count": count, "generations": none,
        }));
        sessions.len() - 1
    });
    match &mut sessions[at] {
        Value::Object(session) => session,
        _ => unreachable!("only an object has a session_id"),
    }
}

fn empty_document() -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("sessions".into(), json!([]));
    document.insert("total_generations".into(), json!(0));
    document.insert("last_generation_date".into(), Value::Null);
    document
}

/// The document, and where a damaged one was moved.
fn read(path: &Path) -> io::Result<(Map<String, Value>, Option<PathBuf>)> {
    match read_regular(path, MAX_BYTES) {
        Ok(ReadOutcome::Read(contents)) => {
            if let Some(document) = parse(&contents.bytes) {
                return Ok((document, None));
            }
        }
        Ok(ReadOutcome::TooLarge(_) | ReadOutcome::NotRegular) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((empty_document(), None)),
        Err(error) => return Err(error),
    }
    Ok((empty_document(), Some(set_aside(path)?)))
}

fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = (1..10_000).map(|number| path.with_file_name(format!("{name}.damaged-{number}")));
    rename_to_free(path, names)
}

/// `None` where it is not a document of this form; one with keys missing is.
fn parse(bytes: &[u8]) -> Option<Map<String, Value>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let is_list = |value: Option<&Value>| value.is_none_or(Value::is_array);
    let sound = is_list(document.get("sessions"))
        && sessions(&document).all(|session| session.is_object() && is_list(session.get("generations")));
    sound.then_some(document)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::civil::date;

    use super::*;

    fn now() -> DateTime {
        date(2026, 1, 18).at(10, 30, 0, 254_894_000)
    }

    fn generation() -> Generation {
        Generation { todo_file: "todo/GENERATED_x.md".into(), task_count: 3, metadata: Map::new() }
    }

    #[test]
    fn generations_are_counted_and_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let mut tracker = SessionTracker::open(&path, now(), |_| false).unwrap();
        assert!(tracker.can_generate(1) && !path.exists());
        tracker.record_generation(now(), generation()).unwrap();
        assert!(!tracker.can_generate(1) && tracker.can_generate(2));
        let want = json!({
            "sessions": [{
                "session_id": "20260118_103000", "start_time": "2026-01-18T10:30:00.254894", "generation_count": 1,
                "generations": [{
                    "session_id": "20260118_103000", "timestamp": "2026-01-18T10:30:00.254894",
                    "todo_file": "todo/GENERATED_x.md", "task_count": 3, "metadata": {},
                }],
            }],
            "total_generations": 1,
            "last_generation_date": "2026-01-18T10:30:00.254894",
        });
        assert_eq!(serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), want);
    }

    #[test]
    fn two_sessions_of_one_second_have_two_ids_of_one_form() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let mut first = SessionTracker::open(&path, now(), |_| false).unwrap();
        first.record_generation(now(), generation()).unwrap();
        let second = SessionTracker::open(&path, now(), |id| id == "20260118_103001").unwrap();
        assert_eq!(second.current_session_id(), "20260118_103002");
        assert_eq!(second.generation_count(), 0);
    }

    #[test]
    fn what_others_wrote_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let mut tracker = SessionTracker::open(&path, now(), |_| false).unwrap();
        fs::write(
            &path,
            r#"{"mine": [1], "sessions": [{"session_id": "a", "x": null}], "total_generations": 7}"#,
        )
        .unwrap();
        tracker.record_generation(now(), generation()).unwrap();
        let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(document["mine"], json!([1]));
        assert_eq!(document["sessions"][0], json!({"session_id": "a", "x": null}));
        assert_eq!(document["sessions"][1]["generation_count"], 1);
        assert_eq!(document["total_generations"], 8);
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        for damaged in ["", "{", "[]", "null", r#"{"sessions": 5}"#, r#"{"sessions": [5]}"#, "\0\0\0"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("sessions.json");
            fs::write(dir.path().join("sessions.json.damaged-1"), "older").unwrap();
            fs::write(&path, damaged).unwrap();
            let mut tracker = SessionTracker::open(&path, now(), |_| false).unwrap();
            let aside = tracker.set_aside().unwrap().to_owned();
            assert_eq!(aside, dir.path().join("sessions.json.damaged-2"));
            assert_eq!(fs::read_to_string(aside).unwrap(), damaged);
            tracker.record_generation(now(), generation()).unwrap();
            assert!(parse(&fs::read(&path).unwrap()).is_some());
        }
    }

    #[test]
    fn a_generation_that_cannot_be_saved_counts_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let path = dir.path().join("sessions.json");
        let mut tracker = SessionTracker::open(&path, now(), |_| false).unwrap();
        tracker.path = dir.path().join("file/sessions.json");
        assert!(tracker.record_generation(now(), generation()).is_err());
        assert!(!tracker.can_generate(1));
    }
}
