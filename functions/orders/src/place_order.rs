//! `POST /api/v1/orders`: a customer buys. For whoever logged in.

use crate::Orders;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Address, NewOrder, NewOrderLine, Order, ProductId, Quantity, ports};
use souk_lambda::{
    Announcer, ApiError, Caller, Command, CommandFailures, CommandHeaders, Envelope, QueryFailures, Reply,
    SecuredFailures,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    /// Lines that name the same product count together.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Vec<LineRequest>,
    /// Absent for goods that are not sent.
    #[serde(default)]
    shipping_address: Option<Address>,
}

/// Pieces of one product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineRequest {
    /// Which product.
    product_id: ProductId,
    /// How many.
    quantity: Quantity,
}

/// Place an order
///
/// Takes the prices that the catalog has at this moment and reserves the stock: all of it or nothing. `insufficient_stock`
/// names every product that falls short and what is left of it; `product_discontinued`, `unknown_product`.
#[utoipa::path(
    post,
    path = "/api/v1/orders",
    tag = "orders",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = OrderRequest,
    responses(
        (status = 201, description = "The order", body = Envelope<Order>),
        CommandFailures, QueryFailures, SecuredFailures,
    ),
)]
async fn place_order(
    State(orders): State<Arc<dyn ports::Orders>>,
    State(announcer): State<Announcer>,
    Caller(caller): Caller,
    Command(request, cause): Command<OrderRequest>,
) -> Result<Reply<Order>, ApiError> {
    let line = |LineRequest { product_id, quantity }| NewOrderLine { product_id, quantity, agreed_price: None };
    let new = NewOrder::new(caller.id, request.lines.into_iter().map(line), request.shipping_address);
    let new = new.map_err(|violation| ApiError::from(violation).field("lines"))?;
    let committed = orders.place_order(new, &cause).await?;
    announcer.announce(&committed.events).await;
    let (id, version) = (committed.value.id, committed.value.version);
    Ok(Reply::committed(committed).created(format!("/api/v1/orders/{id}")).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    OpenApiRouter::new().routes(routes!(place_order))
}
