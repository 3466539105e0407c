//! `GET /api/v1/products/{id}`: one product with what can be ordered of it, from the cache when it can. For everybody.

use crate::Catalog;
use axum::extract::State;
use souk_domain::ports::{CacheKey, Products};
use souk_domain::{Product, ProductId, StockLevel, StockedProduct};
use souk_lambda::{ApiError, Copies, Envelope, Failure, PathId, QueryFailures, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Get a product
///
/// A discontinued one is still told. The `ETag` is the product's version; stock has one of its own.
#[utoipa::path(
    get,
    path = "/api/v1/products/{id}",
    tag = "catalog",
    params(("id" = ProductId, Path)),
    responses(
        (status = 200, description = "The product", body = Envelope<StockedProduct>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures,
    ),
)]
async fn get_product(
    State(products): State<Arc<dyn Products>>,
    State(copies): State<Copies>,
    PathId(id): PathId<ProductId>,
) -> Result<Reply<StockedProduct>, ApiError> {
    let (product, stock) = find(&*products, &copies, id).await?;
    let version = product.version;
    Ok(Reply::ok(StockedProduct { product, available: stock.available }).version(version))
}

async fn find(products: &dyn Products, copies: &Copies, id: ProductId) -> Result<(Product, StockLevel), ApiError> {
    let (product_key, stock_key) = (CacheKey::Product(id), CacheKey::Stock(id));
    let [product, stock] = copies.get([product_key, stock_key]).await;
    if let Some(found) = Copies::read(product).zip(Copies::read(stock)) {
        return Ok(found);
    }
    let (product, stock) = products.product(id).await?;
    copies
        .keep(&[Copies::copy(product_key, product.version, &product), Copies::copy(stock_key, stock.version, &stock)])
        .await;
    Ok((product, stock))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(get_product)
}
