//! `GET /api/v1/health`: whether the shop works. For everybody.

use crate::Platform;
use axum::extract::State;
use serde::Serialize;
use souk_domain::ports::Outbox;
use souk_lambda::{ApiError, Copies, Envelope, QueryFailures, Reply};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How the shop is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `degraded`: slower, and events arrive later, but everything can be done.
    status: Status,
    /// The system of record.
    store: Status,
    /// Cache and event streams.
    redis: Status,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Works.
    Ok,
    /// Works, though a part does not.
    Degraded,
    /// Does not answer.
    Down,
}

/// Look at the parts
///
/// 503 when the system of record does not answer: nothing works without it.
#[utoipa::path(
    get,
    path = "/api/v1/health",
    tag = "platform",
    responses((status = 200, description = "The shop works", body = Envelope<Health>), QueryFailures),
)]
async fn health(State(store): State<Arc<dyn Outbox>>, State(copies): State<Copies>) -> Result<Reply<Health>, ApiError> {
    let (store, redis) = tokio::join!(store.ping(), copies.ping());
    store?;
    let redis = if redis.is_ok() { Status::Ok } else { Status::Down };
    let status = if redis == Status::Ok { Status::Ok } else { Status::Degraded };
    Ok(Reply::ok(Health { status, store: Status::Ok, redis }))
}

/// The function.
pub fn router() -> OpenApiRouter<Platform> {
    OpenApiRouter::new().routes(routes!(health))
}
