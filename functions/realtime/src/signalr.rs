//! The JSON encoding of the SignalR hub protocol: records that end with a separator, one or more in a WebSocket message.
//! Source: <https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md>

use serde::Deserialize;
use serde_json::{Value, json};

/// Ends each record.
const SEPARATOR: char = '\u{1e}';
/// Most records of one message: each may cost several requests, and clients send one.
const RECORDS: usize = 32;

/// What a browser says in one record.
#[derive(Debug, PartialEq)]
pub(crate) enum Record {
    /// The first one: what the browser wants to speak.
    Handshake {
        /// `json`, for us.
        protocol: String,
        /// Of the protocol.
        version: i64,
    },
    /// A method is called.
    Invocation {
        /// Names the answer; `None` when none is wanted.
        id: Option<String>,
        /// The method.
        target: String,
        /// Of the method.
        arguments: Vec<Value>,
    },
    /// A method that answers with a stream is called, or no longer listened to.
    Stream {
        /// Names the answer.
        id: String,
    },
    /// Still there.
    Ping,
    /// The browser leaves.
    Close,
    /// Types that this hub gives no reason to send, or that are not invented yet.
    Unused,
}

/// A record that breaks the protocol. What it says goes to the browser.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed(pub(crate) &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(rename = "type")]
    kind: Option<i64>,
    protocol: Option<String>,
    version: Option<i64>,
    invocation_id: Option<String>,
    target: Option<String>,
    arguments: Option<Vec<Value>>,
}

/// Whether a message is of this protocol: plain JSON has no such character.
pub(crate) fn is_spoken_in(message: &str) -> bool {
    message.contains(SEPARATOR)
}

/// The records of a message, whole ones only.
pub(crate) fn records(message: &str) -> Result<Vec<&str>, Malformed> {
    let whole =
        message.strip_suffix(SEPARATOR).ok_or(Malformed("a record must end in the message that it begins in"))?;
    let records: Vec<&str> = whole.split(SEPARATOR).take(RECORDS + 1).collect();
    if records.len() > RECORDS { Err(Malformed("too many records in one message")) } else { Ok(records) }
}

impl Record {
    /// Reads one record, without its separator.
    pub(crate) fn parse(record: &str) -> Result<Self, Malformed> {
        let fields: Fields =
            serde_json::from_str(record).map_err(|_| Malformed("a record is no message of the JSON hub protocol"))?;
        let streamed = |id: Option<String>| id.map(|id| Self::Stream { id }).ok_or(Malformed("no invocationId"));
        match fields.kind {
            None => {
                let (protocol, version) = (fields.protocol, fields.version);
                let handshake = protocol.zip(version).map(|(protocol, version)| Self::Handshake { protocol, version });
                handshake.ok_or(Malformed("a record has no type"))
            }
            Some(1) => {
                let called = fields.target.zip(fields.arguments);
                let (target, arguments) = called.ok_or(Malformed("an invocation has a target and arguments"))?;
                Ok(Self::Invocation { id: fields.invocation_id, target, arguments })
            }
            Some(4 | 5) => streamed(fields.invocation_id),
            Some(6) => Ok(Self::Ping),
            Some(7) => Ok(Self::Close),
            Some(_) => Ok(Self::Unused),
        }
    }
}

fn record(message: &Value) -> String {
    format!("{message}{SEPARATOR}")
}

/// The handshake is done.
pub(crate) fn welcome() -> String {
    record(&json!({}))
}

/// The handshake failed; the connection is closed.
pub(crate) fn unwelcome(error: &str) -> String {
    record(&json!({ "error": error }))
}

/// What came of an invocation: a result, null for none, or an error.
pub(crate) fn completion(id: &str, outcome: Result<Value, String>) -> String {
    record(&match outcome {
        Ok(Value::Null) => json!({ "type": 3, "invocationId": id }),
        Ok(result) => json!({ "type": 3, "invocationId": id, "result": result }),
        Err(error) => json!({ "type": 3, "invocationId": id, "error": error }),
    })
}

