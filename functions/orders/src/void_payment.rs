//! `POST /api/v1/orders/{id}/payments/{paymentId}/void`: a provider lets go of what it holds, or gives up on a challenge. For its owner and staff.

use crate::Payments;
use axum::extract::State;
use souk_domain::{Error, Order, OrderId, Payment, PaymentId, PaymentStatus};
use souk_lambda::{
    ApiError, Caller, CallerFailures, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId,
    QueryFailures, Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Void a payment
///
/// Doing so again changes nothing. A buyer may give up on a challenge only: `order_status` otherwise, and once the money moved.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/payments/{paymentId}/void",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), ("paymentId" = PaymentId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`order_status`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn void_payment(
    State(shop): State<Payments>,
    caller: Caller,
    PathId((id, payment_id)): PathId<(OrderId, PaymentId)>,
    NoBody(cause): NoBody,
) -> Result<Reply<Order>, ApiError> {
    let settled = shop.settlement.change(id, caller.sees_only(), &cause, move |order, cause| {
        let is_challenge = |payment: &Payment| payment.id == payment_id && payment.status != PaymentStatus::Authorised;
        match caller.sees_only() {
            Some(_) if !order.payments.iter().any(is_challenge) => Err(Error::ORDER_STATUS),
            _ => order.void(payment_id, caller.0.id, cause),
        }
    });
    Ok(crate::reply(caller.0, settled.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(void_payment)
}
