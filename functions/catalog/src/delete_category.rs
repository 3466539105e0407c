//! `DELETE /api/v1/categories/{id}`: removes a category that nothing uses. For staff.

use crate::Catalog;
use axum::extract::State;
use serde::Serialize;
use souk_domain::ports::Categories;
use souk_domain::{CategoryId, Committed};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The category that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedCategory {
    /// What it was called by programs.
    id: CategoryId,
}

/// Remove a category
///
/// Refused while products stand in it (`category_in_use`) or categories below it (`category_has_children`).
#[utoipa::path(
    delete,
    path = "/api/v1/categories/{id}",
    tag = "catalog",
    security(("token" = [])),
    params(("id" = CategoryId, Path), CommandHeaders),
    responses(
        (status = 200, description = "It is gone", body = Envelope<DeletedCategory>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`category_has_children`, `category_in_use`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn delete_category(
    State(categories): State<Arc<dyn Categories>>,
    _: Staff,
    PathId(id): PathId<CategoryId>,
    NoBody(cause): NoBody,
) -> Result<Reply<DeletedCategory>, ApiError> {
    let Committed { events, replayed, .. } = categories.delete_category(id, &cause).await?;
    Ok(Reply::committed(Committed { value: DeletedCategory { id }, events, replayed }))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(delete_category)
}
