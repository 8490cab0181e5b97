//! How a value stands in JSON: agents print their output as such, and what each of them escapes differs.

use std::fmt::Write as _;

/// What a writer of JSON escapes besides controls, backslashes and quotes.
struct Style {
    /// These as well: `/` as `\/`, the others by number.
    more: &'static str,
    /// Everything beyond ASCII.
    is_ascii: bool,
    /// By number in capitals, quotes too.
    is_upper: bool,
}

const fn style(more: &'static str, is_ascii: bool, is_upper: bool) -> Style {
    Style { more, is_ascii, is_upper }
}

const STYLES: [Style; 7] = [
    // JavaScript, Rust.
    style("", false, false),
    // Python.
    style("\u{7f}", true, false),
    // PHP, with and without JSON_UNESCAPED_UNICODE.
    style("/", true, false),
    style("/", false, false),
    // Go, Ruby on Rails.
    style("<>&\u{2028}\u{2029}", false, false),
    // Gson.
    style("<>&='\u{2028}\u{2029}", false, false),
    // .NET.
    style("\"<>&'+`\u{7f}", true, true),
];

/// The forms of a text within a string of JSON that differ from it; the first style also twice, for JSON within JSON.
pub(super) fn json_forms(text: &str) -> Vec<String> {
    let mut forms: Vec<String> = STYLES.iter().map(|style| style.escape(text)).collect();
    forms.extend(STYLES[..2].iter().map(|style| style.escape(&style.escape(text))));
    forms.sort_unstable();
    forms.dedup();
    forms.retain(|form| form != text);
    forms
}

impl Style {
    fn escape(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        for char in text.chars() {
            match char {
                '/' if self.more.contains('/') => out.push_str("\\/"),
                _ if self.more.contains(char) || (self.is_ascii && !char.is_ascii()) => {
                    self.by_number(&mut out, char);
                }
                '"' | '\\' => out.extend(['\\', char]),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\0'..' ' => self.by_number(&mut out, char),
                _ => out.push(char),
            }
        }
        out
    }

    fn by_number(&self, out: &mut String, char: char) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            _ = if self.is_upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_has_no_other_form() {
        assert_eq!(json_forms("Correct-Horse_1.2~3"), [] as [&str; 0]);
    }

    #[test]
    fn forms_of_many_writers() {
        for (text, form) in [
            ("a\"b\\c", r#"a\"b\\c"#),
            ("a\"b\\c", r#"a\\\"b\\\\c"#),
            ("a\"b\\c", r"a\u0022b\\c"),
            ("a/b", r"a\/b"),
            ("a+b", r"a\u002Bb"),
            ("a<b>&c", r"a\u003cb\u003e\u0026c"),
            ("a='b", r"a\u003d\u0027b"),
            ("пä🐎", r"\u043f\u00e4\ud83d\udc0e"),
            ("пä🐎", r"\u043F\u00E4\uD83D\uDC0E"),
            ("пä/", r"\u043f\u00e4\/"),
            ("пä/", r"пä\/"),
            ("a\tb\u{1}\u{7f}", "a\\tb\\u0001\u{7f}"),
            ("a\tb\u{1}\u{7f}", r"a\tb\u0001\u007f"),
        ] {
            assert!(json_forms(text).contains(&form.to_owned()), "{text}: {form}, {:?}", json_forms(text));
        }
    }
}
