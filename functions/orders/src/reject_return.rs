//! `POST /api/v1/orders/{id}/returns/{returnId}/reject`: a buyer may not send something back. For staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Order, OrderId, Reason, ReturnId};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Why not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RejectRequest {
    /// For the order's history, and for the buyer, who gets it by mail.
    reason: Reason,
}

/// Reject a return
///
/// Doing so again changes nothing. `return_status` once it was approved or is there.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/returns/{returnId}/reject",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), ("returnId" = ReturnId, Path), CommandHeaders),
    request_body(content = RejectRequest, example = json!({ "reason": "worn" })),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`return_status`", body = Failure),
        (status = 422, description = "`invalid_reason`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn reject_return(
    State(shop): State<Orders>,
    Staff(caller): Staff,
    PathId((id, return_id)): PathId<(OrderId, ReturnId)>,
    Command(request, cause): Command<RejectRequest>,
) -> Result<Reply<Order>, ApiError> {
    let committed = change(&*shop.orders, &shop.announcer, id, None, &cause, move |order, cause| {
        order.reject_return(return_id, &request.reason, caller.id, cause)
    });
    Ok(crate::reply(caller, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(reject_return)
}
