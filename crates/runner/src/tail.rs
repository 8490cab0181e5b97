//! The last lines of an output: bounded, whatever the child prints, and harmless to print again.
use std::collections::VecDeque;

use memchr::{memchr, memrchr, memrchr_iter};

/// Lines that are kept.
pub(crate) const MAX_LINES: usize = 20;
/// Bytes of a line that are kept: much more than anyone shows of it, since a secret has to be whole to be seen and
/// masked before the line is cut to what is shown.
const MAX_RAW: usize = 8 * 1024;
/// So much goes at the end of a line that was longer: it may be the begin of a secret, which nobody would know by it.
const UNSURE: usize = 1024;

/// Collects the last non-blank lines of two interleaved streams.
#[derive(Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    open: [OpenLine; 2],
}

impl Tail {
    /// Takes the next bytes of a stream.
    pub(crate) fn push(&mut self, stream: usize, bytes: &[u8]) {
        let (skipped, bytes) = last_part(bytes);
        if skipped {
            // More than enough whole lines follow: what came before cannot be among the last.
            self.open[stream] = OpenLine::default();
        }
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            self.open[stream].push(&rest[..end]);
            self.close(stream);
            rest = &rest[end + 1..];
        }
        self.open[stream].push(rest);
    }

    fn close(&mut self, stream: usize) {
        let line = std::mem::take(&mut self.open[stream]).into_text();
        if line.is_empty() {
            return;
        }
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last lines, oldest first; lines without an end count.
    pub(crate) fn into_lines(mut self) -> Vec<String> {
        self.close(0);
        self.close(1);
        self.lines.into()
    }
}

/// The end of `bytes` that holds the last 20 non-blank lines, and whether anything was left out.
/// So a chunk costs a look at its last lines only, however fast the child prints.
fn last_part(bytes: &[u8]) -> (bool, &[u8]) {
    let mut end = bytes.len();
    let mut full = 0;
    for newline in memrchr_iter(b'\n', bytes) {
        full += usize::from(!bytes[newline + 1..end].iter().all(u8::is_ascii_whitespace));
        if full > MAX_LINES {
            return (true, &bytes[newline + 1..]);
        }
        end = newline;
    }
    (false, bytes)
}

/// The start of a line that has no end yet.
#[derive(Default)]
struct OpenLine {
    raw: Vec<u8>,
    /// There was more than what is kept.
    is_cut: bool,
    /// A carriage return came last: what follows overwrites the line, as on a terminal.
    returned: bool,
}

impl OpenLine {
    fn push(&mut self, bytes: &[u8]) {
        let end = bytes.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
        let text = &bytes[..end];
        let start = memrchr(b'\r', text).map(|at| at + 1);
        if !text.is_empty() {
            if start.is_some() || self.returned {
                self.raw.clear();
                self.is_cut = false;
            }
            let text = &text[start.unwrap_or(0)..];
            let room = MAX_RAW - self.raw.len();
            self.is_cut |= text.len() > room;
            self.raw.extend_from_slice(&text[..text.len().min(room)]);
            self.returned = false;
        }
        self.returned |= end < bytes.len();
    }

    fn into_text(self) -> String {
        let mut text = harmless(&self.raw, MAX_RAW);
        if self.is_cut {
            let sure = text.len().saturating_sub(UNSURE);
            let end = (0..=sure).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            text.truncate(text[..end].trim_end().len());
            text.push('…');
        }
        text
    }
}

/// Foreign bytes as one line of text without escapes, controls and direction marks, trimmed, cut at `max_chars`.
pub(crate) fn harmless(raw: &[u8], max_chars: usize) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut line = String::with_capacity(text.len().min(4 * max_chars));
    let mut chars = text.trim().chars().peekable();
    let mut room = max_chars;
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            skip_escape(&mut chars);
            continue;
        }
        let Some(char) = printable(char) else { continue };
        if room == 0 {
            line.pop();
            line.push('…');
            break;
        }
        room -= 1;
        line.push(char);
    }
    line.truncate(line.trim_end().len());
    line
}

