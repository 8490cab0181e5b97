//! A first look at bytes: where may one of some patterns begin? Wrong in one direction only, and quick.

use aho_corasick::packed::{self, Searcher};
use memchr::memmem::Finder;

/// Finds places by what stands there in lower case, so that upper and lower case are one.
#[derive(Debug)]
pub(super) struct Filter {
    /// `None` where the processor cannot, or where there are too many patterns.
    many_at_once: Option<Many>,
    one_by_one: Starts,
}

/// What every pattern has at least.
pub(super) const SHORTEST: usize = 3;

impl Filter {
    /// For patterns of at least [`SHORTEST`] bytes; shorter ones are never found.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Self {
        let patterns: Vec<_> =
            patterns.filter(|pattern| pattern.len() >= SHORTEST).map(<[u8]>::to_ascii_lowercase).collect();
        Self { many_at_once: Many::of(&patterns), one_by_one: Starts::of(&patterns) }
    }

    /// The first place at or after `from` where a pattern may begin.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let Some(many) = &self.many_at_once else { return self.one_by_one.next(bytes, from) };
        // To begin with many costs as much as some ten places: where something stands everywhere, it is not worth it.
        let near = bytes.len().min(from + NEAR);
        match self.one_by_one.next(&bytes[..near], from) {
            None if near < bytes.len() => many.next(bytes, near - (SHORTEST - 1)),
            found => found,
        }
    }
}

/// So many bytes are looked at one by one before the others are many at once.
const NEAR: usize = 64;

/// Searchers that look at 16 places and more at once, at several gigabytes a second.
#[derive(Debug)]
struct Many {
    /// Of patterns of [`LONG`] bytes and more.
    long: Searcher,
    /// Of the others, one each: a few bytes tell too little apart, `long` would stop at every tenth place for them.
    short: Vec<Finder<'static>>,
}

/// What the searcher of many patterns tells places apart by.
const LONG: usize = 4;

/// How much of a pattern is looked for: what is longer is told apart afterwards.
const LONGEST: usize = 16;

/// So many patterns the searcher takes, and so many that have one of their own cost less than it.
const MOST: usize = 64;
const MOST_SHORT: usize = 16;

/// So much is turned into lower case and searched at once: at first, and at most.
const WINDOW: [usize; 2] = [256, 4 << 10];

impl Many {
    fn of(patterns: &[Vec<u8>]) -> Option<Self> {
        let (long, short): (Vec<_>, Vec<_>) =
            patterns.iter().map(Vec::as_slice).partition(|pattern| pattern.len() >= LONG);
        let short = begins(&short, LONGEST);
        let long =
            (LONG..=LONGEST).rev().map(|length| begins(&long, length)).find(|long| long.len() <= MOST)?;
        let long = packed::Config::new().heuristic_pattern_limits(false).builder().extend(long).build()?;
        let short: Vec<_> = short.iter().map(|pattern| Finder::new(pattern).into_owned()).collect();
        (short.len() <= MOST_SHORT).then_some(Self { long, short })
    }

    fn next(&self, bytes: &[u8], mut from: usize) -> Option<usize> {
        let [mut window, most] = WINDOW;
        let mut lower = [0; WINDOW[1]];
        loop {
            let rest = bytes.get(from..)?;
            let lower = &mut lower[..rest.len().min(window)];
            lower.copy_from_slice(&rest[..lower.len()]);
            lower.make_ascii_lowercase();
            if let Some(found) = self.first(lower) {
                return Some(from + found);
            }
            if lower.len() == rest.len() {
                return None;
            }
            // One that the window cut off begins in the next one.
            from += window - (LONGEST - 1);
            // Small at first: where much is found, a place is turned into lower case once or twice, not for each.
            window = most.min(2 * window);
        }
    }

    fn first(&self, lower: &[u8]) -> Option<usize> {
        let long = self.long.find(lower).map(|found| found.start());
        // A short one behind it is not the first.
        let before = long.map_or(lower, |found| &lower[..lower.len().min(found + LONG)]);
        self.short.iter().filter_map(|short| short.find(before)).chain(long).min()
    }
}

