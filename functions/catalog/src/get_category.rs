//! `GET /api/v1/categories/{id}`: one category. For everybody.

use crate::Catalog;
use axum::extract::State;
use souk_domain::ports::Categories;
use souk_domain::{Category, CategoryId};
use souk_lambda::{ApiError, Envelope, Failure, PathId, QueryFailures, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Get a category
///
/// Its name, the category that it is below, and the version that a change must name in `If-Match`.
#[utoipa::path(
    get,
    path = "/api/v1/categories/{id}",
    tag = "catalog",
    params(("id" = CategoryId, Path)),
    responses(
        (status = 200, description = "The category", body = Envelope<Category>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures,
    ),
)]
async fn get_category(
    State(categories): State<Arc<dyn Categories>>,
    PathId(id): PathId<CategoryId>,
) -> Result<Reply<Category>, ApiError> {
    let category = categories.category(id).await?;
    let version = category.version;
    Ok(Reply::ok(category).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(get_category)
}
