//! A first look at bytes: where may one of some patterns begin? Wrong in one direction only, and quick.

/// Which groups of three bytes patterns begin with, by the low five bits of each, so that upper and lower case
/// are one. 4 KiB, which stays in the nearest cache; the one load of each byte does not wait for that of the last.
#[derive(Debug)]
pub(super) struct Filter {
    begins: Box<[u64; 512]>,
}

/// What every pattern has at least.
pub(super) const SHORTEST: usize = 3;

const MASK: usize = (1 << 15) - 1;

fn push(key: usize, byte: u8) -> usize {
    (key << 5 | usize::from(byte & 31)) & MASK
}

impl Filter {
    /// For patterns of at least [`SHORTEST`] bytes; shorter ones are never found.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut begins = Box::new([0; 512]);
        for pattern in patterns.filter(|pattern| pattern.len() >= SHORTEST) {
            let key = pattern[..SHORTEST].iter().fold(0, |key, byte| push(key, *byte));
            begins[key / 64] |= 1 << (key % 64);
        }
        Self { begins }
    }

    /// The first place at or after `from` where a pattern may begin.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let (start, rest) = bytes.get(from..)?.split_at_checked(SHORTEST - 1)?;
        let mut key = start.iter().fold(0, |key, byte| push(key, *byte));
        let found = rest.iter().position(|byte| {
            key = push(key, *byte);
            self.begins[key / 64] >> (key % 64) & 1 == 1
        })?;
        Some(from + found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pattern_is_missed(before in "[a-c]{0,9}", pattern in "[a-cA-C]{3,5}", after in "[a-c]{0,9}") {
            let filter = Filter::new([pattern.as_bytes()].into_iter());
            let text = format!("{before}{pattern}{after}");
            prop_assert!(filter.next(text.as_bytes(), 0).is_some_and(|at| at <= before.len()));
            prop_assert_eq!(filter.next(text.as_bytes(), before.len()), Some(before.len()));
        }
    }
}
