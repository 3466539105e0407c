//! `POST /api/v1/orders/{id}/refunds`: money goes back. For staff. Wants an `Idempotency-Key`.

use crate::Payments;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Money, Order, OrderId, PaymentId, Reason, RefundWish, ShippedPieces};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundRequest {
    /// How much.
    refund: Refund,
    /// Of which payment; absent for the one that counts. Another one gives back amounts only.
    #[serde(default)]
    payment_id: Option<PaymentId>,
    /// For the order's history.
    reason: Reason,
}

/// How much goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum Refund {
    /// All that is left.
    All,
    /// An amount.
    Amount {
        /// How much.
        amount: Money,
    },
    /// The price of pieces.
    Lines {
        /// Which.
        #[schema(min_items = 1, max_items = 2000)]
        lines: Vec<ShippedPieces>,
    },
}

/// Refund an order
///
/// All that is left, an amount, or the price of pieces with their part of discount and tax. Pieces that were not sent are taken off the
/// order, except for an amount. `refund_too_large`, `not_in_order`, `order_status`. Without an `Idempotency-Key` two requests would be two
/// refunds: `idempotency_key_required`.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/refunds",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(
        content = RefundRequest,
        example = json!({
            "refund": { "of": "lines", "lines": [{ "productId": "018b070d-6400-76c2-b5e0-9d17f48a32c6", "quantity": 1 }] },
            "reason": "arrived broken",
        }),
    ),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 400, description = "`idempotency_key_required`", body = Failure),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`not_in_order`, `order_status`, `refund_too_large`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_currency`, `invalid_id`, `invalid_money`, \
            `invalid_quantity`, `invalid_reason`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn refund_order(
    State(shop): State<Payments>,
    Staff(caller): Staff,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<RefundRequest>,
) -> Result<Reply<Order>, ApiError> {
    if cause.claim.is_none() {
        return Err(ApiError::malformed("idempotency_key_required", "a refund needs an Idempotency-Key"));
    }
    let RefundRequest { refund, payment_id, reason } = request;
    let wish = match refund {
        Refund::All => RefundWish::All,
        Refund::Amount { amount } => RefundWish::Amount(amount),
        Refund::Lines { lines } => RefundWish::Lines(lines),
    };
    let settled = shop
        .settlement
        .change(id, None, &cause, move |order, cause| order.refund(payment_id, &wish, &reason, caller.id, cause));
    Ok(crate::reply(caller, settled.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(refund_order)
}
