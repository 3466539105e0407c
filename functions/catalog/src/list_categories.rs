//! `GET /api/v1/categories`: the whole tree of categories. For everybody.

use crate::Catalog;
use axum::extract::State;
use souk_domain::CategoryTree;
use souk_domain::ports::Categories;
use souk_lambda::{ApiError, Envelope, QueryFailures, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// List the categories
///
/// As a tree, siblings by name. There are no pages: a shop has hundreds of categories, and half a tree is of no use.
#[utoipa::path(
    get,
    path = "/api/v1/categories",
    tag = "catalog",
    responses((status = 200, description = "The categories at the top, each with those below it", body = Envelope<Vec<CategoryTree>>), QueryFailures),
)]
async fn list_categories(State(categories): State<Arc<dyn Categories>>) -> Result<Reply<Vec<CategoryTree>>, ApiError> {
    Ok(Reply::ok(CategoryTree::nest(categories.categories().await?)))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(list_categories)
}
