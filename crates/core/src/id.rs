//! Identities: of tasks (given or derived from the text) and the fingerprints of forgotten ones.
use alloc::{boxed::Box, string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A task's identity: given by the user, by another program's checkpoint, or derived from the text.
///
/// Any non-empty string: files of other programs may hold ids that we would not give.
/// What is written by hand is checked by [`TaskId::parse_given`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// Takes any id as it stands in a checkpoint document.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Checks an id that a person gave: `[A-Za-z0-9._-]{1,64}`, and neither `.` nor `..`.
    pub fn parse_given(id: &str) -> Result<Self, InvalidId> {
        let fits = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && id != "."
            && id != "..";
        if fits { Ok(Self::new(id)) } else { Err(InvalidId(id.into())) }
    }

    /// Derives the id of a task of the list: `task_` and 12 hex digits of SHA-256 over its parents'
    /// texts and its own, each folded by [`fold_text`], joined by newlines (contract, "Tasks").
    pub fn derive<'a>(parents: impl IntoIterator<Item = &'a str>, text: &str) -> Self {
        let mut hash = Sha256::new();
        for parent in parents {
            hash.update(fold_text(parent).as_bytes());
            hash.update(b"\n");
        }
        hash.update(fold_text(text).as_bytes());
        Self::of_digest(&hash.finalize())
    }

    fn of_digest(digest: &[u8]) -> Self {
        let mut id = String::from("task_");
        for byte in &digest[..6] {
            push_hex(&mut id, *byte);
        }
        Self::new(id)
    }

    /// Whether the id has the form that [`TaskId::derive`] gives: `task_` and 12 lower-case hex digits.
    pub fn is_derived_form(&self) -> bool {
        self.0.strip_prefix("task_").is_some_and(|hex| {
            hex.len() == 12 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The texts of a task's parents, hashed once for all of its children, so that the ids of a whole list
/// cost each of its bytes once.
#[derive(Clone, Default, Debug)]
pub struct Lineage(Sha256);

impl Lineage {
    /// The id of a child with this text (that of [`TaskId::derive`]), and the lineage of its own children.
    pub fn child(&self, text: &str) -> (TaskId, Lineage) {
        let hash = self.0.clone().chain_update(fold_text(text).as_bytes());
        (TaskId::of_digest(&hash.clone().finalize()), Lineage(hash.chain_update(b"\n")))
    }
}

fn push_hex(to: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    to.push(DIGITS[usize::from(byte >> 4)] as char);
    to.push(DIGITS[usize::from(byte & 15)] as char);
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An id that does not have the form `[A-Za-z0-9._-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId(pub Box<str>);

/// The text of a task as identities see it: trimmed, inner white space folded to one space.
pub fn fold_text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// 16 bytes that stand for a completed task after it was pruned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Of an id. Its last bit is 0, so that tasks can be counted where some have a fingerprint of their text too.
    pub fn of_id(id: &TaskId) -> Self {
        let mut fingerprint = Self::of(b"id\n", id.as_str());
        fingerprint.0[15] &= !1;
        fingerprint
    }

    /// Of a text, folded by [`fold_text`]. Its last bit is 1.
    pub fn of_text(text: &str) -> Self {
        let mut fingerprint = Self::of(b"text\n", &fold_text(text));
        fingerprint.0[15] |= 1;
        fingerprint
    }

    /// Whether it stands for an id, and not for a text.
    pub fn is_of_id(&self) -> bool {
        self.0[15] & 1 == 0
    }

    fn of(kind: &[u8], what: &str) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update(what.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_ids_are_checked() {
        assert!(TaskId::parse_given("a.b_c-1").is_ok());
        for bad in ["", "../x", ".", "..", "a b", "é", "x/y"] {
            assert!(TaskId::parse_given(bad).is_err(), "{bad}");
        }
        assert!(TaskId::parse_given(&"x".repeat(64)).is_ok());
        assert!(TaskId::parse_given(&"x".repeat(65)).is_err());
    }

    #[test]
    fn derived_ids_fold_white_space_and_know_parents() {
        let id = TaskId::derive([], " Write   tests\t");
        assert_eq!(id, TaskId::derive([], "Write tests"));
        assert!(id.is_derived_form());
        assert_ne!(id, TaskId::derive(["Parser"], "Write tests"));
        assert!(!TaskId::new("task_1737187800").is_derived_form());
    }

    #[test]
    fn lineage_gives_the_same_ids() {
        let (a, of_a) = Lineage::default().child(" A  a");
        let (b, of_b) = of_a.child("B");
        assert_eq!(a, TaskId::derive([], "A a"));
        assert_eq!(b, TaskId::derive(["A a"], "B"));
        assert_eq!(of_b.child("C").0, TaskId::derive(["A a", "B"], "C"));
    }

    #[test]
    fn derived_id_is_the_contracts() {
        // printf 'a' | sha256sum -> ca978112ca1b...
        assert_eq!(TaskId::derive([], "a").as_str(), "task_ca978112ca1b");
    }
}
