//! `POST /api/v1/orders/{id}/cancel`: an order ends and its stock is given back. For its owner and staff.

use crate::Orders;
use axum::extract::State;
use souk_domain::{Order, OrderId, ports};
use souk_lambda::{
    Announcer, ApiError, Caller, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures,
    Reply, SecuredFailures,
};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Cancel an order
///
/// Gives the stock back. Doing so again changes nothing and answers the same.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, SecuredFailures,
    ),
)]
async fn cancel_order(
    State(orders): State<Arc<dyn ports::Orders>>,
    State(announcer): State<Announcer>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Order>, ApiError> {
    let committed = orders.cancel_order(id, caller.sees_only(), &cause).await?;
    announcer.announce(&committed.events).await;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    OpenApiRouter::new().routes(routes!(cancel_order))
}
