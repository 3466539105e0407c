//! A connection that is opened before it is needed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use souk_aws::{AwsSettings, DynamoConnections};
use souk_domain::Error;
use souk_domain::ports::ConnectionTable;
use souk_domain::realtime::ConnectionId;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What was asked, on which connection.
type Asked = Arc<Mutex<Vec<(String, SocketAddr)>>>;

async fn note(
    State(asked): State<Asked>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> &'static str {
    asked.lock().unwrap().push((format!("{} {}", request.method(), request.uri().path()), from));
    "{}"
}

#[tokio::test]
async fn the_first_command_takes_the_connection_that_was_opened() {
    let (listener, asked) = (TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), Asked::default());
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Router::new().fallback(note).with_state(asked.clone());
    tokio::spawn(async move {
        axum::serve(listener, service.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    let table = DynamoConnections::new(&AwsSettings::local(), &url, "connections");
    table.open().await.unwrap();
    assert_eq!(table.connection(&ConnectionId("c1".to_owned())).await.unwrap(), None);
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(), ["GET /ping", "POST /"]);
    assert_eq!(asked[0].1, asked[1].1, "two connections");
}

#[tokio::test]
async fn a_service_that_is_away_cannot_be_opened() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let table = DynamoConnections::new(&AwsSettings::local(), &url, "connections");
    assert!(matches!(table.open().await, Err(Error::Unavailable(_))));
}
