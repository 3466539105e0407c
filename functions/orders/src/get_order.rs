//! `GET /api/v1/orders/{id}`: one order. For its owner and staff.

use crate::Orders;
use axum::extract::State;
use souk_domain::{Order, OrderId};
use souk_lambda::{ApiError, Caller, CallerFailures, Envelope, Failure, PathId, QueryFailures, Reply, router};
use utoipa_axum::router::OpenApiRouter;

/// Get an order
///
/// Orders of others are not there for a customer, nor is what staff wrote for themselves.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path)),
    responses(
        (status = 200, description = "The order", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, CallerFailures,
    ),
)]
async fn get_order(
    State(shop): State<Orders>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
) -> Result<Reply<Order>, ApiError> {
    let order = shop.orders.order(id, caller.sees_only()).await?;
    let version = order.version;
    Ok(Reply::ok(crate::seen_by(caller.0, order)).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(get_order)
}
