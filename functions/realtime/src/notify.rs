use futures::{StreamExt, TryStreamExt};
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

/// What an event says to everybody who listens to a topic.
pub(crate) struct Notice<'a> {
    pub(crate) kind: &'static str,
    pub(crate) topic: Topic,
    pub(crate) event: &'a Event,
}

impl Notice<'_> {
    fn message(&self) -> String {
        let message = Message {
            kind: self.kind,
            topic: self.topic.clone(),
            time: self.event.time,
            version: self.event.version,
            correlation_id: self.event.correlation_id.clone(),
            data: self.event.data.content(),
        };
        serde_json::to_string(&message).unwrap_or_default()
    }
}

impl Notifier {
    /// Tells each notice to whoever listens to its topic; the messages of one connection stay in order.
    pub(crate) async fn send(&self, notices: Vec<Notice<'_>>) -> Result<(), Error> {
        let topics: Vec<Topic> = notices.iter().map(|notice| notice.topic.clone()).collect();
        let listeners: HashMap<Topic, Vec<ConnectionId>> =
            self.connections.subscribers(&topics).await?.into_iter().collect();
        let mut mail: HashMap<&ConnectionId, Vec<Arc<str>>> = HashMap::new();
        for notice in &notices {
            let Some(connections) = listeners.get(&notice.topic) else { continue };
            let message: Arc<str> = notice.message().into();
            for connection in connections {
                mail.entry(connection).or_default().push(message.clone());
            }
        }
        futures::stream::iter(mail)
            .map(Ok)
            .try_for_each_concurrent(POSTS, |(connection, messages)| self.deliver(connection, messages))
            .await
    }

    async fn deliver(&self, connection: &ConnectionId, messages: Vec<Arc<str>>) -> Result<(), Error> {
        for message in messages {
            if self.push.send(connection, &message).await? == Delivery::Gone {
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
