//! The conformance suite, run on every store of this crate.
mod memory {
    use std::sync::Arc;

    use codeagent_checkpoint::{MemoryStore, Store, conformance::Place, conformance_tests};

    struct Memory;

    impl Place for Memory {
        fn open(&self) -> Arc<dyn Store> {
            Arc::new(MemoryStore::default())
        }
    }

    conformance_tests!(Memory);
}
