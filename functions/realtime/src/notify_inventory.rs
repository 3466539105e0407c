//! Consumer of inventory events: tells browsers of new stock levels (`InventoryUpdated` on `product/{id}` and `catalog`).

use crate::messages::News;
use crate::notify::{Notice, Notifier, latest_by_subject};
use souk_domain::realtime::Topic;
use souk_domain::{Error, Event, EventData};
use souk_lambda::{Batch, BatchResponse, consume};

/// Handles one batch. Several changes of one product become one message with the last level.
///
/// # Errors
/// When the table or the gateway is away; the batch is delivered again.
pub async fn handle(batch: Batch, notifier: &Notifier) -> Result<BatchResponse, Error> {
    consume(batch, async |events: &[Event]| {
        let latest = latest_by_subject(events);
        notifier.send(latest.into_iter().flat_map(notices).collect()).await
    })
    .await
}

fn notices(event: &Event) -> Vec<Notice<'_>> {
    let EventData::InventoryChanged(stock) = &event.data else { return Vec::new() };
    let topics = [Topic::Product(stock.product_id), Topic::Catalog];
    topics.into_iter().map(|topic| Notice { news: News::InventoryUpdated, topic, event }).collect()
}
