//! What the functions touch with which staff looks after the delivery of events.

use crate::{TriggerSource, sources};
use axum::extract::FromRef;
use serde::Serialize;
use serde_json::Value;
use souk_domain::ports::{Backlogs, DeadLetters, Invoker, KeptLetter};
use souk_domain::{DateTime, EntryId, Error};
use souk_lambda::{Access, ApiError};
use souk_template::Template;
use std::sync::Arc;
use utoipa::ToSchema;

/// What looking and discarding touch.
#[derive(Clone, FromRef)]
pub struct Operations {
    pub(crate) letters: Arc<dyn DeadLetters>,
    pub(crate) backlogs: Arc<dyn Backlogs>,
    pub(crate) consumers: Consumers,
    access: Access,
}

impl Operations {
    /// Of the streams on `redis`.
    pub fn new<R: DeadLetters + Backlogs + 'static>(access: Access, redis: Arc<R>, consumers: Consumers) -> Self {
        Self { letters: redis.clone(), backlogs: redis, consumers, access }
    }
}

/// What delivering again touches.
#[derive(Clone, FromRef)]
pub struct Redrive {
    pub(crate) operations: Operations,
    pub(crate) invoker: Arc<dyn Invoker>,
    access: Access,
}

impl Redrive {
    /// Delivers through `invoker`.
    pub fn new(operations: Operations, invoker: Arc<dyn Invoker>) -> Self {
        let access = operations.access.clone();
        Self { operations, invoker, access }
    }
}

/// The consumer functions of the catalogue, each with each of its streams.
#[derive(Clone)]
pub struct Consumers(Arc<[TriggerSource]>);

impl Consumers {
    /// Those that the catalogue declares.
    ///
    /// # Errors
    /// `Internal` for a stream that does not exist.
    pub fn of(template: &Template) -> Result<Self, Error> {
        Ok(Self(sources(template)?.into()))
    }

    /// Each function with each of its streams.
    pub(crate) fn sources(&self) -> &[TriggerSource] {
        &self.0
    }

    /// The streams of a function; `NotFound` for one that consumes nothing.
    pub(crate) fn sources_of(&self, function: &str) -> Result<Vec<&TriggerSource>, Error> {
        let found: Vec<_> = self.0.iter().filter(|source| source.function == function).collect();
        if found.is_empty() { Err(Error::NotFound("consumer")) } else { Ok(found) }
    }
}

/// The id of a letter in a path. 400 when it is none.
pub(crate) fn letter_id(text: &str) -> Result<EntryId, ApiError> {
    text.parse().map_err(ApiError::of_query)
}

/// What a consumer function could not handle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Of this dead letter.
    #[schema(value_type = String, example = "1700000000000-0")]
    id: EntryId,
    /// The consumer function.
    #[schema(example = "send-mail")]
    function: String,
    /// The stream that the event was on.
    #[schema(example = "mail")]
    stream: String,
    /// The id that the event had there.
    #[schema(example = "1699999990000-0")]
    entry_id: String,
    /// How often it was delivered in vain.
    #[schema(example = 36)]
    deliveries: u64,
    /// Follows one wish through request, events and messages; absent when the entry was no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "018bcfe5-6418-75e8-ac17-3f60d9b2847e")]
    correlation_id: Option<String>,
    /// Why the last delivery failed.
    #[schema(example = "the mail server refuses the address")]
    error: String,
    /// When it was given up.
    at: DateTime,
    /// The event itself, or the text that stood in its place; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    event: Option<Value>,
}

impl Letter {
    /// A letter without its event.
    pub(crate) fn of(function: &str, kept: &KeptLetter) -> Self {
        Self {
            id: kept.id,
            function: function.to_owned(),
            stream: kept.stream.clone(),
            entry_id: kept.entry.id.clone(),
            deliveries: kept.entry.deliveries,
            correlation_id: kept.correlation_id.clone(),
            error: kept.error.clone(),
            at: kept.at,
            event: None,
        }
    }

    /// A letter with its event.
    pub(crate) fn whole(function: &str, kept: &KeptLetter) -> Self {
        let text = || Value::String(kept.entry.event.clone());
        let event = serde_json::from_str(&kept.entry.event).unwrap_or_else(|_| text());
        Self { event: Some(event), ..Self::of(function, kept) }
    }
}
