use crate::backlog::backlog;
use crate::server::Server;
use souk_domain::ports::{DeadLetter, EventPublisher, EventStream, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Cause, Event, ProductId, Sku, StockLevel};
use std::time::Duration;

pub fn event(version: i64) -> Event {
    let (product_id, sku, updated_at) = (ProductId::new(), Sku::parse("A").unwrap(), souk_domain::now());
    let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version, updated_at };
    Event::inventory_changed(&stock, &Cause::internal("test"))
}

pub fn group(name: &str, reader: &str) -> StreamGroup {
    StreamGroup { stream: Aggregate::Inventory, group: name.to_owned(), reader: reader.to_owned() }
}

pub fn versions(entries: &[StreamEntry]) -> Vec<i64> {
    entries.iter().map(|entry| Event::from_json(&entry.event).unwrap().version).collect()
}

pub fn ids(entries: &[StreamEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

pub const AT_ONCE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn every_group_reads_every_event_in_order_and_readers_of_one_group_share_them() {
    let server = Server::start();
    let (publisher, stream) = (server.link(), server.stream());
    publisher.publish(&[event(1), event(2), event(3)]).await.unwrap();
    publisher.publish(&[event(4)]).await.unwrap();
    for name in ["a", "b"] {
        stream.ensure_group(&group(name, "r1")).await.unwrap();
        stream.ensure_group(&group(name, "r1")).await.unwrap();
        let first = stream.read(&group(name, "r1"), 3, AT_ONCE).await.unwrap();
        let second = stream.read(&group(name, "r2"), 3, AT_ONCE).await.unwrap();
        assert_eq!((versions(&first), versions(&second)), (vec![1, 2, 3], vec![4]));
        assert!(stream.read(&group(name, "r1"), 3, AT_ONCE).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_waits_gets_what_comes() {
    let server = Server::start();
    let (publisher, stream) = (server.link(), server.stream());
    let group = group("waits", "r");
    stream.ensure_group(&group).await.unwrap();
    let waiting = tokio::spawn(async move { stream.read(&group, 10, Duration::from_secs(10)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    publisher.publish(&[event(7)]).await.unwrap();
    assert_eq!(versions(&waiting.await.unwrap().unwrap()), [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_is_read_by_every_group_that_waits_for_it() {
    let server = Server::start();
    let groups = ["a", "b", "c", "d"].map(|name| group(name, "r"));
    let mut waiting = Vec::new();
    for group in groups {
        let stream = server.stream();
        stream.ensure_group(&group).await.unwrap();
        waiting.push(tokio::spawn(async move { stream.read(&group, 10, Duration::from_secs(60)).await }));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.link().publish(&[event(7)]).await.unwrap();
    for waiting in waiting {
        let read = tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("at once").unwrap();
        assert_eq!(versions(&read.unwrap()), [7]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_back_is_due_again_after_a_pause_and_counts_its_deliveries() {
    let server = Server::start();
    let (publisher, stream) = (server.link(), server.stream());
    let group = group("retries", "r");
    stream.ensure_group(&group).await.unwrap();
    publisher.publish(&[event(1), event(2)]).await.unwrap();
    let entries = stream.read(&group, 10, AT_ONCE).await.unwrap();
    stream.acknowledge(&group, &ids(&entries[..1])).await.unwrap();
    stream.put_back(&group, &ids(&entries[1..])).await.unwrap();
    assert!(stream.left_behind(&group, 10).await.unwrap().is_empty(), "it is no longer in the reader's hand");
    assert!(stream.claim(&group, 10).await.unwrap().is_empty(), "too early");
    tokio::time::sleep(StreamEntry::pause(StreamEntry::FIRST_PAUSE, 1) + Duration::from_millis(100)).await;
    let again = stream.claim(&group, 10).await.unwrap();
    assert_eq!((versions(&again), again[0].deliveries), (vec![2], 2));
    assert!(stream.claim(&group, 10).await.unwrap().is_empty(), "somebody has it");
}

/// Has a reader look as if it had held an entry for so long.
async fn age(server: &Server, group: &StreamGroup, reader: &str, id: &str, held: Duration) {
    let mut claim = redis::cmd("XCLAIM");
    claim.arg("souk:events:inventory").arg(&group.group).arg(reader).arg(0).arg(id);
    claim.arg("IDLE").arg(held.as_millis() as u64).arg("JUSTID");
    claim.query_async::<redis::Value>(&mut server.raw().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pause_doubles_with_each_delivery_of_an_entry_up_to_a_minute_and_others_do_not_wait_for_it() {
    let server = Server::start();
    let stream = server.stream().retrying_after(Duration::from_secs(10));
    let group = group("backs-off", "r");
    stream.ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1)]).await.unwrap();
    let [entry] = stream.read(&group, 10, AT_ONCE).await.unwrap().try_into().unwrap();
    for (deliveries, pause) in (1..).zip([10, 20, 40, 60, 60, 60, 60]) {
        stream.put_back(&group, std::slice::from_ref(&entry.id)).await.unwrap();
        let pause = Duration::from_secs(pause);
        age(&server, &group, "put-back", &entry.id, pause / 2).await;
        assert!(stream.claim(&group, 10).await.unwrap().is_empty(), "too early after {deliveries}");
        server.link().publish(&[event(deliveries + 1)]).await.unwrap();
        let neighbour = stream.read(&group, 10, AT_ONCE).await.unwrap();
        assert_eq!(versions(&neighbour), [deliveries + 1]);
        stream.acknowledge(&group, &ids(&neighbour)).await.unwrap();
        age(&server, &group, "put-back", &entry.id, pause).await;
        let again = stream.claim(&group, 10).await.unwrap();
        assert_eq!((ids(&again), again[0].deliveries), (vec![entry.id.clone()], deliveries as u64 + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_reader_held_is_taken_over_by_one_of_the_others_after_a_while() {
    let server = Server::start();
    let [dead, one, other] = ["dead", "one", "other"].map(|reader| group("takes-over", reader));
    server.stream().ensure_group(&dead).await.unwrap();
    server.link().publish(&(1..=20).map(event).collect::<Vec<_>>()).await.unwrap();
    let held = server.stream().read(&dead, 20, AT_ONCE).await.unwrap();
    for entry in &held {
        age(&server, &dead, "dead", &entry.id, StreamEntry::ABANDONED / 2).await;
    }
    assert!(server.stream().claim(&one, 20).await.unwrap().is_empty(), "it may be alive");
    for entry in &held {
        age(&server, &dead, "dead", &entry.id, StreamEntry::ABANDONED).await;
    }
    let (first, second) = (server.stream(), server.stream());
    let (mine, yours) = tokio::join!(first.claim(&one, 20), second.claim(&other, 20));
    let taken = [mine.unwrap(), yours.unwrap()].concat();
    assert!(taken.iter().all(|entry| entry.deliveries == 2), "{taken:?}");
    let mut taken = versions(&taken);
    taken.sort_unstable();
    assert_eq!(taken, (1..=20).collect::<Vec<_>>(), "each by one of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_starts_again_finds_what_it_left_behind() {
    let server = Server::start();
    let group = group("restarts", "r");
    server.stream().ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1), event(2)]).await.unwrap();
    let taken = server.stream().read(&group, 1, AT_ONCE).await.unwrap();
    // However often it dies: that is no failure of the function.
    for _ in 0..StreamEntry::MAX_DELIVERIES {
        let left = server.stream().left_behind(&group, 10).await.unwrap();
        assert_eq!((ids(&left), left[0].deliveries), (ids(&taken), 1));
    }
    server.stream().put_back(&group, &ids(&taken)).await.unwrap();
    age(&server, &group, "put-back", &taken[0].id, StreamEntry::FIRST_PAUSE).await;
    let again = server.stream().claim(&group, 10).await.unwrap();
    assert_eq!((ids(&again), again[0].deliveries), (ids(&taken), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_found_behind_any_number_that_wait() {
    let server = Server::start();
    // Nothing is due by itself while this runs.
    let stream = server.stream().retrying_after(Duration::from_secs(60));
    let group = group("waits", "r");
    stream.ensure_group(&group).await.unwrap();
    server.link().publish(&(1..=2100).map(event).collect::<Vec<_>>()).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 2100 {
        held.extend(ids(&stream.read(&group, 1000, AT_ONCE).await.unwrap()));
    }
    stream.put_back(&group, &held).await.unwrap();
    assert!(stream.claim(&group, 10).await.unwrap().is_empty());
    let last = held.pop().unwrap();
    age(&server, &group, "put-back", &last, Duration::from_secs(61)).await;
    assert_eq!(ids(&stream.claim(&group, 10).await.unwrap()), [last]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_holds_that_is_no_longer_there_holds_nothing_up() {
    let server = Server::start();
    let group = group("restarts", "r");
    server.stream().ensure_group(&group).await.unwrap();
    server.link().publish(&(1..=5).map(event).collect::<Vec<_>>()).await.unwrap();
    let held = ids(&server.stream().read(&group, 5, AT_ONCE).await.unwrap());
    let mut drop = redis::cmd("XDEL");
    drop.arg("souk:events:inventory").arg(&held[..4]);
    drop.query_async::<i64>(&mut server.raw().await).await.unwrap();
    // Two of those that are gone would be all that is seen.
    assert_eq!(ids(&server.stream().left_behind(&group, 2).await.unwrap()), held[4..]);
    server.stream().acknowledge(&group, &held[4..]).await.unwrap();
    assert!(server.stream().left_behind(&group, 2).await.unwrap().is_empty());
    assert_eq!(backlog(&server, "restarts").await.pending, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buried_entry_leaves_its_group() {
    let server = Server::start();
    let stream = server.stream();
    let group = group("buries", "r");
    stream.ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1)]).await.unwrap();
    let entries = stream.read(&group, 1, AT_ONCE).await.unwrap();
    let letters = entries.into_iter().map(|entry| DeadLetter { entry, error: "on purpose".to_owned() });
    stream.bury(&group, &letters.collect::<Vec<_>>()).await.unwrap();
    assert!(stream.left_behind(&group, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_at_once_lose_nothing() {
    let server = Server::start();
    let publishers = (0..8_i64).map(|n| {
        let link = server.link();
        tokio::spawn(async move {
            for round in 0..50 {
                link.publish(&[event(n * 1000 + round)]).await.unwrap();
            }
        })
    });
    for publisher in publishers.collect::<Vec<_>>() {
        publisher.await.unwrap();
    }
    let (stream, group) = (server.stream(), group("all", "r"));
    stream.ensure_group(&group).await.unwrap();
    let mut seen = versions(&stream.read(&group, 1000, AT_ONCE).await.unwrap());
    seen.sort_unstable();
    let expected: Vec<i64> = (0..8).flat_map(|n| (0..50).map(move |round| n * 1000 + round)).collect();
    assert_eq!(seen, expected);
}
