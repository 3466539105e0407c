//! `DELETE /api/v1/sessions/current`: the caller's session ends. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use souk_lambda::{
    ApiError, Bearer, BearerFailures, CommandFailures, CommandHeaders, Done, NoBody, QueryFailures, Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Log out
///
/// Access and refresh token are refused from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    responses(
        (status = 200, description = "The session has ended", body = Done),
        CommandFailures, QueryFailures, BearerFailures,
    ),
)]
async fn log_out(State(shop): State<Customers>, bearer: Bearer, NoBody(_cause): NoBody) -> Result<Reply<()>, ApiError> {
    shop.sessions.end(bearer.identity.id, bearer.session).await?;
    Ok(Reply::ok(()))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(log_out)
}
