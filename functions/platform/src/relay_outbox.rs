//! Scheduled: publishes committed events that their commands could not publish.

use serde::Serialize;
use souk_domain::ports::{EventPublisher, Outbox};
use souk_domain::{Error, EventId};

/// Commands publish their own events right after the commit; only what is older than this has been missed.
const GRACE: chrono::Duration = chrono::Duration::seconds(2);
/// How long other relays leave claimed events alone.
const LEASE: chrono::Duration = chrono::Duration::seconds(30);
/// Events in one publication.
const BATCH: usize = 500;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Relayed {
    /// Events published.
    pub published: usize,
}

/// Publishes batch after batch until nothing is left.
///
/// # Errors
/// When the store or the streams are away; the next tick goes on.
pub async fn handle(store: &dyn Outbox, publisher: &dyn EventPublisher) -> Result<Relayed, Error> {
    let mut published = 0;
    loop {
        let now = souk_domain::now();
        let events = store.claim_unpublished(BATCH, now - GRACE, now + LEASE).await?;
        if events.is_empty() {
            break;
        }
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        if let Err(error) = publisher.publish(&events).await {
            // So that the next tick has them, not the one after the lease.
            store.release_claims(&ids).await?;
            return Err(error);
        }
        store.mark_published(&ids).await?;
        published += events.len();
    }
    if published > 0 {
        tracing::warn!(published, "events had to be relayed");
    }
    Ok(Relayed { published })
}
