use crate::realtime::{
    Connection, ConnectionId, Missed, News, Noted, Principal, Protocol, Sequence, Spots, Subscriber, Topic,
};
use crate::{DateTime, Result};
use async_trait::async_trait;
use std::collections::HashSet;
use std::time::Duration;

/// Listeners of a topic, or the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Those that were asked for, or the first of them by their spots.
    pub subscribers: Vec<Subscriber>,
    /// There are more than these, and the last of these has this spot.
    pub more_after: Option<u16>,
}

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

    /// Which of the topics somebody may listen to: those that had a subscription in the life of the longest connection.
    async fn listened(&self, topics: &[Topic]) -> Result<HashSet<Topic>>;

    /// Who listens to a topic, of these spots; no more than `limit`.
    async fn listeners(&self, topic: &Topic, spots: Spots, limit: usize) -> Result<Listeners>;
}

/// The latest news of each topic, with their places: what somebody missed who was away for a moment.
#[async_trait]
pub trait NewsLog: Send + Sync {
    /// Gives each of the news, in their order, its place on its topics, in one round trip. News that were noted before keep their places.
    async fn note(&self, news: &[News], at: DateTime) -> Result<Vec<Noted>>;

    /// Lets no newer news of an aggregate be noted for a while: telling the last took so long.
    async fn rest(&self, subject: &str, time: Duration, at: DateTime) -> Result<()>;

    /// What was missed of a topic since `after`; nothing is missed by whoever heard nothing yet. The log of a topic that has none
    /// begins now.
    async fn missed(&self, topic: &Topic, after: Option<Sequence>, at: DateTime) -> Result<Missed>;
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
