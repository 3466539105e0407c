//! `POST /api/v1/orders/{id}/cancel`: an order of which nothing was sent ends. For its owner and staff.

use crate::Payments;
use axum::extract::State;
use souk_domain::{Order, OrderId};
use souk_lambda::{
    ApiError, Caller, CallerFailures, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId,
    QueryFailures, Reply, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Cancel an order
///
/// Gives stock and money back. Doing so again changes nothing and answers the same.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`order_status`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn cancel_order(
    State(shop): State<Payments>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Order>, ApiError> {
    let settled =
        shop.settlement.change(id, caller.sees_only(), &cause, move |order, cause| order.cancel(caller.0.id, cause));
    Ok(crate::reply(caller.0, settled.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(cancel_order)
}
