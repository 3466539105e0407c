use crate::dead_letters::bury;
use crate::server::Server;
use crate::streams::{AT_ONCE, event, group, ids};
use souk_domain::ports::{Backlog, Backlogs, EventPublisher, EventStream};
use souk_domain::{Aggregate, EntryId};

pub async fn backlog(server: &Server, function: &str) -> Backlog {
    server.link().backlog(Aggregate::Inventory, function).await.unwrap()
}

fn millis(id: &str) -> i64 {
    id.parse::<EntryId>().unwrap().millis as i64
}

/// Undelivered, pending, and when the oldest was published in milliseconds.
fn told(backlog: &Backlog) -> (u64, u64, Option<i64>) {
    (backlog.undelivered, backlog.pending, backlog.oldest.map(|at| at.timestamp_millis()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_nothing_waits() {
    let server = Server::start();
    assert_eq!(backlog(&server, "any").await, Backlog::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_delivered_waits_for_everybody() {
    let server = Server::start();
    server.stream().ensure_group(&group("known", "r")).await.unwrap();
    let before = souk_domain::now().timestamp_millis();
    server.link().publish(&[event(1), event(2), event(3)]).await.unwrap();
    for function in ["known", "unknown"] {
        let (undelivered, pending, oldest) = told(&backlog(&server, function).await);
        assert_eq!((undelivered, pending), (3, 0), "{function}");
        assert!(oldest >= Some(before) && oldest <= Some(souk_domain::now().timestamp_millis()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_waits_until_it_is_done() {
    let server = Server::start();
    let (stream, group) = (server.stream(), group("reads", "r"));
    stream.ensure_group(&group).await.unwrap();
    for version in 1..=4 {
        server.link().publish(&[event(version)]).await.unwrap();
        // So that each has a millisecond of its own.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let read = ids(&stream.read(&group, 3, AT_ONCE).await.unwrap());
    assert_eq!(told(&backlog(&server, "reads").await), (1, 3, Some(millis(&read[0]))));
    stream.acknowledge(&group, &read[..1]).await.unwrap();
    stream.put_back(&group, &read[1..2]).await.unwrap();
    assert_eq!(told(&backlog(&server, "reads").await), (1, 2, Some(millis(&read[1]))));
    stream.acknowledge(&group, &read[1..]).await.unwrap();
    let (undelivered, pending, oldest) = told(&backlog(&server, "reads").await);
    assert_eq!((undelivered, pending), (1, 0));
    assert!(oldest > Some(millis(&read[2])));
    let last = ids(&stream.read(&group, 3, AT_ONCE).await.unwrap());
    stream.acknowledge(&group, &last).await.unwrap();
    assert_eq!(backlog(&server, "reads").await, Backlog::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_trimmed_or_buried_does_not_wait() {
    let server = Server::start();
    bury(&server, "fails", 3).await;
    server.stream().trim(Aggregate::Inventory, &["fails".to_owned()]).await.unwrap();
    assert_eq!(backlog(&server, "fails").await, Backlog::default());
    server.link().publish(&[event(4), event(5)]).await.unwrap();
    assert_eq!(backlog(&server, "fails").await.undelivered, 2);
}
