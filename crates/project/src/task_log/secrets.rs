//! What a secret looks like: well-known prefixes, names of keys with a value behind them, and values handed in.
//!
//! A filter finds the places worth a look at memory speed, an automaton tells what stands there, and a few comparisons
//! by hand decide. Values never
//! go over the end of a line, except those of private keys.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

use super::escapes::json_forms;
use super::filter::Filter;

/// What stands where a secret stood.
pub(super) const MASK: &[u8] = b"***";

/// How a place that was found is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// A token that begins so, with at least so many characters behind it.
    Prefix(usize),
    /// A JSON web token.
    Jwt,
    /// The name of a key; a value of at least so many bytes behind it is secret.
    Key(usize),
    /// The header: `Authorization: Bearer …`.
    Authorization,
    /// `Bearer …` elsewhere.
    Bearer,
    /// `://user:password@host`.
    Url,
    /// `-----BEGIN … PRIVATE KEY-----`.
    PrivateKey,
    /// A value that was handed in.
    Value,
}

const PREFIXES: [(&str, usize); 25] = [
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 20),
    ("gsk_", 20),
    ("xai-", 20),
    ("dop_v1_", 20),
];

const KEYS: [(&str, usize); 19] = [
    ("password", 1),
    ("passwd", 1),
    ("passphrase", 1),
    ("pwd", 4),
    ("secret", 6),
    ("secret_key", 4),
    ("secret_access_key", 4),
    ("secretkey", 4),
    ("token", 6),
    ("api_key", 4),
    ("api-key", 4),
    ("apikey", 4),
    ("access_key", 4),
    ("access-key", 4),
    ("accesskey", 4),
    ("private_key", 4),
    ("auth_key", 4),
    ("credential", 4),
    ("credentials", 4),
];

/// Shorter values that are handed in would mask ordinary words.
pub(super) const SHORTEST_VALUE: usize = 8;

/// Longer values are found by their first bytes, so that the automaton stays small.
const LONGEST_PATTERN: usize = 64;

/// What the last line of a private key begins with.
const KEY_END: &[u8] = b"-----";

/// A longer line of a private key is taken for a part of it before its end was seen.
const LONGEST_KEY_LINE: usize = 1 << 10;

/// The header of a JSON web token is at most so long; certificates may stand in it.
pub(super) const LONGEST_HEADER: usize = 4 << 10;

/// Everything that is known about secrets; shared by all logs.
#[derive(Debug)]
pub(super) struct Secrets {
    filter: Filter,
    /// Of the heads. `None` would mean billions of states, which heads of this length cannot have.
    automaton: Option<AhoCorasick>,
    heads: Vec<Head>,
    longest: usize,
    /// Whether a pattern has a blank in it, so that the last word is not all that may be the begin of one.
    has_blanks: bool,
}

#[derive(Debug)]
struct Pattern {
    text: Vec<u8>,
    rule: Rule,
}

/// The first [`LONGEST_PATTERN`] bytes of patterns in lower case, by which the automaton finds them.
#[derive(Debug)]
struct Head {
    text: Vec<u8>,
    /// Those that begin so, in upper or lower case.
    patterns: Vec<Pattern>,
    /// The longest head that this one begins with: what stands there where this one was not meant.
    shorter: Option<usize>,
}

impl Head {
    fn all_of(patterns: Vec<Pattern>) -> Vec<Self> {
        let head =
            |pattern: &Pattern| pattern.text[..pattern.text.len().min(LONGEST_PATTERN)].to_ascii_lowercase();
        let mut sorted: Vec<_> = patterns.into_iter().map(|pattern| (head(&pattern), pattern)).collect();
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        let mut heads: Vec<Self> = Vec::new();
        for (text, pattern) in sorted {
            // What this one begins with was before it, and all between them begin with that too.
            let mut place = heads.len().checked_sub(1);
            while let Some(at) = place.filter(|at| !text.starts_with(&heads[*at].text)) {
                place = heads[at].shorter;
            }
            match place {
                Some(at) if heads[at].text == text => heads[at].patterns.push(pattern),
                shorter => heads.push(Self { text, patterns: vec![pattern], shorter }),
            }
        }
        heads
    }
}

/// A place to mask: `[from, to)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Secret {
    /// Where the sign of it begins: its prefix or the name before it.
    pub(super) sign: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    /// How it goes on behind them: [`Class::Fixed`] where it ends.
    pub(super) class: Class,
}

