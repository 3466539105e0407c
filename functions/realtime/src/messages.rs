//! The plain JSON protocol: what browsers say, what they are answered and what they hear. `docs/asyncapi.yaml` describes it, and
//! the test below holds the two together.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use souk_domain::DateTime;
use souk_domain::realtime::{Sequence, Topic};
use souk_lambda::ErrorItem;

/// `subscribe` and `unsubscribe`, which have routes of their own.
#[derive(Debug, Deserialize)]
pub(crate) struct TopicRequest {
    pub(crate) topic: Topic,
    /// For `subscribe`: the number of the news that were heard last.
    #[serde(default)]
    pub(crate) after: Option<Sequence>,
}

/// What has no route of its own.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub(crate) enum Action {
    /// Keeps a connection from being idle.
    Ping,
    /// Shows a newer access token.
    Authenticate {
        /// The token.
        token: String,
    },
}

/// What is answered to one message, beside its `requestId`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub(crate) enum Answer<'a> {
    /// News of the topic come from now on.
    Subscribed {
        /// Which.
        topic: &'a Topic,
        /// The number of the newest news of the topic.
        sequence: Sequence,
        /// What was missed is not known any more: load the state again.
        reload: bool,
        /// What was missed, in order.
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        news: &'a [Box<RawValue>],
    },
    /// No news of the topic come any more.
    Unsubscribed {
        /// Which.
        topic: &'a Topic,
    },
    /// The token was taken.
    Authenticated {
        /// When it expires, and private news end, UTC.
        expires_at: DateTime,
    },
    /// The connection is alive.
    Pong,
    /// The message had no effect.
    Error {
        /// The same items as over HTTP.
        errors: &'a [ErrorItem],
    },
}

/// What browsers hear without having asked at that moment. SignalR calls the handler of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A product has another stock level.
    InventoryUpdated,
    /// Something happened to an order.
    OrderStatusChanged,
}

impl Kind {
    /// The `type` of the message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InventoryUpdated => "InventoryUpdated",
            Self::OrderStatusChanged => "OrderStatusChanged",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::body;
    use serde_json::{Value, json};
    use souk_domain::realtime::{Place, message};
    use souk_domain::{Event, OrderEvent, StockEvent};
    use souk_lambda::ApiError;
    use souk_template::{Template, Trigger};
    use std::collections::BTreeSet;

    /// The description, and the schemas of the HTTP API that it points into.
    struct Description {
        document: Value,
        http: Value,
    }

    impl Description {
        fn read() -> Self {
            let document = include_str!("../../../docs/asyncapi.yaml");
            let http = include_str!("../../../docs/openapi.json");
            Self {
                document: serde_saphyr::from_str(document).expect("YAML"),
                http: serde_json::from_str(http).expect("JSON"),
            }
        }

        /// The messages that have a field which names them, by that name.
        fn messages(&self, field: &str) -> Vec<(&str, &Value)> {
            let messages = self.document["components"]["messages"].as_object().expect("messages");
            let named = |(name, message): (&_, &Value)| message["payload"]["properties"][field]["const"] == json!(name);
            messages.iter().filter(|entry| named(*entry)).map(|(name, message)| (name.as_str(), message)).collect()
        }

        fn names(&self, field: &str) -> BTreeSet<String> {
            self.messages(field).into_iter().map(|(name, _)| name.to_owned()).collect()
        }

        fn examples(message: &Value) -> impl Iterator<Item = Value> {
            let examples = message["examples"].as_array().filter(|examples| !examples.is_empty());
            examples.expect("examples").iter().map(|example| example["payload"].clone())
        }

        /// The document that a reference leads into, and where it leads there.
        fn resolve<'a>(&'a self, base: &'a Value, reference: &str) -> (&'a Value, &'a Value) {
            let (file, path) = reference.split_once('#').expect("a path");
            let base = if file.is_empty() { base } else { &self.http };
            (base, base.pointer(path).unwrap_or_else(|| panic!("{reference} leads nowhere")))
        }

