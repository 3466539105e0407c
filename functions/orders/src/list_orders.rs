//! `GET /api/v1/orders`: the caller's own orders, newest first. For whoever logged in.

use crate::Orders;
use axum::extract::State;
use souk_domain::{Order, ports};
use souk_lambda::{ApiError, Caller, CallerFailures, Cursor, Envelope, Paging, QueryFailures, Question, Reply, router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// List one's own orders
///
/// In pages, each order whole, as it is now.
#[utoipa::path(
    get,
    path = "/api/v1/orders",
    tag = "orders",
    security(("token" = [])),
    params(Paging),
    responses(
        (status = 200, description = "A page of orders, newest first", body = Envelope<Vec<Order>>),
        QueryFailures, CallerFailures,
    ),
)]
async fn list_orders(
    State(orders): State<Arc<dyn ports::Orders>>,
    Caller(caller): Caller,
    Question(asked): Question<Paging>,
) -> Result<Reply<Vec<Order>>, ApiError> {
    let (limit, after) = asked.read()?;
    let page = orders.orders(caller.id, limit, after).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items.into_iter().map(Order::for_buyer).collect()).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(list_orders)
}
