//! `GET /api/v1/orders/{id}/invoice`: an invoice to print. For the order's owner and staff.

use crate::{Orders, document};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use souk_domain::{Order, OrderId, OrderLine};
use souk_lambda::{ApiError, Caller, CallerFailures, Failure, PathId, QueryFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// Print an invoice
///
/// A page of HTML for a printer: lines, discount, shipping, tax and total. The buyer gets their own, staff anybody's.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/invoice",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path)),
    responses(
        (status = 200, description = "A page to print", body = String, content_type = "text/html",
            example = "<!DOCTYPE html><html lang=\"en\"><head><title>Invoice S-2026-000123</title></head><body>…</body></html>"),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, CallerFailures,
    ),
)]
async fn print_invoice(
    State(shop): State<Orders>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
) -> Result<Response, ApiError> {
    let order = shop.orders.order(id, caller.sees_only()).await?;
    Ok(document::page(&format!("Invoice {}", order.number), &invoice(&order)))
}

fn invoice(order: &Order) -> Markup {
    let totals = &order.totals;
    let tax = format!("{}.{:02} %", order.tax.basis_points / 100, order.tax.basis_points % 100);
    html! {
        (document::head("Invoice", order))
        table {
            thead { tr {
                th { "Item" } th.number { "Pieces" } th.number { "Price" } th.number { "Discount" } th.number { "Tax" }
                th.number { "Total" }
            } }
            tbody { @for line in &order.lines { (row(line)) } }
            tfoot {
                (sum("Goods", &totals.goods.to_string()))
                @if totals.discount.amount_minor() > 0 { (sum("Discount", &format!("−{}", totals.discount))) }
                @if let Some(shipping) = &order.shipping { (sum(&format!("Shipping: {}", shipping.name), &totals.shipping.to_string())) }
                (sum(&format!("{} tax {tax}", if order.tax.is_included { "Included" } else { "Plus" }), &totals.tax.to_string()))
                tr.total { td colspan="5" { "Total" } td.number { (totals.grand_total) } }
                (sum("Paid", &totals.paid.to_string()))
                @if totals.refunded.amount_minor() > 0 { (sum("Refunded", &format!("−{}", totals.refunded))) }
            }
        }
    }
}

fn row(line: &OrderLine) -> Markup {
    html! { tr {
        td { (line.name) br; small { (line.sku) } }
        td.number { (i64::from(line.quantity)) }
        td.number { (line.unit_price) }
        td.number { (line.discount) }
        td.number { (line.tax) }
        td.number { (line.total) }
    } }
}

fn sum(name: &str, amount: &str) -> Markup {
    html! { tr { td colspan="5" { (name) } td.number { (amount) } } }
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(print_invoice)
}
