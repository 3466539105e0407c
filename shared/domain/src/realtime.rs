//! What browsers listen to and what they hear.

use crate::{CustomerId, DateTime, OrderId, ProductId, Role, SessionId, Violation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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

/// What a browser hears: one JSON object a frame.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message<T> {
    /// `InventoryUpdated`, `OrderStatusChanged`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The topic that brought it here.
    pub topic: Topic,
    /// When it happened, UTC.
    pub time: DateTime,
    /// The aggregate's version: ignore a message that is older than what you have.
    pub version: crate::Version,
    /// Follows one wish through request, events and messages.
    pub correlation_id: String,
    /// What it is about.
    pub data: T,
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
