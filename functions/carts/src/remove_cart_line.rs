//! `DELETE /api/v1/carts/{id}/lines/{productId}`: a product leaves a cart. For its owner; a guest's for whoever knows it.

use crate::{CartView, Carts, view};
use axum::extract::State;
use souk_domain::{CartChange, CartId, ProductId};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, MaybeCaller, MaybeCallerFailures, NoBody, PathId,
    QueryFailures, Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Remove a line
///
/// One that is not there is fine.
#[utoipa::path(
    delete,
    path = "/api/v1/carts/{id}/lines/{productId}",
    tag = "carts",
    security((), ("token" = [])),
    params(("id" = CartId, Path), ("productId" = ProductId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The cart as it is now", body = Envelope<CartView>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`cart_ordered`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn remove_cart_line(
    State(shop): State<Carts>,
    caller: MaybeCaller,
    PathId((id, product_id)): PathId<(CartId, ProductId)>,
    NoBody(cause): NoBody,
) -> Result<Reply<CartView>, ApiError> {
    let change = CartChange::Remove(product_id);
    let replayed = shop.carts.change_cart(id, caller.id(), change, cause.claim.as_ref()).await?;
    let cart = view::read(&*shop.carts, &*shop.products, id, caller.id()).await?;
    let version = cart.version;
    Ok(Reply::ok(cart).version(version).replayed(replayed))
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(remove_cart_line)
}
