//! `POST /api/v1/orders/{id}/deliveries`: a parcel arrived. For staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Order, OrderId, ShipmentId};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverRequest {
    /// Which parcel; absent for all of them.
    #[serde(default)]
    shipment_id: Option<ShipmentId>,
}

/// Note that parcels arrived
///
/// One parcel, or all of the order. Once they have, noting it again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/deliveries",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(content = DeliverRequest, example = json!({})),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`order_status`", body = Failure),
        (status = 422, description = "`invalid_id`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn deliver_order(
    State(shop): State<Orders>,
    Staff(caller): Staff,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<DeliverRequest>,
) -> Result<Reply<Order>, ApiError> {
    let committed = change(&*shop.orders, &shop.announcer, id, None, &cause, move |order, cause| {
        order.deliver(request.shipment_id, caller.id, cause)
    });
    Ok(crate::reply(caller, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(deliver_order)
}
