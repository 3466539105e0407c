//! Speaks SignalR: its methods are `Subscribe(topic)` and `Subscribe(topic, after)`, `Unsubscribe(topic)` and `Authenticate(token)`.

use crate::commands::Standing;
use crate::messages::Kind;
use crate::signalr::{self, Malformed, Record};
use crate::{Realtime, socket};
use serde::Deserialize;
use serde_json::{Value, json};
use souk_domain::realtime::{Connection, ConnectionId, Protocol, Topic};
use souk_lambda::ApiError;

/// What is said back, and whether the connection is closed after it.
#[derive(Debug, PartialEq)]
pub(crate) struct HubReply {
    pub(crate) text: String,
    pub(crate) closes: bool,
}

impl HubReply {
    /// The end of a connection that broke the protocol.
    pub(crate) fn close(Malformed(why): Malformed) -> Self {
        Self { text: signalr::close(why), closes: true }
    }
}

/// Whether to go on with the next record.
enum Next {
    Say(String),
    Close(String),
}

/// Answers one message.
pub(crate) async fn answer(realtime: &Realtime, id: &ConnectionId, message: &str) -> HubReply {
    let records = match signalr::records(message) {
        Ok(records) => records,
        Err(malformed) => return HubReply::close(malformed),
    };
    let mut hub = Hub { realtime, id, connection: None, before: String::new() };
    let mut text = String::new();
    for record in records {
        match hub.hear(record).await {
            Next::Say(said) => text += &said,
            Next::Close(said) => return HubReply { text: text + &said, closes: true },
        }
    }
    if text.is_empty() {
        // Nothing runs here that could ping by itself every 15 seconds, and a client gives the connection up when it hears nothing
        // for 30. It pings us as often, and lays its next ping down whenever it sends something else, until it hears something:
        // so whatever has no answer of its own is answered by a ping.
        text = signalr::ping();
    }
    HubReply { text, closes: false }
}

struct Hub<'a> {
    realtime: &'a Realtime,
    id: &'a ConnectionId,
    /// Read when it is first needed, which it is not for a ping.
    connection: Option<Connection>,
    /// What is said before the answer to an invocation.
    before: String,
}

impl Hub<'_> {
    async fn hear(&mut self, record: &str) -> Next {
        match Record::parse(record) {
            Err(Malformed(why)) => Next::Close(signalr::close(why)),
            Ok(Record::Handshake { protocol, version }) => self.shake_hands(&protocol, version).await,
            Ok(Record::Invocation { id, target, arguments }) => {
                match self.connection().await {
                    Ok(Connection { protocol: Protocol::SignalR, .. }) => {}
                    Ok(_) => return Next::Close(signalr::unwelcome("the handshake comes first")),
                    Err(error) => return Next::Say(completed(id, Err(error))),
                }
                let outcome = self.invoke(&target, &arguments).await;
                Next::Say(std::mem::take(&mut self.before) + &completed(id, outcome))
            }
            Ok(Record::Stream { id }) => {
                let error = "there are no streams here".to_owned();
                Next::Say(signalr::completion(&id, Err(error)))
            }
            Ok(Record::Ping | Record::Unused) => Next::Say(String::new()),
            Ok(Record::Close) => Next::Close(String::new()),
        }
    }

    async fn shake_hands(&self, protocol: &str, version: i64) -> Next {
        if protocol != "json" {
            return Next::Close(signalr::unwelcome(&format!("The protocol '{protocol}' is not supported.")));
        }
        if version != 1 {
            let error = format!("The server does not support version {version} of the 'json' protocol.");
            return Next::Close(signalr::unwelcome(&error));
        }
        match self.realtime.connections.speak(self.id, Protocol::SignalR).await {
            Ok(true) => Next::Say(signalr::welcome()),
            Ok(false) => Next::Close(signalr::unwelcome(&in_words(&ApiError::not_found("connection")))),
            Err(error) => Next::Close(signalr::unwelcome(&in_words(&error.into()))),
        }
    }

    async fn connection(&mut self) -> Result<Connection, ApiError> {
        if let Some(known) = self.connection {
            return Ok(known);
        }
        let connection = self.realtime.known(self.id).await?;
        Ok(*self.connection.insert(connection))
    }

    async fn invoke(&mut self, target: &str, arguments: &[Value]) -> Result<Value, ApiError> {
        // Hubs do not mind the case of a method's name.
        match target.to_ascii_lowercase().as_str() {
            "subscribe" => {
                let (topic, after) = match arguments {
                    [topic, after] => (topic, Option::deserialize(after).map_err(|_| socket::unknown_sequence())?),
                    [topic] => (topic, None),
                    _ => return Err(one_topic()),
                };
                let topic = self::topic(std::slice::from_ref(topic))?;
                let connection = self.connection().await?;
                let Standing { sequence, missed } =
                    self.realtime.subscribe(self.id, &connection, &topic, after).await?;
                let reload = missed.is_none();
                self.before = missed.unwrap_or_default().iter().filter_map(|news| invocation(news)).collect();
                Ok(json!({ "sequence": sequence, "reload": reload }))
            }
            "unsubscribe" => {
                let topic = topic(arguments)?;
                self.realtime.connections.unsubscribe(self.id, &topic).await?;
                Ok(Value::Null)
            }
            "authenticate" => {
                let [Value::String(token)] = arguments else {
                    return Err(ApiError::invalid("invalid_request", "Authenticate takes an access token"));
                };
                let expires_at = self.realtime.authenticate(self.id, token).await?;
                // Who is logged in is another than was read.
                self.connection = None;
                Ok(json!(expires_at))
            }
            _ => Err(ApiError::invalid("invalid_request", "the methods are Subscribe, Unsubscribe and Authenticate")),
        }
    }
}

/// The answer to an invocation, when it wants one.
fn completed(id: Option<String>, outcome: Result<Value, ApiError>) -> String {
    id.map(|id| signalr::completion(&id, outcome.map_err(|error| in_words(&error)))).unwrap_or_default()
}

fn topic(arguments: &[Value]) -> Result<Topic, ApiError> {
    match arguments {
        [Value::String(topic)] => Ok(topic.parse::<Topic>()?),
        _ => Err(one_topic()),
    }
}

fn one_topic() -> ApiError {
    ApiError::invalid("invalid_request", "the method takes one topic")
}

/// Missed news as the invocation that they would have been.
fn invocation(message: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct OfKind {
        r#type: Kind,
    }
    let OfKind { r#type: kind } = serde_json::from_str(message).ok()?;
    Some(signalr::invocation(kind.name(), message))
}

/// The protocol has one text for an error: the word for programs, a colon, the words for people.
fn in_words(error: &ApiError) -> String {
    let words: Vec<String> = error.errors().iter().map(|item| format!("{}: {}", item.code, item.message)).collect();
    words.join("; ")
}
