//! Masks secrets in a stream of bytes that comes in chunks, with bounded memory.
//!
//! Whole lines go through at once. Of a line that is not finished only what may be a secret, or begin one, is held
//! back, at most [`HOLD`] bytes; a longer secret is swallowed as it comes.

use std::io;

use super::secrets::{Class, LONGEST_HEADER, MASK, Secrets};

/// How much of an unfinished line is held back at most.
const HOLD: usize = 8 << 10;

/// How much is held back of a line that is longer than that: enough to see what follows a name, and whether a dot
/// follows the header of a web token.
const HOLD_LONG: usize = LONGEST_HEADER + (1 << 10);

/// The state of one stream between two chunks.
#[derive(Debug)]
pub(super) struct Masker {
    held: Vec<u8>,
    /// A secret that was longer than what we hold goes on.
    swallow: Class,
    /// The byte before the held ones.
    before: Option<u8>,
}

impl Masker {
    pub(super) fn new() -> Self {
        Self { held: Vec::new(), swallow: Class::Fixed, before: None }
    }

    /// Takes a chunk and hands on what can be told to be no secret.
    pub(super) fn push(
        &mut self,
        secrets: &Secrets,
        chunk: &[u8],
        sink: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut chunk = chunk;
        while !self.held.is_empty() && !chunk.is_empty() {
            // Only the line that began before is put together; the others go through where they are.
            let line = memchr::memchr2(b'\n', b'\r', chunk).map_or(chunk.len(), |end| end + 1);
            let mut bytes = std::mem::take(&mut self.held);
            bytes.extend_from_slice(&chunk[..line]);
            chunk = &chunk[line..];
            let done = self.take(secrets, &bytes, sink)?;
            bytes.drain(..done);
            // A long line must not keep its memory for the rest of the stream.
            bytes.shrink_to(HOLD);
            self.held = bytes;
        }
        let done = self.take(secrets, chunk, sink)?;
        self.held.extend_from_slice(&chunk[done..]);
        Ok(())
    }

    /// Hands on what is held back: nothing more comes.
    pub(super) fn finish(
        &mut self,
        secrets: &Secrets,
        sink: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let from = self.swallowed(&held, true);
        let done = from + self.mask(secrets, &held[from..], held.len() - from, sink)?;
        self.swallow = Class::Fixed;
        self.hand_on(&held[done..], sink)
    }

    /// Hands on what it can and returns how many bytes are done with.
    fn take(
        &mut self,
        secrets: &Secrets,
        bytes: &[u8],
        sink: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<usize> {
        let mut from = self.swallowed(bytes, false);
        let lines = memchr::memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1);
        if from < lines {
            let whole = &bytes[from..lines];
            self.mask(secrets, whole, whole.len(), sink)?;
            from = lines + self.swallowed(&bytes[lines..], false);
        }
        let rest = &bytes[from..];
        // A line that may be one of a private key is looked at once it is whole.
        if rest.is_empty() || self.swallow != Class::Fixed {
            return Ok(from);
        }
        let clean = secrets.hold_from(rest);
        if rest.len() - clean <= HOLD {
            self.hand_on(&rest[..clean], sink)?;
            return Ok(from + clean);
        }
        let long = rest.len() - HOLD_LONG;
        let upto = long + secrets.hold_from(&rest[long..]);
        Ok(from + self.mask(secrets, rest, upto, sink)?)
    }

    /// How many bytes belong to a secret that began before them; `is_end` says that no more come.
    fn swallowed(&mut self, bytes: &[u8], is_end: bool) -> usize {
        if self.swallow == Class::Fixed {
            return 0;
        }
        let goes_on = !matches!(self.before, Some(b'\n' | b'\r'));
        let (length, then) = self.swallow.reach(bytes, goes_on, is_end);
        self.swallow = then;
        if length > 0 {
            self.before = bytes.get(length - 1).copied();
        }
        length
    }

