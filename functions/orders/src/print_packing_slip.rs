//! `GET /api/v1/orders/{id}/packing-slip`: what goes into the parcel, to print. For staff.

use crate::{Orders, document};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use souk_domain::{Order, OrderId};
use souk_lambda::{ApiError, Failure, PathId, QueryFailures, Staff, StaffFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// Print a packing slip
///
/// Lists what is still to be sent, without prices.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/packing-slip",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path)),
    responses(
        (status = 200, description = "A page to print", body = String, content_type = "text/html",
            example = "<!DOCTYPE html><html lang=\"en\"><head><title>Packing slip S-2026-000123</title></head><body>…</body></html>"),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn print_packing_slip(
    State(shop): State<Orders>,
    Staff(_caller): Staff,
    PathId(id): PathId<OrderId>,
) -> Result<Response, ApiError> {
    let order = shop.orders.order(id, None).await?;
    Ok(document::page(&format!("Packing slip {}", order.number), &slip(&order)))
}

fn slip(order: &Order) -> Markup {
    let left = || order.lines.iter().filter(|line| line.unshipped() > 0);
    html! {
        (document::head("Packing slip", order))
        @if let Some(shipping) = &order.shipping { p { "Send by " (shipping.name) } }
        @if left().next().is_none() { p { "Nothing is left to be sent." } } @else {
            table {
                thead { tr { th { "Packed" } th { "SKU" } th { "Item" } th.number { "Pieces" } } }
                tbody {
                    @for line in left() {
                        tr { td { "☐" } td { (line.sku) } td { (line.name) } td.number { (line.unshipped()) } }
                    }
                }
            }
        }
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(print_packing_slip)
}