/// The first `length` bytes of each pattern, without those that begin with another one.
fn begins<'a>(patterns: &[&'a [u8]], length: usize) -> Vec<&'a [u8]> {
    let mut begins: Vec<_> = patterns.iter().map(|pattern| &pattern[..pattern.len().min(length)]).collect();
    begins.sort_unstable();
    // What begins with another one stands behind it.
    begins.dedup_by(|next, kept| next.starts_with(kept));
    begins
}

/// Which groups of three bytes patterns begin with, by the low five bits of each. 4 KiB, which stays in the nearest
/// cache; the one load of each byte does not wait for that of the last.
#[derive(Debug)]
struct Starts(Box<[u64; 512]>);

const MASK: usize = (1 << 15) - 1;

fn push(key: usize, byte: u8) -> usize {
    (key << 5 | usize::from(byte & 31)) & MASK
}

impl Starts {
    fn of(patterns: &[Vec<u8>]) -> Self {
        let mut starts = Box::new([0; 512]);
        for pattern in patterns {
            let key = pattern[..SHORTEST].iter().fold(0, |key, byte| push(key, *byte));
            starts[key / 64] |= 1 << (key % 64);
        }
        Self(starts)
    }

    fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let (start, rest) = bytes.get(from..)?.split_at_checked(SHORTEST - 1)?;
        let mut key = start.iter().fold(0, |key, byte| push(key, *byte));
        let found = rest.iter().position(|byte| {
            key = push(key, *byte);
            self.0[key / 64] >> (key % 64) & 1 == 1
        })?;
        Some(from + found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(patterns: &[&str]) -> Filter {
        Filter::new(patterns.iter().map(|pattern| pattern.as_bytes()))
    }

    /// Each way by itself, and as it is chosen.
    fn all(filter: &Filter, text: &str, from: usize) -> Vec<Option<usize>> {
        let text = text.as_bytes();
        let quick = filter.many_at_once.iter().map(|many| many.next(text, from));
        quick.chain([filter.one_by_one.next(text, from), filter.next(text, from)]).collect()
    }

    #[test]
    fn more_patterns_than_fit_are_cut_shorter_or_looked_for_one_by_one() {
        let many = |width: usize, from: u32| -> Vec<String> {
            (from..from + 100).map(|number| format!("{number:0<width$}")).collect()
        };
        let can_any = filter(&["secret"]).many_at_once.is_some();
        // 100 of them share ten begins of four bytes; the others share none.
        for (patterns, fits) in [(many(20, 10_000), true), (many(5, 10_000), true), (many(20, 1_000), false)]
        {
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let filter = filter(&patterns);
            assert_eq!(filter.many_at_once.is_some(), fits && can_any);
            for pattern in patterns {
                let text = format!("{}{pattern}", "-".repeat(5_000));
                for found in all(&filter, &text, 0) {
                    assert_eq!(found, Some(5_000), "{pattern}");
                }
            }
        }
    }

    #[test]
    fn a_begin_of_another_pattern_stands_for_both() {
        let patterns = ["secret_key", "token", "secret", "secret"].map(str::as_bytes);
        assert_eq!(begins(&patterns, LONGEST), [b"secret".as_slice(), b"token"]);
        assert_eq!(begins(&patterns, 4), [b"secr".as_slice(), b"toke"]);
    }

    proptest! {
        #[test]
        fn no_pattern_is_missed(before in "[a-c]{0,9}", pattern in "[a-cA-C]{3,5}", after in "[a-c]{0,9}") {
            let filter = filter(&[&pattern]);
            let text = format!("{before}{pattern}{after}");
            for found in all(&filter, &text, 0) {
                prop_assert!(found.is_some_and(|at| at <= before.len()));
            }
            for found in all(&filter, &text, before.len()) {
                prop_assert_eq!(found, Some(before.len()));
            }
        }

        /// A window ends before, in and after it.
        #[test]
        fn no_pattern_is_missed_where_windows_meet(place in 0usize..20_000, pattern in "[a-cA-C]{3,40}", from in 0usize..300) {
            let filter = filter(&[&pattern, "xyz", "xyzz"]);
            let text = format!("{}{pattern}{}", ".".repeat(place), ".".repeat(40));
            for found in all(&filter, &text, from.min(place)) {
                prop_assert_eq!(found, Some(place));
            }
        }
    }
}