    /// Hands on `bytes` with the secrets masked that begin before `upto`, and returns how many bytes are done with:
    /// at least `upto`, or up to where a secret goes on in the next ones.
    fn mask(
        &mut self,
        secrets: &Secrets,
        bytes: &[u8],
        upto: usize,
        sink: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<usize> {
        let mut done = 0;
        let mut masked = Vec::new();
        while let Some(secret) = secrets.next(bytes, done, self.before).filter(|secret| secret.sign < upto) {
            masked.extend_from_slice(&bytes[done..secret.from]);
            masked.extend_from_slice(MASK);
            done = secret.to;
            self.swallow = secret.class;
            if self.swallow != Class::Fixed {
                break;
            }
        }
        if masked.is_empty() {
            let upto = upto.max(done);
            self.hand_on(&bytes[..upto], sink)?;
            return Ok(upto);
        }
        if done < upto && self.swallow == Class::Fixed {
            masked.extend_from_slice(&bytes[done..upto]);
            done = upto;
        }
        sink(&masked)?;
        self.before = done.checked_sub(1).map(|last| bytes[last]).or(self.before);
        Ok(done)
    }

    fn hand_on(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        self.before = Some(*last);
        sink(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn masked(chunks: &[&[u8]], values: &[String]) -> String {
        masked_with(&Secrets::new(values), chunks)
    }

    fn masked_with(secrets: &Secrets, chunks: &[&[u8]]) -> String {
        let (mut masker, mut out) = (Masker::new(), Vec::new());
        let mut sink = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        for chunk in chunks {
            masker.push(secrets, chunk, &mut sink).unwrap();
            assert!(masker.held.len() <= HOLD);
        }
        masker.finish(secrets, &mut sink).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn one(text: &str) -> String {
        masked(&[text.as_bytes()], &[])
    }

    const SK: &str = "sk-abcdefghij0123456789";

    #[test]
    fn secrets_are_masked() {
        let cases = [
            ("key sk-abcdefghij0123456789, ok", "key sk-***, ok"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_***"),
            ("AKIAIOSFODNN7EXAMPLE\n", "AKIA***\n"),
            ("Authorization: Bearer abc.def\r\n", "Authorization: Bearer ***\r\n"),
            ("-H 'authorization: Basic dXNlcjpw' x", "-H 'authorization: Basic ***' x"),
            ("{\"password\": \"my pass phrase\", \"a\": 1}", "{\"password\": \"***\", \"a\": 1}"),
            (r#"{\"api_key\": \"abcdef\"}"#, r#"{\"api_key\": \"***\"}"#),
            ("DB_PASSWORD=hunter2 next", "DB_PASSWORD=*** next"),
            ("api_key: abcd", "api_key: ***"),
            ("GET /?token=abcdefg&user=me", "GET /?token=***&user=me"),
            ("tool --db-password hunter2 go", "tool --db-password *** go"),
            ("postgres://me:hunter2@host/db", "postgres://me:***@host/db"),
            ("bearer abcdefghijklmnop", "bearer ***"),
            (
                "-----BEGIN RSA sk-abcdefghij0123456789 PRIVATE KEY-----",
                "-----BEGIN RSA sk-*** PRIVATE KEY-----",
            ),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----\nb",
                "a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb",
            ),
        ];
        for (text, want) in cases {
            assert_eq!(one(text), want);
        }
    }

    #[test]
    fn a_private_key_without_its_end_hides_no_other_secret() {
        let head = "-----BEGIN PRIVATE KEY-----";
        for (next, masked) in [(SK, "sk-***"), ("token: hunter2", "token: ***"), ("MIIE", "")] {
            let text = format!("{head}\nabc=\n{next}\n");
            let want = if masked.is_empty() { format!("{head}***") } else { format!("{head}***{masked}\n") };
            assert_eq!(one(&text), want);
            for at in head.len()..text.len() {
                let (first, second) = text.as_bytes().split_at(at);
                assert_eq!(super::tests::masked(&[first, second], &[]), want, "cut at {at}");
            }
        }
    }

    #[test]
    fn what_follows_a_private_key_stays_as_it_is_where_that_is_masked_again() {
        for next in ["MIIE and more\nabc=\nT T\n", &format!("{} T\nabc=\nT T\n", "a".repeat(2000))] {
            let once = one(&format!("-----BEGIN PRIVATE KEY-----\n{next}"));
            assert!(once.ends_with("\nabc=\nT T\n"), "{once}");
            assert_eq!(one(&once), once);
        }
    }

    #[test]
    fn a_line_that_was_taken_for_one_of_a_private_key_is_masked_to_its_end() {
        let (head, long) = ("-----BEGIN PRIVATE KEY-----", "a".repeat(2000));
        let value = ["correct horse battery".to_owned()];
        for secret in
            ["token: hunter2", "correct horse battery", "--password 'hunter2'", "api_key: hunter2 or so"]
        {
            for (before, after) in [(format!("{head}\n{long}"), " b\nc\n"), (head.to_owned(), "\nc\n")] {
                let text = format!("{before}{secret}{after}");
                for at in before.len() - 20..text.len() {
                    let (first, second) = text.as_bytes().split_at(at);
                    let pieces = second.chunks(3).collect::<Vec<_>>();
                    let chunks = [&[first], &pieces[..]].concat();
                    let cut = masked(&chunks, &value);
                    assert_eq!(cut, format!("{head}***\nc\n"), "cut at {at}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_private_key_is_seen_wherever_it_is_cut() {
        let long = "a".repeat(2000);
        for body in ["\nMIIE\nabc=\n", r"\nMIIE\nabc=\n", &long] {
            let text = format!("-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY----- b\n");
            let want = "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY----- b\n";
            assert_eq!(one(&text), want);
            for at in (0..text.len()).filter(|at| *at < 50 || *at + 50 > text.len()) {
                let (first, second) = text.as_bytes().split_at(at);
                let pieces = second.chunks(3).collect::<Vec<_>>();
                assert_eq!(masked(&[&[first], &pieces[..]].concat(), &[]), want, "cut at {at}");
            }
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in [
            "task-ca978112ca1bca978112ca1b is done",
            "used 123456 tokens, max_tokens: 4096, token: 100000",
            "Enter password",
            "the secret of https://example.org/a@b:c",
            "sk-learn-contrib-and-something",
            "Unexpected token: }",
        ] {
            assert_eq!(one(text), text);
        }
    }

    #[test]
    fn values_handed_in_are_masked() {
        let long = format!("{}{}", "x9".repeat(40), " and more");
        let values = ["correct horse".to_owned(), long.clone(), "line one here\nline two here".to_owned()];
        let text = format!("a correct horse b {long} c line two here d CORRECT HORSE\n");
        assert_eq!(masked(&[text.as_bytes()], &values), "a *** b *** c *** d CORRECT HORSE\n");
    }

    #[test]
    fn a_longer_value_hides_no_other_secret() {
        let long = |end: &str| format!("{}{end}", "0123456789abcdef".repeat(4));
        let values =
            ["hunter2hunter2", "hunter2hunter2_prod", "HUNTER2hunter2", "PassWord=1 of all", "SK-abcdefghi"]
                .map(str::to_owned)
                .into_iter()
                .chain([long("-one"), long("-two and \"more\"")])
                .collect::<Vec<_>>();
        for (text, want) in [
            ("a hunter2hunter2_PROD b".to_owned(), "a ***_PROD b".to_owned()),
            ("a hunter2hunter2_prod b".to_owned(), "a *** b".to_owned()),
            ("a HUNTER2hunter2_prod b".to_owned(), "a ***_prod b".to_owned()),
            ("a HUNTER2HUNTER2_prod b".to_owned(), "a HUNTER2HUNTER2_prod b".to_owned()),
            ("a password=1 of all b".to_owned(), "a password=*** of all b".to_owned()),
            (format!("a {SK} b"), "a sk-*** b".to_owned()),
            (long("-one b"), "*** b".to_owned()),
            (long("-two and \"more\" b"), "*** b".to_owned()),
        ] {
            assert_eq!(masked(&[text.as_bytes()], &values), want);
        }
    }

    #[test]
    fn values_are_masked_in_json_too() {
        let long = format!("{}/\"and\"\\more", "x9".repeat(40));
        let values = ["hunter\"2\\x".to_owned(), "пароль/🐎".to_owned(), long.clone()];
        for (text, want) in [
            (serde_json::json!({ "a": "so hunter\"2\\x it is" }).to_string(), r#"{"a":"so *** it is"}"#),
            (serde_json::json!({ "a": long }).to_string(), r#"{"a":"***"}"#),
            (r"\u043f\u0430\u0440\u043e\u043b\u044c/\ud83d\udc0e!".to_owned(), "***!"),
            (r"\u043F\u0430\u0440\u043E\u043B\u044C/\uD83D\uDC0E!".to_owned(), "***!"),
        ] {
            assert_eq!(masked(&[text.as_bytes()], &values), want, "{text}");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(masked(&bytes, &values), want, "{text}");
        }
    }

    #[test]
    fn a_secret_without_end_costs_no_memory() {
        let text = format!("password={}\nnext\n", "x".repeat(100_000));
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(777).collect();
        assert_eq!(masked(&chunks, &[]), "password=***\nnext\n");
    }

    #[test]
    fn what_cannot_be_a_secret_is_not_held_back() {
        let secrets = Secrets::new(&[]);
        let (mut masker, mut out) = (Masker::new(), Vec::new());
        let mut sink = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        masker.push(&secrets, b"compiling 17 of 20 ", &mut sink).unwrap();
        assert_eq!(out, b"compiling 17 of 20 ");
    }

    fn time_of(secrets: &Secrets, text: &str, size: usize) -> Duration {
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let once = || {
            let begin = Instant::now();
            masked_with(secrets, &chunks);
            begin.elapsed()
        };
        (0..3).map(|_| once()).min().unwrap()
    }

    /// Each begin of a secret that is none is looked at with what follows it. Where it were the rest of the line each
    /// time, these would take a hundred times as long as a text of ordinary words.
    #[test]
    fn what_looks_like_secrets_costs_no_more_than_other_text() {
        let secrets = Secrets::new(&["correct horse battery".to_owned(), "aaaaaaaaab".repeat(20)]);
        let mixed = format!("eyJ/{SK}/");
        let pieces = [
            "eyJ",
            "eyJ/",
            "eyJ=",
            "eyJ.",
            "=eyJ",
            "eyJ~.",
            &mixed,
            "sk-",
            "sk-/",
            "/sk-",
            "xoxb-",
            "hf_",
            "password",
            "password=",
            "password=\\\"",
            "password=\"\\",
            "password: ",
            "--password ",
            "token=1 ",
            "token=1&",
            "pwd='x'",
            "secret_key",
            "Bearer ",
            "bearer a ",
            "Authorization: ",
            "authorization",
            "-----BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----a ",
            "-----",
            "://",
            "a://b:",
            "://a@",
            "://:@/",
            "correct horse ",
            "CORRECT HORSE BATTERY",
            "aaaaaaaaa",
            "\r",
            "\\",
        ];
        let text = |piece: &str| piece.repeat((64 << 10) / piece.len());
        for size in [usize::MAX, 5000] {
            let ordinary = time_of(&secrets, &text("tokens "), size);
            for piece in pieces {
                let time = time_of(&secrets, &text(piece), size);
                assert!(time < 40 * ordinary, "{piece:?}: {time:?}, other text {ordinary:?}");
            }
        }
    }

    #[test]
    fn a_web_token_is_masked_however_long_its_header_is_and_however_it_is_cut() {
        for (length, is_token) in [(30, true), (4000, true), (5000, false)] {
            let token = format!("eyJ{}.eyJzdWIi.c2lnbmF0dXJl", "a".repeat(length));
            for (before, after) in [("", " b\n"), ("x ", "/c\n"), ("/", &" b".repeat(9000))] {
                let text = format!("{before}{token}{after}");
                let whole = one(&text);
                assert_eq!(!whole.contains("c2lnbmF0dXJl"), is_token, "{length}");
                for size in [1, 100, 4096] {
                    let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                    assert_eq!(masked(&chunks, &[]), whole, "{length} in chunks of {size}");
                }
            }
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z ]{0,12}",
            Just("\n".to_owned()),
            Just(format!(" {SK} ")),
            Just("password=hunter2\n".to_owned()),
            Just("token: hunter2hunter2\r\n".to_owned()),
            Just("10% of it\r".to_owned()),
            Just("-----BEGIN PRIVATE KEY-----\n".to_owned()),
            Just("-----BEGIN PRIVATE KEY-----".to_owned()),
            Just("MIIEow\nabc=\n-----END PRIVATE KEY-----\n".to_owned()),
            Just("Authorization: Bearer abcdefgh012345 ".to_owned()),
            Just("correct horse battery".to_owned()),
            "[a-z]{9000,9100}",
        ]
    }

    proptest! {
        /// However a text is cut into chunks, no secret comes through, and nothing else is lost.
        #[test]
        fn chunks_make_no_difference(pieces in prop::collection::vec(piece(), 0..12), size in 1usize..6000) {
            static SECRETS: LazyLock<Secrets> = LazyLock::new(|| Secrets::new(&["correct horse battery".to_owned()]));
            let text = pieces.concat();
            let whole = masked_with(&SECRETS, &[text.as_bytes()]);
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let cut = masked_with(&SECRETS, &chunks);
            for secret in ["abcdefghij0123456789", "hunter2", "abcdefgh012345", "correct horse battery"] {
                prop_assert!(!cut.contains(secret), "{cut}");
            }
            prop_assert_eq!(cut, whole);
        }
    }
}
