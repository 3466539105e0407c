//! What is dropped from a stream, and what never is.

use crate::server::Server;
use crate::streams::{AT_ONCE, event, group, ids, versions};
use souk_domain::Aggregate;
use souk_domain::ports::{DeadLetter, EventPublisher, EventStream, StreamGroup};
use souk_redis::RedisEventStream;

const STREAM: &str = "souk:events:inventory";

async fn publish(server: &Server, versions: std::ops::RangeInclusive<i64>) {
    server.link().publish(&versions.map(event).collect::<Vec<_>>()).await.unwrap();
}

async fn trim(stream: &RedisEventStream, groups: &[&StreamGroup]) {
    let names: Vec<String> = groups.iter().map(|group| group.group.clone()).collect();
    stream.trim(Aggregate::Inventory, &names).await.unwrap();
}

/// Takes whatever is new and is done with it.
async fn handle_all(stream: &RedisEventStream, group: &StreamGroup) -> Vec<i64> {
    let mut handled = Vec::new();
    loop {
        let read = stream.read(group, 100, AT_ONCE).await.unwrap();
        if read.is_empty() {
            return handled;
        }
        stream.acknowledge(group, &ids(&read)).await.unwrap();
        handled.extend(versions(&read));
    }
}

async fn length(server: &Server) -> u64 {
    redis::cmd("XLEN").arg(STREAM).query_async(&mut server.raw().await).await.unwrap()
}

/// Bytes that the stream takes in the server's memory.
async fn memory(server: &Server) -> u64 {
    redis::cmd("MEMORY").arg("USAGE").arg(STREAM).query_async(&mut server.raw().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_has_not_read_stays_however_much_another_one_has_handled() {
    let server = Server::start();
    let stream = server.stream();
    let (quick, slow) = (group("quick", "r"), group("slow", "r"));
    for group in [&quick, &slow] {
        stream.ensure_group(group).await.unwrap();
    }
    for round in 0..5 {
        publish(&server, round * 100 + 1..=round * 100 + 100).await;
        handle_all(&stream, &quick).await;
        trim(&stream, &[&quick, &slow]).await;
    }
    assert_eq!(length(&server).await, 500);
    assert_eq!(handle_all(&stream, &slow).await, (1..=500).collect::<Vec<_>>());
    trim(&stream, &[&quick, &slow]).await;
    assert_eq!(length(&server).await, 1, "the last one, which both are done with");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_holds_or_failed_on_stays_with_everything_behind_it() {
    let server = Server::start();
    let stream = server.stream();
    let (quick, slow) = (group("quick", "r"), group("slow", "r"));
    for group in [&quick, &slow] {
        stream.ensure_group(group).await.unwrap();
    }
    publish(&server, 1..=10).await;
    handle_all(&stream, &quick).await;
    let held = stream.read(&slow, 10, AT_ONCE).await.unwrap();
    stream.acknowledge(&slow, &ids(&held[..3])).await.unwrap();
    stream.put_back(&slow, &ids(&held[3..4])).await.unwrap();
    stream.acknowledge(&slow, &ids(&held[5..])).await.unwrap();
    trim(&stream, &[&quick, &slow]).await;
    assert_eq!(length(&server).await, 7, "the one that was put back, the one in hand, and what is behind");
    assert_eq!(versions(&stream.left_behind(&slow, 10).await.unwrap()), [5]);
    // Done with the one that waits, while another is still in hand.
    stream.acknowledge(&slow, &ids(&held[3..4])).await.unwrap();
    trim(&stream, &[&quick, &slow]).await;
    assert_eq!(length(&server).await, 6);
    let letter = DeadLetter { entry: held[4].clone(), error: "on purpose".to_owned() };
    stream.bury(&slow, &[letter]).await.unwrap();
    trim(&stream, &[&quick, &slow]).await;
    assert_eq!(length(&server).await, 1, "what was buried is kept beside the stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dropped_before_every_consumer_has_its_group() {
    let server = Server::start();
    let stream = server.stream();
    let (first, new) = (group("first", "r"), group("new", "r"));
    stream.ensure_group(&first).await.unwrap();
    publish(&server, 1..=50).await;
    handle_all(&stream, &first).await;
    trim(&stream, &[&first, &new]).await;
    assert_eq!(length(&server).await, 50);
    stream.ensure_group(&new).await.unwrap();
    trim(&stream, &[&first, &new]).await;
    assert_eq!(handle_all(&stream, &new).await, (1..=50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_needs_that_the_catalogue_no_longer_names_stays() {
    let server = Server::start();
    let stream = server.stream();
    let (known, other) = (group("known", "r"), group("other", "r"));
    for group in [&known, &other] {
        stream.ensure_group(group).await.unwrap();
    }
    publish(&server, 1..=5).await;
    handle_all(&stream, &known).await;
    trim(&stream, &[&known]).await;
    assert_eq!(handle_all(&stream, &other).await, [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_groups_keep_up_takes_no_more_memory_after_many_events_than_after_few() {
    let server = Server::start();
    let stream = server.stream();
    let groups = [group("a", "r"), group("b", "r")];
    for group in &groups {
        stream.ensure_group(group).await.unwrap();
    }
    let mut most = Vec::new();
    for round in 0..100 {
        publish(&server, round * 100 + 1..=round * 100 + 100).await;
        most.push(memory(&server).await);
        for group in &groups {
            let read = stream.read(group, 100, AT_ONCE).await.unwrap();
            stream.acknowledge(group, &ids(&read)).await.unwrap();
        }
        trim(&stream, &[&groups[0], &groups[1]]).await;
        assert_eq!(length(&server).await, 1);
    }
    let (few, many) = (most[..10].iter().max().unwrap(), most[10..].iter().max().unwrap());
    assert!(many <= &(few * 2), "{few} bytes after a thousand events, {many} after ten thousand");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_hold_nothing_are_forgotten_and_those_that_hold_something_are_not() {
    let server = Server::start();
    let forgetful = || server.stream().forgetting_after(std::time::Duration::ZERO);
    let reader = |name: &str| group("lambda", name);
    forgetful().ensure_group(&reader("1")).await.unwrap();
    publish(&server, 1..=3).await;
    for name in ["1", "2", "3"] {
        let read = server.stream().read(&reader(name), 1, AT_ONCE).await.unwrap();
        match name {
            "1" => server.stream().acknowledge(&reader(name), &ids(&read)).await.unwrap(),
            "2" => server.stream().put_back(&reader(name), &ids(&read)).await.unwrap(),
            _ => {}
        }
    }
    // One that was heard of a moment ago stays.
    server.stream().ensure_group(&reader("4")).await.unwrap();
    assert_eq!(readers(&server).await, ["1", "2", "3", "put-back"]);
    forgetful().ensure_group(&reader("4")).await.unwrap();
    assert_eq!(readers(&server).await, ["3", "put-back"]);
    assert_eq!(versions(&server.stream().left_behind(&reader("3"), 10).await.unwrap()), [3]);
}

/// The readers that the server knows of the group `lambda`.
async fn readers(server: &Server) -> Vec<String> {
    let mut info = redis::cmd("XINFO");
    info.arg("CONSUMERS").arg(STREAM).arg("lambda");
    let known: redis::streams::StreamInfoConsumersReply = info.query_async(&mut server.raw().await).await.unwrap();
    let mut names: Vec<String> = known.consumers.into_iter().map(|reader| reader.name).collect();
    names.sort();
    names
}
