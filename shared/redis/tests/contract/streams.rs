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

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_starts_again_finds_what_it_left_behind() {
    let server = Server::start();
    let group = group("restarts", "r");
    server.stream().ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1), event(2)]).await.unwrap();
    let taken = server.stream().read(&group, 1, AT_ONCE).await.unwrap();
    let left = server.stream().left_behind(&group, 10).await.unwrap();
    assert_eq!(ids(&left), ids(&taken));
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
async fn a_stream_is_trimmed_to_what_some_group_needs() {
    let server = Server::start();
    let (publisher, stream) = (server.link(), server.stream());
    let (quick, slow) = (group("quick", "r"), group("slow", "r"));
    for group in [&quick, &slow] {
        stream.ensure_group(group).await.unwrap();
    }
    publisher.publish(&[event(1), event(2), event(3)]).await.unwrap();
    let read = stream.read(&quick, 10, AT_ONCE).await.unwrap();
    stream.acknowledge(&quick, &ids(&read)).await.unwrap();
    let held = stream.read(&slow, 2, AT_ONCE).await.unwrap();
    stream.acknowledge(&slow, &ids(&held[..1])).await.unwrap();
    stream.trim(Aggregate::Inventory).await.unwrap();
    let left = stream.left_behind(&slow, 10).await.unwrap();
    assert_eq!(versions(&left), [2], "what a reader holds stays");
    assert_eq!(versions(&stream.read(&slow, 10, AT_ONCE).await.unwrap()), [3], "what is unread stays");
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
