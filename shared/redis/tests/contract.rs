//! The contracts of the cache, the publisher and the event streams, on a server that speaks Redis: the embedded one, or a
//! private `redis-server` with `SOUK_TEST_REDIS=redis-server`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use souk_domain::ports::{Cache, CacheKey, Cached, DeadLetter, EventPublisher, EventStream, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Cause, Event, ProductId, Sku, StockLevel};
use souk_redis::{RedisEventStream, RedisLink};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A server for one test.
struct Server {
    url: String,
    process: Option<Child>,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let path = folder.path().to_owned();
        let process = if std::env::var("SOUK_TEST_REDIS").as_deref() == Ok("redis-server") {
            let mut command = Command::new("redis-server");
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(path);
            Some(command.stdout(Stdio::null()).spawn().expect("redis-server is installed"))
        } else {
            std::thread::spawn(move || kevy::serve([127, 0, 0, 1], port, 1, path, false));
            None
        };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            std::thread::sleep(Duration::from_millis(2));
        }
        Self { url: format!("redis://127.0.0.1:{port}"), process, _folder: folder }
    }

    fn link(&self) -> RedisLink {
        RedisLink::new(&self.url).unwrap()
    }

    fn stream(&self) -> RedisEventStream {
        RedisEventStream::new(self.link())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn copy(version: i64, json: &str) -> Cached {
    Cached { version, json: json.to_owned() }
}

fn event(version: i64) -> Event {
    let (product_id, sku, updated_at) = (ProductId::new(), Sku::parse("A").unwrap(), souk_domain::now());
    let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version, updated_at };
    Event::inventory_changed(&stock, &Cause::internal("test"))
}

fn group(name: &str, reader: &str) -> StreamGroup {
    StreamGroup { stream: Aggregate::Inventory, group: name.to_owned(), reader: reader.to_owned() }
}

fn versions(entries: &[StreamEntry]) -> Vec<i64> {
    entries.iter().map(|entry| Event::from_json(&entry.event).unwrap().version).collect()
}

fn ids(entries: &[StreamEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

const AT_ONCE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_kept_until_a_newer_version_is_known_and_an_older_one_never_comes_back() {
    let server = Server::start();
    let cache = server.link();
    let (key, other) = (CacheKey::Product(ProductId::new()), CacheKey::Stock(ProductId::new()));
    assert_eq!(cache.get(&[key, other]).await.unwrap(), [None, None]);
    cache.put(&[(key, copy(3, "three")), (other, copy(1, "o:ne"))]).await.unwrap();
    assert_eq!(cache.get(&[key, other]).await.unwrap(), [Some(copy(3, "three")), Some(copy(1, "o:ne"))]);

    cache.put(&[(key, copy(2, "two"))]).await.unwrap();
    cache.invalidate(&[(key, 3)]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [Some(copy(3, "three"))], "neither is news");

    cache.invalidate(&[(key, 5)]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [None]);
    cache.put(&[(key, copy(4, "a slow reader's"))]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [None]);
    cache.put(&[(key, copy(5, "five"))]).await.unwrap();
    assert_eq!(cache.get(&[key]).await.unwrap(), [Some(copy(5, "five"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_invalidations_at_once_are_as_exact_as_one() {
    let server = Server::start();
    let cache = server.link();
    let keys: Vec<CacheKey> = (0..40).map(|_| CacheKey::Stock(ProductId::new())).collect();
    let copies: Vec<_> = keys[..20].iter().map(|key| (*key, copy(5, "five"))).collect();
    cache.put(&copies).await.unwrap();
    // Older, equal and newer than the copies, and of things that have none.
    let versions: Vec<_> = keys.iter().zip(0_i64..).map(|(key, n)| (*key, 4 + n % 3)).collect();
    cache.invalidate(&versions).await.unwrap();
    let expected = |n: usize| (n < 20 && n % 3 < 2).then(|| copy(5, "five"));
    assert_eq!(cache.get(&keys).await.unwrap(), (0..40).map(expected).collect::<Vec<_>>());
    cache.put(&[(keys[38], copy(5, "a slow reader's"))]).await.unwrap();
    assert_eq!(cache.get(&[keys[38]]).await.unwrap(), [None], "version 6 of it exists");
}

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
    tokio::time::sleep(StreamEntry::pause(1) + Duration::from_millis(100)).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_fails_at_once_after_a_few_failures() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let link = RedisLink::new(&format!("redis://127.0.0.1:{port}")).unwrap();
    for _ in 0..12 {
        assert!(matches!(Cache::ping(&link).await, Err(souk_domain::Error::Unavailable(_))));
    }
    let error = Cache::ping(&link).await.unwrap_err().to_string();
    assert!(error.contains("failed a moment ago"), "{error}");
}
