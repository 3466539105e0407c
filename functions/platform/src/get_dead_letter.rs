//! `GET /api/v1/dead-letters/{function}/{id}`: one event that a consumer function could not handle. For staff.

use crate::Operations;
use crate::operations::{Letter, letter_id};
use axum::extract::State;
use souk_lambda::{ApiError, Envelope, Failure, PathId, QueryFailures, Reply, Staff, StaffFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// Read a dead letter
///
/// With the event itself.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters/{function}/{id}",
    tag = "platform",
    security(("token" = [])),
    params(
        ("function" = String, Path, description = "The consumer function"),
        ("id" = String, Path, description = "The dead letter", example = "1700000000000-0"),
    ),
    responses(
        (status = 200, description = "The letter", body = Envelope<Letter>),
        (status = 400, description = "`invalid_id`", body = Failure),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn get_dead_letter(
    State(operations): State<Operations>,
    Staff(_caller): Staff,
    PathId((function, id)): PathId<(String, String)>,
) -> Result<Reply<Letter>, ApiError> {
    operations.consumers.sources_of(&function)?;
    let letter = operations.letters.letter(&function, letter_id(&id)?).await?;
    Ok(Reply::ok(Letter::whole(&function, &letter)))
}

/// The function.
pub fn router() -> OpenApiRouter<Operations> {
    router!(get_dead_letter)
}
