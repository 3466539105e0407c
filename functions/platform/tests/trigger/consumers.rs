//! A consumer function for these tests.

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use souk_domain::Result;
use souk_domain::ports::Invoker;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What a function was invoked with: the version and the deliveries of each event.
pub type Invocation = Vec<(i64, u64)>;

type Work = dyn Fn(Invocation) -> BoxFuture<'static, Result<Vec<i64>>> + Send + Sync;

/// Notes what it is invoked with, then does what the test says: fails as a whole, or reports the events that it names.
pub struct Consumer {
    invocations: Mutex<Vec<Invocation>>,
    work: Box<Work>,
}

impl Consumer {
    pub fn new(work: impl Fn(Invocation) -> BoxFuture<'static, Result<Vec<i64>>> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { invocations: Mutex::default(), work: Box::new(work) })
    }

    /// One that handles everything.
    pub fn willing() -> Arc<Self> {
        Self::new(|_| Box::pin(async { Ok(Vec::new()) }))
    }

    pub fn invocations(&self) -> Vec<Invocation> {
        self.invocations.lock().unwrap().clone()
    }

    /// How often each event came.
    pub fn times(&self) -> BTreeMap<i64, usize> {
        let mut times = BTreeMap::new();
        for (version, _) in self.invocations().into_iter().flatten() {
            *times.entry(version).or_default() += 1;
        }
        times
    }
}

#[async_trait]
impl Invoker for Consumer {
    async fn invoke(&self, _: &str, payload: String) -> Result<String> {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let records = payload["records"].as_array().unwrap();
        // What is no event has no version.
        let version = |record: &Value| record["event"]["aggregateversion"].as_i64().unwrap_or_default();
        let told: Invocation =
            records.iter().map(|record| (version(record), record["deliveries"].as_u64().unwrap())).collect();
        self.invocations.lock().unwrap().push(told.clone());
        let failed = (self.work)(told).await?;
        let failed = records.iter().filter(|record| failed.contains(&version(record)));
        let failed: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["entryId"] })).collect();
        Ok(json!({ "batchItemFailures": failed }).to_string())
    }
}

/// Each of these events once.
pub fn once(versions: std::ops::RangeInclusive<i64>) -> BTreeMap<i64, usize> {
    versions.map(|version| (version, 1)).collect()
}
