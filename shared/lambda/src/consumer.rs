use crate::{RequestContext, telemetry};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use souk_domain::{DateTime, Error, Event};
use std::borrow::Cow;
use std::future::Future;
use std::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

/// What the stream trigger sends to a consumer function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// In the order of the stream.
    pub records: Vec<Record>,
}

/// One entry of a stream.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The stream's own id of the entry.
    pub entry_id: String,
    /// How often it was delivered, this time included.
    #[serde(default = "once")]
    pub deliveries: u64,
    /// The event, a CloudEvent.
    pub event: Box<RawValue>,
}

fn once() -> u64 {
    1
}

/// What a consumer function answers: the entries that it could not handle. Everything else is done.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// To be delivered again.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// An entry that a consumer could not handle.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The `entryId`.
    pub item_identifier: String,
}

impl BatchResponse {
    /// The entry could not be handled, and is delivered again alone.
    pub fn fail(&mut self, entry_id: String, error: &Error) {
        tracing::error!(entry = entry_id, %error, "an event was not handled");
        self.again(entry_id);
    }

    /// The entry is to be delivered again, although nothing went wrong.
    pub fn again(&mut self, entry_id: String) {
        self.batch_item_failures.push(BatchItemFailure { item_identifier: entry_id });
    }
}

/// An event as a stream delivered it.
#[derive(Debug)]
pub struct Delivered {
    /// The stream's own id of the entry.
    pub entry_id: String,
    /// How often it was delivered, this time included.
    pub deliveries: u64,
    /// What happened.
    pub event: Event,
}

impl Batch {
    /// The events, for consumers that tell one entry from another; what is no event has failed already.
    pub fn open(self) -> (Vec<Delivered>, BatchResponse) {
        let mut events = Vec::with_capacity(self.records.len());
        let mut response = BatchResponse::default();
        for Record { entry_id, deliveries, event } in self.records {
            match Event::from_json(event.get()) {
                Ok(event) => events.push(Delivered { entry_id, deliveries, event }),
                Err(error) => response.fail(entry_id, &Error::Internal(format!("not an event: {error}"))),
            }
        }
        (events, response)
    }
}

/// What a log line says of an event: enough to find its wish, and how old it is.
#[derive(Deserialize)]
struct Heading<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, rename = "correlationid")]
    correlation_id: Cow<'a, str>,
    time: DateTime,
}

/// An event on its way through a consumer.
struct Seen {
    entry_id: String,
    deliveries: u64,
    event: String,
    kind: String,
    time: DateTime,
    context: RequestContext,
    span: Span,
}

impl Seen {
    /// Nothing for what is no event: its consumer says so.
    fn of(function: &str, record: &Record) -> Option<Self> {
        let Heading { id, kind, correlation_id, time } = serde_json::from_str(record.event.get()).ok()?;
        let span = tracing::error_span!(
            parent: None, "event", function, event = %id, %correlation_id, otel.name = Empty, otel.kind = Empty
        );
        telemetry::describe_span(&span, &format_args!("{function} {kind}"), "consumer");
        let context = RequestContext { request_id: id.to_string(), correlation_id: correlation_id.into_owned() };
        let (entry_id, deliveries) = (record.entry_id.clone(), record.deliveries);
        Some(Self { entry_id, deliveries, event: id.into_owned(), kind: kind.into_owned(), time, context, span })
    }
}

