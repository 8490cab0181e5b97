//! The digest at the end of a snapshot: SHA-256 of every byte before its value.
use sha2::{Digest as _, Sha256};

use super::Digest;

/// What stands before the digest's value.
pub(super) const MEMBER: &[u8] = b"    \"digest\": ";
/// What follows the digest's value.
pub(super) const TAIL: &[u8] = b"\n  }\n}\n";
/// The value: 64 hex digits in quotes.
const VALUE: usize = 66;

/// Of a document of which it takes longer than a thread takes to start.
const LARGE: usize = 1 << 20;

/// The hash of everything before the place where a file of ours has its digest.
pub(super) struct Hashed {
    before: usize,
    value: [u8; VALUE],
}

impl Hashed {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let before = bytes.len().saturating_sub(VALUE + TAIL.len());
        Self { before, value: quoted(Sha256::new_with_prefix(&bytes[..before])) }
    }
}

/// Whether it should be hashed while it is read.
pub(super) fn is_worth_a_thread(bytes: &[u8]) -> bool {
    bytes.len() >= LARGE && bytes.ends_with(TAIL)
}

/// Checks the digest. `value_at` is where the parser found the value of the last `codeagent.digest`; `hashed` is what
/// was hashed meanwhile.
pub(super) fn check(bytes: &[u8], value_at: Option<usize>, hashed: Option<Hashed>) -> Digest {
    let Some(value_at) = value_at else { return Digest::Absent };
    let (before, rest) = bytes.split_at(value_at.min(bytes.len()));
    if !before.ends_with(MEMBER) || rest.get(VALUE..) != Some(TAIL) {
        return Digest::Fails;
    }
    let value = match hashed {
        Some(hashed) if hashed.before == value_at => hashed.value,
        _ => quoted(Sha256::new_with_prefix(before)),
    };
    if rest.get(..VALUE) == Some(&value[..]) { Digest::Matches } else { Digest::Fails }
}

/// The digest's value as it stands in the file.
pub(super) fn quoted(hash: Sha256) -> [u8; VALUE] {
    let mut value = [b'"'; VALUE];
    for (index, byte) in hash.finalize().iter().enumerate() {
        value[1 + 2 * index..3 + 2 * index].copy_from_slice(&hex(*byte));
    }
    value
}

/// Two hex digits.
pub(super) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}
