//! `POST /api/v1/orders/{id}/returns/{returnId}/approve`: a buyer may send something back. For staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use souk_domain::{Order, OrderId, ReturnId};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Approve a return
///
/// Doing so again changes nothing. `return_status` once it was rejected or is there.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/returns/{returnId}/approve",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), ("returnId" = ReturnId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`return_status`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn approve_return(
    State(shop): State<Orders>,
    Staff(caller): Staff,
    PathId((id, return_id)): PathId<(OrderId, ReturnId)>,
    NoBody(cause): NoBody,
) -> Result<Reply<Order>, ApiError> {
    let committed = change(&*shop.orders, &shop.announcer, id, None, &cause, move |order, cause| {
        order.approve_return(return_id, caller.id, cause)
    });
    Ok(crate::reply(caller, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(approve_return)
}
