//! What is written comes back, whatever a state holds; and what was changed after writing is noticed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use codeagent_checkpoint::{
    arbitrary,
    document::{self, Digest, SnapshotMeta},
};
use codeagent_core::State;
use proptest::prelude::*;

fn written(state: &State, meta: Option<&SnapshotMeta>) -> Vec<u8> {
    let mut bytes = Vec::new();
    document::write(&state.freeze(), meta, &mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_comes_back(state in arbitrary::state(6), meta in arbitrary::meta()) {
        let bytes = written(&state, Some(&meta));
        let document = document::read(&bytes).unwrap();
        prop_assert_eq!(document.digest, Digest::Matches);
        prop_assert_eq!(document.meta, Some(meta));
        prop_assert_eq!(document.own_last_update, state.header().last_update);
        let back = document.into_state().unwrap();
        prop_assert_eq!(written(&back, Some(&meta)), bytes);
        prop_assert_eq!(back, state);
    }

    #[test]
    fn an_export_comes_back(state in arbitrary::state(6)) {
        let document = document::read(&written(&state, None)).unwrap();
        prop_assert_eq!(document.digest, Digest::Absent);
        prop_assert!(document.meta.is_none() && document.has_own && !document.saved_by_python);
        prop_assert_eq!(document.into_state().unwrap(), state);
    }

    #[test]
    fn a_task_is_one_line(state in arbitrary::state(6)) {
        let text = String::from_utf8(written(&state, None)).unwrap();
        let tasks = text.lines().filter(|line| line.starts_with("    {\"task_id\": ")).count();
        prop_assert_eq!(tasks, state.counts().total());
    }

    #[test]
    fn a_changed_byte_is_noticed(
        state in arbitrary::state(3),
        meta in arbitrary::meta(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut bytes = written(&state, Some(&meta));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(document) = document::read(&bytes) {
            prop_assert_ne!(document.digest, Digest::Matches);
            // A file of ours never looks like Python's, as long as it has a task on a line of its own.
            prop_assert!(!document.saved_by_python || state.counts().total() == 0);
        }
    }

    #[test]
    fn a_truncated_file_is_noticed(state in arbitrary::state(3), meta in arbitrary::meta(), at in any::<prop::sample::Index>()) {
        let bytes = written(&state, Some(&meta));
        let read = document::read(&bytes[..at.index(bytes.len())]);
        prop_assert!(!read.is_ok_and(|document| document.digest == Digest::Matches));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = document::read(&bytes);
    }

    #[test]
    fn no_text_of_json_signs_makes_it_panic(text in "[\\[\\]{}:,\"\\\\u0-9eE+.nulNaIfity \n-]{0,80}") {
        let _ = document::read(text.as_bytes());
        let _ = document::raw_json(&text);
    }
}
