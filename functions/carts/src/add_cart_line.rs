//! `POST /api/v1/carts/{id}/lines`: pieces of a product go into a cart. For its owner; a guest's for whoever knows it.

use crate::{CartView, Carts, view};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::CacheKey;
use souk_domain::{CartChange, CartId, CartLine, Error, Product, ProductId, ProductStatus, Quantity};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Copies, Envelope, Failure, MaybeCaller, MaybeCallerFailures,
    PathId, QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CartLineRequest {
    /// Which product.
    product_id: ProductId,
    /// How many more.
    quantity: Quantity,
}

/// Add to a cart
///
/// Pieces of a product that is there already add up. A repetition with the same `Idempotency-Key` adds nothing and is answered with the
/// cart as it is now. `unknown_product`, `product_discontinued`, `cart_full` beyond 200 products, `cart_ordered`.
#[utoipa::path(
    post,
    path = "/api/v1/carts/{id}/lines",
    tag = "carts",
    security((), ("token" = [])),
    params(("id" = CartId, Path), CommandHeaders),
    request_body = CartLineRequest,
    responses(
        (status = 200, description = "The cart as it is now", body = Envelope<CartView>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`cart_full`, `cart_ordered`, `product_discontinued`", body = Failure),
        (status = 422, description = "`invalid_id`, `invalid_quantity`, `unknown_product`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn add_cart_line(
    State(shop): State<Carts>,
    caller: MaybeCaller,
    PathId(id): PathId<CartId>,
    Command(request, cause): Command<CartLineRequest>,
) -> Result<Reply<CartView>, ApiError> {
    let CartLineRequest { product_id, quantity } = request;
    let product = product(&shop, product_id).await?;
    if product.status == ProductStatus::Discontinued {
        return Err(Error::DiscontinuedProducts(vec![product_id]).into());
    }
    let change = CartChange::Add(CartLine { product_id, quantity, price_when_added: product.price });
    let replayed = shop.carts.change_cart(id, caller.id(), change, cause.claim.as_ref()).await?;
    let cart = view::read(&*shop.carts, &*shop.products, id, caller.id()).await?;
    let version = cart.version;
    Ok(Reply::ok(cart).version(version).replayed(replayed))
}

async fn product(shop: &Carts, id: ProductId) -> Result<Product, ApiError> {
    let [copy] = shop.copies.get([CacheKey::Product(id)]).await;
    if let Some(product) = Copies::read(copy) {
        return Ok(product);
    }
    match shop.products.product(id).await {
        Ok((product, _)) => Ok(product),
        Err(Error::NotFound(_)) => Err(Error::UnknownProducts(vec![id]).into()),
        Err(error) => Err(error.into()),
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(add_cart_line)
}
