//! Consumer of order events: tells browsers of the status of orders (`OrderStatusChanged` on `order/{id}`, `customer/{id}`
//! and `admin`).

use crate::notify::{Notifier, message};
use souk_domain::realtime::Topic;
use souk_domain::{Error, Event, EventData};
use souk_lambda::{Batch, BatchResponse, consume};

/// Handles one batch. Every status is told, also one that the next event of the batch replaces.
///
/// # Errors
/// When the table or the gateway is away; the batch is delivered again.
pub async fn handle(batch: Batch, notifier: &Notifier) -> Result<BatchResponse, Error> {
    consume(batch, async |events: &[Event]| notifier.send(events.iter().flat_map(messages).collect()).await).await
}

fn messages(event: &Event) -> Vec<(Topic, String)> {
    let (EventData::OrderPlaced(order) | EventData::OrderCancelled(order)) = &event.data else { return Vec::new() };
    let topics = [Topic::Order(order.order_id), Topic::Customer(order.customer_id), Topic::Admin];
    topics.into_iter().map(|topic| message("OrderStatusChanged", topic, event, order)).collect()
}
