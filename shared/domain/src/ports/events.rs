use crate::{Aggregate, Error, Event, Result};
use async_trait::async_trait;
use std::time::Duration;

/// Puts events on the streams.
#[async_trait]
pub trait EventPublisher: Send + Sync {
    /// Appends each event to the stream of its aggregate, in order, in one round trip; all or none.
    async fn publish(&self, events: &[Event]) -> Result<()>;
}

/// A stream as one consumer function reads it. Every reader of a group takes part in the same work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamGroup {
    /// Which events.
    pub stream: Aggregate,
    /// The consumer function.
    pub group: String,
    /// This reader.
    pub reader: String,
}

/// One entry of a stream, taken by a reader and not yet acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The stream's own id of the entry.
    pub id: String,
    /// How often it was delivered, this time included.
    pub deliveries: u64,
    /// The event's JSON document.
    pub event: String,
}

impl StreamEntry {
    /// Most deliveries before an entry becomes a dead letter: with the pauses between them, about two minutes.
    pub const MAX_DELIVERIES: u64 = 8;
    /// A reader that has held an entry for so long is dead: no function runs longer.
    pub const ABANDONED: Duration = Duration::from_secs(60);

    /// The pause before an entry that failed is delivered again: a second, doubled with each delivery, at most a minute.
    pub fn pause(deliveries: u64) -> Duration {
        let doublings = deliveries.saturating_sub(1).min(6) as u32;
        Duration::from_secs(1 << doublings).min(Duration::from_secs(60))
    }
}

/// An entry that its consumer could not handle.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The entry.
    pub entry: StreamEntry,
    /// Why the last delivery failed.
    pub error: String,
}

/// The reading side of the event streams.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Makes the group when it is missing; it starts at the oldest entry.
    async fn ensure_group(&self, group: &StreamGroup) -> Result<()>;

    /// Takes up to `count` new entries, waiting up to `wait` for the first.
    async fn read(&self, group: &StreamGroup, count: usize, wait: Duration) -> Result<Vec<StreamEntry>>;

    /// Up to `count` entries that an earlier run of this very reader took and left behind.
    async fn left_behind(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>>;

    /// Takes up to `count` entries that are due again: those that [`EventStream::put_back`] put back, after a pause that
    /// doubles with each delivery, and those whose reader has not been heard of for [`StreamEntry::ABANDONED`].
    async fn claim(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>>;

    /// The function failed on these entries; they are delivered again later.
    async fn put_back(&self, group: &StreamGroup, ids: &[String]) -> Result<()>;

    /// The entries are done.
    async fn acknowledge(&self, group: &StreamGroup, ids: &[String]) -> Result<()>;

    /// Moves entries to the group's dead-letter stream.
    async fn bury(&self, group: &StreamGroup, letters: &[DeadLetter]) -> Result<()>;

    /// Drops the entries of a stream that every group is done with.
    async fn trim(&self, stream: Aggregate) -> Result<()>;
}

/// Calls a function by its name in the catalogue.
#[async_trait]
pub trait Invoker: Send + Sync {
    /// Sends the payload, waits for the answer. A function that fails is [`Error::Internal`] with its error's text.
    async fn invoke(&self, function: &str, payload: String) -> std::result::Result<String, Error>;
}
