//! `POST /api/v1/orders/{id}/returns/{returnId}/receive`: goods came back, and their money goes back. For staff.

use crate::Payments;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Cause, Order, OrderId, ReceivedGoods, ReturnId};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What becomes of the goods.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiveRequest {
    /// Whether they are sold again.
    goods: ReceivedGoods,
    /// Whether their money goes back now. `false` when it did already, as a refund of an amount, or when none is to.
    #[serde(default = "is_refunded")]
    #[schema(default = true)]
    refund: bool,
}

fn is_refunded() -> bool {
    true
}

/// Receive a return
///
/// Doing so again changes nothing. `return_status` unless it was approved.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/returns/{returnId}/receive",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), ("returnId" = ReturnId, Path), CommandHeaders),
    request_body(content = ReceiveRequest, example = json!({ "goods": "restock" })),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`return_status`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn receive_return(
    State(shop): State<Payments>,
    Staff(caller): Staff,
    PathId((id, return_id)): PathId<(OrderId, ReturnId)>,
    Command(request, cause): Command<ReceiveRequest>,
) -> Result<Reply<Order>, ApiError> {
    let ReceiveRequest { goods, refund } = request;
    let receive = move |order: &Order, cause: &Cause| order.receive_return(return_id, goods, !refund, caller.id, cause);
    let settled = shop.settlement.change(id, None, &cause, receive);
    Ok(crate::reply(caller, settled.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(receive_return)
}
