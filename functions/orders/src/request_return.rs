//! `POST /api/v1/orders/{id}/returns`: a buyer wants to send something back. For its owner and staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Order, OrderId, ReturnReason, ShippedPieces};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What comes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReturnRequest {
    /// What.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Vec<ShippedPieces>,
    /// Why.
    reason: ReturnReason,
}

/// Request a return
///
/// Pieces that were sent and are not coming back already: `not_in_order` otherwise.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/returns",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(
        content = ReturnRequest,
        example = json!({
            "lines": [{ "productId": "018b070d-6400-76c2-b5e0-9d17f48a32c6", "quantity": 1 }],
            "reason": "damaged",
        }),
    ),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`not_in_order`", body = Failure),
        (status = 422, description = "`invalid_id`, `invalid_quantity`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn request_return(
    State(shop): State<Orders>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<ReturnRequest>,
) -> Result<Reply<Order>, ApiError> {
    let committed = change(&*shop.orders, &shop.announcer, id, caller.sees_only(), &cause, move |order, cause| {
        order.request_return(&request.lines, request.reason, caller.0.id, cause)
    });
    Ok(crate::reply(caller.0, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(request_return)
}
