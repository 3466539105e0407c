//! One invocation of a consumer function: what it is sent, what it answers.

use serde_json::json;
use serde_json::value::RawValue;
use souk_domain::ports::{Invoker, StreamEntry};
use souk_domain::{Error, Result};
use souk_lambda::{Batch, BatchResponse, Record};
use std::collections::HashSet;

/// Why an entry failed that its function says it could not handle. The function's own log says more.
pub(crate) const REPORTED: &str = "the function reported this entry as failed";

/// Invokes a consumer function with entries of streams; the ids of those that it reports as failed.
///
/// # Errors
/// When the function failed as a whole, or cannot be reached.
pub(crate) async fn deliver(invoker: &dyn Invoker, function: &str, entries: &[StreamEntry]) -> Result<HashSet<String>> {
    let records = entries.iter().map(record).collect();
    let payload = serde_json::to_string(&Batch { records }).map_err(unreadable)?;
    let answer = invoker.invoke(function, payload).await?;
    let response: BatchResponse = serde_json::from_str(&answer).map_err(unreadable)?;
    Ok(response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect())
}

/// Invokes a consumer function with one entry.
///
/// # Errors
/// When it did not handle the entry.
pub(crate) async fn deliver_one(invoker: &dyn Invoker, function: &str, entry: &StreamEntry) -> Result<()> {
    match deliver(invoker, function, std::slice::from_ref(entry)).await?.is_empty() {
        true => Ok(()),
        false => Err(Error::Internal(REPORTED.to_owned())),
    }
}

fn record(entry: &StreamEntry) -> Record {
    // What is no JSON travels as a string, so that the consumer refuses this record and no other.
    let event = RawValue::from_string(entry.event.clone());
    let event = event.or_else(|_| RawValue::from_string(json!(entry.event).to_string()));
    let event = event.unwrap_or_else(|_| RawValue::NULL.to_owned());
    Record { entry_id: entry.id.clone(), deliveries: entry.deliveries, event }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Internal(error.to_string())
}
