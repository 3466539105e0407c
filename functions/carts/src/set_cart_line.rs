//! `PUT /api/v1/carts/{id}/lines/{productId}`: another number of pieces. For its owner; a guest's for whoever knows it.

use crate::{CartView, Carts, view};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{CartChange, CartId, ProductId, Quantity};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, MaybeCaller, MaybeCallerFailures, PathId,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// How many.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuantityRequest {
    /// In all.
    quantity: Quantity,
}

/// Change the quantity of a line
///
/// Lines of a cart change independently: of two tabs that set the same line, the later one counts.
#[utoipa::path(
    put,
    path = "/api/v1/carts/{id}/lines/{productId}",
    tag = "carts",
    security((), ("token" = [])),
    params(("id" = CartId, Path), ("productId" = ProductId, Path), CommandHeaders),
    request_body = QuantityRequest,
    responses(
        (status = 200, description = "The cart as it is now", body = Envelope<CartView>),
        (status = 404, description = "`not_found`: the cart, or the line in it", body = Failure),
        (status = 409, description = "`cart_ordered`", body = Failure),
        (status = 422, description = "`invalid_quantity`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn set_cart_line(
    State(shop): State<Carts>,
    caller: MaybeCaller,
    PathId((id, product_id)): PathId<(CartId, ProductId)>,
    Command(request, cause): Command<QuantityRequest>,
) -> Result<Reply<CartView>, ApiError> {
    let change = CartChange::Set { product_id, quantity: request.quantity };
    let replayed = shop.carts.change_cart(id, caller.id(), change, cause.claim.as_ref()).await?;
    let cart = view::read(&*shop.carts, &*shop.products, id, caller.id()).await?;
    let version = cart.version;
    Ok(Reply::ok(cart).version(version).replayed(replayed))
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(set_cart_line)
}
