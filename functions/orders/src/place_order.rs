//! `POST /api/v1/orders`: a customer buys. For whoever logged in.

use crate::Orders;
use crate::wish::OrderRequest;
use axum::extract::State;
use souk_domain::Order;
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures,
    Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Place an order
///
/// Takes the prices that the catalog has at this moment and reserves the stock: all of it or nothing. The order then waits for its
/// payment until `paymentDueAt` and expires if none comes; one that costs nothing is paid at once. `insufficient_stock` names every product
/// that falls short and what is left of it; `product_discontinued`, `unknown_product`, `total_changed`, `coupon_invalid`,
/// `coupon_minimum`, `coupon_used_up`, `shipping_method_required`, `shipping_method_unavailable`.
#[utoipa::path(
    post,
    path = "/api/v1/orders",
    tag = "orders",
    security(("token" = [])),
    params(CommandHeaders),
    request_body(
        content = OrderRequest,
        example = json!({
            "lines": [{ "productId": "018b070d-6400-76c2-b5e0-9d17f48a32c6", "quantity": 2 }, { "productId": "018b070d-6769-7d04-8e71-c6a25b903f1d", "quantity": 1 }],
            "shippingAddress": { "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postalCode": "SW1Y 4JH", "country": "GB" },
        }),
    ),
    responses(
        (status = 201, description = "The order", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`coupon_invalid`, `coupon_minimum`, `coupon_used_up`, `insufficient_stock`, \
            `price_changed`, `product_discontinued`, `shipping_method_required`, `shipping_method_unavailable`, \
            `total_changed`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_address`, `invalid_country`, `invalid_currency`, \
            `invalid_id`, `invalid_money`, `invalid_name`, `invalid_pricing`, `invalid_quantity`, `unknown_product`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn place_order(
    State(shop): State<Orders>,
    Caller(caller): Caller,
    Command(request, cause): Command<OrderRequest>,
) -> Result<Reply<Order>, ApiError> {
    let committed = shop.orders.buy(request.of(caller.id)?, shop.payment_window, &cause).await?;
    shop.announcer.announce(&committed.events).await;
    let id = committed.value.id;
    Ok(crate::reply(caller, committed).created(format!("/api/v1/orders/{id}")))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(place_order)
}
