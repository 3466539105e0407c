//! `POST /api/v1/order-tracking`: where an order is. For whoever knows its number and its buyer's address.

use crate::Orders;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_domain::{
    DateTime, Email, Fulfilment, Order, OrderNumber, OrderStatus, ProductName, Rate, Shipment, TrackingNumber,
};
use souk_lambda::{
    ApiError, ClientAddress, Command, CommandFailures, Envelope, Failure, MaybeCaller, MaybeCallerFailures,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Which order. In a body, because an address in a URL ends up in logs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackRequest {
    /// Its number.
    number: OrderNumber,
    /// The buyer's address.
    email: Email,
}

/// Where an order is, without who bought what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackedOrder {
    /// Its number.
    number: OrderNumber,
    /// Where it is in its life.
    status: OrderStatus,
    /// Where its goods are.
    fulfilment: Fulfilment,
    /// Parcels.
    shipments: Vec<TrackedParcel>,
    /// UTC.
    placed_at: DateTime,
    /// UTC.
    updated_at: DateTime,
}

/// A parcel, without what is in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackedParcel {
    /// Who carries it.
    carrier: ProductName,
    /// Their name for it.
    tracking_number: TrackingNumber,
    /// UTC.
    shipped_at: DateTime,
    /// When it arrived, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<DateTime>,
}

impl From<Shipment> for TrackedParcel {
    fn from(shipment: Shipment) -> Self {
        let Shipment { carrier, tracking_number, shipped_at, delivered_at, .. } = shipment;
        Self { carrier, tracking_number, shipped_at, delivered_at }
    }
}

impl From<Order> for TrackedOrder {
    fn from(order: Order) -> Self {
        let Order { number, status, fulfilment, shipments, placed_at, updated_at, .. } = order;
        let shipments = shipments.into_iter().map(TrackedParcel::from).collect();
        Self { number, status, fulfilment, shipments, placed_at, updated_at }
    }
}

/// Track an order
///
/// A number that does not exist and an address that is not the buyer's are answered alike.
#[utoipa::path(
    post,
    path = "/api/v1/order-tracking",
    tag = "orders",
    security((), ("token" = [])),
    request_body(content = TrackRequest, example = json!({ "number": "S-2026-000123", "email": "ada@example.com" })),
    responses(
        (status = 200, description = "Where it is", body = Envelope<TrackedOrder>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 422, description = "`invalid_email`, `invalid_order_number`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn track_order(
    State(shop): State<Orders>,
    _caller: MaybeCaller,
    address: ClientAddress,
    Command(request, _cause): Command<TrackRequest>,
) -> Result<Reply<TrackedOrder>, ApiError> {
    let door = &shop.access.door;
    let meters = [door.mailbox(Rate::TRACKING, &request.email), door.meter(Rate::TRACKING_ADDRESS, address)];
    door.admit(None, &meters).await?;
    let order = shop.orders.order_by_number(request.number, &request.email).await?;
    Ok(Reply::ok(order.into()))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(track_order)
}
