//! Whole check-outs: a cart is opened and filled, becomes an order, and the order is paid at the sandbox.

use super::orders::timed;
use super::shop::Running;
use super::{LINES, Options, chosen, median};
use crate::client::Shop;
use crate::report::Latencies;
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// Check-outs a round, unless the options say.
const CHECKOUTS: usize = 500;
/// Opening the cart, filling it line by line, ordering and paying.
const REQUESTS: usize = LINES + 3;

/// `orders_a_second` is what the same shop did of bare orders over HTTP.
pub(super) async fn measure(options: &Options, shop: &Running, orders_a_second: f64) -> Result<()> {
    let customer = shop.guest.register("checkout@souk.example").await?;
    let checkouts = options.orders.unwrap_or(CHECKOUTS);
    let mut latencies = Latencies::default();
    let mut rates = Vec::new();
    for round in 0..options.rounds {
        let numbers = round * checkouts..(round + 1) * checkouts;
        rates.push(timed(options, numbers, &mut latencies, |n| check_out(shop, &customer, n)).await?);
    }
    let rate = median(rates);
    println!("check-outs  cart with {LINES} lines, order, payment; {} buyers at once", options.concurrency);
    println!("  HTTP      {rate:.0} check-outs/s, {}", latencies.summary());
    println!("  ratio     {:.2} of bare orders, with {REQUESTS} requests for one", rate / orders_a_second);
    Ok(())
}

async fn check_out(shop: &Running, customer: &Shop, n: usize) -> Result<()> {
    let post_as =
        async |whom: &Shop, path: String, body: Value| whom.ask(whom.request(Method::POST, &path).json(&body)).await;
    // A customer has one cart; many at once are guests who log in to check out.
    let cart = post_as(&shop.guest, "/api/v1/carts".to_owned(), json!({})).await?;
    let cart = cart["id"].as_str().context("no cart")?;
    let mut seen = Value::Null;
    for product in chosen(n) {
        let line = json!({ "productId": shop.product(product), "quantity": 1 });
        seen = post_as(&shop.guest, format!("/api/v1/carts/{cart}/lines"), line).await?;
    }
    let line = |line: &Value| json!({ "productId": line["productId"], "quantity": line["quantity"], "unitPrice": line["unitPrice"] });
    let lines: Vec<Value> = seen["lines"].as_array().context("no lines")?.iter().map(line).collect();
    let order = post_as(customer, format!("/api/v1/carts/{cart}/checkout"), json!({ "lines": lines })).await?;
    let id = order["id"].as_str().context("no order")?;
    let paid =
        post_as(customer, format!("/api/v1/orders/{id}/payments"), json!({ "paymentMethod": "pm_card_visa" })).await?;
    anyhow::ensure!(paid["status"] == "paid", "not paid: {paid}");
    Ok(())
}
