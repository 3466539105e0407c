//! How the connection table writes down what it knows. `DynamoConnections` says what each item is.

use aws_sdk_dynamodb::types::AttributeValue;
use souk_domain::realtime::{Connection, ConnectionId, Identity, Principal, Protocol, Subscriber, Topic};
use souk_domain::{DateTime, Role};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The attributes of an item beside its keys, that the index of topics carries too.
pub(crate) const CARRIED: [&str; 5] = ["protocol", "customer", "role", "session", "token_expires"];

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn seconds(time: DateTime) -> AttributeValue {
    AttributeValue::N(time.timestamp().to_string())
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

pub(crate) fn connection_key(connection: &ConnectionId) -> Item {
    key(&connection.0, "connection")
}

pub(crate) fn subscription_key(connection: &ConnectionId, topic: &Topic) -> Item {
    key(&connection.0, format!("topic#{topic}"))
}

pub(crate) fn listened_key(topic: &Topic) -> Item {
    key(format!("topic#{topic}"), "listened")
}

pub(crate) fn expiring(mut item: Item, expires: DateTime) -> Item {
    item.insert("expires".to_owned(), seconds(expires));
    item
}

pub(crate) fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}

fn time(item: &Item, attribute: &str) -> Option<DateTime> {
    DateTime::from_timestamp(item.get(attribute)?.as_n().ok()?.parse().ok()?, 0)
}

pub(crate) fn has_expired(item: &Item, now: DateTime) -> bool {
    time(item, "expires").is_some_and(|expires| expires <= now)
}

/// The attributes that say who is logged in.
pub(crate) fn of_principal(principal: &Principal) -> [(&'static str, AttributeValue); 4] {
    let Principal { identity: Identity { id, role }, session, expires_at } = principal;
    [
        ("customer", string(id.to_string())),
        ("role", string(role.as_str())),
        ("session", string(session.to_string())),
        ("token_expires", seconds(*expires_at)),
    ]
}

/// `None` for a guest, and for whatever does not say it all.
fn principal(item: &Item) -> Option<Principal> {
    let id = text(item, "customer")?.parse().ok()?;
    let role = Role::from_word(text(item, "role")?)?;
    let session = text(item, "session")?.parse().ok()?;
    Some(Principal { identity: Identity { id, role }, session, expires_at: time(item, "token_expires")? })
}

fn protocol(item: &Item) -> Protocol {
    text(item, "protocol").and_then(Protocol::from_word).unwrap_or_default()
}

pub(crate) fn connection(item: &Item) -> Connection {
    Connection { principal: principal(item), protocol: protocol(item) }
}

/// Where a connection stands among the listeners of a topic: ids that a gateway gives begin alike, so a hash of them spreads. It is
/// written once and read back; another hash would spread as well.
fn spot(connection: &ConnectionId) -> u16 {
    let mut hasher = DefaultHasher::new();
    connection.hash(&mut hasher);
    (hasher.finish() & 0xFFFF) as u16
}

/// A spot as the index sorts it.
pub(crate) fn spot_text(spot: u16) -> AttributeValue {
    string(format!("{spot:04x}"))
}

pub(crate) fn spot_of(item: &Item) -> Option<u16> {
    u16::from_str_radix(text(item, "spot")?, 16).ok()
}

pub(crate) fn subscription(subscriber: &Subscriber, topic: &Topic, expires: DateTime) -> Item {
    let mut item = expiring(subscription_key(&subscriber.connection, topic), expires);
    item.insert("topic".to_owned(), string(topic.to_string()));
    item.insert("spot".to_owned(), spot_text(spot(&subscriber.connection)));
    item.insert("protocol".to_owned(), string(subscriber.protocol.as_str()));
    let principal = subscriber.principal.iter().flat_map(of_principal);
    item.extend(principal.map(|(name, value)| (name.to_owned(), value)));
    item
}

pub(crate) fn subscriber(item: &Item) -> Option<Subscriber> {
    let connection = ConnectionId(text(item, "pk")?.to_owned());
    Some(Subscriber { connection, protocol: protocol(item), principal: principal(item) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{CustomerId, SessionId};

    #[test]
    fn a_subscription_reads_back_as_it_is_written() {
        let identity = Identity { id: CustomerId::new(), role: Role::Manager };
        let expires_at = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let principal = Principal { identity, session: SessionId::new(), expires_at };
        for (protocol, principal) in [(Protocol::SignalR, Some(principal)), (Protocol::Json, None)] {
            let written = Subscriber { connection: ConnectionId("c1".to_owned()), protocol, principal };
            let item = subscription(&written, &Topic::Admin, souk_domain::now());
            assert_eq!(subscriber(&item), Some(written));
            assert_eq!(connection(&item), Connection { principal, protocol });
        }
    }

    /// As DynamoDB counts: names and values; a number takes a byte for two digits, and one.
    fn bytes(item: &Item) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(number) => number.len().div_ceil(2) + 1,
            _ => panic!("{value:?}"),
        };
        item.iter().map(|(name, it)| name.len() + value(it)).sum()
    }

    #[test]
    fn items_are_as_large_as_the_document_says() {
        let identity = Identity { id: CustomerId::new(), role: Role::Customer };
        let principal = Principal { identity, session: SessionId::new(), expires_at: souk_domain::now() };
        let id = ConnectionId("WAXpHcJrvHcCJlg=".to_owned());
        let with = |principal| Subscriber { connection: id.clone(), protocol: Protocol::Json, principal };
        let now = souk_domain::now();
        let connection = expiring(connection_key(&id), now);
        let mut logged_in = connection.clone();
        logged_in.extend(of_principal(&principal).map(|(name, value)| (name.to_owned(), value)));
        let product = Topic::Product(souk_domain::ProductId::new());
        let guest = subscription(&with(None), &product, now);
        let mut indexed = guest.clone();
        indexed.remove("expires");
        let private = subscription(&with(Some(principal)), &Topic::Customer(identity.id), now);
        let marker = expiring(listened_key(&product), now);
        let document = include_str!("../../../docs/realtime.md");
        for row in [
            format!("| {} for a guest, {} logged in |", bytes(&connection), bytes(&logged_in)),
            format!(
                "| {} for a guest on a product, of which {} are in the index; {} logged in |",
                bytes(&guest),
                bytes(&indexed),
                bytes(&private)
            ),
            format!("| {} |", bytes(&marker)),
        ] {
            assert!(document.contains(&row), "docs/realtime.md has no {row}");
        }
    }

    #[test]
    fn the_index_carries_whatever_a_subscriber_is_made_of() {
        let identity = Identity { id: CustomerId::new(), role: Role::Customer };
        let principal = Principal { identity, session: SessionId::new(), expires_at: souk_domain::now() };
        let mut names: Vec<_> = of_principal(&principal).into_iter().map(|(name, _)| name).collect();
        names.insert(0, "protocol");
        assert_eq!(names, CARRIED);
    }
}
