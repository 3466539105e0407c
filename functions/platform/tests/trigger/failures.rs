//! Functions that fail on some entries, or on everything for a while.

use crate::consumers::Consumer;
use crate::server::Server;
use crate::{FUNCTION, eventually, pending, publish, source};
use souk_domain::ports::{DeadLetters, EventStream, KeptLetter, LetterOrder, StreamEntry};
use souk_domain::{Error, Limit};
use souk_platform::Trigger;
use std::sync::Arc;
use std::time::Duration;

const AT_ONCE: Duration = Duration::from_millis(2);

/// A trigger that tries again at once.
fn start(server: &Server, consumer: &Arc<Consumer>) -> tokio::task::JoinHandle<()> {
    let stream: Arc<dyn EventStream> = Arc::new(server.stream().retrying_after(AT_ONCE));
    let trigger = Trigger::new(&source(100), "r", stream, consumer.clone()).retrying_after(AT_ONCE);
    tokio::spawn(async move { trigger.run(None).await })
}

async fn letters(server: &Server) -> Vec<KeptLetter> {
    let limit = Limit::new(100).unwrap();
    server.link().letters(FUNCTION, LetterOrder::OldestFirst, limit, None).await.unwrap().items
}

/// How often an event was delivered, as the function was told.
fn deliveries(consumer: &Consumer, version: i64) -> u64 {
    let all = consumer.invocations().into_iter().flatten();
    all.filter(|(told, _)| *told == version).map(|(_, deliveries)| deliveries).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_crashes_on_is_buried_alone_after_all_its_deliveries_and_the_rest_is_handled() {
    let server = Server::start();
    let poison = [7, 60];
    let consumer = Consumer::new(move |batch| {
        let found = batch.iter().map(|(version, _)| *version).find(|version| poison.contains(version));
        Box::pin(async move {
            match found {
                Some(version) => Err(Error::Internal(format!("choked on {version}"))),
                None => Ok(Vec::new()),
            }
        })
    });
    publish(&server, 1..=100).await;
    let running = start(&server, &consumer);
    eventually("both are buried", async || letters(&server).await.len() == 2).await;
    eventually("nothing waits", async || pending(&server, None).await == 0).await;
    running.abort();
    assert_eq!(consumer.times().len(), 100);
    let mut told = letters(&server).await;
    told.sort_by_key(|letter| letter.entry.id.clone());
    for letter in told {
        let version = souk_domain::Event::from_json(&letter.entry.event).unwrap().version;
        assert!(poison.contains(&version), "{letter:?}");
        assert_eq!(letter.error, format!("internal: choked on {version}"));
        assert_eq!((letter.stream.as_str(), letter.entry.deliveries), ("inventory", StreamEntry::MAX_DELIVERIES));
        assert_eq!(deliveries(&consumer, version), StreamEntry::MAX_DELIVERIES);
    }
    // Halving finds one of them at a time; the neighbours of the other one wait a little, and are never buried with it.
    let mut neighbours = (1..=100).filter(|version| !poison.contains(version));
    assert!(neighbours.all(|version| deliveries(&consumer, version) < StreamEntry::MAX_DELIVERIES));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_function_reports_is_delivered_again() {
    let server = Server::start();
    let consumer = Consumer::new(|batch| {
        // Every third event fails twice.
        let failed = batch.iter().filter(|(version, deliveries)| version % 3 == 0 && *deliveries < 3);
        let failed = failed.map(|(version, _)| *version).collect();
        Box::pin(async move { Ok(failed) })
    });
    publish(&server, 1..=90).await;
    let running = start(&server, &consumer);
    let times = |version: i64| if version % 3 == 0 { 3 } else { 1 };
    let expected = (1..=90).map(|version| (version, times(version))).collect();
    eventually("all is handled", async || consumer.times() == expected && pending(&server, None).await == 0).await;
    running.abort();
    assert_eq!(consumer.times(), expected);
    assert_eq!(letters(&server).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_away_for_a_while_costs_repetitions_and_loses_nothing() {
    let server = Server::start();
    // Away until everything was tried three times.
    let consumer = Consumer::new(|batch| {
        let is_away = batch.iter().any(|(_, deliveries)| *deliveries <= 3);
        Box::pin(async move {
            match is_away {
                true => Err(Error::Unavailable("the gateway is away".to_owned())),
                false => Ok(Vec::new()),
            }
        })
    });
    publish(&server, 1..=250).await;
    let running = start(&server, &consumer);
    let expected = (1..=250).map(|version| (version, 4)).collect();
    eventually("all is handled", async || consumer.times() == expected && pending(&server, None).await == 0).await;
    running.abort();
    assert_eq!(letters(&server).await, []);
    // Put back as a whole, never halved.
    let sizes: Vec<usize> = consumer.invocations().iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|size| [100, 50].contains(size)), "{sizes:?}");
}
