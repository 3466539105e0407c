//! `POST /api/v1/products`: makes a product with empty stock. For staff.

use crate::Catalog;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::Products;
use souk_domain::{CategoryId, Description, Grams, Money, Product, ProductFields, ProductName, Sku};
use souk_lambda::{
    Announcer, ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What a new product is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProductRequest {
    /// Unique in the shop; never changes.
    sku: Sku,
    /// What it is called.
    name: ProductName,
    /// What there is to say about it.
    #[serde(default)]
    description: Description,
    /// Where it stands.
    category_id: CategoryId,
    /// Of one piece.
    price: Money,
    /// Of one piece as it is sent, in grams; 0 when nobody weighed it.
    #[serde(default)]
    weight_grams: Grams,
}

/// Make a product
///
/// It is on sale at once, with empty stock: adjust the stock next. `sku_taken`, `unknown_category`.
#[utoipa::path(
    post,
    path = "/api/v1/products",
    tag = "catalog",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = NewProductRequest,
    responses(
        (status = 201, description = "The product", body = Envelope<Product>),
        (status = 409, description = "`sku_taken`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_currency`, `invalid_description`, `invalid_id`, \
            `invalid_money`, `invalid_name`, `invalid_quantity`, `invalid_sku`, `unknown_category`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn create_product(
    State(products): State<Arc<dyn Products>>,
    State(announcer): State<Announcer>,
    _: Staff,
    Command(request, cause): Command<NewProductRequest>,
) -> Result<Reply<Product>, ApiError> {
    let NewProductRequest { sku, name, description, category_id, price, weight_grams } = request;
    let fields = ProductFields { name, description, category_id, price, weight_grams };
    let committed = products.create_product(sku, fields, &cause).await?;
    announcer.announce(&committed.events).await;
    let (id, version) = (committed.value.id, committed.value.version);
    Ok(Reply::committed(committed).created(format!("/api/v1/products/{id}")).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(create_product)
}
