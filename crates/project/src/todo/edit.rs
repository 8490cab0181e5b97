//! The bytes of a list: its lines whatever their endings, its blanks, and changes that leave all other bytes alone.

use std::ops::Range;

use codeagent_core::list::Mark;

/// One line of a text; positions are byte offsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RawLine {
    pub(super) start: usize,
    /// Where the line ending begins.
    pub(super) end: usize,
    /// Where the next line begins.
    pub(super) next: usize,
}

/// The lines of a text. `\n`, `\r\n` and a lone `\r` end a line, as CommonMark has it; the last may lack an ending.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = RawLine;

    fn next(&mut self) -> Option<RawLine> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let ending = match &rest[length..] {
            [] => 0,
            [b'\r', b'\n', ..] => 2,
            _ => 1,
        };
        self.at = start + length + ending;
        Some(RawLine { start, end: start + length, next: self.at })
    }
}

/// How many bytes of UTF-8's byte order mark the text begins with.
pub(super) fn bom_length(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The mark that the character between two brackets stands for.
pub(super) fn mark_of(byte: u8) -> Option<Mark> {
    match byte {
        b' ' => Some(Mark::Open),
        b'x' | b'X' => Some(Mark::Done),
        b'-' => Some(Mark::Skipped),
        _ => None,
    }
}

/// The character between the brackets.
pub(super) fn box_char(mark: Mark) -> char {
    match mark {
        Mark::Open => ' ',
        Mark::Done => 'x',
        Mark::Skipped => '-',
    }
}

/// Reads a box at the start of `text`: the mark, and where the text after it begins (blanks included).
/// A box is followed by a blank or by nothing.
pub(super) fn read_box(text: &str) -> Option<(Mark, usize)> {
    match text.as_bytes() {
        [b'[', mark, b']'] => Some((mark_of(*mark)?, 3)),
        [b'[', mark, b']', b' ' | b'\t', ..] => Some((mark_of(*mark)?, 4)),
        _ => None,
    }
}

/// Changes to a text, each a range and what stands there instead.
#[derive(Default, Debug, Clone)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts `with` in place of the bytes of `range`.
    pub(super) fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.0.push((range, with.into()));
    }

    pub(super) fn insert(&mut self, at: usize, what: impl Into<String>) {
        self.replace(at..at, what);
    }

    pub(super) fn extend(&mut self, others: Edits) {
        self.0.extend(others.0);
    }

    /// The text with all changes made, in one pass. Insertions at one place keep the order they were asked in, and
    /// the same change asked for twice is made once: two items may share one place. `None` where changes overlap.
    pub(super) fn apply(mut self, text: &str) -> Option<String> {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let more: usize = self.0.iter().map(|(_, with)| with.len()).sum();
        let mut edited = String::with_capacity(text.len() + more);
        let mut at = 0;
        for (index, (range, with)) in self.0.iter().enumerate() {
            let mut in_same_place = self.0[..index].iter().rev().take_while(|(other, _)| other == range);
            if in_same_place.any(|(_, other)| other == with) {
                continue;
            }
            edited.push_str(text.get(at..range.start)?);
            edited.push_str(with);
            at = range.end;
        }
        edited.push_str(text.get(at..)?);
        Some(edited)
    }
}

/// Splits off ` - 2026-01-18 10:35:00` (seconds optional, `T` allowed) from the end of a done comment.
/// The rest is who wrote it; `None` where no time stands at the end.
pub(super) fn split_stamp(comment: &str) -> Option<&str> {
    let comment = comment.trim();
    for form in ["dddd-dd-dd dd:dd:dd", "dddd-dd-dd dd:dd"] {
        let Some(at) = comment.len().checked_sub(form.len()) else { continue };
        let fits = |(byte, want): (u8, u8)| match want {
            b'd' => byte.is_ascii_digit(),
            b' ' => matches!(byte, b' ' | b'T'),
            _ => byte == want,
        };
        if comment.as_bytes()[at..].iter().copied().zip(form.bytes()).all(fits) {
            // The stamp is ASCII, so `at` lies between characters.
            let who = comment[..at].trim_end();
            return who.strip_suffix('-').map(str::trim_end).or(who.is_empty().then_some(""));
        }
    }
    None
}

/// A comment as one line that cannot end early: control characters become spaces, runs of `-` one (`-->`).
pub(super) fn comment_on_one_line(comment: &str) -> String {
    let mut clean = String::with_capacity(comment.len());
    for c in comment.trim().chars() {
        let c = if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
        if !(c == '-' && clean.ends_with('-')) {
            clean.push(c);
        }
    }
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_any_way() {
        let text = b"a\nb\r\nc\rd\r\r\n";
        let lines: Vec<&[u8]> = Lines::new(text).map(|line| &text[line.start..line.end]).collect();
        assert_eq!(lines, [&b"a"[..], b"b", b"c", b"d", b""]);
        assert_eq!(Lines::new(b"").count(), 0);
    }

    #[test]
    fn changes_that_overlap_are_refused_and_the_same_one_is_made_once() {
        let apply = |changes: &[(Range<usize>, &str)]| {
            let mut edits = Edits::default();
            changes.iter().for_each(|(range, with)| edits.replace(range.clone(), *with));
            edits.apply("0123é")
        };
        assert_eq!(apply(&[(1..2, "x"), (0..0, "a"), (0..0, "b"), (1..2, "x")]).unwrap(), "ab0x23é");
        assert_eq!(apply(&[(0..0, "a"), (0..0, "b"), (0..0, "a")]).unwrap(), "ab0123é");
        assert_eq!(apply(&[(1..2, "x"), (1..1, "a")]).unwrap(), "0ax23é");
        for overlapping in
            [&[(1..2, "x"), (1..2, "y")][..], &[(0..3, "x"), (2..4, "x")], &[(0..3, "x"), (1..1, "")]]
        {
            assert_eq!(apply(overlapping), None, "{overlapping:?}");
        }
        assert_eq!(apply(&[(5..5, "inside a character")]), None);
        assert_eq!(apply(&[(9..9, "behind the end")]), None);
    }

    #[test]
    fn stamps_are_split_off() {
        assert_eq!(split_stamp("codeagent - 2026-01-18 10:35:00"), Some("codeagent"));
        assert_eq!(split_stamp(" a - b - 2026-01-18T10:35 "), Some("a - b"));
        assert_eq!(split_stamp("2026-01-18 10:35:00"), Some(""));
        assert_eq!(split_stamp("see 2026-01-18 10:35:00"), None);
        assert_eq!(split_stamp("сделано - 2026-01-18 10:35:00"), Some("сделано"));
        assert_eq!(split_stamp("не дата — — — — — — — — —"), None);
    }

    #[test]
    fn comments_cannot_end_early() {
        assert_eq!(comment_on_one_line("a --> b\n- [ ] c\u{1b}[1m"), "a -> b - [ ] c [1m");
    }
}