/// Skips what follows an ESC: a CSI sequence up to its final byte, an OSC or other string up to BEL or ST,
/// else one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|char| !('@'..='~').contains(&char)) {},
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(char) = chars.next() {
                if char == '\u{7}' || (char == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// A character as it may be printed: tabs become blanks; controls and what turns the direction of a line vanish.
fn printable(char: char) -> Option<char> {
    match char {
        '\t' => Some(' '),
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' => None,
        '\u{2028}' | '\u{2029}' => Some(' '),
        _ if char.is_control() => None,
        _ => Some(char),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tail_of(chunks: &[&[u8]]) -> Vec<String> {
        let mut tail = Tail::default();
        for chunk in chunks {
            tail.push(0, chunk);
        }
        tail.into_lines()
    }

    #[test]
    fn keeps_the_last_lines_and_skips_blank_ones() {
        let text: String = (0..100).map(|n| format!("line {n}\n\n  \n")).collect();
        let lines = tail_of(&[text.as_bytes()]);
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!((lines[0].as_str(), lines[19].as_str()), ("line 80", "line 99"));
        let mut text = b"the error\n".to_vec();
        text.extend_from_slice(&b"\n".repeat(1000));
        assert_eq!(tail_of(&[&text]), ["the error"]);
    }

    #[test]
    fn a_line_in_pieces_is_one_line() {
        assert_eq!(tail_of(&[b"one", b" li", b"ne\ntwo"]), ["one line", "two"]);
    }

    #[test]
    fn carriage_returns_overwrite() {
        assert_eq!(tail_of(&[b"10%\r20%\r", b"30%\r", b"\ndone\r\n"]), ["30%", "done"]);
    }

    #[test]
    fn escapes_and_controls_are_harmless() {
        let text =
            "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}]8;;u\u{1b}\\y\u{0}\u{8} \u{202e}z\tt\u{9b}";
        assert_eq!(tail_of(&[text.as_bytes()]), ["red xy z t"]);
        assert_eq!(tail_of(&[b"bad \xff utf"]), ["bad \u{fffd} utf"]);
    }

    #[test]
    fn long_lines_are_cut_where_no_begin_of_a_secret_is_left() {
        let whole = "ж".repeat(MAX_RAW / 2);
        assert_eq!(tail_of(&[whole.as_bytes()]), [&*whole]);
        let longer = format!("{whole}x");
        assert_eq!(tail_of(&[longer.as_bytes()]), [format!("{}…", "ж".repeat((MAX_RAW - UNSURE) / 2))]);
        let coloured = format!("an error {}secret", "\u{1b}[31m".repeat((MAX_RAW - 12) / 5));
        assert_eq!(tail_of(&[coloured.as_bytes()]), ["…"]);
        assert_eq!(tail_of(&[longer.as_bytes(), b"\rshort"]), ["short"]);
    }

    /// The same without the short cut of `last_part`.
    fn slow(bytes: &[u8]) -> Vec<String> {
        let lines: Vec<String> = bytes
            .split(|&byte| byte == b'\n')
            .map(|line| {
                let mut open = OpenLine::default();
                open.push(line);
                open.into_text()
            })
            .filter(|line| !line.is_empty())
            .collect();
        lines[lines.len().saturating_sub(MAX_LINES)..].to_vec()
    }

    proptest! {
        #[test]
        fn pieces_and_short_cuts_change_nothing(
            text in "[a \n]{0,400}|[a \r]{0,9}(\n[a \r]{0,9}){0,15}", cuts in proptest::collection::vec(0_usize..400, 0..8)
        ) {
            let mut tail = Tail::default();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts {
                tail.push(0, &text.as_bytes()[from..cut]);
                from = cut;
            }
            prop_assert_eq!(tail.into_lines(), slow(text.as_bytes()));
        }

        #[test]
        fn nothing_harmful_is_left(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let line = harmless(&raw, 500);
            prop_assert!(line.chars().count() <= 500);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
