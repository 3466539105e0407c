//! `GET /api/v1/carts/{id}`: a cart with the prices and the stock of this moment. For its owner; a guest's for whoever knows it.

use crate::{CartView, Carts, view};
use axum::extract::State;
use souk_domain::CartId;
use souk_lambda::{
    ApiError, Envelope, Failure, MaybeCaller, MaybeCallerFailures, PathId, QueryFailures, Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Get a cart
///
/// Each line tells in `changes` what is not as it was when it was added, or stands in the way of an order.
#[utoipa::path(
    get,
    path = "/api/v1/carts/{id}",
    tag = "carts",
    security((), ("token" = [])),
    params(("id" = CartId, Path)),
    responses(
        (status = 200, description = "The cart", body = Envelope<CartView>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, MaybeCallerFailures,
    ),
)]
async fn get_cart(
    State(shop): State<Carts>,
    caller: MaybeCaller,
    PathId(id): PathId<CartId>,
) -> Result<Reply<CartView>, ApiError> {
    let cart = view::read(&*shop.carts, &*shop.products, id, caller.id()).await?;
    let version = cart.version;
    Ok(Reply::ok(cart).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(get_cart)
}
