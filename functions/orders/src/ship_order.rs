//! `POST /api/v1/orders/{id}/shipments`: a parcel leaves. For staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Dispatch, Order, OrderId, ProductName, ShippedPieces, TrackingNumber};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A parcel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShipRequest {
    /// Who carries it.
    carrier: ProductName,
    /// Their name for it.
    tracking_number: TrackingNumber,
    /// What is in it; absent for all that is left.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 2000)]
    lines: Option<Vec<ShippedPieces>>,
}

/// Ship an order
///
/// Sends what is left of the order, or some of it. Carrier and tracking number name the parcel: sending it again changes nothing.
/// `payment_not_captured`, `nothing_to_ship`, `not_in_order`, `order_status`.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/shipments",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(
        content = ShipRequest,
        example = json!({
            "carrier": "Royal Mail",
            "trackingNumber": "JD014600003SE",
            "lines": [{ "productId": "018b070d-6400-76c2-b5e0-9d17f48a32c6", "quantity": 1 }],
        }),
    ),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`not_in_order`, `nothing_to_ship`, `order_status`, `parcel_sent`, \
            `payment_not_captured`", body = Failure),
        (status = 422, description = "`invalid_id`, `invalid_name`, `invalid_quantity`, `invalid_tracking`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn ship_order(
    State(shop): State<Orders>,
    Staff(caller): Staff,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<ShipRequest>,
) -> Result<Reply<Order>, ApiError> {
    let ShipRequest { carrier, tracking_number, lines } = request;
    let dispatch = Dispatch { carrier, tracking_number, lines };
    let committed = change(&*shop.orders, &shop.announcer, id, None, &cause, move |order, cause| {
        order.ship(&dispatch, caller.id, cause)
    });
    Ok(crate::reply(caller, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(ship_order)
}
