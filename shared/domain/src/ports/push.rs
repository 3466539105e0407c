use crate::realtime::{Connection, ConnectionId, Principal, Protocol, Subscriber, Topic};
use crate::{DateTime, Result};
use async_trait::async_trait;

/// A topic and who listens to it.
pub type Subscribers = (Topic, Vec<Subscriber>);

/// Which connections exist and what they listen to.
#[async_trait]
pub trait ConnectionTable: Send + Sync {
    /// Records a connection until `expires`. It speaks plain JSON.
    async fn connect(&self, connection: &ConnectionId, principal: Option<Principal>, expires: DateTime) -> Result<()>;

    /// What is known of a connection; `None` for an unknown one.
    async fn connection(&self, connection: &ConnectionId) -> Result<Option<Connection>>;

    /// Remembers what a connection speaks; `false` for an unknown one.
    async fn speak(&self, connection: &ConnectionId, protocol: Protocol) -> Result<bool>;

    /// Puts somebody's new word in the place of the last one: on the connection and, for `topics`, on its subscriptions to them.
    /// Subscriptions that it does not have are not made. `false` for an unknown connection.
    async fn authenticate(&self, connection: &ConnectionId, principal: Principal, topics: &[Topic]) -> Result<bool>;

    /// What a connection listens to.
    async fn topics(&self, connection: &ConnectionId) -> Result<Vec<Topic>>;

    /// Forgets a connection and its subscriptions. An unknown one is fine.
    async fn disconnect(&self, connection: &ConnectionId) -> Result<()>;

    /// Subscribes a connection until `expires`. Doing so again is fine, and replaces what the subscription said.
    async fn subscribe(&self, subscriber: &Subscriber, topic: &Topic, expires: DateTime) -> Result<()>;

    /// Ends a subscription. An unknown one is fine.
    async fn unsubscribe(&self, connection: &ConnectionId, topic: &Topic) -> Result<()>;

    /// Ends a subscription whose word no longer counts, unless the connection has given another one meanwhile.
    async fn expel(&self, subscriber: &Subscriber, topic: &Topic) -> Result<()>;

    /// Who listens to these topics; topics without listeners are left out.
    async fn subscribers(&self, topics: &[Topic]) -> Result<Vec<Subscribers>>;
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The gateway took it.
    Sent,
    /// The connection no longer exists.
    Gone,
}

/// Sends messages to connections.
#[async_trait]
pub trait Push: Send + Sync {
    /// Sends one message of at most 128 KB.
    async fn send(&self, connection: &ConnectionId, message: &str) -> Result<Delivery>;

    /// Closes a connection, after what was sent to it. One that no longer exists is fine.
    async fn close(&self, connection: &ConnectionId) -> Result<()>;
}
