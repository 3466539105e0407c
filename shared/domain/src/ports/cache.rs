use crate::{ProductId, Result, Version};
use async_trait::async_trait;

/// What can be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheKey {
    /// A product's own values.
    Product(ProductId),
    /// A product's stock level.
    Stock(ProductId),
}

/// A JSON document and the version of the aggregate that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// Of the aggregate.
    pub version: Version,
    /// The document.
    pub json: String,
}

/// Copies of what the store holds, near at hand for a while.
///
/// Versions decide: neither [`Cache::put`] nor [`Cache::invalidate`] ever replaces a newer version by an older one, so a
/// reader that was slow between store and cache cannot bring an old value back after it was invalidated.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What is there for each key, in one round trip.
    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Option<Cached>>>;

    /// Keeps copies unless newer ones are known, in one round trip.
    async fn put(&self, entries: &[(CacheKey, Cached)]) -> Result<()>;

    /// Says that these versions exist: older copies vanish and cannot come back. One round trip, or two.
    async fn invalidate(&self, versions: &[(CacheKey, Version)]) -> Result<()>;

    /// Answers when the cache can be used.
    async fn ping(&self) -> Result<()>;
}
