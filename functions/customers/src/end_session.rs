//! `DELETE /api/v1/sessions/{id}`: one of the caller's sessions ends. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use souk_domain::SessionId;
use souk_lambda::{
    ApiError, Caller, CallerFailures, CommandFailures, CommandHeaders, Done, Failure, NoBody, PathId, QueryFailures,
    Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// End one of one's own sessions
///
/// Its access and refresh token are refused from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "customers",
    security(("token" = [])),
    params(("id" = SessionId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The session has ended", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn end_session(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    PathId(id): PathId<SessionId>,
    NoBody(_cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    match shop.sessions.end(caller.id, id).await? {
        true => Ok(Reply::ok(())),
        false => Err(ApiError::not_found("session")),
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(end_session)
}
