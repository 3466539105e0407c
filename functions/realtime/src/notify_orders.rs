//! Consumer of order events: tells browsers of the status of orders (`OrderStatusChanged` on `order/{id}`, `customer/{id}`
//! and `admin`; of what staff wrote for themselves on `admin` alone).

use crate::messages::Kind;
use crate::notify::{Item, Notifier, body};
use souk_domain::realtime::{News, Pace, Topic};
use souk_domain::{Error, OrderStep};
use souk_lambda::{Batch, BatchResponse, Delivered};

/// Deliveries after which a step no longer waits for the one before it: with the pauses between them, about a minute, longer than a relay
/// that died holds what it was about to publish. By then something is wrong with the one before, and the others are told without it.
const PATIENCE: u64 = 7;

/// Handles one batch. Every step is told, also one that the next event of the batch replaces, and in order: a step that comes before the
/// one before it is delivered again.
///
/// # Errors
/// When Redis, the table or the gateway is away; the batch is delivered again.
pub async fn handle(batch: Batch, notifier: &Notifier) -> Result<BatchResponse, Error> {
    let (mut events, mut response) = batch.open();
    // Two commands may have published the steps of one order in another order. Between orders there is none.
    events.sort_by_key(|delivered| delivered.event.version);
    notifier.tell(events.iter().filter_map(item).collect(), &mut response).await?;
    Ok(response)
}

fn item(Delivered { entry_id, deliveries, event }: &Delivered) -> Option<Item> {
    let (step, order) = event.data.order()?;
    let mut topics = vec![Topic::Admin];
    if !order.is_private {
        topics.push(Topic::Customer(order.customer_id));
        if step != OrderStep::Placed {
            // Nobody can listen to an order before it is placed, and whoever reads its id in the answer knows its status.
            topics.push(Topic::Order(order.order_id));
        }
    }
    let kind = Kind::OrderStatusChanged;
    let (subject, version, body) = (event.subject.clone(), event.version, body(kind, event));
    let age = (souk_domain::now() - order.order_id.made_at()).to_std().unwrap_or_default();
    let pace = Pace::EveryStep { is_young: age < Pace::REMEMBERED, has_waited: *deliveries >= PATIENCE };
    let news = News { subject, version, topics, body, pace };
    Some(Item { entry_id: entry_id.clone(), kind, news, correlation_id: event.correlation_id.as_str().into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// The topics that a note is told to when somebody listens to each: the second event of the sample, made one.
    async fn told_of_note(is_private: bool) -> Vec<Topic> {
        let mut batch: Value = serde_json::from_str(include_str!("../../../events/notify-orders.json")).expect("JSON");
        batch["records"] = json!([batch["records"][1]]);
        let event = &mut batch["records"][0]["event"];
        event["type"] = json!("souk.OrderNoteAdded");
        event["data"]["steps"] = json!(["note_added"]);
        if is_private {
            event["data"]["isPrivate"] = json!(true);
        }
        let topics = ["admin".to_owned(), topic("customer", event), topic("order", event)];
        let topics = topics.iter().map(|topic| (topic.parse::<Topic>().expect("a topic"), Vec::new()));
        let world = Arc::new(World { listeners: topics.collect(), ..World::default() });
        let batch: Batch = serde_json::from_value(batch).expect("a batch");
        let response = handle(batch, &world.notifier()).await.expect("told");
        assert_eq!(response, BatchResponse::default());
        let notes = std::mem::take(&mut world.seen().notes);
        notes.into_iter().flat_map(|(_, topics)| topics).collect()
    }

    fn topic(of: &str, event: &Value) -> String {
        format!("{of}/{}", event["data"][format!("{of}Id")].as_str().expect("an id"))
    }

    #[tokio::test]
    async fn what_staff_wrote_for_themselves_is_told_to_staff_alone() {
        assert_eq!(told_of_note(true).await, [Topic::Admin]);
        assert!(matches!(told_of_note(false).await[..], [Topic::Admin, Topic::Customer(_), Topic::Order(_)]));
    }
}
