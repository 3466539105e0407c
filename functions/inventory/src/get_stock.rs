//! `GET /api/v1/products/{id}/stock`: the stock of one product, from the cache when it can. For everybody.

use crate::Inventory;
use axum::extract::State;
use souk_domain::ports::CacheKey;
use souk_domain::{ProductId, StockLevel, ports};
use souk_lambda::{ApiError, Copies, Envelope, Failure, PathId, QueryFailures, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Get the stock of a product
///
/// What is on hand, what orders hold of it, and what is left to be sold. It may be a moment old; placing an order looks again.
#[utoipa::path(
    get,
    path = "/api/v1/products/{id}/stock",
    tag = "inventory",
    params(("id" = ProductId, Path)),
    responses(
        (status = 200, description = "The stock", body = Envelope<StockLevel>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures,
    ),
)]
async fn get_stock(
    State(inventory): State<Arc<dyn ports::Inventory>>,
    State(copies): State<Copies>,
    PathId(id): PathId<ProductId>,
) -> Result<Reply<StockLevel>, ApiError> {
    let [copy] = copies.get([CacheKey::Stock(id)]).await;
    let stock = match Copies::read::<StockLevel>(copy) {
        Some(stock) => stock,
        None => {
            let stock = inventory.stock(id).await?;
            copies.keep(&[Copies::copy(CacheKey::Stock(id), stock.version, &stock)]).await;
            stock
        }
    };
    let version = stock.version;
    Ok(Reply::ok(stock).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Inventory> {
    router!(get_stock)
}
