use crate::server::Server;
use souk_domain::ports::NewsLog;
use souk_domain::realtime::{Missed, News, Noted, Pace, Place, Topic};
use souk_domain::{CustomerId, DateTime, OrderId, ProductId};
use souk_redis::RedisLink;
use std::time::Duration;
use tokio::task::JoinSet;

const EVERY: Pace = Pace::EveryStep { is_young: false, has_waited: false };
const YOUNG: Pace = Pace::EveryStep { is_young: true, has_waited: false };
const WAITED: Pace = Pace::EveryStep { is_young: true, has_waited: true };

fn news(subject: &str, version: i64, topics: &[Topic], pace: Pace) -> News {
    let body = format!(r#"{{"subject":"{subject}","version":{version}}}"#).into();
    News { subject: subject.to_owned(), version, topics: topics.to_vec(), body, pace }
}

fn order() -> Topic {
    Topic::Order(OrderId::new())
}

async fn note(log: &RedisLink, news: News, at: DateTime) -> Noted {
    log.note(&[news], at).await.unwrap().remove(0)
}

/// The places of news that are to be told.
fn places(noted: &Noted) -> Vec<Option<Place>> {
    match noted {
        Noted::Told(places) => places.clone(),
        other => panic!("{other:?}"),
    }
}

/// Notes a version of a subject on one topic, which is told.
async fn told(log: &RedisLink, topic: &Topic, subject: &str, version: i64) -> Place {
    let noted = note(log, news(subject, version, std::slice::from_ref(topic), EVERY), souk_domain::now()).await;
    places(&noted)[0].expect("a place")
}

async fn missed(log: &RedisLink, topic: &Topic, after: Option<u64>) -> Missed {
    log.missed(topic, after, souk_domain::now()).await.unwrap()
}

/// The versions of what was missed, which form a chain that begins at `after`.
fn versions(missed: &Missed, after: u64) -> Vec<i64> {
    let mut last = after;
    let mut versions = Vec::new();
    for (place, body) in missed.news.as_ref().expect("news") {
        assert!(place.previous == last && place.sequence > last, "{place:?} after {last}");
        last = place.sequence;
        let (_, version) = body.trim_end_matches('}').rsplit_once(':').unwrap();
        versions.push(version.parse().unwrap());
    }
    assert_eq!(last, missed.sequence);
    versions
}

#[tokio::test(flavor = "multi_thread")]
async fn places_grow_and_each_names_the_one_before() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let begin = missed(&log, &topic, None).await.sequence;
    let mut last = begin;
    for version in 1..=5 {
        let place = told(&log, &topic, "a", version).await;
        assert!(place.previous == last && place.sequence > last, "{place:?} after {last}");
        last = place.sequence;
    }
    let now = souk_domain::now().timestamp_micros() as u64;
    assert!(begin <= last && last < now + 5, "numbers are microseconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_grow_although_a_clock_is_behind() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let first = told(&log, &topic, "a", 1).await;
    let behind = souk_domain::now() - Duration::from_secs(3600);
    let noted = note(&log, news("a", 2, std::slice::from_ref(&topic), EVERY), behind).await;
    let second = Place { sequence: first.sequence + 1, previous: first.sequence };
    assert_eq!(places(&noted), [Some(second)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_have_a_place_on_each_of_their_topics() {
    let server = Server::start();
    let (log, first, second) = (server.link(), Topic::Customer(CustomerId::new()), order());
    told(&log, &second, "b", 1).await;
    let noted = note(&log, news("a", 1, &[first.clone(), second.clone()], EVERY), souk_domain::now()).await;
    let known = places(&noted);
    assert_eq!(missed(&log, &first, None).await.sequence, known[0].unwrap().sequence);
    assert_eq!(missed(&log, &second, None).await.sequence, known[1].unwrap().sequence);
    assert_eq!(places(&note(&log, news("c", 1, &[], EVERY), souk_domain::now()).await), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_come_again_keep_their_place() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let first = told(&log, &topic, "a", 1).await;
    let second = told(&log, &topic, "a", 2).await;
    assert_eq!(told(&log, &topic, "a", 1).await, Place { previous: first.previous, ..first });
    assert_eq!(told(&log, &topic, "a", 2).await, second);
    assert_eq!(versions(&missed(&log, &topic, Some(first.sequence)).await, first.sequence), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_waits_for_the_one_before_unless_it_has_waited_long() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let topics = std::slice::from_ref(&topic);
    told(&log, &topic, "a", 4).await;
    let now = souk_domain::now();
    assert_eq!(note(&log, news("a", 6, topics, EVERY), now).await, Noted::Early);
    let both = log.note(&[news("a", 5, topics, EVERY), news("a", 6, topics, EVERY)], now).await.unwrap();
    let (fifth, sixth) = (places(&both[0])[0].unwrap(), places(&both[1])[0].unwrap());
    assert_eq!(sixth.previous, fifth.sequence);
    let late = note(&log, news("a", 9, topics, WAITED), now).await;
    assert_eq!(places(&late)[0].unwrap().previous, sixth.sequence);
    // What it did not wait for comes after all, and is told late, once.
    for version in [8, 7] {
        let first = note(&log, news("a", version, topics, EVERY), now).await;
        assert!(places(&first)[0].unwrap().previous > sixth.sequence);
        assert_eq!(note(&log, news("a", version, topics, EVERY), now).await, first);
    }
    let tenth = note(&log, news("a", 10, topics, EVERY), now).await;
    assert!(matches!(places(&tenth)[..], [Some(_)]), "what was told late does not change what comes next");
    assert_eq!(places(&note(&log, news("a", 3, topics, EVERY), now).await), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_step_of_something_young_is_waited_for() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let (topics, now) = (std::slice::from_ref(&topic), souk_domain::now());
    assert_eq!(note(&log, news("a", 2, topics, YOUNG), now).await, Noted::Early);
    assert!(matches!(places(&note(&log, news("a", 1, topics, YOUNG), now).await)[..], [Some(_)]));
    assert!(matches!(places(&note(&log, news("a", 2, topics, YOUNG), now).await)[..], [Some(_)]));
    assert!(matches!(places(&note(&log, news("b", 2, topics, WAITED), now).await)[..], [Some(_)]));
    assert!(matches!(places(&note(&log, news("c", 7, topics, EVERY), now).await)[..], [Some(_)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_is_told_after_a_pause_and_what_it_replaced_is_not() {
    let server = Server::start();
    let (log, topic) = (server.link(), Topic::Product(ProductId::new()));
    let topics = std::slice::from_ref(&topic);
    let now = souk_domain::now();
    let at = |millis: u64| now + Duration::from_millis(millis);
    let newest = |version| news("a", version, topics, Pace::Newest);
    assert!(matches!(places(&note(&log, newest(1), now).await)[..], [Some(_)]));
    assert_eq!(note(&log, newest(2), at(30)).await, Noted::TooSoon(Duration::from_millis(70)));
    // Nothing holds up what was told before, and comes again.
    assert!(matches!(places(&note(&log, newest(1), at(40)).await)[..], [Some(_)]));
    assert!(matches!(places(&note(&log, newest(5), at(100)).await)[..], [Some(_)]));
    assert_eq!(places(&note(&log, newest(4), at(250)).await), [None]);
    log.rest("a", Duration::from_secs(2), at(250)).await.unwrap();
    assert_eq!(note(&log, newest(6), at(400)).await, Noted::TooSoon(Duration::from_millis(1850)));
    assert!(matches!(places(&note(&log, newest(6), at(2250)).await)[..], [Some(_)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_told_exactly_what_was_missed() {
    let server = Server::start();
    let (log, topic) = (server.link(), order());
    let begin = missed(&log, &topic, None).await;
    assert_eq!(begin.news, Some(Vec::new()));
    let mut heard = vec![begin.sequence];
    for version in 1..=6 {
        heard.push(told(&log, &topic, "a", version).await.sequence);
    }
    for (count, after) in heard.iter().enumerate() {
        let since = missed(&log, &topic, Some(*after)).await;
        assert_eq!(versions(&since, *after), (count as i64 + 1..=6).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_for_too_long_loads_again() {
    let server = Server::start();
    let (log, topic) = (server.link(), Topic::Admin);
    let begin = missed(&log, &topic, None).await.sequence;
    for version in 1..=200 {
        told(&log, &topic, "a", version).await;
    }
    assert_eq!(versions(&missed(&log, &topic, Some(begin)).await, begin).len(), 200);
    let last = told(&log, &topic, "a", 201).await.sequence;
    assert_eq!(missed(&log, &topic, Some(begin)).await, Missed { sequence: last, news: None });
    // A number that nobody gave, and a topic that nobody knows any more.
    assert_eq!(missed(&log, &topic, Some(last + 1)).await.news, None);
    assert_eq!(missed(&log, &order(), Some(last)).await.news, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_note_at_once_leave_one_chain() {
    let server = Server::start();
    let (log, topic) = (server.link(), Topic::Admin);
    let begin = missed(&log, &topic, None).await.sequence;
    let mut noting = JoinSet::new();
    for subject in 0..8 {
        let (log, topic) = (log.clone(), topic.clone());
        noting.spawn(async move {
            for version in 1..=20 {
                told(&log, &topic, &subject.to_string(), version).await;
            }
        });
    }
    noting.join_all().await;
    assert_eq!(versions(&missed(&log, &topic, Some(begin)).await, begin).len(), 160);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_outlive_a_server_that_starts_again() {
    let mut server = Server::start_lasting();
    let (log, topic) = (server.link(), order());
    let begin = missed(&log, &topic, None).await.sequence;
    let first = told(&log, &topic, "a", 1).await;
    told(&log, &topic, "a", 2).await;
    server.restart();
    let log = server.link();
    assert_eq!(versions(&missed(&log, &topic, Some(begin)).await, begin), [1, 2]);
    assert_eq!(told(&log, &topic, "a", 1).await, first);
    assert_eq!(versions(&missed(&log, &topic, Some(first.sequence)).await, first.sequence), [2]);
}
