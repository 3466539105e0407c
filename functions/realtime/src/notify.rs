use crate::audience::{Audience, Post};
use crate::messages::Kind;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use souk_domain::ports::{Dispatcher, NewsLog};
use souk_domain::realtime::{News, Noted, Pace, Spots, Topic};
use souk_domain::{DateTime, Error, Event, Version};
use souk_lambda::BatchResponse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Topics looked up at once.
const LOOKS: usize = 8;
/// How often one invocation waits for the pause between two news of an aggregate to end; others may be faster each time.
const WAITS: usize = 5;
/// Posts a second that a topic with many listeners may take: half of what API Gateway grants an account.
const POSTS_A_SECOND: f64 = 5_000.0;
/// The longest pause that many listeners cause.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Tells the browsers that listen to a topic.
#[derive(Clone)]
pub struct Notifier {
    /// Who listens, and how they are told.
    pub audience: Audience,
    /// The places of the news.
    pub log: Arc<dyn NewsLog>,
    /// Who tells the parts of a large audience.
    pub dispatcher: Arc<dyn Dispatcher>,
}

/// News out of an entry of a stream.
pub(crate) struct Item {
    pub(crate) entry_id: String,
    pub(crate) kind: Kind,
    pub(crate) news: News,
    pub(crate) correlation_id: Arc<str>,
}

/// What a message says beside its topic and place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    time: DateTime,
    version: Version,
    correlation_id: &'a str,
    data: T,
}

/// What an event says to whoever listens.
pub(crate) fn body(kind: Kind, event: &Event) -> Arc<str> {
    let Event { time, version, ref correlation_id, ref data, .. } = *event;
    let body = Body { kind: kind.name(), time, version, correlation_id, data: data.content() };
    serde_json::to_string(&body).unwrap_or_default().into()
}

impl Notifier {
    /// Tells each item to whoever listens to its topics. Entries whose time has not come are reported.
    pub(crate) async fn tell(&self, items: Vec<Item>, response: &mut BatchResponse) -> Result<(), Error> {
        let mut waiting = self.heard_of(items).await?;
        for _ in 0..WAITS {
            if waiting.is_empty() {
                return Ok(());
            }
            let news: Vec<News> = waiting.iter().map(|item| item.news.clone()).collect();
            let noted = self.log.note(&news, souk_domain::now()).await?;
            let (mut told, mut again, mut pause) = (Vec::new(), Vec::new(), Duration::ZERO);
            for (item, noted) in waiting.into_iter().zip(noted) {
                match noted {
                    Noted::Told(places) => told.push((item, places)),
                    Noted::TooSoon(time) if time <= Pace::INTERVAL => {
                        pause = pause.max(time);
                        again.push(item);
                    }
                    // The stream brings it again, later.
                    Noted::TooSoon(_) | Noted::Early => response.again(item.entry_id),
                }
            }
            let posts = told.iter().flat_map(|(item, places)| posts(item, places));
            let mut by_topic: HashMap<Topic, Vec<Post>> = HashMap::new();
            for (topic, post) in posts {
                by_topic.entry(topic.clone()).or_default().push(post);
            }
            let largest = self.post(by_topic).await?;
            self.let_rest(told.iter().map(|(item, _)| item), &largest).await;
            if !again.is_empty() {
                tokio::time::sleep(pause).await;
            }
            waiting = again;
        }
        waiting.into_iter().for_each(|item| response.again(item.entry_id));
        Ok(())
    }

    /// Each item with the topics that somebody may listen to. An item without any is left out, unless it is a step: the next one
    /// will ask whether it was there.
    async fn heard_of(&self, mut items: Vec<Item>) -> Result<Vec<Item>, Error> {
        let topics: Vec<Topic> = items.iter().flat_map(|item| item.news.topics.iter().cloned()).collect();
        let listened = self.audience.connections.listened(&topics).await?;
        items.iter_mut().for_each(|item| item.news.topics.retain(|topic| listened.contains(topic)));
        items.retain(|item| item.news.pace != Pace::Newest || !item.news.topics.is_empty());
        Ok(items)
    }

    /// Posts to whoever listens: a small audience at once, a large one by functions that each take a part. How many listen to the
    /// topics of large ones, roughly.
    async fn post(&self, by_topic: HashMap<Topic, Vec<Post>>) -> Result<HashMap<Topic, f64>, Error> {
        let audiences: Vec<_> = futures::stream::iter(by_topic)
            .map(async |(topic, posts)| {
                let listeners = self.audience.part(&topic, Spots::ALL).await?;
                Ok::<_, Error>((topic, posts, listeners))
            })
            .buffer_unordered(LOOKS)
            .try_collect()
            .await?;
        let (mut small, mut large) = (Vec::new(), HashMap::new());
        for (topic, posts, listeners) in audiences {
            match listeners.estimate(Spots::ALL) {
                None => small.push((topic, posts, listeners.subscribers)),
                Some(estimate) => {
                    self.audience.hand_on(&*self.dispatcher, &topic, Spots::ALL, estimate, &posts).await?;
                    large.insert(topic, estimate);
                }
            }
        }
        self.audience.post(small).await?;
        Ok(large)
    }

    /// Many listeners take their time: what they are told of one aggregate must not come faster than they can be told.
    async fn let_rest(&self, told: impl Iterator<Item = &Item>, large: &HashMap<Topic, f64>) {
        let mut rested = HashSet::new();
        for Item { news, .. } in told.filter(|item| item.news.pace == Pace::Newest) {
            let listeners: f64 = news.topics.iter().filter_map(|topic| large.get(topic)).sum();
            let rest = Duration::from_secs_f64(listeners / POSTS_A_SECOND).min(LONGEST_REST);
            if rest > Pace::INTERVAL && rested.insert(&news.subject) {
                // Without it there is more to do and nothing is lost.
                if let Err(error) = self.log.rest(&news.subject, rest, souk_domain::now()).await {
                    tracing::warn!(%error, "a large audience gets no rest");
                }
            }
        }
    }
}

