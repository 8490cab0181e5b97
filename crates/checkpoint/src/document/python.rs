//! Whether a file is byte for byte what Python's `json.dump(indent=2, ensure_ascii=False)` makes of it.
//!
//! Nothing is built and compared: that form is strict enough to be checked while walking through it.
use super::text;

/// Whether Python wrote this text, which must be valid JSON in Python's dialect. Floats count as they stand.
pub(super) fn wrote(text: &str) -> bool {
    Walk { rest: text.as_bytes(), open: Vec::new() }.document().is_some()
}

/// A walk that ends with `None` at the first byte that Python would have written otherwise.
struct Walk<'a> {
    rest: &'a [u8],
    open: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn document(mut self) -> Option<()> {
        loop {
            match self.rest.first()? {
                b'"' => self.string()?,
                &bracket @ (b'{' | b'[') => {
                    if self.enter(bracket)? {
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if self.leave()? {
                return self.rest.is_empty().then_some(());
            }
        }
    }

    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Begins the line of a member or an element, or of a closing bracket.
    fn line(&mut self) -> Option<()> {
        self.take(b"\n")?;
        let (indent, rest) = self.rest.split_at_checked(2 * self.open.len())?;
        self.rest = rest;
        indent.iter().all(|&b| b == b' ').then_some(())
    }

    fn member(&mut self) -> Option<()> {
        self.line()?;
        if self.open.last() == Some(&b'{') {
            self.string()?;
            self.take(b": ")?;
        }
        Some(())
    }

    /// Steps into an object or a list; says whether there is anything in it.
    fn enter(&mut self, bracket: u8) -> Option<bool> {
        self.rest = &self.rest[1..];
        if self.take(&[bracket + 2]).is_some() {
            return Some(false);
        }
        self.open.push(bracket);
        self.member().map(|()| true)
    }

    /// After a value: says whether it was the outermost.
    fn leave(&mut self) -> Option<bool> {
        while let Some(&bracket) = self.open.last() {
            if self.take(b",").is_some() {
                return self.member().map(|()| false);
            }
            self.open.pop();
            self.line()?;
            self.take(&[bracket + 2])?;
        }
        Some(true)
    }

    fn string(&mut self) -> Option<()> {
        self.take(b"\"")?;
        loop {
            self.rest = &self.rest[text::plain_len(self.rest)..];
            if self.take(b"\"").is_some() {
                return Some(());
            }
            self.escape()?;
        }
    }

    /// An escape, if Python would have put it on.
    fn escape(&mut self) -> Option<()> {
        let length = match self.rest.get(1)? {
            b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f' => 2,
            b'u' => 6,
            _ => return None,
        };
        let (escape, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        if length == 2 {
            return Some(());
        }
        let code = text::hex4(&escape[2..])?;
        let has_short_form = matches!(code, 8 | 9 | 10 | 12 | 13);
        let lower = !escape.iter().any(u8::is_ascii_uppercase);
        (code < 0x20 && !has_short_form && lower).then_some(())
    }

    fn scalar(&mut self) -> Option<()> {
        let length = self.rest.iter().position(|b| matches!(b, b',' | b'\n')).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        // `NaN` and `Infinity` are the only tokens with capitals; a space would be white space of another hand.
        let as_python_prints = match token {
            b"NaN" | b"Infinity" | b"-Infinity" => true,
            b"-0" => false,
            _ => !token.iter().any(|b| b.is_ascii_uppercase() || b.is_ascii_whitespace()),
        };
        as_python_prints.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::wrote;

    /// The output of `json.dumps(json.loads(…), indent=2, ensure_ascii=False)`.
    const PYTHONS: &str = r#"{
  "version": "1.0",
  "a": [],
  "b": {},
  "c": [
    1,
    -2.5e-07,
    1e+16,
    NaN,
    -Infinity,
    123456789012345678901234567890,
    [
      null,
      true
    ]
  ],
  "d": "\"\\\n\u0000\u001f é 😀 /",
  "e": {
    "f": {
      "": ""
    }
  }
}"#;

    #[test]
    fn knows_pythons_own() {
        assert!(wrote(PYTHONS));
        assert!(wrote("[]") && wrote("{}") && wrote("null") && wrote("-0.0"));
    }

    #[test]
    fn any_other_form_is_not_pythons() {
        let changes = [
            ("\"a\": []", "\"a\": [ ]"),
            ("\"a\": []", "\"a\":[]"),
            ("\"a\": []", "\"a\" : []"),
            ("\n  \"b\"", "\n \"b\""),
            ("\n  \"b\"", "\n\t\"b\""),
            ("\n  \"b\"", "\r\n  \"b\""),
            ("\n  \"b\"", " \"b\""),
            ("    1,", "    1 ,"),
            ("    1,", "    -0,"),
            ("1e+16", "1E+16"),
            ("\\u001f", "\\u001F"),
            ("\\u0000", "\\u0041"),
            ("\\n", "\\u000a"),
            (" /", " \\/"),
            ("é", "\\u00e9"),
            ("true\n    ]", "true ]"),
        ];
        for (from, to) in changes {
            let changed = PYTHONS.replacen(from, to, 1);
            assert_ne!(changed, PYTHONS, "{from}");
            assert!(!wrote(&changed), "{from} as {to}");
        }
        assert!(!wrote(&format!("{PYTHONS}\n")) && !wrote(&format!(" {PYTHONS}")));
    }
}