        /// Every reference of the document leads somewhere.
        fn check_references(&self, node: &Value) {
            match node {
                Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
                    Some(reference) if name == "$ref" => drop(self.resolve(&self.document, reference)),
                    _ => self.check_references(value),
                }),
                Value::Array(items) => items.iter().for_each(|item| self.check_references(item)),
                _ => {}
            }
        }

        /// What of a value does not fit its schema. Objects that list their fields have no others.
        fn misfit(&self, value: &Value, schema: &Value) -> Option<String> {
            self.misfit_in(&self.document, value, schema)
        }

        fn misfit_in(&self, base: &Value, value: &Value, schema: &Value) -> Option<String> {
            if let Some(reference) = schema["$ref"].as_str() {
                let (base, schema) = self.resolve(base, reference);
                return self.misfit_in(base, value, schema);
            }
            if let Some(choices) = schema["oneOf"].as_array() {
                let misfits: Option<Vec<_>> = choices.iter().map(|one| self.misfit_in(base, value, one)).collect();
                return misfits.map(|misfits| misfits.join(", and "));
            }
            let is_of = |kind: &str| match kind {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                _ => false,
            };
            let kinds = schema.get("type").map(|kind| match kind {
                Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is_of),
                kind => kind.as_str().is_some_and(is_of),
            });
            let is_among = schema["enum"].as_array().is_none_or(|words| words.contains(value));
            if kinds == Some(false) || !is_among || schema.get("const").is_some_and(|only| only != value) {
                return Some(format!("{value} is not {schema}"));
            }
            let missing = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|name| name.as_str().is_some_and(|name| value.get(name).is_none()));
            if let Some(missing) = missing {
                return Some(format!("{value} has no {missing}"));
            }
            let items =
                value.as_array().into_iter().flatten().find_map(|item| self.misfit_in(base, item, &schema["items"]));
            items.or_else(|| {
                let properties = schema["properties"].as_object()?;
                value.as_object()?.iter().find_map(|(name, value)| match properties.get(name) {
                    Some(schema) => self.misfit_in(base, value, schema),
                    None => Some(format!("{name} is not described")),
                })
            })
        }
    }

    /// One of each answer; a new one does not compile without its line.
    fn answers(topic: &Topic, news: &[Box<RawValue>], errors: &[ErrorItem]) -> Vec<Value> {
        let expires_at = souk_domain::now();
        let all = [
            Answer::Subscribed { topic, sequence: 7, reload: false, news },
            Answer::Unsubscribed { topic },
            Answer::Authenticated { expires_at },
            Answer::Pong,
            Answer::Error { errors },
        ];
        let known = |answer: &Answer<'_>| match answer {
            Answer::Subscribed { .. }
            | Answer::Unsubscribed { .. }
            | Answer::Authenticated { .. }
            | Answer::Pong
            | Answer::Error { .. } => json!(answer),
        };
        all.iter().map(known).collect()
    }

    /// News of each sample event.
    fn news() -> Vec<Value> {
        let samples = [
            (Kind::InventoryUpdated, include_str!("../../../events/notify-inventory.json")),
            (Kind::OrderStatusChanged, include_str!("../../../events/notify-orders.json")),
        ];
        let told = |(kind, sample): (Kind, &str)| {
            let known = match kind {
                Kind::InventoryUpdated | Kind::OrderStatusChanged => kind,
            };
            let batch: Value = serde_json::from_str(sample).expect("JSON");
            let records = batch["records"].as_array().expect("records").clone();
            records.into_iter().map(move |record| {
                let event = Event::from_json(&record["event"].to_string()).expect("an event");
                let place = Place { sequence: 7, previous: 6 };
                serde_json::from_str(&message(&Topic::Catalog, place, &body(known, &event))).expect("JSON")
            })
        };
        samples.into_iter().flat_map(told).collect()
    }

    #[test]
    fn every_message_that_is_sent_is_described_and_no_other() {
        let description = Description::read();
        let error = ApiError::malformed("malformed_body", "a text").field("a field");
        let missed: Vec<_> = news().iter().filter_map(|news| RawValue::from_string(news.to_string()).ok()).collect();
        let mut sent = answers(&Topic::Admin, &missed, error.errors());
        sent.extend(answers(&Topic::Admin, &[], error.errors()));
        sent.extend(news());
        let described = description.messages("type");
        for message in &sent {
            let known = described.iter().find(|(name, _)| message["type"] == *name);
            let (_, known) = known.unwrap_or_else(|| panic!("{message} is not described"));
            assert_eq!(description.misfit(message, &known["payload"]), None);
        }
        let kinds: BTreeSet<String> =
            sent.iter().filter_map(|message| message["type"].as_str().map(str::to_owned)).collect();
        assert_eq!(description.names("type"), kinds);
    }

    #[test]
    fn every_action_is_described_and_no_other() {
        let template = Template::built_in().expect("the template");
        let routes = template.functions().iter().filter_map(|function| match &function.trigger {
            Trigger::Socket { route } if !route.starts_with('$') => Some(route.clone()),
            _ => None,
        });
        let mut actions: BTreeSet<String> = routes.collect();
        for action in [Action::Ping, Action::Authenticate { token: String::new() }] {
            let name = match action {
                Action::Ping => "ping",
                Action::Authenticate { .. } => "authenticate",
            };
            actions.insert(name.to_owned());
        }
        assert_eq!(Description::read().names("action"), actions);
    }

    #[test]
    fn every_example_is_what_the_code_reads_or_writes() {
        let description = Description::read();
        assert_eq!(description.document["asyncapi"], "3.0.0");
        description.check_references(&description.document);
        let channel = description.document["channels"]["connection"]["messages"].as_object().expect("messages");
        let all: BTreeSet<String> = description.names("type").union(&description.names("action")).cloned().collect();
        assert_eq!(channel.keys().cloned().collect::<BTreeSet<_>>(), all);
        for (name, message) in description.messages("action").into_iter().chain(description.messages("type")) {
            for mut example in Description::examples(message) {
                assert_eq!(description.misfit(&example, &message["payload"]), None, "{name}");
                example.as_object_mut().expect("an object").remove("requestId");
                let topic = || serde_json::from_value::<Topic>(example["topic"].clone()).expect(name);
                let data = || example["data"].clone();
                let is_fit = match name {
                    "subscribe" | "unsubscribe" => serde_json::from_value::<TopicRequest>(example.clone()).is_ok(),
                    "ping" | "authenticate" => serde_json::from_value::<Action>(example.clone()).is_ok(),
                    "Subscribed" => {
                        let news: Vec<Box<RawValue>> =
                            serde_json::from_value(example["news"].clone()).unwrap_or_default();
                        let (sequence, reload) = (example["sequence"].as_u64().expect(name), example["reload"] == true);
                        json!(Answer::Subscribed { topic: &topic(), sequence, reload, news: &news }) == example
                    }
                    "Unsubscribed" => json!(Answer::Unsubscribed { topic: &topic() }) == example,
                    "Authenticated" => {
                        let expires_at = serde_json::from_value(example["expiresAt"].clone()).expect(name);
                        json!(Answer::Authenticated { expires_at }) == example
                    }
                    "Pong" => json!(Answer::Pong) == example,
                    "Error" => example["errors"].as_array().is_some_and(|errors| !errors.is_empty()),
                    "InventoryUpdated" => json!(serde_json::from_value::<StockEvent>(data()).expect(name)) == data(),
                    "OrderStatusChanged" => json!(serde_json::from_value::<OrderEvent>(data()).expect(name)) == data(),
                    other => panic!("{other} has no code"),
                };
                assert!(is_fit, "{name}: {example}");
            }
        }
    }
}