fn posts<'a>(
    Item { kind, news, correlation_id, .. }: &'a Item,
    places: &'a [Option<souk_domain::realtime::Place>],
) -> impl Iterator<Item = (&'a Topic, Post)> {
    let placed = news.topics.iter().zip(places).filter_map(|(topic, place)| Some((topic, (*place)?)));
    placed.map(|(topic, place)| {
        let (body, correlation_id) = (news.body.clone(), correlation_id.clone());
        (topic, Post { kind: *kind, place, body, correlation_id })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use souk_domain::ProductId;
    use souk_domain::realtime::{ConnectionId, Protocol, Subscriber};

    fn item(version: i64, topics: &[Topic], pace: Pace) -> Item {
        let (subject, body) = ("a".to_owned(), r#"{"type":"InventoryUpdated"}"#.into());
        let news = News { subject, version, topics: topics.to_vec(), body, pace };
        Item { entry_id: version.to_string(), kind: Kind::InventoryUpdated, news, correlation_id: "c".into() }
    }

    /// A world in which so many listen to a topic.
    fn crowd(topic: &Topic, listeners: u32) -> World {
        let subscriber =
            |n: u32| Subscriber { connection: ConnectionId(n.to_string()), protocol: Protocol::Json, principal: None };
        let at = |n: u32| ((u64::from(n) * 65_536 / u64::from(listeners)) as u16, subscriber(n));
        World { listeners: HashMap::from([(topic.clone(), (0..listeners).map(at).collect())]), ..World::default() }
    }

    /// Tells items; the entries that are to be delivered again.
    async fn tell(world: World, items: Vec<Item>) -> (Arc<World>, Vec<String>) {
        let (world, mut response) = (Arc::new(world), BatchResponse::default());
        world.notifier().tell(items, &mut response).await.expect("told");
        let again = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
        (world, again.collect())
    }

    #[tokio::test]
    async fn nothing_is_noted_of_what_nobody_listens_to_but_steps_are() {
        let product = Topic::Product(ProductId::new());
        let step = Pace::EveryStep { is_young: true, has_waited: false };
        let items = vec![item(1, std::slice::from_ref(&product), Pace::Newest), item(2, &[Topic::Admin], step)];
        let (world, again) = tell(World::default(), items).await;
        assert_eq!((&world.seen().notes[..], again.len()), (&[(2, Vec::new())][..], 0));
        let (world, _) =
            tell(crowd(&product, 1), vec![item(1, &[product.clone(), Topic::Catalog], Pace::Newest)]).await;
        assert_eq!(world.seen().notes, [(1, vec![product])]);
        assert_eq!(world.seen().told.len(), 1);
    }

    #[tokio::test]
    async fn what_comes_early_or_must_wait_long_is_delivered_again_and_a_short_pause_is_waited_for() {
        let topic = Topic::Product(ProductId::new());
        let world = World {
            noted: std::sync::Mutex::new(
                [Noted::Early, Noted::TooSoon(Duration::from_secs(1)), Noted::TooSoon(Duration::from_millis(1))].into(),
            ),
            ..crowd(&topic, 1)
        };
        let items = (1..=4).map(|version| item(version, std::slice::from_ref(&topic), Pace::Newest)).collect();
        let (world, again) = tell(world, items).await;
        assert_eq!(again, ["1", "2"]);
        let noted: Vec<i64> = world.seen().notes.iter().map(|(version, _)| *version).collect();
        assert_eq!(noted, [1, 2, 3, 4, 3]);
        assert_eq!(world.seen().told.len(), 2);
    }

    #[tokio::test]
    async fn who_is_overtaken_again_and_again_leaves_the_entry_to_the_stream() {
        let topic = Topic::Product(ProductId::new());
        let soon = vec![Noted::TooSoon(Duration::from_millis(1)); 100];
        let world = World { noted: std::sync::Mutex::new(soon.into()), ..crowd(&topic, 1) };
        let (world, again) = tell(world, vec![item(1, &[topic], Pace::Newest)]).await;
        assert_eq!((again, world.seen().notes.len()), (vec!["1".to_owned()], WAITS));
    }

    #[tokio::test]
    async fn news_without_a_place_are_not_told() {
        let topic = Topic::Product(ProductId::new());
        let world = World { noted: std::sync::Mutex::new([Noted::Told(vec![None])].into()), ..crowd(&topic, 1) };
        let (world, again) = tell(world, vec![item(1, &[topic], Pace::Newest)]).await;
        assert_eq!((world.seen().told.len(), again.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_large_audience_is_left_to_others_and_gets_the_time_to_be_told() {
        let topic = Topic::Product(ProductId::new());
        for (listeners, parts, rest) in [(1000, 0, None), (5000, 9, Some(1.0)), (20_000, 16, Some(2.0))] {
            let items = vec![item(1, std::slice::from_ref(&topic), Pace::Newest)];
            let (world, _) = tell(crowd(&topic, listeners), items).await;
            assert_eq!(world.seen().parts.len(), parts, "{listeners}");
            let rests: Vec<f64> = world.seen().rests.iter().map(Duration::as_secs_f64).collect();
            match rest {
                None => assert!(rests.is_empty() && world.seen().told.len() == 1000),
                Some(rest) => assert!((rests[0] - rest).abs() < 0.05 && rests.len() == 1, "{rests:?}"),
            }
        }
    }
}
