//! Walks through JSON in Python's dialect (`NaN`, `Infinity`, numbers of any length) without building a tree.
//!
//! A scanner of our own, because what belongs to others must come back as the text that it was: parsers for
//! Rust turn numbers into floats, refuse `NaN`, or bring big integers along.
use std::borrow::Cow;

use super::{
    error::{ErrorKind, Fault, Scanned, Segment},
    raw::one_line,
    text,
};

/// How deep values may be nested: as deep as Python itself reads.
pub const MAX_DEPTH: usize = 1_000;

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The brackets that are open in the value that is skipped; reused.
    open: Vec<u8>,
}

/// The key of a member.
pub(super) struct Key<'a> {
    pub(super) name: Cow<'a, str>,
    /// As it stands in the file, with its quotes.
    raw: &'a str,
}

/// A string as it stands in the file.
struct Quoted<'a> {
    inside: &'a str,
    at: usize,
    has_escapes: bool,
}

impl<'a> Quoted<'a> {
    fn text(&self) -> Scanned<Cow<'a, str>> {
        if self.has_escapes {
            return text::unescape(self.inside, self.at).map(Cow::Owned);
        }
        Ok(Cow::Borrowed(self.inside))
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new() }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn fault<T>(&self, kind: ErrorKind) -> Scanned<T> {
        Err(Fault::new(kind, self.at))
    }

    /// The first byte of what comes next, white space passed over; 0 at the end.
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Scanned<()> {
        self.peek();
        if self.at < self.text.len() {
            return self.fault(ErrorKind::NotJson("the end of the document"));
        }
        Ok(())
    }

    /// Passes over a comma, if one comes next.
    pub(super) fn comma(&mut self) -> bool {
        let is_next = self.peek() == b',';
        self.at += usize::from(is_next);
        is_next
    }

    /// What comes next, to be read by someone else who then says how long it was.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over so many bytes that someone else has read.
    pub(super) fn pass(&mut self, length: usize) {
        self.at += length;
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Scanned<()> {
        if self.peek() != byte {
            return self.fault(ErrorKind::NotJson(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Goes through an object; `member` reads each value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &Key<'a>) -> Scanned<()>,
    ) -> Scanned<()> {
        self.open_with(b'{', "an object")?;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.key()?;
            self.peek();
            member(self, &key).map_err(|fault| fault.under(Segment::Key(key.name.as_ref().into())))?;
            if self.is_last(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    /// Goes through an array; `element` reads each value.
    pub(super) fn array(&mut self, mut element: impl FnMut(&mut Self, usize) -> Scanned<()>) -> Scanned<()> {
        self.open_with(b'[', "a list")?;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            self.peek();
            element(self, index).map_err(|fault| fault.under(Segment::Index(index)))?;
            if self.is_last(b']', "`,` or `]`")? {
                break;
            }
        }
        Ok(())
    }

    fn open_with(&mut self, bracket: u8, what: &'static str) -> Scanned<()> {
        if self.peek() != bracket {
            return self.wrong(what);
        }
        self.at += 1;
        Ok(())
    }

    fn is_last(&mut self, closing: u8, what: &'static str) -> Scanned<bool> {
        match self.peek() {
            b',' => {
                self.at += 1;
                Ok(false)
            }
            byte if byte == closing => {
                self.at += 1;
                Ok(true)
            }
            _ => self.fault(ErrorKind::NotJson(what)),
        }
    }

    fn key(&mut self) -> Scanned<Key<'a>> {
        self.peek();
        let start = self.at;
        if self.byte() != b'"' {
            return self.fault(ErrorKind::NotJson("a key in quotes"));
        }
        let quoted = self.quoted()?;
        let raw = &self.text[start..self.at];
        self.expect(b':', "`:`")?;
        // A key with half a surrogate pair is none that we know: only its raw form counts.
        let name = quoted.text().unwrap_or(Cow::Borrowed(quoted.inside));
        Ok(Key { name, raw })
    }

    /// Passes over a string, which must begin here.
    fn quoted(&mut self) -> Scanned<Quoted<'a>> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            self.at += text::plain_len(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                Some(_) => return self.fault(ErrorKind::NotJson("no control character in a string")),
                None => return self.fault(ErrorKind::NotJson("the end of a string")),
            }
        }
        self.at += 1;
        Ok(Quoted { inside: &self.text[start..self.at - 1], at: start, has_escapes })
    }

    fn escape(&mut self) -> Scanned<()> {
        let bytes = &self.text.as_bytes()[self.at..];
        match bytes.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if bytes.get(2..6).and_then(text::hex4).is_some() => self.at += 6,
            _ => return self.fault(ErrorKind::NotJson("an escape that JSON has")),
        }
        Ok(())
    }

    /// Reports a value of another kind than `expected`, or, if what follows is no JSON, that.
    pub(super) fn wrong<T>(&mut self, expected: &'static str) -> Scanned<T> {
        let start = self.at;
        self.skip()?;
        Err(Fault::new(ErrorKind::BadValue(expected), start))
    }

    /// Whether the next value is `null`; if so it is passed over.
    pub(super) fn null(&mut self) -> bool {
        self.peek();
        self.word("null")
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn string(&mut self) -> Scanned<Cow<'a, str>> {
        if self.peek() != b'"' {
            return self.wrong("a string");
        }
        self.quoted()?.text()
    }

    pub(super) fn bool(&mut self) -> Scanned<bool> {
        self.peek();
        if self.word("true") {
            return Ok(true);
        }
        if self.word("false") {
            return Ok(false);
        }
        self.wrong("true or false")
    }

    /// A whole number that fits.
    pub(super) fn integer<T: TryFrom<u64>>(&mut self) -> Scanned<T> {
        self.parsed("a whole number, not negative and not too large", |token| {
            token.parse().ok().and_then(|value: u64| T::try_from(value).ok())
        })
    }

    /// A whole number that may be negative.
    pub(super) fn signed(&mut self) -> Scanned<i64> {
        self.parsed("a whole number", |token| token.parse().ok())
    }

    /// `read` may be lax about what is no JSON (`+1`): the scan has refused that.
    fn parsed<T>(&mut self, expected: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Scanned<T> {
        self.peek();
        let start = self.at;
        read(self.raw()?).ok_or_else(|| Fault::new(ErrorKind::BadValue(expected), start))
    }

    /// A value as it stands in the file.
    pub(super) fn raw(&mut self) -> Scanned<&'a str> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(&self.text[start..self.at])
    }

    /// Appends a member that we don't know to a list of such, on one line.
    pub(super) fn keep(&mut self, key: &Key<'a>, members: &mut String) -> Scanned<()> {
        let value = self.raw()?;
        if !members.is_empty() {
            members.push_str(", ");
        }
        members.push_str(key.raw);
        members.push_str(": ");
        members.push_str(&one_line(value));
        Ok(())
    }

    /// Passes over any value, without recursion.
    pub(super) fn skip(&mut self) -> Scanned<()> {
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        let skipped = self.skip_with(&mut open);
        self.open = open;
        skipped
    }

    fn skip_with(&mut self, open: &mut Vec<u8>) -> Scanned<()> {
        loop {
            let closed = match self.peek() {
                b'"' => self.quoted().map(|_| true)?,
                bracket @ (b'{' | b'[') => self.enter(bracket, open)?,
                _ => self.scalar().map(|()| true)?,
            };
            if closed && self.leave(open)? {
                return Ok(());
            }
            if open.last() == Some(&b'{') {
                self.key()?;
            }
        }
    }

    /// Steps over an opening bracket; says whether the value is over because it is empty.
    fn enter(&mut self, bracket: u8, open: &mut Vec<u8>) -> Scanned<bool> {
        if open.len() >= MAX_DEPTH {
            return self.fault(ErrorKind::TooDeep);
        }
        self.at += 1;
        if self.peek() == bracket + 2 {
            self.at += 1;
            return Ok(true);
        }
        open.push(bracket);
        Ok(false)
    }

    /// After a value: closes what ends here; says whether the outermost value is over.
    fn leave(&mut self, open: &mut Vec<u8>) -> Scanned<bool> {
        while let Some(&bracket) = open.last() {
            let what = if bracket == b'{' { "`,` or `}`" } else { "`,` or `]`" };
            // Both closing brackets stand two behind their opening ones in ASCII.
            if !self.is_last(bracket + 2, what)? {
                return Ok(false);
            }
            open.pop();
        }
        Ok(true)
    }

    fn scalar(&mut self) -> Scanned<()> {
        match self.byte() {
            b'-' | b'0'..=b'9' => self.number(),
            _ if ["null", "true", "false", "NaN", "Infinity"].iter().any(|word| self.word(word)) => Ok(()),
            _ => self.fault(ErrorKind::NotJson("a value")),
        }
    }

    fn number(&mut self) -> Scanned<()> {
        if self.byte() == b'-' {
            self.at += 1;
            if self.word("Infinity") {
                return Ok(());
            }
        }
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Scanned<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        if count == 0 {
            return self.fault(ErrorKind::NotJson("a digit"));
        }
        self.at += count;
        Ok(())
    }
}
