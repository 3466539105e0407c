use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use souk_domain::{Error, Event};

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
}
