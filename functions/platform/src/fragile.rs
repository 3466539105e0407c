//! A consumer function for tests.

use async_trait::async_trait;
use serde_json::{Value, json};
use souk_domain::ports::{Invoker, StreamEntry};
use souk_domain::{Error, Result};
use std::sync::Mutex;

/// Fails as a whole whenever a batch holds one of the entries in `poison`, and reports those in `reported`.
pub(crate) struct Fragile {
    pub(crate) poison: Vec<String>,
    pub(crate) reported: Vec<String>,
    pub(crate) failure: fn(String) -> Error,
    pub(crate) invocations: Mutex<Vec<Vec<String>>>,
}

impl Fragile {
    /// Crashes on these entries.
    pub(crate) fn on(poison: &[&str]) -> Self {
        let poison = poison.iter().map(ToString::to_string).collect();
        Self { poison, reported: Vec::new(), failure: Error::Internal, invocations: Mutex::default() }
    }

    /// The ids of the entries of each invocation.
    pub(crate) fn told(&self) -> Vec<Vec<String>> {
        self.invocations.lock().expect("a lock").clone()
    }

    /// The number of entries of each invocation.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.told().iter().map(Vec::len).collect()
    }
}

#[async_trait]
impl Invoker for Fragile {
    async fn invoke(&self, _: &str, payload: String) -> Result<String> {
        let payload: Value = serde_json::from_str(&payload).expect("JSON");
        let records = payload["records"].as_array().expect("records");
        let ids: Vec<String> =
            records.iter().map(|record| record["entryId"].as_str().expect("an id").to_owned()).collect();
        self.invocations.lock().expect("a lock").push(ids.clone());
        if let Some(poison) = ids.iter().find(|id| self.poison.contains(id)) {
            return Err((self.failure)(format!("choked on {poison}")));
        }
        let failed = ids.iter().filter(|id| self.reported.contains(id)).map(|id| json!({ "itemIdentifier": id }));
        Ok(json!({ "batchItemFailures": failed.collect::<Vec<_>>() }).to_string())
    }
}

/// So many entries, `0-0`, `1-0` …, each delivered so often.
pub(crate) fn entries(number: usize, deliveries: u64) -> Vec<StreamEntry> {
    (0..number).map(|n| StreamEntry { id: format!("{n}-0"), deliveries, event: "{}".to_owned() }).collect()
}