/// Has a consumer function handle a batch, with a log line for each event, under the correlation id of the wish behind it. What happens
/// meanwhile belongs to the trace of that wish, or of each of them when there are several.
///
/// # Errors
/// Those of the function, which fail the batch.
pub async fn deliver<F>(function: &str, batch: Batch, handle: impl FnOnce(Batch) -> F) -> Result<BatchResponse, Error>
where
    F: Future<Output = Result<BatchResponse, Error>>,
{
    let seen: Vec<Seen> = batch.records.iter().filter_map(|record| Seen::of(function, record)).collect();
    let started = Instant::now();
    let handled = match &seen[..] {
        [only] => only.context.clone().scope(handle(batch).instrument(only.span.clone())).await,
        several => {
            let span = tracing::error_span!(parent: None, "batch", function, events = several.len(), otel.kind = Empty);
            telemetry::describe_span(&span, &format_args!("{function} batch"), "consumer");
            for one in several {
                one.context.clone().begin(&one.span);
                telemetry::link(&span, &one.span);
            }
            handle(batch).instrument(span).await
        }
    };
    let duration_ms = telemetry::in_ms(started.elapsed());
    for Seen { entry_id, deliveries, event, kind, time, context, span } in seen {
        let is_left = |response: &BatchResponse| {
            response.batch_item_failures.iter().any(|failure| failure.item_identifier == entry_id)
        };
        let outcome = match &handled {
            Ok(response) if is_left(response) => "again",
            Ok(_) => "handled",
            Err(_) => "failed",
        };
        if outcome == "failed" {
            telemetry::fail(&span, "the batch failed");
        }
        let (age_ms, correlation_id) = ((souk_domain::now() - time).num_milliseconds(), context.correlation_id);
        tracing::info!(
            function,
            kind,
            event,
            entry = entry_id,
            deliveries,
            outcome,
            age_ms,
            duration_ms,
            correlation_id,
            "delivered"
        );
    }
    handled
}

/// Runs a consumer: hands the events of the batch over at once, so that it can coalesce them.
///
/// # Errors
/// The handler's error fails the batch. A record that is no event fails alone.
pub async fn consume(
    batch: Batch,
    handle: impl AsyncFnOnce(&[Event]) -> Result<(), Error>,
) -> Result<BatchResponse, Error> {
    let (events, response) = batch.open();
    let events: Vec<Event> = events.into_iter().map(|delivered| delivered.event).collect();
    if !events.is_empty() {
        handle(&events).await?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::heard;
    use serde_json::Value;
    use souk_domain::{Cause, MailId, MailKind};

    #[tokio::test]
    async fn a_record_that_is_no_event_fails_alone() {
        let json = r#"{"records":[{"entryId":"1-0","event":{"type":"unknown"}}]}"#;
        let batch: Batch = serde_json::from_str(json).expect("a batch");
        let response =
            consume(batch, async |_| Err(Error::Internal("not reached".to_owned()))).await.expect("a response");
        assert_eq!(
            serde_json::to_value(&response).expect("JSON"),
            serde_json::json!({"batchItemFailures": [{"itemIdentifier": "1-0"}]})
        );
    }

    /// Entry, outcome and correlation id of each delivery that was logged.
    fn deliveries() -> Vec<[String; 3]> {
        let delivered = heard::lines().into_iter().filter(|line| line["message"] == "delivered");
        delivered.map(|line| ["entry", "outcome", "correlation_id"].map(|field| text_of(&line[field]))).collect()
    }

    fn text_of(value: &Value) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    fn batch(entries: &[&str]) -> Batch {
        let record = |entry: &&str| {
            let cause = Cause { correlation_id: format!("wish-{entry}"), ..Cause::internal("test") };
            let event = Event::mail_requested(MailId::new(), MailKind::PasswordChanged, &cause);
            let event = RawValue::from_string(serde_json::to_string(&event).expect("JSON")).expect("JSON");
            Record { entry_id: entry.to_string(), deliveries: 1, event }
        };
        Batch { records: entries.iter().map(record).collect() }
    }

    #[tokio::test]
    async fn each_event_has_a_line_with_its_wish_and_what_became_of_it() {
        heard::listen();
        let some_fail = async |batch: Batch| {
            let (_, mut response) = batch.open();
            response.again("2-0".to_owned());
            Ok(response)
        };
        deliver("send-mail", batch(&["1-0", "2-0"]), some_fail).await.expect("a response");
        let all_fail = async |_: Batch| Err(Error::Unavailable("away".to_owned()));
        deliver("send-mail", batch(&["3-0"]), all_fail).await.expect_err("a failed batch");
        let told = [["1-0", "handled", "wish-1-0"], ["2-0", "again", "wish-2-0"], ["3-0", "failed", "wish-3-0"]];
        assert_eq!(deliveries(), told);
    }

    #[tokio::test]
    async fn what_one_event_causes_belongs_to_its_wish() {
        let seen = async |_: Batch| {
            assert_eq!(RequestContext::current().correlation_id, "wish-1-0");
            Ok(BatchResponse::default())
        };
        deliver("send-mail", batch(&["1-0"]), seen).await.expect("a response");
    }
}
