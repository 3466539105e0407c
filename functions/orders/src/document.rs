//! What people print: one page, black on white, no script and nothing loaded from elsewhere.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use souk_domain::{Address, Order};

const STYLE: &str = "
    body { font: 14px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #111; }
    h1 { font-size: 1.6em; margin: 0 0 1em; }
    header, footer { display: flex; justify-content: space-between; gap: 2em; }
    table { width: 100%; border-collapse: collapse; margin: 2em 0; }
    th, td { text-align: left; padding: .4em .6em .4em 0; border-bottom: 1px solid #ccc; vertical-align: top; }
    th.number, td.number { text-align: right; white-space: nowrap; }
    tfoot td { border: 0; } tfoot tr.total td { font-weight: bold; border-top: 2px solid #111; }
    @page { margin: 18mm; } @media print { body { margin: 0; max-width: none; } }
";

/// A page to print. Nothing in it may load or run anything.
pub(crate) fn page(title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    };
    let mut response = Html(page.into_string()).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The head of a document: its name, the order's number and day, and where the order goes.
pub(crate) fn head(name: &str, order: &Order) -> Markup {
    html! {
        h1 { (name) " " (order.number) }
        header {
            div { "Order " (order.number) br; "placed " (order.placed_at.format("%-d %B %Y")) }
            @if let Some(address) = &order.shipping_address { (address_of(address)) }
        }
    }
}

fn address_of(address: &Address) -> Markup {
    html! {
        address {
            (address.recipient) br;
            (address.line1) br;
            @if let Some(line2) = &address.line2 { (line2) br; }
            @if let Some(code) = &address.postal_code { (code) " " }
            (address.city) br;
            (address.country)
        }
    }
}
