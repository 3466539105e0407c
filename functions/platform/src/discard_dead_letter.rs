//! `DELETE /api/v1/dead-letters/{function}/{id}`: an event that a consumer function could not handle is given up for good. For
//! admins.

use crate::Operations;
use crate::operations::letter_id;
use axum::extract::State;
use souk_lambda::{
    Admin, ApiError, CommandFailures, Done, Failure, NoBody, PathId, QueryFailures, Reply, StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Discard a dead letter
///
/// The function never gets the event again, unless it is replayed. Discarding what is gone changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/dead-letters/{function}/{id}",
    tag = "platform",
    security(("token" = [])),
    params(
        ("function" = String, Path, description = "The consumer function"),
        ("id" = String, Path, description = "The dead letter", example = "1700000000000-0"),
    ),
    responses(
        (status = 200, description = "It is gone", body = Done),
        (status = 400, description = "`invalid_id`", body = Failure),
        (status = 404, description = "`not_found`: no function of that name consumes events", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn discard_dead_letter(
    State(operations): State<Operations>,
    Admin(caller): Admin,
    PathId((function, id)): PathId<(String, String)>,
    NoBody(_cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    operations.consumers.sources_of(&function)?;
    let id = letter_id(&id)?;
    operations.letters.discard(&function, id).await?;
    tracing::warn!(function, letter = %id, by = %caller.id, "a dead letter was discarded");
    Ok(Reply::ok(()))
}

/// The function.
pub fn router() -> OpenApiRouter<Operations> {
    router!(discard_dead_letter)
}
