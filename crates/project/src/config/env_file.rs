//! The `.env` file of the project folder: `NAME=value`, one a line.
//!
//! `export` before a name and comments are taken. In double quotes `\n`, `\t`, `\r`, `\"`, `\\` and `\$` are
//! escapes; in single quotes nothing is. A quoted value ends on its line. Nothing is expanded inside values.

use super::expand::is_name;

/// A variable and the line that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: u32,
}

/// All variables in order, and the numbers of the lines that set none though they should.
pub(super) fn parse(text: &str) -> (Vec<Variable>, Vec<u32>) {
    let mut variables = vec![];
    let mut bad_lines = vec![];
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match assignment(content) {
            Some((name, value)) => variables.push(Variable { name: name.to_owned(), value, line }),
            None => bad_lines.push(line),
        }
    }
    (variables, bad_lines)
}

fn assignment(content: &str) -> Option<(&str, String)> {
    let content = match content.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => content,
    };
    let (name, value) = content.split_once('=')?;
    let name = name.trim_end();
    if !is_name(name) {
        return None;
    }
    Some((name, value_of(value)?))
}

fn value_of(text: &str) -> Option<String> {
    let text = text.trim_start();
    let (value, rest) = if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        (value.to_owned(), rest)
    } else if let Some(quoted) = text.strip_prefix('"') {
        double_quoted(quoted)?
    } else {
        (unquoted(text).to_owned(), "")
    };
    let rest = rest.trim_start();
    let is_clean = rest.is_empty() || rest.starts_with('#');
    (is_clean && !value.contains('\0')).then_some(value)
}

/// The value up to the closing quote, and what follows.
fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                c @ ('"' | '\\' | '$') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

/// A comment begins at a `#` after white space, so that `a#b` is a value.
fn unquoted(text: &str) -> &str {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '#' && before.is_whitespace() {
            return text[..at].trim_end();
        }
        before = c;
    }
    text.trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Option<(String, String)> {
        parse(text).0.pop().map(|v| (v.name, v.value))
    }

    #[test]
    fn values_are_read() {
        let cases = [
            ("A=1", "1"),
            ("  A = 1  ", "1"),
            ("export A=1", "1"),
            ("export\tA=1", "1"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=x # comment", "x"),
            ("A=x#y", "x#y"),
            ("A=a b c", "a b c"),
            ("A=b=c", "b=c"),
            ("A='x # y'", "x # y"),
            (r"A='a\nb'", r"a\nb"),
            (r#"A="x # y" # comment"#, "x # y"),
            (r#"A="a\nb\t\"c\" \\ \$ \q""#, "a\nb\t\"c\" \\ $ \\q"),
            ("A=${HOME}", "${HOME}"),
            ("A=значение", "значение"),
            ("\u{feff}A=1", "1"),
            ("A=1\r\n", "1"),
        ];
        for (text, value) in cases {
            assert_eq!(one(text), Some(("A".into(), value.into())), "{text:?}");
        }
        assert_eq!(one("exported=1"), Some(("exported".into(), "1".into())));
    }

    #[test]
    fn bad_lines_are_named_and_the_rest_counts() {
        let text = "# comment\n\nA=1\nnonsense\nB C=2\n1D=3\nE='open\nF=\"open\nG='x' y\nH=8\n";
        let (variables, bad) = parse(text);
        assert_eq!(bad, [4, 5, 6, 7, 8, 9]);
        let names: Vec<_> = variables.iter().map(|v| (v.name.as_str(), v.line)).collect();
        assert_eq!(names, [("A", 3), ("H", 10)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_each_line_is_counted_once(text in "[A-C='\"\\\\ #\n\t$x]{0,80}") {
            let (variables, bad) = parse(&text);
            let blank = |line: &&str| line.trim().is_empty() || line.trim().starts_with('#');
            let expected = text.lines().filter(|line| !blank(line)).count();
            prop_assert_eq!(variables.len() + bad.len(), expected);
        }

        #[test]
        fn single_quotes_keep_everything(value in "[^'\n\r\0]{0,40}") {
            let line = format!("A='{value}'");
            prop_assert_eq!(one(&line), Some(("A".into(), value)));
        }

        #[test]
        fn double_quotes_come_back(value in "[^\n\r\0]{0,40}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("A=\"{escaped}\"");
            prop_assert_eq!(one(&line), Some(("A".into(), value)));
        }
    }
}
