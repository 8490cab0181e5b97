//! Which snapshot a file is, without reading its tasks: the digest says that every byte is ours, and the rest stands
//! at the end. For the backup of a good main file, which has only to be known as whole.
use sha2::{Digest as _, Sha256};

use crate::document::{self, SnapshotMeta};

const MEMBER: &[u8] = b"    \"digest\": \"";
const TAIL: &[u8] = b"\"\n  }\n}\n";
/// Hex digits of SHA-256.
const DIGITS: usize = 64;
/// A line of its own: within a string a line end is written as `\n`, so that no text forges it.
const OWN: &[u8] = b"\n  \"codeagent\": {\n";

/// Where a whole snapshot of ours stands. None for anything else, and wherever there is a doubt.
pub(crate) fn skim(bytes: &[u8]) -> Option<SnapshotMeta> {
    let value_at = bytes.strip_suffix(TAIL)?.len().checked_sub(DIGITS)?;
    let (before, value) = (bytes.get(..value_at - 1)?, bytes.get(value_at..value_at + DIGITS)?);
    let hashed = bytes.get(..value_at)?.ends_with(MEMBER).then(|| Sha256::digest(before))?;
    let digits: String = hashed.iter().map(|byte| format!("{byte:02x}")).collect();
    if digits.as_bytes() != value {
        return None;
    }
    let own_at = (0..before.len()).rev().find(|at| before[*at..].starts_with(OWN))?;
    let own = [b"{\"version\": \"1.0\", \"tasks\": [],", &bytes[own_at..]].concat();
    document::read(&own).ok()?.meta
}

#[cfg(test)]
mod tests {
    use codeagent_core::testkit;

    use super::*;
    use crate::document::StoreId;

    #[test]
    fn tells_what_the_whole_reading_tells_and_nothing_of_a_damaged_file() {
        let meta =
            SnapshotMeta { store_id: StoreId([3; 16]), epoch: 7, clean: true, last_lsn: 12, chain: 99 };
        let mut bytes = Vec::new();
        document::write(&testkit::state(&["a", "b"]).freeze(), Some(&meta), &mut bytes).unwrap();
        assert_eq!(skim(&bytes), Some(meta));
        assert_eq!(document::read(&bytes).unwrap().meta, Some(meta));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(skim(&flipped), None, "byte {at}");
            assert_eq!(skim(&bytes[..at]), None, "cut at {at}");
        }
    }
}
