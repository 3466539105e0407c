//! `POST /api/v1/categories`: makes a category. For staff.

use crate::Catalog;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_domain::ports::Categories;
use souk_domain::{Category, CategoryFields, CategoryId, CategoryName};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures, Reply, Staff, StaffFailures,
    router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What a category is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoryRequest {
    /// Unique among the children of one parent.
    pub name: CategoryName,
    /// The category above; absent or null at the top.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
}

impl From<CategoryRequest> for CategoryFields {
    fn from(CategoryRequest { name, parent_id }: CategoryRequest) -> Self {
        Self { name, parent_id }
    }
}

/// Make a category
///
/// Its name must be unique among the children of its parent: `category_name_taken`. `unknown_category` for the parent.
#[utoipa::path(
    post,
    path = "/api/v1/categories",
    tag = "catalog",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = CategoryRequest,
    responses(
        (status = 201, description = "The category", body = Envelope<Category>),
        (status = 409, description = "`category_name_taken`", body = Failure),
        (status = 422, description = "`invalid_id`, `invalid_name`, `unknown_category`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn create_category(
    State(categories): State<Arc<dyn Categories>>,
    _: Staff,
    Command(request, cause): Command<CategoryRequest>,
) -> Result<Reply<Category>, ApiError> {
    let committed = categories.create_category(request.into(), &cause).await?;
    let (id, version) = (committed.value.id, committed.value.version);
    Ok(Reply::committed(committed).created(format!("/api/v1/categories/{id}")).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(create_category)
}