/// Which bytes a secret is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Ends with its last byte.
    Fixed,
    /// Letters, digits and the signs of tokens.
    Token,
    /// Everything up to a blank or a quote.
    Word,
    /// Everything up to a blank, a quote or `&`.
    Query,
    /// Everything up to this quote or the end of the line.
    Quoted(u8),
    /// Everything up to the end of the line.
    Line,
    /// Base64 with line ends, also escaped ones.
    Base64Lines,
}

impl Class {
    pub(super) fn holds(self, byte: u8) -> bool {
        let is_word = |b: u8| !b.is_ascii_whitespace() && !is_quote(b);
        match self {
            Self::Fixed => false,
            Self::Token => byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte),
            Self::Word => is_word(byte),
            Self::Query => is_word(byte) && byte != b'&',
            Self::Quoted(quote) => Self::Line.holds(byte) && byte != quote,
            Self::Line => !matches!(byte, b'\n' | b'\r'),
            Self::Base64Lines => byte.is_ascii_alphanumeric() || b"+/=\\\r\n".contains(&byte),
        }
    }

    /// How many bytes from the start of `bytes` belong to it, and what goes on behind them: [`Class::Fixed`] where it
    /// ends. `goes_on` says that a line of a private key began before the bytes, `is_end` that none come after them.
    pub(super) fn reach(self, bytes: &[u8], goes_on: bool, is_end: bool) -> (usize, Self) {
        let end = bytes.iter().position(|b| !self.holds(*b)).unwrap_or(bytes.len());
        let next = &bytes[end..];
        if self != Self::Base64Lines {
            return (end, if next.is_empty() { self } else { Self::Fixed });
        }
        if next.starts_with(KEY_END) || next.first().is_some_and(|b| is_quote(*b)) {
            return (end, Self::Fixed);
        }
        let line_start = memchr::memrchr2(b'\n', b'\r', &bytes[..end]).map(|at| at + 1);
        let line = line_start.unwrap_or(0);
        let is_known = end - line > LONGEST_KEY_LINE || (line_start.is_none() && goes_on);
        if KEY_END.starts_with(next) {
            // Whether an unfinished line is one of the key is not known before its end.
            let is_sure = is_known || (is_end && next.is_empty());
            return (if is_sure { end } else { line }, self);
        }
        // A line with something else on it is none of a key, which then has no end: it may begin a secret of its own.
        // Of a line that was taken for a part of the key the begin is gone, so the rest of it goes too.
        if is_known {
            let (rest, then) = Self::Line.reach(next, goes_on, is_end);
            return (end + rest, then);
        }
        (line, Self::Fixed)
    }
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl Secrets {
    /// With values to mask besides what looks like a secret. Of a value of several lines each line is one.
    pub(super) fn new(values: &[String]) -> Self {
        let pattern = |text: &str, rule: Rule| Pattern { text: text.as_bytes().to_vec(), rule };
        let mut patterns: Vec<Pattern> = Vec::new();
        patterns.extend(PREFIXES.iter().map(|(text, min)| pattern(text, Rule::Prefix(*min))));
        patterns.extend(KEYS.iter().map(|(text, min)| pattern(text, Rule::Key(*min))));
        let others = [
            ("eyJ", Rule::Jwt),
            ("authorization", Rule::Authorization),
            ("bearer ", Rule::Bearer),
            ("://", Rule::Url),
            ("-----BEGIN ", Rule::PrivateKey),
        ];
        patterns.extend(others.iter().map(|(text, rule)| pattern(text, *rule)));
        let lines = values.iter().flat_map(|value| value.lines()).map(str::trim);
        for line in lines.filter(|line| line.len() >= SHORTEST_VALUE) {
            patterns.push(pattern(line, Rule::Value));
            patterns.extend(json_forms(line).iter().map(|form| pattern(form, Rule::Value)));
        }
        let has_blanks = patterns.iter().any(|p| p.rule == Rule::Value && p.text.contains(&b' '));
        let heads = Head::all_of(patterns);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .start_kind(StartKind::Anchored)
            .build(heads.iter().map(|head| &head.text));
        let filter = Filter::new(heads.iter().map(|head| head.text.as_slice()));
        let longest = heads.iter().map(|head| head.text.len()).max().unwrap_or(0);
        Self { filter, automaton: automaton.ok(), heads, longest, has_blanks }
    }

    /// The next secret that begins in `bytes` at or after `from`. `before` is the byte before the first, if any.
    pub(super) fn next(&self, bytes: &[u8], mut from: usize, before: Option<u8>) -> Option<Secret> {
        loop {
            let (head, start) = self.find(bytes, from)?;
            if let Some(secret) = self.confirm(head, bytes, start, before) {
                return Some(secret);
            }
            from = start + 1;
        }
    }

    /// Where the end of a line that is not finished yet has to be held back, because a secret may begin there.
    pub(super) fn hold_from(&self, rest: &[u8]) -> usize {
        let word =
            |at: usize| rest[..at].iter().rposition(|b| b.is_ascii_whitespace()).map_or(0, |blank| blank + 1);
        let window = rest.len().saturating_sub(self.longest.saturating_sub(1));
        let partial = if self.has_blanks { window } else { word(rest.len()).max(window) };
        // From the begin of the word: what stands before a name decides too (`--token`).
        let hit = self.find(rest, 0).map(|(_, start)| word(start).max(start.saturating_sub(64)));
        hit.map_or(partial, |hit| hit.min(partial))
    }

    /// The next place where a head stands, and the longest one there.
    fn find(&self, bytes: &[u8], mut from: usize) -> Option<(usize, usize)> {
        let automaton = self.automaton.as_ref()?;
        loop {
            from = self.filter.next(bytes, from)?;
            if let Some(hit) = automaton.find(Input::new(bytes).anchored(Anchored::Yes).range(from..)) {
                return Some((hit.pattern().as_usize(), hit.start()));
            }
            from += 1;
        }
    }

    /// The secret at a place: of the patterns that may stand there the longest that does.
    fn confirm(&self, head: usize, bytes: &[u8], start: usize, before: Option<u8>) -> Option<Secret> {
        let mut next = Some(head);
        while let Some(head) = next.and_then(|at| self.heads.get(at)) {
            let seen = Seen { bytes, start, end: start + head.text.len(), before };
            let whole = || head.patterns.iter().find_map(|pattern| seen.whole(pattern));
            let part = || head.patterns.iter().find_map(|pattern| seen.part(pattern));
            if let Some(secret) = whole().or_else(part) {
                return Some(secret);
            }
            next = head.shorter;
        }
        None
    }
}

