//! `PUT /api/v1/products/{id}`: gives a product other values. For staff.

use crate::Catalog;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::Products;
use souk_domain::{CategoryId, Description, Grams, Money, Product, ProductFields, ProductId, ProductName};
use souk_lambda::{
    Announcer, ApiError, Command, CommandFailures, CommandHeaders, ConditionalFailures, Envelope, Failure, IfMatch,
    PathId, QueryFailures, Reply, Staff, StaffFailures, VersionHeaders, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What a product is to be; its SKU stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductRequest {
    /// What it is called.
    name: ProductName,
    /// What there is to say about it.
    #[serde(default)]
    description: Description,
    /// Where it stands.
    category_id: CategoryId,
    /// Of one piece; orders that were placed keep theirs.
    price: Money,
    /// Of one piece as it is sent, in grams; 0 when nobody weighed it.
    #[serde(default)]
    weight_grams: Grams,
}

/// Change a product
///
/// Replaces everything but the SKU. `product_discontinued`, `unknown_category`.
#[utoipa::path(
    put,
    path = "/api/v1/products/{id}",
    tag = "catalog",
    security(("token" = [])),
    params(("id" = ProductId, Path), VersionHeaders, CommandHeaders),
    request_body = ProductRequest,
    responses(
        (status = 200, description = "The product as it is now", body = Envelope<Product>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`product_discontinued`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_currency`, `invalid_description`, `invalid_id`, \
            `invalid_money`, `invalid_name`, `invalid_quantity`, `unknown_category`", body = Failure),
        ConditionalFailures, CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn update_product(
    State(products): State<Arc<dyn Products>>,
    State(announcer): State<Announcer>,
    _: Staff,
    PathId(id): PathId<ProductId>,
    IfMatch(expected): IfMatch,
    Command(request, cause): Command<ProductRequest>,
) -> Result<Reply<Product>, ApiError> {
    let ProductRequest { name, description, category_id, price, weight_grams } = request;
    let fields = ProductFields { name, description, category_id, price, weight_grams };
    let committed = products.update_product(id, expected, fields, &cause).await?;
    announcer.announce(&committed.events).await;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(update_product)
}
