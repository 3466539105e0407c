//! `PUT /api/v1/categories/{id}`: gives a category another name or place. For staff.

use crate::Catalog;
use crate::create_category::CategoryRequest;
use axum::extract::State;
use souk_domain::ports::Categories;
use souk_domain::{Category, CategoryId};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, ConditionalFailures, Envelope, Failure, IfMatch, PathId,
    QueryFailures, Reply, Staff, StaffFailures, VersionHeaders, router,
};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Change a category
///
/// Replaces name and parent. A category cannot move below itself: `category_cycle`.
#[utoipa::path(
    put,
    path = "/api/v1/categories/{id}",
    tag = "catalog",
    security(("token" = [])),
    params(("id" = CategoryId, Path), VersionHeaders, CommandHeaders),
    request_body = CategoryRequest,
    responses(
        (status = 200, description = "The category as it is now", body = Envelope<Category>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`category_cycle`, `category_name_taken`", body = Failure),
        (status = 422, description = "`invalid_id`, `invalid_name`, `unknown_category`", body = Failure),
        ConditionalFailures, CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn update_category(
    State(categories): State<Arc<dyn Categories>>,
    _: Staff,
    PathId(id): PathId<CategoryId>,
    IfMatch(expected): IfMatch,
    Command(request, cause): Command<CategoryRequest>,
) -> Result<Reply<Category>, ApiError> {
    let committed = categories.update_category(id, expected, request.into(), &cause).await?;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(update_category)
}
