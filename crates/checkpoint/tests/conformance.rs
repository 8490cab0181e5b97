//! The conformance suite, run on every store of this crate.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
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

mod files {
    use std::sync::Arc;

    use codeagent_checkpoint::{
        FileStore, FileStoreOptions, Store, conformance::Place, conformance_tests, lasting_conformance_tests,
    };

    struct Files(tempfile::TempDir);

    impl Place for Files {
        fn open(&self) -> Arc<dyn Store> {
            let path = self.0.path().join("data/checkpoint.json");
            Arc::new(FileStore::open(&path, FileStoreOptions::default()).unwrap().0)
        }
    }

    fn in_a_new_folder() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    conformance_tests!(in_a_new_folder());
    lasting_conformance_tests!(in_a_new_folder());
}

mod batched {
    use std::{sync::Arc, time::Duration};

    use codeagent_checkpoint::{
        Batched, FileStore, FileStoreOptions, Store, conformance::Place, conformance_tests,
        lasting_conformance_tests,
    };

    struct Files(tempfile::TempDir);

    impl Place for Files {
        fn open(&self) -> Arc<dyn Store> {
            let path = self.0.path().join("data/checkpoint.json");
            let store = FileStore::open(&path, FileStoreOptions::default()).unwrap().0;
            Arc::new(Batched::new(Arc::new(store), Duration::from_millis(5)).unwrap())
        }
    }

    fn in_a_new_folder() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    conformance_tests!(in_a_new_folder());
    lasting_conformance_tests!(in_a_new_folder());
}
