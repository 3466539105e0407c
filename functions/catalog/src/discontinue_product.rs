//! `POST /api/v1/products/{id}/discontinue`: takes a product off sale. For staff.

use crate::Catalog;
use axum::extract::State;
use souk_domain::ports::Products;
use souk_domain::{Product, ProductId};
use souk_lambda::{
    Announcer, ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply,
    Staff, StaffFailures, router,
};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Take a product off sale
///
/// It leaves the lists and cannot be ordered; the orders that name it keep it. Doing so again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/products/{id}/discontinue",
    tag = "catalog",
    security(("token" = [])),
    params(("id" = ProductId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The product as it is now", body = Envelope<Product>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn discontinue_product(
    State(products): State<Arc<dyn Products>>,
    State(announcer): State<Announcer>,
    _: Staff,
    PathId(id): PathId<ProductId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Product>, ApiError> {
    let committed = products.discontinue_product(id, &cause).await?;
    announcer.announce(&committed.events).await;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(discontinue_product)
}
