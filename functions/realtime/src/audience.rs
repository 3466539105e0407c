//! Who hears a message, and how it gets to them.

use crate::messages::Kind;
use crate::signalr;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use souk_domain::ports::{ConnectionTable, Delivery, Dispatcher, Listeners, Push};
use souk_domain::realtime::{ConnectionId, Place, Protocol, Spots, Subscriber, Topic, message};
use souk_domain::{CustomerId, Error, SessionId};
use souk_lambda::Door;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The function that tells a part of a large audience.
const TELL_LISTENERS: &str = "tell-listeners";
/// Most connections that one invocation posts to: a second's work. Whatever has more listeners is told in parts.
const PART: usize = 1000;
/// How full a part shall be: the number of listeners is an estimate.
const FILLING: f64 = 0.6;
/// Most parts of one split; each may be split again.
const PARTS: f64 = 16.0;
/// Most bytes of messages in one event: Lambda takes 256 KB.
const EVENT_BYTES: usize = 200_000;
/// Posts at once: API Gateway takes 10,000 a second from an account, and one slow browser must not hold up the others.
const POSTS: usize = 32;

/// Whoever listens.
#[derive(Clone)]
pub struct Audience {
    /// Which connections exist.
    pub connections: Arc<dyn ConnectionTable>,
    /// How they are told.
    pub push: Arc<dyn Push>,
    /// Whose session goes on.
    pub door: Door,
}

/// News with their place on a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Post {
    pub(crate) kind: Kind,
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) body: Arc<str>,
    /// Of the wish behind it, for the log.
    pub(crate) correlation_id: Arc<str>,
}

/// What `tell-listeners` is sent: these news for these listeners of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    pub(crate) topic: Topic,
    pub(crate) spots: Spots,
    pub(crate) posts: Vec<Post>,
}

/// The listeners of a topic that were found, and where they end when there are more.
pub(crate) struct Found {
    pub(crate) subscribers: Vec<Subscriber>,
    more_after: Option<u16>,
}

impl Found {
    /// How many listen in these spots, roughly; `None` when all of them were found. Spots are as good as random, so those that were
    /// found tell how close the others stand.
    pub(crate) fn estimate(&self, spots: Spots) -> Option<f64> {
        let seen = Spots { from: spots.from, to: self.more_after?.max(spots.from) };
        Some(self.subscribers.len() as f64 * spots.share() / seen.share())
    }
}

impl Audience {
    /// Those who listen to a topic in these spots; a few more than fit into one invocation are not all of them. One spot cannot be
    /// split and is always found whole.
    pub(crate) async fn part(&self, topic: &Topic, spots: Spots) -> Result<Found, Error> {
        let limit = if spots.from == spots.to { usize::MAX } else { PART };
        let Listeners { subscribers, more_after } = self.connections.listeners(topic, spots, limit).await?;
        Ok(Found { subscribers, more_after })
    }

    /// Has functions tell so many listeners, each a part of them.
    pub(crate) async fn hand_on(
        &self,
        dispatcher: &dyn Dispatcher,
        topic: &Topic,
        spots: Spots,
        listeners: f64,
        posts: &[Post],
    ) -> Result<(), Error> {
        let parts = (listeners / (PART as f64 * FILLING)).ceil().clamp(2.0, PARTS) as u32;
        let chunks = chunks(posts);
        let events = chunks.iter().flat_map(|posts| spots.split(parts).into_iter().map(move |spots| (spots, posts)));
        futures::stream::iter(events)
            .map(Ok)
            .try_for_each_concurrent(PARTS as usize, async |(spots, posts)| {
                let part = Part { topic: topic.clone(), spots, posts: posts.to_vec() };
                let payload = serde_json::to_string(&part).map_err(|error| Error::Internal(error.to_string()))?;
                dispatcher.dispatch(TELL_LISTENERS, payload).await
            })
            .await
    }

