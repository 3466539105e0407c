use crate::telemetry::metrics;
use serde::Serialize;
use serde::de::DeserializeOwned;
use souk_domain::ports::{Cache, CacheKey, Cached};
use souk_domain::{Error, Version};
use std::sync::Arc;

/// Cache-aside reads: a copy when there is one, and no trouble when the cache is away.
#[derive(Clone)]
pub struct Copies(Arc<dyn Cache>);

impl Copies {
    /// Copies in this cache.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self(cache)
    }

    /// The copies of several things, in one round trip; `None` for each that the store must be asked for.
    pub async fn get<const N: usize>(&self, keys: [CacheKey; N]) -> [Option<Cached>; N] {
        let found = self.0.get(&keys).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the cache is away, the store answers");
            Vec::new()
        });
        let hits = found.iter().flatten().count();
        metrics::count(metrics::CACHE_HITS, hits);
        metrics::count(metrics::CACHE_MISSES, N - hits);
        found.try_into().unwrap_or([const { None }; N])
    }

    /// Reads a copy; one that another version of Souk wrote in another form counts as none.
    pub fn read<T: DeserializeOwned>(copy: Option<Cached>) -> Option<T> {
        serde_json::from_str(&copy?.json).ok()
    }

    /// Makes a copy to keep.
    pub fn copy<T: Serialize>(key: CacheKey, version: Version, value: &T) -> (CacheKey, Cached) {
        (key, Cached { version, json: serde_json::to_string(value).unwrap_or_default() })
    }

    /// Answers when the cache can be used.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.ping().await
    }

    /// Keeps copies.
    pub async fn keep(&self, copies: &[(CacheKey, Cached)]) {
        if let Err(error) = self.0.put(copies).await {
            tracing::debug!(%error, "no copy was kept");
        }
    }
}
