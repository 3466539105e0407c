//! `DELETE /api/v1/sessions`: every session of the caller ends. For whoever logged in.

use crate::{Customers, entry};
use axum::extract::State;
use souk_domain::SessionCutoff;
use souk_lambda::{
    ApiError, Bearer, BearerFailures, CommandFailures, CommandHeaders, Done, Failure, NoBody, QueryFailures, Reply,
    router,
};
use utoipa_axum::router::OpenApiRouter;

/// Log out everywhere
///
/// The present session as well.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "customers",
    security(("token" = [])),
    params(CommandHeaders),
    responses(
        (status = 200, description = "Every session has ended", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, BearerFailures,
    ),
)]
async fn log_out_everywhere(
    State(shop): State<Customers>,
    bearer: Bearer,
    NoBody(cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    let committed = shop.customers.end_sessions(bearer.identity.id, &cause).await?;
    if committed.replayed.is_none() {
        let cutoff = SessionCutoff { at: cause.at, kept: None };
        entry::end_sessions(&*shop.sessions, bearer.identity.id, cutoff).await;
    }
    Ok(Reply::committed(committed))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(log_out_everywhere)
}
