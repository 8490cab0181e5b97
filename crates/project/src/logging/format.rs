//! What a log line looks like: Python's `%(field)s` templates, or one JSON object.

use std::fmt::Write as _;

use jiff::Zoned;
use serde_json::{Map, Value};

use super::Level;
use crate::harmless::harmless;

/// The guide's line, used where no format is set.
const GUIDE: &str = "%(asctime)s - %(levelname)s - %(message)s";

/// The shape of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// A template in Python's `%` style.
    Template(Template),
    /// One JSON object: time, level, name, message, and the event's fields.
    Json,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(String),
    Field(Field, Width),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    AscTime,
    Created,
    FileName,
    FuncName,
    LevelName,
    LevelNumber,
    LineNumber,
    Message,
    Module,
    Msecs,
    Name,
    PathName,
    Process,
    ProcessName,
    Thread,
    ThreadName,
}

/// `%-8.3s`: padding, and for texts a cut. Python's conversion letters (`s`, `d`, `f`) make no difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Width {
    left: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

/// One event, ready to be written.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) time: Zoned,
    pub(super) level: Level,
    /// Where it comes from, with dots (`codeagent_server.engine`).
    pub(super) name: &'a str,
    pub(super) message: &'a str,
    pub(super) fields: &'a Map<String, Value>,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
}

impl Format {
    /// The guide's line: `2026-01-18 10:00:00 - WARNING - text`.
    #[must_use]
    pub fn guide() -> Format {
        Format::parse(GUIDE).0
    }

    /// Reads a template, or the word `json`. The second value names the fields that we don't know; they are
    /// shown as they stand.
    #[must_use]
    pub fn parse(text: &str) -> (Format, Vec<String>) {
        if text.eq_ignore_ascii_case("json") {
            return (Format::Json, vec![]);
        }
        let (template, unknown) = Template::parse(text);
        (Format::Template(template), unknown)
    }

    /// The text from which it was read.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Format::Template(template) => &template.source,
            Format::Json => "json",
        }
    }

    /// True if a line shows the message at all.
    #[must_use]
    pub fn shows_message(&self) -> bool {
        match self {
            Format::Template(template) => template.shows_message(),
            Format::Json => true,
        }
    }

    /// The line without its line break. Nothing in it can steer a terminal, except our own colours.
    pub(super) fn line(&self, record: &Record<'_>, color: bool) -> String {
        match self {
            Format::Template(template) => template.line(record, color),
            Format::Json => json_line(record),
        }
    }
}

impl Template {
    fn parse(source: &str) -> (Template, Vec<String>) {
        let mut pieces = vec![];
        let mut unknown = vec![];
        let mut literal = String::new();
        let mut rest = source;
        while let Some(at) = rest.find('%') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("%%") {
                literal.push('%');
                rest = after;
            } else if let Some((name, width, after)) = split_field(rest) {
                if let Some(field) = Field::named(name) {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    pieces.push(Piece::Field(field, width));
                } else {
                    unknown.push(name.to_owned());
                    literal.push_str(&rest[..rest.len() - after.len()]);
                }
                rest = after;
            } else {
                literal.push('%');
                rest = &rest[1..];
            }
        }
        literal.push_str(rest);
        pieces.push(Piece::Literal(literal));
        pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
        (Template { source: source.to_owned(), pieces }, unknown)
    }

    fn shows_message(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Field(Field::Message, _)))
    }

    fn line(&self, record: &Record<'_>, color: bool) -> String {
        let mut line = String::with_capacity(64 + record.message.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => line.push_str(&harmless(text)),
                Piece::Field(field, width) => {
                    let text = width.apply(&field.text(record), field.is_number());
                    if color && *field == Field::LevelName {
                        // Writing to a String cannot fail.
                        _ = write!(line, "\x1b[{}m{text}\x1b[0m", record.level.color());
                    } else {
                        line.push_str(&text);
                    }
                }
            }
        }
        line
    }
}

