//! Consumer of order events: tells browsers of the status of orders (`OrderStatusChanged` on `order/{id}`, `customer/{id}`
//! and `admin`).

use crate::messages::News;
use crate::notify::{Notice, Notifier};
use souk_domain::realtime::Topic;
use souk_domain::{Error, Event, OrderStep};
use souk_lambda::{Batch, BatchResponse, consume};

/// Handles one batch. Every status is told, also one that the next event of the batch replaces.
///
/// # Errors
/// When the table or the gateway is away; the batch is delivered again.
pub async fn handle(batch: Batch, notifier: &Notifier) -> Result<BatchResponse, Error> {
    consume(batch, async |events: &[Event]| notifier.send(events.iter().flat_map(notices).collect()).await).await
}

fn notices(event: &Event) -> Vec<Notice<'_>> {
    let Some((step, order)) = event.data.order() else { return Vec::new() };
    let mut topics = vec![Topic::Customer(order.customer_id), Topic::Admin];
    if step != OrderStep::Placed {
        // Nobody can listen to an order before it is placed, and whoever reads its id in the answer knows its status.
        topics.push(Topic::Order(order.order_id));
    }
    topics.into_iter().map(|topic| Notice { news: News::OrderStatusChanged, topic, event }).collect()
}
