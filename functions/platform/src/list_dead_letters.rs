//! `GET /api/v1/dead-letters`: what a consumer function could not handle. For staff.

use crate::Operations;
use crate::operations::Letter;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::LetterOrder;
use souk_lambda::{
    ApiError, Cursor, Envelope, Failure, QueryFailures, Question, Reply, Staff, StaffFailures, read_limit, router,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

/// Which letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The consumer function.
    function: String,
    /// Which come first.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// Letters a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Which letters come first.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// Those that were given up last.
    #[default]
    Newest,
    /// Those that were given up first.
    Oldest,
}

/// List dead letters
///
/// The events that a consumer function could not handle, however often it got them.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "platform",
    security(("token" = [])),
    params(Asked),
    responses(
        (status = 200, description = "A page of the function's dead letters", body = Envelope<Vec<Letter>>),
        (status = 404, description = "`not_found`: no function of that name consumes events", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_dead_letters(
    State(operations): State<Operations>,
    Staff(_caller): Staff,
    Question(asked): Question<Asked>,
) -> Result<Reply<Vec<Letter>>, ApiError> {
    let Asked { function, sort, limit, cursor } = asked;
    operations.consumers.sources_of(&function)?;
    let order = match sort {
        Sort::Newest => LetterOrder::NewestFirst,
        Sort::Oldest => LetterOrder::OldestFirst,
    };
    let (limit, after) = (read_limit(limit)?, cursor.as_deref().map(Cursor::read).transpose()?);
    let page = operations.letters.letters(&function, order, limit, after).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items.iter().map(|letter| Letter::of(&function, letter)).collect()).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Operations> {
    router!(list_dead_letters)
}
