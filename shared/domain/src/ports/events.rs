use crate::{Aggregate, DateTime, EntryId, Error, Event, Limit, Page, Result};
use async_trait::async_trait;
use serde::Deserialize;
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
    /// Most deliveries before an entry becomes a dead letter: with the pauses between them, half an hour. A part that is away for some
    /// minutes, such as a mail server, makes none.
    pub const MAX_DELIVERIES: u64 = 36;
    /// The pause before the second delivery, unless a test wants a shorter one.
    pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
    /// A reader that has held an entry for so long is dead: no function runs longer.
    pub const ABANDONED: Duration = Duration::from_secs(90);

    /// The pause before an entry that failed is delivered again: `first`, doubled with each delivery, at most a minute.
    pub fn pause(first: Duration, deliveries: u64) -> Duration {
        let doublings = deliveries.saturating_sub(1).min(6) as u32;
        first.saturating_mul(1 << doublings).min(Duration::from_secs(60))
    }

    /// The correlation id of the event, when the entry holds so much of one.
    pub fn correlation_id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Attributes {
            correlationid: String,
        }
        serde_json::from_str(&self.event).ok().map(|Attributes { correlationid }| correlationid)
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

/// A dead letter as it is kept. Redriving it raises `deliveries`, or ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLetter {
    /// Of the letter.
    pub id: EntryId,
    /// The stream that the entry was on.
    pub stream: String,
    /// The entry as its consumer got it.
    pub entry: StreamEntry,
    /// Follows one wish through request, events and messages; absent when the entry was no event.
    pub correlation_id: Option<String>,
    /// Why the last delivery failed.
    pub error: String,
    /// When it was buried, UTC.
    pub at: DateTime,
}

/// Which letters of a list come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterOrder {
    /// Those that were buried last.
    NewestFirst,
    /// Those that were buried first.
    OldestFirst,
}

/// What the consumer functions could not handle, for whoever operates the shop. A function without letters has none of them; no
/// name is unknown here.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// A page of a function's letters, behind the one with the id `after`.
    async fn letters(
        &self,
        function: &str,
        order: LetterOrder,
        limit: Limit,
        after: Option<EntryId>,
    ) -> Result<Page<KeptLetter, EntryId>>;

    /// One letter. Fails with `NotFound`.
    async fn letter(&self, function: &str, id: EntryId) -> Result<KeptLetter>;

    /// How many letters a function has.
    async fn letter_count(&self, function: &str) -> Result<u64>;

    /// Notes that another delivery failed, and why. Of a letter that is gone nothing is noted.
    async fn failed_again(&self, function: &str, id: EntryId, error: &str) -> Result<()>;

    /// Forgets a letter; one that is gone stays so.
    async fn discard(&self, function: &str, id: EntryId) -> Result<()>;
}

/// How far a consumer function is behind a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Entries that nobody has delivered yet.
    pub undelivered: u64,
    /// Entries that were delivered and are not done: in a reader's hand, or waiting for their next delivery.
    pub pending: u64,
    /// When the oldest of both was published, by the publisher's clock; absent when there are none.
    pub oldest: Option<DateTime>,
}

/// What waits on the streams, for whoever operates the shop.
#[async_trait]
pub trait Backlogs: Send + Sync {
    /// What waits for a function on a stream. For a function that has never read, everything does.
    async fn backlog(&self, stream: Aggregate, function: &str) -> Result<Backlog>;
}

/// The reading side of the event streams.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Makes the group when it is missing; it starts at the oldest entry. Readers that hold nothing and have not been heard of for long
    /// are forgotten.
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

    /// Drops the entries of a stream that every group is done with. Nothing is dropped while one of `groups` is not there yet: it will
    /// start at the oldest entry.
    async fn trim(&self, stream: Aggregate, groups: &[String]) -> Result<()>;
}

/// Calls a function by its name in the catalogue.
#[async_trait]
pub trait Invoker: Send + Sync {
    /// Sends the payload, waits for the answer. A function that fails is [`Error::Internal`] with its error's text, and one that a part
    /// is away for is [`Error::Unavailable`], as is a function that cannot be reached.
    async fn invoke(&self, function: &str, payload: String) -> std::result::Result<String, Error>;
}

/// Hands work to a function by its name in the catalogue.
#[async_trait]
pub trait Dispatcher: Send + Sync {
    /// Sends the payload and waits for nothing: the function runs at least once, soon.
    async fn dispatch(&self, function: &str, payload: String) -> Result<()>;
}
