use crate::telemetry::metrics;
use souk_domain::ports::{Cache, CacheKey, EventPublisher, Outbox};
use souk_domain::{Event, EventData, EventId, OrderStep, Version};
use std::sync::Arc;

/// Events in one publication: bounds the size of one Redis command.
const CHUNK: usize = 500;

/// What happens right after a commit: copies in the cache are invalidated, so that a client reads what it wrote, and the
/// events go to the streams. None of it may fail the command: what is missed, `relay-outbox` makes up for.
#[derive(Clone)]
pub struct Announcer {
    /// Where copies are.
    cache: Arc<dyn Cache>,
    /// Where events go.
    publisher: Arc<dyn EventPublisher>,
    /// Where they are noted as published.
    outbox: Arc<dyn Outbox>,
}

impl Announcer {
    /// Announces through these.
    pub fn new(cache: Arc<dyn Cache>, publisher: Arc<dyn EventPublisher>, outbox: Arc<dyn Outbox>) -> Self {
        Self { cache, publisher, outbox }
    }

    /// Announces committed events.
    pub async fn announce(&self, events: &[Event]) {
        events.iter().for_each(note);
        for events in events.chunks(CHUNK) {
            let versions: Vec<_> = events.iter().filter_map(cached_version).collect();
            // Both at once: one round trip's time for the two.
            let (invalidated, published) =
                tokio::join!(self.cache.invalidate(&versions), self.publisher.publish(events));
            if let Err(error) = invalidated {
                tracing::warn!(%error, "the cache could not be told; the consumer of the events will");
            }
            if let Err(error) = published {
                tracing::warn!(%error, "events could not be published; relay-outbox will");
                return;
            }
            let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
            if let Err(error) = self.outbox.mark_published(&ids).await {
                tracing::warn!(%error, "events will be published once more");
            }
        }
    }
}

/// Logs and counts what was committed. Every change comes here once: a repetition has no events.
fn note(event: &Event) {
    let Event { id, subject, correlation_id, data, .. } = event;
    tracing::info!(event = %id, kind = data.name(), subject, correlation_id, "committed");
    match event.data.order() {
        Some((OrderStep::Placed, _)) => metrics::count(metrics::ORDERS_PLACED, 1),
        Some((step, _)) if is_of_money(step) => metrics::count_as(metrics::PAYMENTS, "Result", &format!("{step:?}")),
        _ => {}
    }
}

/// Whether money moved or did not.
fn is_of_money(step: OrderStep) -> bool {
    use OrderStep::*;
    matches!(
        step,
        PaymentChallenged
            | PaymentAuthorised
            | PaymentCaptured
            | PaymentFailed
            | PaymentVoided
            | Refunded
            | RefundFailed
    )
}

/// The cached copy that an event makes old, and the version that is new.
pub fn cached_version(event: &Event) -> Option<(CacheKey, Version)> {
    let key = match &event.data {
        EventData::ProductCreated(data) | EventData::ProductUpdated(data) => CacheKey::Product(data.product_id),
        EventData::InventoryChanged(data) => CacheKey::Stock(data.product_id),
        _ => return None,
    };
    Some((key, event.version))
}
