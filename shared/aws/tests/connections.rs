//! The connection table on a stand-in for DynamoDB.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use souk_aws::{AwsSettings, DynamoConnections};
use souk_domain::ports::ConnectionTable;
use souk_domain::realtime::{Connection, ConnectionId, Identity, Principal, Protocol, Spots, Subscriber, Topic};
use souk_domain::{CustomerId, DateTime, ProductId, Role, SessionId};
use std::net::Ipv4Addr;

async fn table() -> DynamoConnections {
    let database = dynoxide::Database::memory().unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let table = DynamoConnections::new(&AwsSettings::local(), &url, "connections");
    table.create_table().await.unwrap();
    table
}

fn later(minutes: i64) -> DateTime {
    DateTime::from_timestamp(souk_domain::now().timestamp() + 60 * minutes, 0).unwrap()
}

fn principal(id: CustomerId, minutes: i64) -> Principal {
    let identity = Identity { id, role: Role::Customer };
    Principal { identity, session: SessionId::new(), expires_at: later(minutes) }
}

async fn listeners(table: &DynamoConnections, topic: &Topic) -> Vec<Subscriber> {
    table.listeners(topic, Spots::ALL, usize::MAX).await.unwrap().subscribers
}

#[tokio::test]
async fn a_connection_is_known_by_who_logged_in_and_what_it_speaks() {
    let (table, id, who) = (table().await, ConnectionId("c1".to_owned()), principal(CustomerId::new(), 15));
    assert_eq!(table.connection(&id).await.unwrap(), None);
    assert!(!table.speak(&id, Protocol::SignalR).await.unwrap(), "nothing is made of nothing");
    assert_eq!(table.connection(&id).await.unwrap(), None);
    table.connect(&id, Some(who), later(120)).await.unwrap();
    let plain = Connection { principal: Some(who), protocol: Protocol::Json };
    assert_eq!(table.connection(&id).await.unwrap(), Some(plain));
    assert!(table.speak(&id, Protocol::SignalR).await.unwrap());
    let spoken = Connection { protocol: Protocol::SignalR, ..plain };
    assert_eq!(table.connection(&id).await.unwrap(), Some(spoken));
    table.disconnect(&id).await.unwrap();
    assert_eq!(table.connection(&id).await.unwrap(), None);
}

#[tokio::test]
async fn whoever_listens_is_found_with_all_that_a_message_to_them_needs() {
    let (table, who) = (table().await, principal(CustomerId::new(), 15));
    let (own, stock) = (Topic::Customer(who.identity.id), Topic::Product(ProductId::new()));
    let connection = ConnectionId("c1".to_owned());
    let private = Subscriber { connection: connection.clone(), protocol: Protocol::SignalR, principal: Some(who) };
    let public = Subscriber { principal: None, ..private.clone() };
    table.connect(&connection, Some(who), later(120)).await.unwrap();
    table.subscribe(&private, &own, later(120)).await.unwrap();
    table.subscribe(&public, &stock, later(120)).await.unwrap();
    assert_eq!(listeners(&table, &own).await, [private]);
    assert_eq!(listeners(&table, &stock).await, [public]);
    let mut topics = table.topics(&connection).await.unwrap();
    topics.sort();
    assert_eq!(topics, [stock, own]);
}

#[tokio::test]
async fn another_token_prolongs_the_subscriptions_that_are_there() {
    let (table, last) = (table().await, principal(CustomerId::new(), 1));
    let next = principal(last.identity.id, 15);
    let (own, other) = (Topic::Customer(last.identity.id), Topic::Admin);
    let connection = ConnectionId("c1".to_owned());
    let topics = [own.clone(), other.clone()];
    assert!(!table.authenticate(&connection, next, &topics).await.unwrap());
    table.connect(&connection, Some(last), later(120)).await.unwrap();
    let subscriber = Subscriber { connection: connection.clone(), protocol: Protocol::Json, principal: Some(last) };
    table.subscribe(&subscriber, &own, later(120)).await.unwrap();
    assert!(table.authenticate(&connection, next, &topics).await.unwrap());
    assert_eq!(table.connection(&connection).await.unwrap().unwrap().principal, Some(next));
    assert_eq!(listeners(&table, &own).await, [Subscriber { principal: Some(next), ..subscriber }]);
    assert_eq!(listeners(&table, &other).await, []);
    assert_eq!(table.topics(&connection).await.unwrap(), [own]);
}

#[tokio::test]
async fn who_is_expelled_stays_when_they_have_shown_another_token_meanwhile() {
    let (table, last) = (table().await, principal(CustomerId::new(), 1));
    let (next, own) = (principal(last.identity.id, 15), Topic::Customer(last.identity.id));
    let connection = ConnectionId("c1".to_owned());
    let seen = Subscriber { connection: connection.clone(), protocol: Protocol::Json, principal: Some(last) };
    table.connect(&connection, Some(last), later(120)).await.unwrap();
    table.subscribe(&seen, &own, later(120)).await.unwrap();
    table.authenticate(&connection, next, std::slice::from_ref(&own)).await.unwrap();
    table.expel(&seen, &own).await.unwrap();
    table.expel(&Subscriber { principal: None, ..seen.clone() }, &own).await.unwrap();
    let stays = Subscriber { principal: Some(next), ..seen };
    assert_eq!(listeners(&table, &own).await, std::slice::from_ref(&stays));
    table.expel(&stays, &own).await.unwrap();
    assert_eq!(listeners(&table, &own).await, []);
    table.expel(&stays, &own).await.unwrap();
}
