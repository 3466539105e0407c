use crate::{DateTime, Event};

/// A client's claim to run a command once: its `Idempotency-Key` and what the key was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who sent it: keys of two callers never meet.
    pub scope: String,
    /// The header, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body: the same key with another one is refused.
    pub fingerprint: [u8; 32],
}

impl Claim {
    /// How long a key is kept.
    pub const KEPT: chrono::Duration = chrono::Duration::hours(24);
}

/// What set a command going. Stores it beside the effect and carries it into the events.
#[derive(Clone, Debug)]
pub struct Cause {
    /// When the command came in, UTC.
    pub at: DateTime,
    /// Of the HTTP request; replayed with the first answer.
    pub request_id: String,
    /// Follows one wish through request, events and messages.
    pub correlation_id: String,
    /// Present when the command must run once.
    pub claim: Option<Claim>,
}

impl Cause {
    /// A command of the system itself: seeding, tools and tests.
    pub fn internal(correlation_id: &str) -> Self {
        let id = correlation_id.to_owned();
        Self { at: crate::now(), request_id: id.clone(), correlation_id: id, claim: None }
    }
}

/// What a committed command leaves: its result, and the events that are in the outbox with it.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// The result, or the first one when the command was a repetition.
    pub value: T,
    /// To be published now; empty for a repetition.
    pub events: Vec<Event>,
    /// The request id of the first run when this was a repetition.
    pub replayed: Option<String>,
}

impl<T> Committed<T> {
    /// The result of a first run.
    pub fn first(value: T, events: Vec<Event>) -> Self {
        Self { value, events, replayed: None }
    }

    /// With another form of the result.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Committed<U> {
        Committed { value: form(self.value), events: self.events, replayed: self.replayed }
    }
}
