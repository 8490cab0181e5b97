//! Foreign text (of tasks, agents, file names) made harmless before it is printed or logged.
//!
//! What could steer a terminal or forge a line is replaced by a visible escape (`\x1b`, `\n`, `\u{202e}`).
//! The result holds none of these characters, so applying it twice changes nothing more.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line: every control character, line break and change of writing direction made visible.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    escape(text, is_harmful)
}

/// Like [`harmless`], but line feeds and tabs stay, for texts that are shown over several lines.
#[must_use]
pub fn harmless_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_harmful(c) && c != '\n' && c != '\t')
}

/// [`harmless`], cut to `max_chars` characters of the original with `…` for the rest.
///
/// White space at both ends is left out first; an escape is never cut in its middle.
#[must_use]
pub fn one_line(text: &str, max_chars: usize) -> Cow<'_, str> {
    let text = text.trim();
    match text.char_indices().nth(max_chars) {
        None => harmless(text),
        Some((end, _)) => Cow::Owned(format!("{}…", harmless(&text[..end]))),
    }
}

/// The text without colour sequences (SGR). Other escapes stay, to be made visible.
#[must_use]
pub fn ink_free(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, sequence) = rest.split_at(at);
        out.push_str(before);
        let parameters = &sequence[2..];
        let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        match end {
            Some(end) if parameters[end..].starts_with('m') => rest = &parameters[end + 1..],
            _ => {
                out.push_str("\x1b[");
                rest = parameters;
            }
        }
    }
    out.push_str(rest);
    out
}

fn escape(text: &str, harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&harmful) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if harmful(c) { push_escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0' => out.push_str("\\0"),
        // Writing to a String cannot fail.
        c if (c as u32) < 0x100 => _ = write!(out, "\\x{:02x}", c as u32),
        c => _ = write!(out, "\\u{{{:x}}}", c as u32),
    }
}

/// Controls (C0, DEL, C1), line and paragraph separators, and everything that changes the writing direction.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}'   // marks
            | '\u{202a}'..='\u{202e}'             // embeddings and overrides
            | '\u{2066}'..='\u{2069}'             // isolates
            | '\u{2028}' | '\u{2029}'             // separators
            | '\u{fff9}'..='\u{fffb}'             // interlinear annotation
            | '\u{e0001}') // language tag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn harmful_characters_become_visible() {
        let cases = [
            ("plain текст 日本 👩‍💻", "plain текст 日本 👩‍💻"),
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\nb\r\n\tc\0", "a\\nb\\r\\n\\tc\\0"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("a\u{2028}b\u{7f}", "a\\u{2028}b\\x7f"),
            ("back\\slash", "back\\slash"),
        ];
        for (text, expected) in cases {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
        assert!(matches!(harmless("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_may_stay() {
        assert_eq!(harmless_lines("a\n\tb\x1b[2J\r"), "a\n\tb\\x1b[2J\\r");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(one_line("  абвгд \n", 5), "абвгд");
        assert_eq!(one_line("абвгде", 5), "абвгд…");
        assert_eq!(one_line("a\nb\nc", 4), "a\\nb\\n…");
        assert_eq!(one_line("x", 0), "…");
        assert_eq!(one_line("", 0), "");
    }

    fn is_clean(text: &str) -> bool {
        !text.chars().any(is_harmful)
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_and_twice_is_once(text in any::<String>()) {
            let once = harmless(&text).into_owned();
            prop_assert!(is_clean(&once));
            prop_assert_eq!(harmless(&once), once.as_str());
        }

        #[test]
        fn harmless_text_is_not_touched(text in "[^\\p{C}\\p{Z}]{0,50}") {
            prop_assert_eq!(harmless(&text), text.as_str());
        }

        #[test]
        fn lines_keep_their_number(text in any::<String>()) {
            let shown = harmless_lines(&text).into_owned();
            prop_assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
            prop_assert!(is_clean(&shown.replace(['\n', '\t'], "")));
        }

        #[test]
        fn one_line_is_short_enough_where_nothing_is_escaped(text in "\\PC{0,80}", max in 0usize..60) {
            prop_assume!(is_clean(&text));
            prop_assert!(one_line(&text, max).chars().count() <= max + 1);
        }
    }

    #[test]
    fn colours_go_and_nothing_else() {
        let cases = [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[1;38:5:208mx\x1b[m", "x"),
            ("\x1b[2J\x1b[31m", "\x1b[2J"),
            ("\x1b[31", "\x1b[31"),
            ("plain [31m", "plain [31m"),
            ("\x1b[\x1b[1mx", "\x1b[x"),
        ];
        for (text, expected) in cases {
            assert_eq!(ink_free(text), expected, "{text:?}");
        }
    }
}
