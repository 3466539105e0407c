//! Consumer of product and inventory events: makes sure that old copies vanish from the cache, also those that the command
//! itself could not reach.

use souk_domain::ports::Cache;
use souk_domain::{Error, Event};
use souk_lambda::{Batch, BatchResponse, cached_version, consume};

/// Handles one batch.
///
/// # Errors
/// When the cache is away; the batch is delivered again.
pub async fn handle(batch: Batch, cache: &dyn Cache) -> Result<BatchResponse, Error> {
    consume(batch, async |events: &[Event]| {
        let versions: Vec<_> = events.iter().filter_map(cached_version).collect();
        cache.invalidate(&versions).await
    })
    .await
}
