//! What browsers listen to and what they hear.

use crate::{CustomerId, DateTime, OrderId, ProductId, Role, SessionId, Violation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Names one WebSocket connection. Given by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub String);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who logged in on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub id: CustomerId,
    /// What they may do.
    pub role: Role,
}

/// Somebody as their access token shows them: who, in which session, and until when the token's word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who, and what they may do.
    pub identity: Identity,
    /// The log-in that the token comes from.
    pub session: SessionId,
    /// When the token expires, to the second.
    pub expires_at: DateTime,
}

impl Principal {
    /// Whether the token still counts.
    pub fn is_current(&self, now: DateTime) -> bool {
        now < self.expires_at
    }
}

/// How messages are written on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// One JSON object a message.
    #[default]
    Json,
    /// The JSON encoding of the SignalR hub protocol, spoken once its handshake is done.
    SignalR,
}

impl Protocol {
    /// Its name at rest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::SignalR => "signalr",
        }
    }

    /// The protocol of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Json, Self::SignalR].into_iter().find(|protocol| protocol.as_str() == word)
    }
}

/// What is known of an open connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Who logged in on it; nobody for a guest.
    pub principal: Option<Principal>,
    /// What it speaks.
    pub protocol: Protocol,
}

/// A connection that listens to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Which.
    pub connection: ConnectionId,
    /// What it speaks.
    pub protocol: Protocol,
    /// On whose word it hears a private topic.
    pub principal: Option<Principal>,
}

/// What a connection can subscribe to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Topic {
    /// `product/{id}`: a product's stock. For everybody.
    Product(ProductId),
    /// `catalog`: the stock of every product. For everybody.
    Catalog,
    /// `order/{id}`: an order's status. For its owner and staff.
    Order(OrderId),
    /// `customer/{id}`: the status of all orders of a customer. For that customer and staff.
    Customer(CustomerId),
    /// `admin`: everything that staff watches. For staff.
    Admin,
}

impl Topic {
    /// Whether only some may listen, and only while they are logged in.
    pub fn is_private(&self) -> bool {
        match self {
            Topic::Product(_) | Topic::Catalog => false,
            Topic::Order(_) | Topic::Customer(_) | Topic::Admin => true,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Product(id) => write!(f, "product/{id}"),
            Topic::Catalog => f.write_str("catalog"),
            Topic::Order(id) => write!(f, "order/{id}"),
            Topic::Customer(id) => write!(f, "customer/{id}"),
            Topic::Admin => f.write_str("admin"),
        }
    }
}

impl FromStr for Topic {
    type Err = Violation;
    fn from_str(text: &str) -> Result<Self, Violation> {
        match text.split_once('/') {
            None if text == "catalog" => Ok(Topic::Catalog),
            None if text == "admin" => Ok(Topic::Admin),
            Some(("product", id)) => id.parse().map(Topic::Product),
            Some(("order", id)) => id.parse().map(Topic::Order),
            Some(("customer", id)) => id.parse().map(Topic::Customer),
            _ => Err(Violation::new(
                "invalid_id",
                "a topic is product/{id}, catalog, order/{id}, customer/{id} or admin",
            )),
        }
    }
}

impl TryFrom<String> for Topic {
    type Error = Violation;
    fn try_from(text: String) -> Result<Self, Violation> {
        text.parse()
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> String {
        topic.to_string()
    }
}

/// The numbers of a message among the news of its topic: microseconds since the Unix epoch, or one more than the last where that
/// is greater. So they grow, even past a log that was lost, and stay integers that JavaScript keeps until the year 2255.
pub type Sequence = u64;

/// Where a message stands among the news of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its number.
    pub sequence: Sequence,
    /// The number before it. Whoever has that, or a greater one, has missed nothing.
    pub previous: Sequence,
}

/// What happened to an aggregate, for everybody who listens to one of the topics.
#[derive(Clone, Debug)]
pub struct News {
    /// The aggregate.
    pub subject: String,
    /// Its version since then.
    pub version: crate::Version,
    /// Who is told.
    pub topics: Vec<Topic>,
    /// What is told, beside topic and place: a JSON object, always the same for the same event.
    pub body: Arc<str>,
    /// How often.
    pub pace: Pace,
}

