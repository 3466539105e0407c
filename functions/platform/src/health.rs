//! `GET /api/v1/health`: whether the shop answers at all. For everybody.

use serde::Serialize;
use souk_lambda::{ApiError, Envelope, Reply, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// That it lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`: what is not answers otherwise, or not at all.
    #[schema(example = "ok")]
    status: &'static str,
}

/// See whether the shop is alive
///
/// Asks no other part, so that nobody restarts a process because its database is away. `GET /api/v1/ready` asks them.
#[utoipa::path(
    get,
    path = "/api/v1/health",
    tag = "platform",
    responses((status = 200, description = "It lives", body = Envelope<Health>)),
)]
async fn health() -> Result<Reply<Health>, ApiError> {
    Ok(Reply::ok(Health { status: "ok" }))
}

/// The function.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    router!(health)
}
