//! `stream-trigger` as Lambda runs it: again and again, each time until its deadline.

use crate::consumers::{Consumer, once};
use crate::server::Server;
use crate::{age, eventually, group, pending, publish, source};
use souk_domain::ports::{EventStream, StreamEntry};
use souk_platform::stream_trigger;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `stream-trigger` keeps before its deadline: a second for an invocation, two to settle it, and one that a read may wait.
const KEPT: Duration = Duration::from_secs(4);

/// One invocation that has so long to read.
async fn invoke(server: &Server, id: &str, reading: Duration, consumer: &Arc<Consumer>) {
    let new_stream = || Ok(Arc::new(server.stream()) as Arc<dyn EventStream>);
    let deadline = Instant::now() + KEPT + reading;
    let done = stream_trigger::handle(&[source(10)], id, deadline, new_stream, consumer.clone()).await;
    assert_eq!(done.unwrap().sources, 1);
    assert!(Instant::now() < deadline, "it ends in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_invocation_hands_over_to_the_next_and_each_entry_is_handled_once() {
    let server = Arc::new(Server::start());
    let publishing = server.clone();
    let publisher = tokio::spawn(async move {
        for version in 1..=200 {
            publish(&publishing, version..=version).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let consumer = Consumer::willing();
    // More than one, so that the deadline falls between two events of a stream that goes on.
    let mut invocations = 0;
    while !publisher.is_finished() || consumer.times().len() < 200 {
        invocations += 1;
        assert!(invocations < 50, "only {} events came", consumer.times().len());
        let id = format!("invocation-{invocations}");
        invoke(&server, &id, Duration::from_millis(700), &consumer).await;
        assert_eq!(pending(&server, Some(&id)).await, 0, "nothing is left in its hand");
    }
    assert!(invocations > 1);
    assert_eq!(consumer.times(), once(1..=200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_invocation_held_that_lambda_ended_is_finished_by_the_next() {
    let server = Arc::new(Server::start());
    publish(&server, 1..=10).await;
    let stuck = Consumer::new(|_| Box::pin(std::future::pending()));
    let (serving, invoked) = (server.clone(), stuck.clone());
    let ended = tokio::spawn(async move { invoke(&serving, "ended", Duration::from_secs(60), &invoked).await });
    eventually("it works on something", async || stuck.times().len() == 10).await;
    ended.abort();
    assert!(ended.await.is_err());
    publish(&server, 11..=20).await;

    let next = Consumer::willing();
    invoke(&server, "too early", Duration::from_millis(200), &next).await;
    assert_eq!(next.times(), once(11..=20), "what is new does not wait for it");
    age(&server, StreamEntry::ABANDONED).await;
    invoke(&server, "next", Duration::from_millis(200), &next).await;
    assert_eq!(next.times(), once(1..=20));
    let again = next.invocations().into_iter().flatten().filter(|(version, _)| *version <= 10);
    assert!(again.clone().all(|(_, deliveries)| deliveries == 2), "{:?}", again.collect::<Vec<_>>());
    assert_eq!(pending(&server, None).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_that_overlap_do_each_entry_once() {
    let server = Arc::new(Server::start());
    publish(&server, 1..=300).await;
    let consumer = Consumer::willing();
    let reading = Duration::from_millis(500);
    tokio::join!(
        invoke(&server, "one", reading, &consumer),
        invoke(&server, "two", reading, &consumer),
        invoke(&server, "three", reading, &consumer)
    );
    assert_eq!(consumer.times(), once(1..=300));
    for reader in ["one", "two", "three"] {
        assert!(server.stream().left_behind(&group(reader), 10).await.unwrap().is_empty());
    }
}
