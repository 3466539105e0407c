//! The store on SQLite is a system of record.

use souk_domain::ports::Store;
use souk_sqlite::SqliteStore;
use std::sync::Arc;
use tempfile::TempDir;

async fn open() -> (Arc<dyn Store>, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&directory.path().join("souk.db")).expect("a store");
    (Arc::new(store), directory)
}

souk_conformance::conformance_tests!(open);
