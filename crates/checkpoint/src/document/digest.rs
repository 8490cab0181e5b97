//! The digest at the end of a snapshot: SHA-256 of every byte before its value.
use sha2::{Digest as _, Sha256};

use super::Digest;

/// What stands before the digest's value.
pub(super) const MEMBER: &[u8] = b"    \"digest\": ";
/// What follows the digest's value.
pub(super) const TAIL: &[u8] = b"\n  }\n}\n";
/// The value: 64 hex digits in quotes.
const VALUE: usize = 66;

/// Checks the digest. `value_at` is where the parser found the value of the last `codeagent.digest`.
pub(super) fn check(bytes: &[u8], value_at: Option<usize>) -> Digest {
    let Some(value_at) = value_at else { return Digest::Absent };
    let (before, rest) = bytes.split_at(value_at.min(bytes.len()));
    let whole = before.ends_with(MEMBER) && rest.get(VALUE..) == Some(TAIL);
    if whole && rest.get(..VALUE) == Some(&quoted(Sha256::new_with_prefix(before))[..]) {
        Digest::Matches
    } else {
        Digest::Fails
    }
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