/// A place that was found, and what is around it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
    before: Option<u8>,
}

impl Seen<'_> {
    fn whole(&self, pattern: &Pattern) -> Option<Secret> {
        let is_exact = || self.bytes[self.start..].starts_with(&pattern.text);
        let secret = match pattern.rule {
            Rule::Prefix(min) => self.token(min).filter(|_| is_exact()),
            Rule::Jwt => self.web_token().filter(|_| is_exact()),
            Rule::Key(min) => self.key(min),
            Rule::Authorization => self.authorization(),
            Rule::Bearer => self.run(self.end, Class::Token).filter(|secret| secret.to - secret.from >= 12),
            Rule::Url => self.url(),
            Rule::PrivateKey => self.private_key(),
            Rule::Value if is_exact() => self.fixed(self.start, self.start + pattern.text.len()),
            Rule::Value => None,
        };
        secret.filter(|secret| secret.from < secret.to)
    }

    /// The begin of a long value: the rest may be wrapped, or still to come.
    fn part(&self, pattern: &Pattern) -> Option<Secret> {
        let is_long = pattern.rule == Rule::Value && pattern.text.len() > LONGEST_PATTERN;
        let is_begin = || pattern.text.starts_with(&self.bytes[self.start..self.end]);
        let secret = (is_long && is_begin()).then(|| self.run(self.start, Class::Word)).flatten();
        secret.filter(|secret| secret.from < secret.to)
    }

    fn at(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn run(&self, from: usize, class: Class) -> Option<Secret> {
        let (length, class) = class.reach(self.bytes.get(from..)?, true, true);
        Some(Secret { sign: self.start, from, to: from + length, class })
    }

    fn fixed(&self, from: usize, to: usize) -> Option<Secret> {
        Some(Secret { sign: self.start, from, to, class: Class::Fixed })
    }

    /// True where the place is not in the middle of a word.
    fn begins_word(&self) -> bool {
        let before = if self.start == 0 { self.before } else { self.at(self.start - 1) };
        before.is_none_or(|byte| !is_name(byte))
    }

    /// What follows a prefix: long enough, and not a word (`sk-learn-…`) but with a digit in it.
    ///
    /// Where a word begins comes first: of all the places in a run of names only one is followed to its end, so that a
    /// run costs its bytes once, whatever is repeated in it.
    fn token(&self, min: usize) -> Option<Secret> {
        if !self.begins_word() {
            return None;
        }
        let rest = &self.bytes[self.end..];
        let length = rest.iter().position(|b| !is_name(*b)).unwrap_or(rest.len());
        let fits = length >= min && rest[..length].iter().take(LONGEST_HEADER).any(u8::is_ascii_digit);
        let class = if length == rest.len() { Class::Token } else { Class::Fixed };
        fits.then_some(Secret { sign: self.start, from: self.end, to: self.end + length, class })
    }

    /// A header and the dot behind it, then the rest: only where the dot is there, it is looked at (see `token`).
    fn web_token(&self) -> Option<Secret> {
        if !self.begins_word() {
            return None;
        }
        let header = self.skip(self.end, LONGEST_HEADER, is_name);
        let padding = self.skip(header, 2, |b| b == b'=');
        if self.at(padding) != Some(b'.') {
            return None;
        }
        self.run(self.end, Class::Token).filter(|secret| secret.to - secret.from >= 30)
    }

    fn skip(&self, from: usize, most: usize, what: impl Fn(u8) -> bool) -> usize {
        let rest = &self.bytes[from..];
        from + rest.iter().take(most).take_while(|b| what(**b)).count()
    }

    /// Goes over quotes, blanks and `=` or `:` behind a name; `None` where there is none of these.
    fn separator(&self) -> Option<usize> {
        if self.at(self.end).is_some_and(is_name) {
            return None;
        }
        let quoted = self.skip(self.end, 3, |b| is_quote(b) || b == b'\\');
        let blank = self.skip(quoted, 8, |b| matches!(b, b' ' | b'\t'));
        let sign = self.skip(blank, 3, |b| matches!(b, b'=' | b':' | b'>'));
        let is_flag = || blank > quoted && quoted == self.end && self.is_flag();
        if sign == blank && !is_flag() {
            return None;
        }
        Some(self.skip(sign, 8, |b| matches!(b, b' ' | b'\t')))
    }

    /// Whether the name is the end of a flag: `--db-password`.
    fn is_flag(&self) -> bool {
        let before = &self.bytes[..self.start];
        let name = before.iter().rev().take(64).take_while(|b| is_name(**b)).count();
        before[before.len() - name..].starts_with(b"--")
    }

    /// The value at `from`, in quotes or not.
    fn value(&self, from: usize) -> Option<Secret> {
        let escaped = self.skip(from, 2, |b| b == b'\\');
        match self.at(escaped).filter(|b| is_quote(*b)) {
            Some(quote) => {
                let mut secret = self.run(escaped + 1, Class::Quoted(quote))?;
                // The backslash before an escaped quote is not part of the value.
                let value = &self.bytes[secret.from..secret.to];
                secret.to -= value.iter().rev().take_while(|b| escaped > from && **b == b'\\').count();
                Some(secret)
            }
            None if self.start > 0 && matches!(self.at(self.start - 1), Some(b'?' | b'&')) => {
                self.run(from, Class::Query)
            }
            None => self.run(from, Class::Word),
        }
    }

    fn key(&self, min: usize) -> Option<Secret> {
        let secret = self.value(self.separator()?)?;
        let value = &self.bytes[secret.from..secret.to];
        // `token: 100000` is a count.
        let is_count = min > 1 && value.len() < 12 && value.iter().all(u8::is_ascii_digit);
        (value.len() >= min && !is_count && value != MASK).then_some(secret)
    }

    fn authorization(&self) -> Option<Secret> {
        let from = self.separator()?;
        let from = self.skip(from, 3, |b| is_quote(b) || b == b'\\');
        let scheme = self.skip(from, 16, |b| b.is_ascii_alphabetic());
        let value = self.skip(scheme, 8, |b| b == b' ');
        let has_scheme = value > scheme && self.at(value).is_some_and(|b| Class::Word.holds(b));
        self.run(if has_scheme { value } else { from }, Class::Word)
    }

    fn url(&self) -> Option<Secret> {
        let rest = &self.bytes[self.end..self.bytes.len().min(self.end + 1024)];
        let length = rest.iter().position(|b| b.is_ascii_whitespace() || is_quote(*b) || b"/?#".contains(b));
        let authority = &rest[..length.unwrap_or(rest.len())];
        let at = authority.iter().rposition(|b| *b == b'@')?;
        let colon = authority[..at].iter().position(|b| *b == b':')?;
        self.fixed(self.end + colon + 1, self.end + at)
    }

    fn private_key(&self) -> Option<Secret> {
        let rest = &self.bytes[self.end..self.bytes.len().min(self.end + 64)];
        let end = b"PRIVATE KEY-----";
        let title = memchr::memmem::find(rest, end)?;
        // `RSA `, `EC `, `OPENSSH `: whatever else stands there is no head of a key, and may be a secret of its own.
        if !rest[..title].iter().all(|b| b.is_ascii_uppercase() || *b == b' ') {
            return None;
        }
        let from = self.end + title + end.len();
        // Masked already: what follows was looked at then.
        self.run(from, Class::Base64Lines).filter(|_| !self.bytes[from..].starts_with(MASK))
    }
}
