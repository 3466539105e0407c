//! `GET /api/v1/sessions`: where the caller is logged in. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use serde::Serialize;
use souk_domain::Session;
use souk_lambda::{ApiError, Bearer, Caller, CallerFailures, Envelope, QueryFailures, Reply, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    /// Which.
    #[serde(flatten)]
    session: Session,
    /// Whether the request belongs to it.
    is_current: bool,
}

/// List one's own sessions
///
/// Every log-in that has not ended, and which of them asks.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "customers",
    security(("token" = [])),
    responses(
        (status = 200, description = "Every session, latest use first", body = Envelope<Vec<ListedSession>>),
        QueryFailures, CallerFailures,
    ),
)]
async fn list_sessions(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    bearer: Bearer,
) -> Result<Reply<Vec<ListedSession>>, ApiError> {
    let sessions = shop.sessions.sessions(caller.id).await?;
    let listed = |session: Session| ListedSession { is_current: session.id == bearer.session, session };
    Ok(Reply::ok(sessions.into_iter().map(listed).collect()))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(list_sessions)
}
