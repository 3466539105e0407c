//! The event source that Lambda does not have: reads a stream, invokes a consumer function with batches, and acknowledges
//! what it handled.

use serde_json::json;
use serde_json::value::RawValue;
use souk_domain::ports::{DeadLetter, EventStream, Invoker, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Error, Result};
use souk_lambda::{Batch, BatchResponse, Record};
use souk_template::Template;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a read waits for the first entry.
const WAIT: Duration = Duration::from_secs(1);
/// How often entries are looked for that are due again, and old ones trimmed.
const HOUSEKEEPING: Duration = Duration::from_millis(500);
/// The batch window: entries that come within it after a batch make the next one. The first entry after a quiet time waits
/// for nothing; under load, few large invocations do the work of many small ones.
const WINDOW: Duration = Duration::from_millis(20);
/// The pause after Redis failed.
const PAUSE: Duration = Duration::from_millis(250);

/// Which stream feeds which function.
#[derive(Clone, Debug)]
pub struct TriggerSource {
    /// Which events.
    pub stream: Aggregate,
    /// The consumer function; its name is the consumer group's.
    pub function: String,
    /// Most entries of one invocation.
    pub batch: usize,
}

/// The sources that the catalogue declares.
///
/// # Errors
/// `Internal` for a stream that does not exist.
pub fn sources(template: &Template) -> Result<Vec<TriggerSource>> {
    let mut sources = Vec::new();
    for consumer in template.consumers() {
        for stream in &consumer.streams {
            let stream =
                Aggregate::from_word(stream).ok_or_else(|| Error::configuration(format!("no stream {stream}")))?;
            let (function, batch) = (consumer.function.clone(), consumer.batch_size);
            sources.push(TriggerSource { stream, function, batch });
        }
    }
    Ok(sources)
}

/// Feeds one stream to one function.
pub struct Trigger {
    stream: Arc<dyn EventStream>,
    invoker: Arc<dyn Invoker>,
    group: StreamGroup,
    batch: usize,
}

impl Trigger {
    /// A trigger that reads as `reader`; several readers share the work.
    pub fn new(source: &TriggerSource, reader: &str, stream: Arc<dyn EventStream>, invoker: Arc<dyn Invoker>) -> Self {
        let TriggerSource { stream: aggregate, function, batch } = source.clone();
        let group = StreamGroup { stream: aggregate, group: function, reader: reader.to_owned() };
        Self { stream, invoker, group, batch }
    }

    /// Works until `deadline` or for ever. What is in progress at the deadline is finished, so leave room behind it.
    pub async fn run(&self, deadline: Option<Instant>) {
        let mut housekept: Option<Instant> = None;
        let mut is_ready = false;
        while deadline.is_none_or(|deadline| Instant::now() + WAIT < deadline) {
            let due = housekept.is_none_or(|at| at.elapsed() >= HOUSEKEEPING);
            match self.round(&mut is_ready, due).await {
                Ok(()) if due => housekept = Some(Instant::now()),
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, function = self.group.group, "the stream is away");
                    // A server that lost its data lost the group, too.
                    is_ready = false;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn round(&self, is_ready: &mut bool, housekeeping: bool) -> Result<()> {
        if !*is_ready {
            self.stream.ensure_group(&self.group).await?;
            self.finish_what_was_left().await?;
            *is_ready = true;
        }
        if housekeeping {
            self.stream.trim(self.group.stream).await?;
            let again = self.stream.claim(&self.group, self.batch).await?;
            self.deliver(again).await?;
        }
        let entries = self.stream.read(&self.group, self.batch, WAIT).await?;
        let window = tokio::time::Instant::now() + WINDOW;
        let is_partial = (1..self.batch).contains(&entries.len());
        self.deliver(entries).await?;
        if is_partial {
            tokio::time::sleep_until(window).await;
        }
        Ok(())
    }

    /// An earlier run under this reader's name may have died with entries in hand.
    async fn finish_what_was_left(&self) -> Result<()> {
        loop {
            let left = self.stream.left_behind(&self.group, self.batch).await?;
            if left.is_empty() {
                return Ok(());
            }
            // Settling takes each of them out of the reader's hand, so this ends.
            self.deliver(left).await?;
        }
    }

    /// Invokes the function and settles every entry: acknowledged, put back, or buried.
    async fn deliver(&self, entries: Vec<StreamEntry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let (failed, error) = match self.invoke(&entries).await {
            Ok(response) => {
                let failed = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
                (failed, "the function reported this entry as failed".to_owned())
            }
            Err(error) => (entries.iter().map(|entry| entry.id.clone()).collect::<HashSet<_>>(), error.to_string()),
        };
        let (failed, handled): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| failed.contains(&entry.id));
        self.stream.acknowledge(&self.group, &ids(&handled)).await?;
        if failed.is_empty() {
            return Ok(());
        }
        tracing::warn!(function = self.group.group, entries = failed.len(), error, "entries failed");
        let (dead, alive): (Vec<_>, Vec<_>) =
            failed.into_iter().partition(|entry| entry.deliveries >= StreamEntry::MAX_DELIVERIES);
        if !alive.is_empty() {
            self.stream.put_back(&self.group, &ids(&alive)).await?;
        }
        if dead.is_empty() {
            return Ok(());
        }
        let letters: Vec<_> = dead.into_iter().map(|entry| DeadLetter { entry, error: error.clone() }).collect();
        self.stream.bury(&self.group, &letters).await
    }

    async fn invoke(&self, entries: &[StreamEntry]) -> Result<BatchResponse> {
        let records = entries.iter().map(record).collect();
        let payload = serde_json::to_string(&Batch { records }).map_err(internal)?;
        let answer = self.invoker.invoke(&self.group.group, payload).await?;
        serde_json::from_str(&answer).map_err(internal)
    }
}

fn ids(entries: &[StreamEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

fn record(entry: &StreamEntry) -> Record {
    // What is no JSON travels as a string, so that the consumer refuses this record and no other.
    let event = RawValue::from_string(entry.event.clone());
    let event = event.or_else(|_| RawValue::from_string(json!(entry.event).to_string()));
    let event = event.unwrap_or_else(|_| RawValue::NULL.to_owned());
    Record { entry_id: entry.id.clone(), deliveries: entry.deliveries, event }
}

fn internal(error: serde_json::Error) -> Error {
    Error::Internal(error.to_string())
}
