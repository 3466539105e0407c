//! Pages for people: the latest payments, and the challenge. maud escapes whatever is put into them.

use crate::failure::Failure;
use crate::tables::Intent;
use crate::{Sandbox, challenge as challenges, methods};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{DOCTYPE, Markup, html};
use url::form_urlencoded;

/// Payments on the page.
const LATEST: usize = 50;
/// No script and nothing from elsewhere. Without `form-action`: browsers apply it to where a form leads in the end, which is the shop.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}\
td.number{text-align:right;font-variant-numeric:tabular-nums}code{font-size:.85rem}button{font:inherit;padding:.5rem 1.5rem}";

/// `GET /`: the latest payments, and the payment methods.
pub(crate) async fn latest(State(sandbox): State<Sandbox>) -> Result<Response, Failure> {
    let payments = sandbox.work(|tables| tables.latest_intents(LATEST)).await?;
    Ok(page(
        StatusCode::OK,
        "Sandbox payments",
        html! {
            p { "No money moves here. These are the latest " (LATEST) " payments." }
            table {
                tr { th { "Created" } th { "Order" } th { "Payment" } th { "Method" } th { "State" } th { "Amount" } th { "Captured" } }
                @for payment in &payments { (row(payment)) }
            }
            h2 { "Payment methods" }
            table { @for method in methods() { tr { td { code { (method.name) } } td { (method.meaning) } } } }
        },
    ))
}

fn row(payment: &Intent) -> Markup {
    let named = |name: &str| payment.metadata[name].as_str().unwrap_or_default().to_owned();
    let created = chrono::DateTime::from_timestamp_millis(payment.created_at).unwrap_or_default();
    let code =
        payment.failure.as_ref().and_then(|failure| failure["decline_code"].as_str().or(failure["code"].as_str()));
    html! {
        tr {
            td { (created.format("%Y-%m-%d %H:%M:%S")) }
            td { code { (named("order_id")) } }
            td { code { (named("payment_id")) } }
            td { code { (payment.method) } }
            td { (payment.status) @if let Some(code) = code { " (" (code) ")" } }
            td.number { (payment.amount) " " (payment.currency) }
            td.number { (payment.captured) }
        }
    }
}

/// `GET /3ds/{id}`: asks the buyer.
pub(crate) async fn challenge(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(payment) = sandbox.work(move |tables| tables.intent(&id)).await? else { return Ok(unknown()) };
    let back = challenges::back(&payment)?;
    Ok(page(
        StatusCode::OK,
        "Confirm your payment",
        html! {
            p { "The sandbox plays your bank. No money moves." }
            p { (payment.description.as_deref().unwrap_or("A payment")) ": " (payment.amount) " " (payment.currency) " (minor units)" }
            @if payment.status == "requires_action" {
                form method="post" {
                    button name="outcome" value="complete" { "Complete" } " "
                    button name="outcome" value="fail" { "Fail" }
                }
            } @else {
                p { "This was decided before. " a href=(back) { "Back to the shop" } }
            }
        },
    ))
}

/// `POST /3ds/{id}`: the buyer decided; the browser goes back to the shop.
pub(crate) async fn decide(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let outcome =
        form_urlencoded::parse(&body).find(|(name, _)| name == "outcome").map(|(_, value)| value.into_owned());
    let is_passed = match outcome.as_deref() {
        Some("complete") => true,
        Some("fail") => false,
        _ => return Err(Failure::invalid(None, "outcome", "The outcome is complete or fail.")),
    };
    let decided = sandbox.work(move |tables| challenges::decide(tables, &id, is_passed)).await?;
    sandbox.changed().notify_one();
    match decided {
        Some(payment) => Ok(Redirect::to(&challenges::back(&payment)?).into_response()),
        None => Ok(unknown()),
    }
}

fn unknown() -> Response {
    page(StatusCode::NOT_FOUND, "No such payment", html! { p { "This payment is not in the books." } })
}

fn page(status: StatusCode, title: &str, content: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (STYLE) }
            }
            body { h1 { (title) } (content) }
        }
    };
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "no-referrer")];
    (status, headers, Html(page.into_string())).into_response()
}
