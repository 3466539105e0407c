use crate::realtime::{ConnectionId, Identity, Topic};
use crate::{DateTime, Result};
use async_trait::async_trait;

/// A topic and who listens to it.
pub type Subscribers = (Topic, Vec<ConnectionId>);

/// Which connections exist and what they listen to.
#[async_trait]
pub trait ConnectionTable: Send + Sync {
    /// Records a connection until `expires`.
    async fn connect(&self, connection: &ConnectionId, identity: Option<Identity>, expires: DateTime) -> Result<()>;

    /// Who logged in on a connection: the outer `None` for an unknown connection, the inner for an anonymous one.
    async fn identity(&self, connection: &ConnectionId) -> Result<Option<Option<Identity>>>;

    /// Forgets a connection and its subscriptions. An unknown one is fine.
    async fn disconnect(&self, connection: &ConnectionId) -> Result<()>;

    /// Subscribes a connection until `expires`. Doing so again is fine.
    async fn subscribe(&self, connection: &ConnectionId, topic: &Topic, expires: DateTime) -> Result<()>;

    /// Ends a subscription. An unknown one is fine.
    async fn unsubscribe(&self, connection: &ConnectionId, topic: &Topic) -> Result<()>;

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
}
