//! `GET /api/v1/orders/search`: everybody's orders. For staff.

use crate::Orders;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{CustomerId, DateTime, Order, OrderSearch, OrderStatus, OrderText};
use souk_lambda::{
    ApiError, Cursor, Envelope, Failure, QueryFailures, Question, Reply, Staff, StaffFailures, read_limit, router,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

/// Which orders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// An order's number, or words of its buyer's name and address; the last may be unfinished.
    #[param(example = "ada love")]
    q: Option<String>,
    /// In this status only.
    status: Option<OrderStatus>,
    /// Of this customer only.
    customer: Option<CustomerId>,
    /// Placed from this moment on, UTC.
    from: Option<DateTime>,
    /// Placed before this moment, UTC.
    until: Option<DateTime>,
    /// Orders a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List or search orders
///
/// Everybody's, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/orders/search",
    tag = "orders",
    security(("token" = [])),
    params(Asked),
    responses(
        (status = 200, description = "A page of orders, newest first", body = Envelope<Vec<Order>>),
        (status = 400, description = "`invalid_search`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn search_orders(
    State(shop): State<Orders>,
    Staff(_caller): Staff,
    Question(asked): Question<Asked>,
) -> Result<Reply<Vec<Order>>, ApiError> {
    let text = asked.q.as_deref().map(OrderText::parse).transpose();
    let search = OrderSearch {
        text: text.map_err(|violation| ApiError::of_query(violation).field("q"))?,
        status: asked.status,
        customer: asked.customer,
        from: asked.from,
        until: asked.until,
        limit: read_limit(asked.limit)?,
        after: asked.cursor.as_deref().map(Cursor::read).transpose()?,
    };
    let page = shop.orders.search_orders(search).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(search_orders)
}