    /// Posts what each topic has for its subscribers, to those who may still hear it; the messages of one connection stay in order.
    pub(crate) async fn post(&self, mail: Vec<(Topic, Vec<Post>, Vec<Subscriber>)>) -> Result<(), Error> {
        let mut letters: HashMap<ConnectionId, Vec<Arc<str>>> = HashMap::new();
        let mut told = Vec::new();
        for (topic, posts, subscribers) in self.entitled(mail).await {
            let listeners = subscribers.len();
            told.extend(posts.iter().map(|post| (topic.clone(), post.place, post.correlation_id.clone(), listeners)));
            let plain: Vec<Arc<str>> =
                posts.iter().map(|post| message(&topic, post.place, &post.body).into()).collect();
            // Most audiences speak one protocol only.
            let mut invocations: Option<Vec<Arc<str>>> = None;
            for Subscriber { connection, protocol, .. } in subscribers {
                let messages = match protocol {
                    Protocol::Json => &plain,
                    Protocol::SignalR => invocations.get_or_insert_with(|| {
                        let invocation =
                            |(post, plain): (&Post, &Arc<str>)| signalr::invocation(post.kind.name(), plain);
                        posts.iter().zip(&plain).map(invocation).map(Arc::from).collect()
                    }),
                };
                letters.entry(connection).or_default().extend(messages.iter().cloned());
            }
        }
        futures::stream::iter(letters)
            .map(Ok)
            .try_for_each_concurrent(POSTS, |(connection, messages)| self.deliver(connection, messages))
            .await?;
        for (topic, Place { sequence, .. }, correlation_id, listeners) in told {
            tracing::info!(%topic, sequence, listeners, %correlation_id, "told");
        }
        Ok(())
    }

