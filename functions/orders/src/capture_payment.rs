//! `POST /api/v1/orders/{id}/capture`: the money that a provider holds moves. For staff.

use crate::Payments;
use axum::extract::State;
use souk_domain::{Order, OrderId};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Capture a payment
///
/// Once it moved, doing so again changes nothing. `order_status` when nothing is held.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/capture",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`order_status`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn capture_payment(
    State(shop): State<Payments>,
    Staff(caller): Staff,
    PathId(id): PathId<OrderId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Order>, ApiError> {
    let settled = shop.settlement.change(id, None, &cause, move |order, cause| order.capture(caller.id, cause));
    Ok(crate::reply(caller, settled.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(capture_payment)
}
