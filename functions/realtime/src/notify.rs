use crate::messages::News;
use crate::signalr;
use futures::{StreamExt, TryStreamExt};
use souk_domain::ports::{ConnectionTable, Delivery, Push, Subscribers};
use souk_domain::realtime::{ConnectionId, Message, Protocol, Subscriber, Topic};
use souk_domain::{CustomerId, Error, Event, SessionId};
use souk_lambda::Door;
use std::collections::{HashMap, HashSet};
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
    /// Whose session goes on.
    pub door: Door,
}

/// What an event says to everybody who listens to a topic.
pub(crate) struct Notice<'a> {
    pub(crate) news: News,
    pub(crate) topic: Topic,
    pub(crate) event: &'a Event,
}

impl Notice<'_> {
    /// As plain JSON.
    pub(crate) fn message(&self) -> String {
        let message = Message {
            kind: self.news.name(),
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
        let listeners = self.entitled(self.connections.subscribers(&topics).await?).await;
        let mut mail: HashMap<&ConnectionId, Vec<Arc<str>>> = HashMap::new();
        for notice in &notices {
            let Some(subscribers) = listeners.get(&notice.topic) else { continue };
            let plain: Arc<str> = notice.message().into();
            let invocation: Arc<str> = signalr::invocation(notice.news.name(), &plain).into();
            for Subscriber { connection, protocol, .. } in subscribers {
                let message = match protocol {
                    Protocol::Json => plain.clone(),
                    Protocol::SignalR => invocation.clone(),
                };
                mail.entry(connection).or_default().push(message);
            }
        }
        futures::stream::iter(mail)
            .map(Ok)
            .try_for_each_concurrent(POSTS, |(connection, messages)| self.deliver(connection, messages))
            .await
    }

    /// Who may still hear what they subscribed to: anybody what is public, and what is private those whose token has not expired
    /// and whose session goes on. The others' subscriptions end. All sessions are asked about in one round trip.
    async fn entitled(&self, listeners: Vec<Subscribers>) -> HashMap<Topic, Vec<Subscriber>> {
        let now = souk_domain::now();
        let private = listeners.iter().filter(|(topic, _)| topic.is_private()).flat_map(|(_, subscribers)| subscribers);
        let current = private.filter_map(|subscriber| subscriber.principal).filter(|known| known.is_current(now));
        let sessions: HashSet<(CustomerId, SessionId)> =
            current.map(|known| (known.identity.id, known.session)).collect();
        let ended = match sessions.is_empty() {
            true => HashSet::new(),
            false => self.door.ended(&Vec::from_iter(sessions)).await,
        };
        let may_hear = |topic: &Topic, subscriber: &Subscriber| {
            let goes_on = subscriber.principal.map(|known| known.is_current(now) && !ended.contains(&known.session));
            !topic.is_private() || goes_on.unwrap_or(false)
        };
        let (mut entitled, mut lapsed) = (HashMap::new(), Vec::new());
        for (topic, subscribers) in listeners {
            let (may, may_not): (Vec<_>, Vec<_>) = subscribers.into_iter().partition(|one| may_hear(&topic, one));
            lapsed.extend(may_not.into_iter().map(|subscriber| (topic.clone(), subscriber)));
            entitled.insert(topic, may);
        }
        futures::stream::iter(lapsed).for_each_concurrent(POSTS, |lapsed| self.expel(lapsed)).await;
        entitled
    }

    /// Nothing depends on it: whoever stays in the table is found out again by the next message.
    async fn expel(&self, (topic, subscriber): (Topic, Subscriber)) {
        if let Err(error) = self.connections.expel(&subscriber, &topic).await {
            tracing::warn!(%error, "a subscription that lapsed stays in the table");
        }
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
    use async_trait::async_trait;
    use souk_domain::ports::{Admission, Gate};
    use souk_domain::realtime::{Connection, Identity, Principal};
    use souk_domain::{Cause, DateTime, Meter, ProductId, Result, Role, Sku, StockLevel};
    use std::sync::Mutex;

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

    /// Table, gateway and Redis of a test, and what happened to them.
    #[derive(Default)]
    struct World {
        listeners: Vec<Subscribers>,
        ended: HashSet<SessionId>,
        is_redis_away: bool,
        looks: Mutex<Vec<usize>>,
        told: Mutex<Vec<(String, String)>>,
        expelled: Mutex<Vec<(String, Topic)>>,
    }

    #[async_trait]
    impl ConnectionTable for World {
        async fn connect(&self, _: &ConnectionId, _: Option<Principal>, _: DateTime) -> Result<()> {
            Ok(())
        }
        async fn connection(&self, _: &ConnectionId) -> Result<Option<Connection>> {
            Ok(None)
        }
        async fn speak(&self, _: &ConnectionId, _: Protocol) -> Result<bool> {
            Ok(false)
        }
        async fn authenticate(&self, _: &ConnectionId, _: Principal, _: &[Topic]) -> Result<bool> {
            Ok(false)
        }
        async fn topics(&self, _: &ConnectionId) -> Result<Vec<Topic>> {
            Ok(Vec::new())
        }
        async fn disconnect(&self, _: &ConnectionId) -> Result<()> {
            Ok(())
        }
        async fn subscribe(&self, _: &Subscriber, _: &Topic, _: DateTime) -> Result<()> {
            Ok(())
        }
        async fn unsubscribe(&self, _: &ConnectionId, _: &Topic) -> Result<()> {
            Ok(())
        }
        async fn expel(&self, subscriber: &Subscriber, topic: &Topic) -> Result<()> {
            self.expelled.lock().expect("a lock").push((subscriber.connection.0.clone(), topic.clone()));
            Ok(())
        }
        async fn subscribers(&self, _: &[Topic]) -> Result<Vec<Subscribers>> {
            Ok(self.listeners.clone())
        }
    }

    #[async_trait]
    impl Push for World {
        async fn send(&self, connection: &ConnectionId, message: &str) -> Result<Delivery> {
            self.told.lock().expect("a lock").push((connection.0.clone(), message.to_owned()));
            Ok(Delivery::Sent)
        }
        async fn close(&self, _: &ConnectionId) -> Result<()> {
            Ok(())
        }
    }

    #[async_trait]
    impl Gate for World {
        async fn admit(&self, _: Option<(CustomerId, SessionId)>, _: &[Meter], _: DateTime) -> Result<Admission> {
            Ok(Admission { is_ended: false, allowances: Vec::new() })
        }
        async fn ended(&self, sessions: &[(CustomerId, SessionId)]) -> Result<HashSet<SessionId>> {
            self.looks.lock().expect("a lock").push(sessions.len());
            match self.is_redis_away {
                true => Err(Error::Unavailable("away".to_owned())),
                false => Ok(self.ended.clone()),
            }
        }
    }

    fn principal(session: SessionId, minutes: i64) -> Option<Principal> {
        let identity = Identity { id: CustomerId::new(), role: Role::Manager };
        Some(Principal { identity, session, expires_at: souk_domain::now() + chrono::Duration::minutes(minutes) })
    }

    fn subscriber(name: &str, protocol: Protocol, principal: Option<Principal>) -> Subscriber {
        Subscriber { connection: ConnectionId(name.to_owned()), protocol, principal }
    }

    /// Tells one event to everybody; who heard it, and who was expelled.
    async fn heard_and_expelled(world: World) -> (Arc<World>, Vec<String>, Vec<String>) {
        let world = Arc::new(world);
        let door = Door::new(world.clone(), 1);
        let notifier = Notifier { connections: world.clone(), push: world.clone(), door };
        let event = event(ProductId::new(), 1);
        let notices =
            [Topic::Admin, Topic::Catalog].map(|topic| Notice { news: News::InventoryUpdated, topic, event: &event });
        notifier.send(notices.into()).await.expect("they are told");
        let names = |names: &mut dyn Iterator<Item = String>| {
            let mut names = Vec::from_iter(names);
            names.sort();
            names
        };
        let heard = names(&mut world.told.lock().expect("a lock").iter().map(|(name, _)| name.clone()));
        let expelled = names(&mut world.expelled.lock().expect("a lock").iter().map(|(name, _)| name.clone()));
        (world, heard, expelled)
    }

    /// A session that goes on, one that ended, one whose token expired, a subscription that says nothing, and a guest.
    fn world(is_redis_away: bool) -> World {
        let [goes_on, is_over, is_late] = [(); 3].map(|()| SessionId::new());
        let private = vec![
            subscriber("goes on", Protocol::SignalR, principal(goes_on, 5)),
            subscriber("is over", Protocol::Json, principal(is_over, 5)),
            subscriber("is late", Protocol::Json, principal(is_late, -1)),
            subscriber("says nothing", Protocol::Json, None),
        ];
        let public = vec![subscriber("guest", Protocol::Json, None)];
        let listeners = vec![(Topic::Admin, private), (Topic::Catalog, public)];
        World { listeners, ended: HashSet::from([is_over]), is_redis_away, ..World::default() }
    }

    #[tokio::test]
    async fn what_is_private_is_told_to_sessions_that_go_on_and_one_look_finds_the_others() {
        let (world, heard, expelled) = heard_and_expelled(world(false)).await;
        assert_eq!(heard, ["goes on", "guest"]);
        assert_eq!(expelled, ["is late", "is over", "says nothing"]);
        assert_eq!(*world.looks.lock().expect("a lock"), [2], "one look at the two whose tokens are good");
    }

    #[tokio::test]
    async fn without_redis_what_is_private_is_told_until_the_token_expires() {
        let (_, heard, expelled) = heard_and_expelled(world(true)).await;
        assert_eq!(heard, ["goes on", "guest", "is over"]);
        assert_eq!(expelled, ["is late", "says nothing"]);
    }

    #[tokio::test]
    async fn nobody_is_asked_about_what_is_public() {
        let public = vec![subscriber("guest", Protocol::Json, None), subscriber("hub", Protocol::SignalR, None)];
        let (world, heard, _) =
            heard_and_expelled(World { listeners: vec![(Topic::Catalog, public)], ..World::default() }).await;
        assert_eq!(heard, ["guest", "hub"]);
        assert_eq!(*world.looks.lock().expect("a lock"), [0; 0]);
        for (name, message) in world.told.lock().expect("a lock").iter() {
            assert_eq!(message.ends_with('\u{1e}'), name == "hub", "each in its protocol");
        }
    }
}
