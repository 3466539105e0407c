//! `POST /api/v1/carts`: the caller's cart, or a new one for a guest. For everybody.

use crate::{CartView, Carts, view};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::CartId;
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, MaybeCaller, MaybeCallerFailures,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Which cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CartRequest {
    /// A guest's cart that is merged into the customer's and gone then. One that is somebody's, or unknown, is left alone.
    #[serde(default)]
    from: Option<CartId>,
}

/// Open a cart
///
/// A customer has one cart, which this finds or makes; a guest gets a new one each time. Log-in merges a guest's cart as well
/// (`cartId`). Quantities of one product add up; what finds no place among 200 products stays in the guest's cart.
#[utoipa::path(
    post,
    path = "/api/v1/carts",
    tag = "carts",
    security((), ("token" = [])),
    params(CommandHeaders),
    request_body = CartRequest,
    responses(
        (status = 201, description = "The cart", body = Envelope<CartView>),
        (status = 422, description = "`invalid_id`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn open_cart(
    State(shop): State<Carts>,
    caller: MaybeCaller,
    Command(request, _): Command<CartRequest>,
) -> Result<Reply<CartView>, ApiError> {
    let cart = shop.carts.open_cart(caller.id(), request.from).await?;
    let cart = view::read(&*shop.carts, &*shop.products, cart.id, caller.id()).await?;
    let (location, version) = (format!("/api/v1/carts/{}", cart.id), cart.version);
    Ok(Reply::ok(cart).created(location).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(open_cart)
}
