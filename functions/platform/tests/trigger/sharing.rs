//! Several triggers at once, and how much they take.

use crate::consumers::{Consumer, once};
use crate::server::Server;
use crate::{eventually, pending, publish, source};
use souk_platform::Trigger;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Barrier;

const BATCH: usize = 20;

fn trigger(server: &Server, reader: &str, consumer: &Arc<Consumer>) -> Trigger {
    Trigger::new(&source(BATCH), reader, Arc::new(server.stream()), consumer.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_triggers_at_once_share_the_work_and_each_entry_is_handled_once() {
    let server = Server::start();
    publish(&server, 1..=500).await;
    // Nobody gets their first batch done before each of the three has one.
    let together = Arc::new(Barrier::new(3));
    let consumers: Vec<Arc<Consumer>> = (0..3)
        .map(|_| {
            let (together, first) = (together.clone(), Arc::new(std::sync::Once::new()));
            Consumer::new(move |_| {
                let mut is_first = false;
                first.call_once(|| is_first = true);
                let together = together.clone();
                Box::pin(async move {
                    if is_first {
                        together.wait().await;
                    }
                    Ok(Vec::new())
                })
            })
        })
        .collect();
    let triggers = consumers.iter().enumerate().map(|(n, consumer)| {
        let trigger = trigger(&server, &format!("reader-{n}"), consumer);
        tokio::spawn(async move { trigger.run(None).await })
    });
    let triggers: Vec<_> = triggers.collect();
    publish(&server, 501..=1000).await;
    let told = || {
        let mut all = BTreeMap::new();
        for (version, times) in consumers.iter().flat_map(|consumer| consumer.times()) {
            *all.entry(version).or_default() += times;
        }
        all
    };
    eventually("all is handled", async || told().len() == 1000 && pending(&server, None).await == 0).await;
    assert_eq!(told(), once(1..=1000));
    triggers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_takes_no_more_than_one_batch_however_much_there_is_and_however_slow_the_function() {
    let server = Arc::new(Server::start());
    publish(&server, 1..=1000).await;
    let looked = server.clone();
    let consumer = Consumer::new(move |batch| {
        let server = looked.clone();
        Box::pin(async move {
            assert!(batch.len() <= BATCH);
            assert_eq!(pending(&server, None).await, batch.len(), "only what the function works on was taken");
            Ok(Vec::new())
        })
    });
    let trigger = trigger(&server, "r", &consumer);
    let running = tokio::spawn(async move { trigger.run(None).await });
    eventually("all is handled", async || running.is_finished() || consumer.times().len() == 1000).await;
    assert!(!running.is_finished(), "the function saw too much");
    assert_eq!(consumer.invocations().len(), 1000 / BATCH, "full batches");
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_function_works_makes_the_next_batch() {
    let server = Arc::new(Server::start());
    publish(&server, 1..=1).await;
    let publishing = server.clone();
    let consumer = Consumer::new(move |batch| {
        let server = publishing.clone();
        Box::pin(async move {
            if batch[0].0 == 1 {
                for version in 2..=6 {
                    publish(&server, version..=version).await;
                }
            }
            Ok(Vec::new())
        })
    });
    let trigger = trigger(&server, "r", &consumer);
    let running = tokio::spawn(async move { trigger.run(None).await });
    eventually("all is handled", async || consumer.times().len() == 6).await;
    let sizes: Vec<usize> = consumer.invocations().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 5]);
    running.abort();
}