/// Still here.
pub(crate) fn ping() -> String {
    record(&json!({ "type": 6 }))
}

/// The connection is closed for what the browser did; it should not come back and do it again.
pub(crate) fn close(error: &str) -> String {
    record(&json!({ "type": 7, "error": error }))
}

/// Calls a handler of the browser with a message that is JSON already.
pub(crate) fn invocation(target: &'static str, argument: &str) -> String {
    format!(r#"{{"type":1,"target":"{target}","arguments":[{argument}]}}{SEPARATOR}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation_of(id: Option<&str>) -> Record {
        Record::Invocation {
            id: id.map(str::to_owned),
            target: "Subscribe".to_owned(),
            arguments: vec![json!("catalog")],
        }
    }

    #[test]
    fn a_message_is_whole_records() {
        assert_eq!(records("{}\u{1e}"), Ok(vec!["{}"]));
        assert_eq!(records("a\u{1e}b\u{1e}"), Ok(vec!["a", "b"]));
        for broken in ["", "{}", "a\u{1e}b", "\u{1e}{}"] {
            assert!(records(broken).is_err(), "{broken:?}");
        }
        assert_eq!(records(&"x\u{1e}".repeat(RECORDS)).map(|records| records.len()), Ok(RECORDS));
        assert!(records(&"x\u{1e}".repeat(RECORDS + 1)).is_err());
    }

    #[test]
    fn records_are_read_by_their_type() {
        let cases = [
            (r#"{"protocol":"json","version":1}"#, Record::Handshake { protocol: "json".to_owned(), version: 1 }),
            (
                r#"{"type":1,"invocationId":"7","target":"Subscribe","arguments":["catalog"],"streamIds":[]}"#,
                invocation_of(Some("7")),
            ),
            (r#"{"type":1,"target":"Subscribe","arguments":["catalog"]}"#, invocation_of(None)),
            (r#"{"arguments":["catalog"],"target":"Subscribe","type":1,"headers":{}}"#, invocation_of(None)),
            (r#"{"type":4,"invocationId":"1","target":"x","arguments":[]}"#, Record::Stream { id: "1".to_owned() }),
            (r#"{"type":5,"invocationId":"1"}"#, Record::Stream { id: "1".to_owned() }),
            (r#"{"type":6}"#, Record::Ping),
            (r#"{"type":7}"#, Record::Close),
            (r#"{"type":2,"invocationId":"1","item":1}"#, Record::Unused),
            (r#"{"type":99}"#, Record::Unused),
        ];
        for (text, expected) in cases {
            assert_eq!(Record::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_breaks_the_protocol_is_malformed() {
        let broken = [
            "",
            "nonsense",
            "[]",
            "{}",
            r#"{"type":"1"}"#,
            r#"{"type":1}"#,
            r#"{"type":1,"target":"x"}"#,
            r#"{"type":1,"target":"x","arguments":{}}"#,
            r#"{"type":1,"target":"x","arguments":[],"invocationId":1}"#,
            r#"{"type":4}"#,
            r#"{"protocol":"json"}"#,
            r#"{"protocol":"json","version":"1"}"#,
        ];
        for text in broken {
            assert!(Record::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whatever_is_said_is_one_record() {
        let said = [
            (welcome(), "{}"),
            (unwelcome("no"), r#"{"error":"no"}"#),
            (completion("1", Ok(Value::Null)), r#"{"invocationId":"1","type":3}"#),
            (completion("1", Ok(json!(2))), r#"{"invocationId":"1","result":2,"type":3}"#),
            (completion("1", Err("no".to_owned())), r#"{"error":"no","invocationId":"1","type":3}"#),
            (ping(), r#"{"type":6}"#),
            (close("no"), r#"{"error":"no","type":7}"#),
            (invocation("X", r#"{"a":1}"#), r#"{"type":1,"target":"X","arguments":[{"a":1}]}"#),
        ];
        for (text, record) in said {
            assert_eq!(records(&text), Ok(vec![record]));
        }
    }
}
