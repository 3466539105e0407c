//! `POST /api/v1/orders/{id}/review/settle`: a person has looked at an order. For staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Order, OrderId, Reason};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What came of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleRequest {
    /// For the order's history.
    reason: Reason,
}

/// Settle a review
///
/// The order goes on where its goods and its money are. Doing so again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/review/settle",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(content = SettleRequest, example = json!({ "reason": "rang the bank: the money is there" })),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 422, description = "`invalid_reason`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn settle_review(
    State(shop): State<Orders>,
    Staff(caller): Staff,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<SettleRequest>,
) -> Result<Reply<Order>, ApiError> {
    let committed = change(&*shop.orders, &shop.announcer, id, None, &cause, move |order, cause| {
        order.settle_review(&request.reason, caller.id, cause)
    });
    Ok(crate::reply(caller, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(settle_review)
}
