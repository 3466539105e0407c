//! The store on SQL Server is a system of record. `make test-sqlserver` runs this; it needs a server.

use souk_conformance::sqlserver::{Turn, empty_store};
use souk_domain::ports::Store;
use std::sync::Arc;

async fn open() -> (Arc<dyn Store>, Turn) {
    let (store, turn) = empty_store().await;
    (Arc::new(store), turn)
}

souk_conformance::conformance_tests!(
    #[cfg_attr(not(sqlserver), ignore = "SOUK_TEST_SQLSERVER_URL is not set")]
    open
);