/// Splits `%(name)-8s…` into name, width and what follows.
fn split_field(text: &str) -> Option<(&str, Width, &str)> {
    let (name, spec) = text.strip_prefix("%(")?.split_once(')')?;
    let end = spec.find(|c: char| c.is_ascii_alphabetic())?;
    let after = &spec[end + 1..];
    let (before, precision) = match spec[..end].split_once('.') {
        Some((before, digits)) => (before, Some(digits.parse().ok()?)),
        None => (&spec[..end], None),
    };
    let digits = before.trim_start_matches(['-', '+', ' ', '#', '0']);
    let flags = &before[..before.len() - digits.len()];
    let width = if digits.is_empty() { 0 } else { digits.parse::<usize>().ok()? };
    // A width is there to line columns up; a typing error must not make lines of gigabytes.
    let width = width.min(200);
    Some((name, Width { left: flags.contains('-'), zeros: flags.contains('0'), width, precision }, after))
}

impl Width {
    fn apply(self, text: &str, is_number: bool) -> String {
        let width = self.width;
        let cut: String = match self.precision {
            Some(max) if !is_number => text.chars().take(max).collect(),
            _ => text.to_owned(),
        };
        if self.left {
            format!("{cut:<width$}")
        } else if self.zeros && is_number {
            format!("{cut:0>width$}")
        } else {
            format!("{cut:>width$}")
        }
    }
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        Some(match name {
            "asctime" => Field::AscTime,
            "created" => Field::Created,
            "filename" => Field::FileName,
            "funcName" => Field::FuncName,
            "levelname" => Field::LevelName,
            "levelno" => Field::LevelNumber,
            "lineno" => Field::LineNumber,
            "message" => Field::Message,
            "module" => Field::Module,
            "msecs" => Field::Msecs,
            "name" => Field::Name,
            "pathname" => Field::PathName,
            "process" => Field::Process,
            "processName" => Field::ProcessName,
            "thread" => Field::Thread,
            "threadName" => Field::ThreadName,
            _ => return None,
        })
    }

    fn is_number(self) -> bool {
        use Field::{Created, LevelNumber, LineNumber, Msecs, Process, Thread};
        matches!(self, Created | LevelNumber | LineNumber | Msecs | Process | Thread)
    }

    fn text(self, record: &Record<'_>) -> String {
        match self {
            Field::AscTime => record.time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Field::Created => {
                let micros = record.time.timestamp().as_microsecond();
                format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
            }
            Field::FileName => file_name(record).to_owned(),
            Field::LevelName => record.level.name().to_owned(),
            Field::LevelNumber => record.level.number().to_string(),
            Field::LineNumber => record.line.unwrap_or(0).to_string(),
            Field::Message => harmless(record.message).into_owned(),
            Field::Module => file_name(record).trim_end_matches(".rs").to_owned(),
            Field::Msecs => record.time.millisecond().to_string(),
            Field::Name => record.name.to_owned(),
            Field::PathName => record.file.unwrap_or("").to_owned(),
            Field::Process => std::process::id().to_string(),
            Field::ProcessName => "MainProcess".to_owned(),
            // Rust's thread ids have no public number; the name says more.
            Field::Thread => "0".to_owned(),
            Field::ThreadName => harmless(std::thread::current().name().unwrap_or("unnamed")).into_owned(),
            // An event does not know its function; its module is the nearest.
            Field::FuncName => record.name.rsplit('.').next().unwrap_or("").to_owned(),
        }
    }
}

fn file_name<'a>(record: &Record<'a>) -> &'a str {
    record.file.and_then(|path| path.rsplit('/').next()).unwrap_or("")
}

/// JSON escapes control characters by itself; the other harmful ones are made visible like everywhere.
fn json_line(record: &Record<'_>) -> String {
    let mut object = Map::new();
    object.insert("time".into(), record.time.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string().into());
    object.insert("level".into(), record.level.name().into());
    object.insert("name".into(), record.name.into());
    object.insert("message".into(), record.message.into());
    if !record.fields.is_empty() {
        object.insert("fields".into(), Value::Object(record.fields.clone()));
    }
    let line = Value::Object(object).to_string();
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if harmless(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            out.push(c);
            continue;
        }
        // Outside its strings JSON has no such characters, so this is an escape within a string.
        for unit in c.encode_utf16(&mut [0; 2]) {
            _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
