use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use souk_domain::ports::{ConnectionTable, Delivery, Push};
use souk_domain::realtime::{ConnectionId, Message, Topic};
use souk_domain::{Error, Event};
use std::collections::HashMap;
use std::sync::Arc;

/// Posts at once: API Gateway takes 10,000 a second from an account, and one slow browser must not hold up the others.
const POSTS: usize = 32;

/// Tells the browsers that listen to a topic.
#[derive(Clone)]
pub struct Notifier {
    /// Who listens.
    pub connections: Arc<dyn ConnectionTable>,
    /// How they are told.
    pub push: Arc<dyn Push>,
}

/// A message for everybody who listens to a topic.
pub(crate) fn message<T: Serialize>(kind: &'static str, topic: Topic, event: &Event, data: &T) -> (Topic, String) {
    let message = Message {
        kind,
        topic: topic.clone(),
        time: event.time,
        version: event.version,
        correlation_id: event.correlation_id.clone(),
        data,
    };
    (topic, serde_json::to_string(&message).unwrap_or_default())
}

impl Notifier {
    /// Sends each message to whoever listens to its topic; the messages of one connection stay in order.
    pub(crate) async fn send(&self, messages: Vec<(Topic, String)>) -> Result<(), Error> {
        let topics: Vec<Topic> = messages.iter().map(|(topic, _)| topic.clone()).collect();
        let listeners: HashMap<Topic, Vec<ConnectionId>> =
            self.connections.subscribers(&topics).await?.into_iter().collect();
        let mut mail: HashMap<&ConnectionId, Vec<&str>> = HashMap::new();
        for (topic, message) in &messages {
            for connection in listeners.get(topic).into_iter().flatten() {
                mail.entry(connection).or_default().push(message);
            }
        }
        futures::stream::iter(mail)
            .map(Ok)
            .try_for_each_concurrent(POSTS, |(connection, messages)| self.deliver(connection, messages))
            .await
    }

    async fn deliver(&self, connection: &ConnectionId, messages: Vec<&str>) -> Result<(), Error> {
        for message in messages {
            if self.push.send(connection, message).await? == Delivery::Gone {
                return self.connections.disconnect(connection).await;
            }
        }
        Ok(())
    }
}

/// Keeps the latest event of each subject, in the order of the first: several changes in one batch become one message.
pub(crate) fn latest_by_subject(events: &[Event]) -> Vec<&Event> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut latest: Vec<&Event> = Vec::new();
    for event in events {
        match places.get(event.subject.as_str()) {
            Some(place) if latest[*place].version < event.version => latest[*place] = event,
            Some(_) => {}
            None => {
                places.insert(&event.subject, latest.len());
                latest.push(event);
            }
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Cause, ProductId, Sku, StockLevel};

    fn event(product_id: ProductId, version: i64) -> Event {
        let sku = Sku::parse("A").expect("a sku");
        let updated_at = souk_domain::now();
        let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version, updated_at };
        Event::inventory_changed(&stock, &Cause::internal("test"))
    }

    #[test]
    fn the_newest_change_of_each_product_is_told() {
        let (a, b) = (ProductId::new(), ProductId::new());
        let events = [event(a, 1), event(b, 5), event(a, 3), event(a, 2)];
        let told: Vec<_> =
            latest_by_subject(&events).iter().map(|event| (event.subject.clone(), event.version)).collect();
        assert_eq!(told, [(a.to_string(), 3), (b.to_string(), 5)]);
    }
}