/// Which news of an aggregate are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each version, in order.
    EveryStep {
        /// The aggregate is younger than [`Pace::REMEMBERED`]: where nothing was told of it, its first version is still to come.
        is_young: bool,
        /// Goes on without the versions before it, which have not come for a long time.
        has_waited: bool,
    },
    /// The newest, and none more often than each [`Pace::INTERVAL`].
    Newest,
}

impl Pace {
    /// Ten times a second is as often as people see a number change.
    pub const INTERVAL: Duration = Duration::from_millis(100);
    /// How long it is known what was told of an aggregate: longer than any connection lives.
    pub const REMEMBERED: Duration = Duration::from_secs(3 * 60 * 60);
}

/// What becomes of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// To be told: its place on each topic, in their order. `None` where it is not among the news any more: it was told long ago, or
    /// newer news took its place.
    Told(Vec<Option<Place>>),
    /// The version before it has not come.
    Early,
    /// Others were told a moment ago; come again after this time.
    TooSoon(Duration),
}

/// What somebody has missed of a topic who comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The newest number of the topic.
    pub sequence: Sequence,
    /// All news after the one that was heard last, in order; `None` when they are not known any more.
    pub news: Option<Vec<(Place, String)>>,
}

/// The message of news on a topic, as plain JSON.
pub fn message(topic: &Topic, place: Place, body: &str) -> String {
    let Place { sequence, previous } = place;
    let rest = body.strip_prefix('{').unwrap_or(body);
    format!(r#"{{"topic":"{topic}","sequence":{sequence},"previous":{previous},{rest}"#)
}

/// A part of everybody who listens to a topic: each connection has a spot between 0 and 65,535, which its id decides. Those of a range of
/// spots are so many of all, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spots {
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

impl Spots {
    /// All of them.
    pub const ALL: Self = Self { from: 0, to: u16::MAX };

    /// The same spots in up to `count` ranges, about as long as each other.
    pub fn split(self, count: u32) -> Vec<Self> {
        let (from, length) = (u32::from(self.from), u32::from(self.to - self.from) + 1);
        let count = count.min(length);
        let edge = |part: u32| from + (u64::from(length) * u64::from(part) / u64::from(count)) as u32;
        (0..count).map(|part| Self { from: edge(part) as u16, to: (edge(part + 1) - 1) as u16 }).collect()
    }

    /// How many of all spots these are.
    pub fn share(self) -> f64 {
        f64::from(u32::from(self.to - self.from) + 1) / 65_536.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_read_back_as_they_are_written() {
        for protocol in [Protocol::Json, Protocol::SignalR] {
            assert_eq!(Protocol::from_word(protocol.as_str()), Some(protocol));
        }
    }

    #[test]
    fn the_parts_of_a_range_are_the_range() {
        for (range, count, parts) in [
            (Spots::ALL, 16, 16),
            (Spots { from: 7, to: 7 }, 16, 1),
            (Spots { from: 65_530, to: 65_535 }, 4, 4),
            (Spots { from: 1, to: 1000 }, 7, 7),
        ] {
            let split = range.split(count);
            assert_eq!((split.len(), split[0].from, split[split.len() - 1].to), (parts, range.from, range.to));
            assert!(split.iter().all(|part| part.from <= part.to), "{split:?}");
            assert!(split.windows(2).all(|pair| pair[0].to + 1 == pair[1].from), "{split:?}");
        }
        assert_eq!(Spots::ALL.split(4)[1], Spots { from: 16_384, to: 32_767 });
    }

    #[test]
    fn a_message_says_its_place_and_what_happened() {
        let place = Place { sequence: 12, previous: 11 };
        let said: serde_json::Value =
            serde_json::from_str(&message(&Topic::Catalog, place, r#"{"type":"InventoryUpdated","version":3}"#))
                .expect("JSON");
        let expected = serde_json::json!({
            "topic": "catalog", "sequence": 12, "previous": 11, "type": "InventoryUpdated", "version": 3,
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn topics_read_back_as_they_are_written() {
        let topics = [
            Topic::Product(ProductId::new()),
            Topic::Catalog,
            Topic::Order(OrderId::new()),
            Topic::Customer(CustomerId::new()),
            Topic::Admin,
        ];
        for topic in topics {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for text in ["", "product", "product/", "product/1", "catalog/1", "nobody/1", "Admin"] {
            assert!(text.parse::<Topic>().is_err(), "{text}");
        }
    }
}