    /// Who may still hear what they subscribed to: anybody what is public, and what is private those whose token has not expired
    /// and whose session goes on. The others' subscriptions end. All sessions are asked about in one round trip.
    async fn entitled<T>(&self, mail: Vec<(Topic, T, Vec<Subscriber>)>) -> Vec<(Topic, T, Vec<Subscriber>)> {
        let now = souk_domain::now();
        let private = mail.iter().filter(|(topic, ..)| topic.is_private()).flat_map(|(_, _, subscribers)| subscribers);
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
        let (mut entitled, mut lapsed) = (Vec::new(), Vec::new());
        for (topic, posts, subscribers) in mail {
            let (may, may_not): (Vec<_>, Vec<_>) = subscribers.into_iter().partition(|one| may_hear(&topic, one));
            lapsed.extend(may_not.into_iter().map(|subscriber| (topic.clone(), subscriber)));
            entitled.push((topic, posts, may));
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

    /// Whoever cannot be told is disconnected: they come back and are told what they missed, and nobody else waits for them.
    async fn deliver(&self, connection: ConnectionId, messages: Vec<Arc<str>>) -> Result<(), Error> {
        for message in messages {
            match self.push.send(&connection, &message).await {
                Ok(Delivery::Sent) => {}
                Ok(Delivery::Gone) => return self.connections.disconnect(&connection).await,
                Err(error) => {
                    tracing::warn!(%error, %connection, "a browser could not be told and is disconnected");
                    return self.push.close(&connection).await;
                }
            }
        }
        Ok(())
    }
}

/// The posts in order, in parts that each fit into an event.
fn chunks(posts: &[Post]) -> Vec<&[Post]> {
    let (mut chunks, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, post) in posts.iter().enumerate() {
        // In the event a body is a text in JSON, with its quotes escaped.
        let size = post.body.len() + post.body.matches('"').count() + post.correlation_id.len() + 130;
        if bytes + size > EVENT_BYTES && at > from {
            chunks.extend(posts.get(from..at));
            (from, bytes) = (at, 0);
        }
        bytes += size;
    }
    chunks.extend(posts.get(from..));
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tell_listeners;
    use crate::world::World;
    use souk_domain::realtime::{Identity, Principal};
    use souk_domain::{ProductId, Role};

    fn principal(session: SessionId, minutes: i64) -> Option<Principal> {
        let identity = Identity { id: CustomerId::new(), role: Role::Manager };
        Some(Principal { identity, session, expires_at: souk_domain::now() + chrono::Duration::minutes(minutes) })
    }

    fn subscriber(name: &str, protocol: Protocol, principal: Option<Principal>) -> Subscriber {
        Subscriber { connection: ConnectionId(name.to_owned()), protocol, principal }
    }

    fn guest(name: &str) -> Subscriber {
        subscriber(name, Protocol::Json, None)
    }

    fn post(sequence: u64) -> Post {
        let body = r#"{"type":"InventoryUpdated"}"#.into();
        Post {
            kind: Kind::InventoryUpdated,
            place: Place { sequence, previous: sequence - 1 },
            body,
            correlation_id: "c".into(),
        }
    }

    /// Who hears one message on each topic.
    async fn heard(world: &Arc<World>, mail: Vec<(Topic, Vec<Subscriber>)>) -> Result<Vec<String>, Error> {
        let mail = mail.into_iter().map(|(topic, subscribers)| (topic, vec![post(7)], subscribers)).collect();
        world.audience().post(mail).await?;
        Ok(World::names(world.seen().told.iter().map(|(name, _)| name.clone())))
    }

    /// A session that goes on, one that ended, one whose token expired, a subscription that says nothing, and a guest.
    fn mixed(is_redis_away: bool) -> (Arc<World>, Vec<(Topic, Vec<Subscriber>)>) {
        let [goes_on, is_over, is_late] = [(); 3].map(|()| SessionId::new());
        let private = vec![
            subscriber("goes on", Protocol::SignalR, principal(goes_on, 5)),
            subscriber("is over", Protocol::Json, principal(is_over, 5)),
            subscriber("is late", Protocol::Json, principal(is_late, -1)),
            subscriber("says nothing", Protocol::Json, None),
        ];
        let world = World { ended: HashSet::from([is_over]), is_redis_away, ..World::default() };
        (Arc::new(world), vec![(Topic::Admin, private), (Topic::Catalog, vec![guest("guest")])])
    }

    #[tokio::test]
    async fn what_is_private_is_told_to_sessions_that_go_on_and_one_look_finds_the_others() {
        let (world, mail) = mixed(false);
        assert_eq!(heard(&world, mail).await.expect("told"), ["goes on", "guest"]);
        assert_eq!(World::names(world.seen().expelled.clone()), ["is late", "is over", "says nothing"]);
        assert_eq!(world.seen().looks, [2], "one look at the two whose tokens are good");
    }

    #[tokio::test]
    async fn without_redis_what_is_private_is_told_until_the_token_expires() {
        let (world, mail) = mixed(true);
        assert_eq!(heard(&world, mail).await.expect("told"), ["goes on", "guest", "is over"]);
        assert_eq!(World::names(world.seen().expelled.clone()), ["is late", "says nothing"]);
    }

    #[tokio::test]
    async fn nobody_is_asked_about_what_is_public_and_each_hears_it_in_their_protocol() {
        let world = Arc::new(World::default());
        let public = vec![guest("guest"), subscriber("hub", Protocol::SignalR, None)];
        assert_eq!(heard(&world, vec![(Topic::Catalog, public)]).await.expect("told"), ["guest", "hub"]);
        assert_eq!(world.seen().looks, [0; 0]);
        for (name, message) in &world.seen().told {
            assert_eq!(message.ends_with('\u{1e}'), name == "hub");
        }
    }

    #[tokio::test]
    async fn who_is_gone_is_forgotten_and_who_cannot_be_told_is_disconnected_and_nobody_else_misses_anything() {
        let names = |names: [&str; 1]| HashSet::from(names.map(str::to_owned));
        let world = World { broken: names(["broken"]), gone: names(["gone"]), ..World::default() };
        let world = Arc::new(world);
        let listeners = ["a", "broken", "b", "gone", "c"].map(guest).to_vec();
        assert_eq!(heard(&world, vec![(Topic::Catalog, listeners)]).await.expect("told"), ["a", "b", "c"]);
        let seen = world.seen();
        assert_eq!((seen.closed.join(" "), seen.forgotten.join(" ")), ("broken".to_owned(), "gone".to_owned()));
    }

    #[tokio::test]
    async fn news_are_told_again_when_the_gateway_is_away() {
        let world = Arc::new(World { is_gateway_away: true, ..World::default() });
        let told = heard(&world, vec![(Topic::Catalog, vec![guest("a")])]).await;
        assert!(matches!(told, Err(Error::Unavailable(_))), "{told:?}");
    }

    /// So many listeners of one product, at spots that are spread evenly.
    fn crowd(topic: &Topic, listeners: u32) -> Arc<World> {
        let at = |n: u32| ((u64::from(n) * 65_536 / u64::from(listeners)) as u16, guest(&n.to_string()));
        Arc::new(World {
            listeners: HashMap::from([(topic.clone(), (0..listeners).map(at).collect())]),
            ..World::default()
        })
    }

    /// Tells everybody, part by part, as Lambda would; how many invocations it took and how many had parts told.
    async fn tell_in_parts(world: &Arc<World>, topic: &Topic) -> (usize, usize) {
        let whole = Part { topic: topic.clone(), spots: Spots::ALL, posts: vec![post(1), post(2)] };
        let (mut parts, mut invocations, mut splits) = (vec![whole], 0, 0);
        while let Some(part) = parts.pop() {
            let before = world.seen().told.len();
            tell_listeners::handle(part, &world.audience(), &**world).await.expect("told");
            let posted = world.seen().told.len() - before;
            assert!(posted <= 2 * PART, "{posted} posts in one invocation");
            invocations += 1;
            let more = std::mem::take(&mut world.seen().parts);
            splits += usize::from(!more.is_empty());
            parts.extend(more);
        }
        (invocations, splits)
    }

    #[tokio::test]
    async fn a_large_audience_is_told_in_parts_and_each_listener_once_and_in_order() {
        let topic = Topic::Product(ProductId::new());
        for (listeners, invocations, splits) in [(1000, 1, 0), (1001, 3, 1), (10_000, 17, 1), (50_000, 1 + 16 + 96, 17)]
        {
            let world = crowd(&topic, listeners);
            assert_eq!(tell_in_parts(&world, &topic).await, (invocations, splits), "{listeners} listeners");
            let mut told: HashMap<String, Vec<String>> = HashMap::new();
            for (name, message) in std::mem::take(&mut world.seen().told) {
                told.entry(name).or_default().push(message);
            }
            assert_eq!(told.len(), listeners as usize);
            let expected = [1, 2].map(|sequence| message(&topic, post(sequence).place, &post(sequence).body));
            assert!(told.values().all(|messages| *messages == expected));
        }
    }

    #[tokio::test]
    async fn one_spot_is_not_split() {
        let topic = Topic::Product(ProductId::new());
        let listeners = (0..1500).map(|n: u32| (7, guest(&n.to_string()))).collect();
        let world = Arc::new(World { listeners: HashMap::from([(topic.clone(), listeners)]), ..World::default() });
        let part = Part { topic, spots: Spots { from: 7, to: 7 }, posts: vec![post(1)] };
        tell_listeners::handle(part, &world.audience(), &*world).await.expect("told");
        let seen = world.seen();
        assert_eq!((seen.told.len(), seen.parts.len()), (1500, 0));
    }

    #[test]
    fn what_does_not_fit_into_one_event_is_sent_in_several() {
        let large = |sequence| Post { body: "x".repeat(EVENT_BYTES / 3).into(), ..post(sequence) };
        let posts: Vec<Post> = (1..=7).map(large).collect();
        let sizes: Vec<usize> = chunks(&posts).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [2, 2, 2, 1]);
        let huge = Post { body: "x".repeat(EVENT_BYTES * 2).into(), ..post(1) };
        assert_eq!(chunks(&[huge.clone(), huge]).len(), 2);
    }
}
