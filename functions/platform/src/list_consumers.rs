//! `GET /api/v1/consumers`: how far the consumer functions are behind. For staff.

use crate::{Operations, TriggerSource};
use axum::extract::State;
use futures::future::try_join_all;
use serde::Serialize;
use souk_domain::ports::{Backlogs, DeadLetters};
use souk_domain::{DateTime, Error};
use souk_lambda::{ApiError, Envelope, QueryFailures, Reply, Staff, StaffFailures, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A consumer function and one of its streams.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consumer {
    /// The consumer function.
    #[schema(example = "notify-orders")]
    pub(crate) function: String,
    /// The stream.
    #[schema(value_type = String, example = "order")]
    pub(crate) stream: &'static str,
    /// Events that nobody has delivered yet.
    #[schema(example = 0)]
    pub(crate) undelivered: u64,
    /// Events that were delivered and are not done: in progress, or waiting for their next delivery.
    #[schema(example = 2)]
    pub(crate) pending: u64,
    /// How long the oldest of both has waited since it was published, in milliseconds; absent when nothing waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 140)]
    pub(crate) oldest_age_ms: Option<i64>,
    /// Events that the function could not handle, of all its streams.
    #[schema(example = 1)]
    pub(crate) dead_letters: u64,
}

impl Consumer {
    /// As it is at this moment.
    pub(crate) async fn of(
        source: &TriggerSource,
        backlogs: &dyn Backlogs,
        letters: &dyn DeadLetters,
    ) -> Result<Self, Error> {
        let TriggerSource { stream, function, .. } = source;
        let (backlog, letters) = tokio::try_join!(backlogs.backlog(*stream, function), letters.letter_count(function))?;
        // A publisher's clock may be ahead of this one.
        let age = |at: DateTime| (souk_domain::now() - at).num_milliseconds().max(0);
        Ok(Self {
            function: function.clone(),
            stream: stream.as_str(),
            undelivered: backlog.undelivered,
            pending: backlog.pending,
            oldest_age_ms: backlog.oldest.map(age),
            dead_letters: letters,
        })
    }
}

/// List the consumers of events
///
/// What waits for each of them on each of its streams.
#[utoipa::path(
    get,
    path = "/api/v1/consumers",
    tag = "platform",
    security(("token" = [])),
    responses(
        (status = 200, description = "Every consumer function with each of its streams", body = Envelope<Vec<Consumer>>),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_consumers(
    State(operations): State<Operations>,
    Staff(_caller): Staff,
) -> Result<Reply<Vec<Consumer>>, ApiError> {
    let Operations { backlogs, letters, consumers, .. } = &operations;
    let consumers = consumers.sources().iter().map(|source| Consumer::of(source, &**backlogs, &**letters));
    Ok(Reply::ok(try_join_all(consumers).await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Operations> {
    router!(list_consumers)
}
