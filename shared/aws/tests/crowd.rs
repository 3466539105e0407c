//! Ten thousand listeners of one topic: how many requests find them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use futures::{StreamExt, TryStreamExt};
use souk_aws::{AwsSettings, DynamoConnections};
use souk_domain::ProductId;
use souk_domain::ports::ConnectionTable;
use souk_domain::realtime::{ConnectionId, Protocol, Spots, Subscriber, Topic};
use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What passes to the database, by its operation.
#[derive(Clone)]
struct Meter {
    target: String,
    client: reqwest::Client,
    counted: Arc<Mutex<BTreeMap<String, usize>>>,
}

async fn pass(State(meter): State<Meter>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let operation = head.headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    *meter.counted.lock().unwrap().entry(operation).or_default() += 1;
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer = meter.client.post(&meter.target).headers(head.headers).body(body).send().await.unwrap();
    let mut response = Response::new(Body::empty());
    (*response.status_mut(), *response.headers_mut()) = (answer.status(), answer.headers().clone());
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}

async fn listen() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_listeners_are_found_by_one_request_for_each_part_of_them() {
    let (database, target) = listen().await;
    let stand_in = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(database, stand_in, std::future::pending()));
    let meter = Meter { target, client: reqwest::Client::new(), counted: Arc::default() };
    let (proxy, url) = listen().await;
    let passing = axum::Router::new().fallback(pass).with_state(meter.clone());
    tokio::spawn(async move { axum::serve(proxy, passing).await });
    let table = DynamoConnections::new(&AwsSettings::local(), &url, "connections");
    table.create_table().await.unwrap();

    let topic = Topic::Product(ProductId::new());
    let expires = souk_domain::now() + Duration::from_secs(3600);
    futures::stream::iter(0..10_000)
        .map(Ok)
        .try_for_each_concurrent(64, async |n| {
            // As a gateway gives them: they begin alike.
            let connection = ConnectionId(format!("WAXpHcJrvH{n:05}="));
            let subscriber = Subscriber { connection, protocol: Protocol::Json, principal: None };
            table.subscribe(&subscriber, &topic, expires).await
        })
        .await
        .unwrap();

    meter.counted.lock().unwrap().clear();
    assert_eq!(table.listened(&[topic.clone(), Topic::Catalog]).await.unwrap(), HashSet::from([topic.clone()]));
    let first = table.listeners(&topic, Spots::ALL, 1000).await.unwrap();
    let estimate = 1000.0 / Spots { from: 0, to: first.more_after.unwrap() }.share();
    assert!((8_500.0..11_500.0).contains(&estimate), "an estimate of {estimate}");
    let mut found = HashSet::new();
    for spots in Spots::ALL.split(16) {
        let part = table.listeners(&topic, spots, 1000).await.unwrap();
        assert_eq!(part.more_after, None, "{} listeners are too many for a part", part.subscribers.len());
        found.extend(part.subscribers.into_iter().map(|subscriber| subscriber.connection.0));
    }
    assert_eq!(found.len(), 10_000);
    let counted = meter.counted.lock().unwrap().clone();
    assert_eq!(counted, BTreeMap::from([("BatchGetItem".to_owned(), 1), ("Query".to_owned(), 17)]));
}
