//! Orders over HTTP against the same `place_order` called directly on the store.

use super::shop::Running;
use super::{LINES, Options, PRODUCTS, catalog, chosen, median};
use crate::client::Shop;
use crate::report::Latencies;
use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use souk_domain::ports::{Customers, Inventory, Orders, Products};
use souk_domain::{
    Adjustment, CategoryName, Cause, Change, Claim, CurrencyCode, CustomerId, Email, ImportOutcome, ImportRow, Money,
    NewCustomer, NewOrder, NewOrderLine, PersonName, ProductId, ProductName, Quantity, Reason, Role, Sku,
};
use souk_sqlite::SqliteStore;
use std::future::Future;
use std::ops::Range;
use std::time::Instant;

/// Orders a round, unless the options say.
const ORDERS: usize = 4000;

/// Orders a second over HTTP.
pub(super) async fn measure(options: &Options, shop: &Running) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let direct = Direct::open(SqliteStore::open(&folder.path().join("bench.db"))?).await?;
    let orders = options.orders.unwrap_or(ORDERS);
    let customer = shop.guest.register("bench@souk.example").await?;
    let (mut over_http, mut directly) = (Vec::new(), Vec::new());
    let (mut http_latencies, mut direct_latencies) = (Latencies::default(), Latencies::default());
    for round in 0..options.rounds {
        let numbers = round * orders..(round + 1) * orders;
        let rate = timed(options, numbers.clone(), &mut http_latencies, |n| place(shop, &customer, n)).await?;
        over_http.push(rate);
        directly.push(timed(options, numbers, &mut direct_latencies, |n| direct.place(n)).await?);
    }
    let (http, store) = (median(over_http), median(directly));
    println!("orders      {LINES} lines each, {} buyers at once, {PRODUCTS} products", options.concurrency);
    println!("  HTTP      {http:.0} orders/s, {}", http_latencies.summary());
    println!("  store     {store:.0} orders/s, {}", direct_latencies.summary());
    println!("  ratio     {:.2} (at least 0.50 wanted)", http / store);
    Ok(http)
}

/// Orders a second.
pub(super) async fn timed<F: Future<Output = Result<()>>>(
    options: &Options,
    numbers: Range<usize>,
    latencies: &mut Latencies,
    place: impl Fn(usize) -> F,
) -> Result<f64> {
    let (started, count) = (Instant::now(), numbers.len());
    let mut placed = futures::stream::iter(numbers)
        .map(|n| {
            let placing = place(n);
            async move {
                let sent = Instant::now();
                placing.await?;
                anyhow::Ok(sent.elapsed())
            }
        })
        .buffer_unordered(options.concurrency);
    while let Some(latency) = placed.try_next().await? {
        latencies.record(latency);
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

/// Looks at the status only: the shop is measured, not how this client reads JSON.
async fn place(shop: &Running, customer: &Shop, n: usize) -> Result<()> {
    let lines: Vec<_> =
        chosen(n).map(|product| format!(r#"{{"productId":"{}","quantity":1}}"#, shop.product(product))).collect();
    let body = format!(r#"{{"lines":[{}]}}"#, lines.join(","));
    let request = customer.request(Method::POST, "/api/v1/orders").header("Content-Type", "application/json");
    let response = request.header("Idempotency-Key", format!("bench-{n}")).body(body).send().await?;
    anyhow::ensure!(response.status() == StatusCode::CREATED, "refused: {}", response.text().await?);
    response.bytes().await?;
    Ok(())
}

/// The store without anything around it.
pub(super) struct Direct<S> {
    store: S,
    pub(super) customer: CustomerId,
    pub(super) products: Vec<ProductId>,
}

impl<S: Customers + Products + Inventory + Orders> Direct<S> {
    /// Fills the store with the catalog, enough of everything, and a buyer.
    pub(super) async fn open(store: S) -> Result<Self> {
        let cause = Cause::internal("bench");
        let new = NewCustomer {
            email: Email::parse("bench@souk.example")?,
            name: PersonName::parse("Bench")?,
            role: Role::Customer,
            password_hash: SecretString::from("none"),
        };
        let customer = store.register_customer(new, &cause).await?.value.id;
        let rows = catalog().lines().skip(1).map(row).collect::<Result<Vec<_>>>()?;
        let mut products = Vec::new();
        for outcome in store.import_products(rows, &cause).await?.value {
            let ImportOutcome::Created(product_id) = outcome else { anyhow::bail!("{outcome:?}") };
            let (change, reason) = (Change::To(100_000_000), Reason::parse("bench")?);
            store.adjust_stock(Adjustment { product_id, change, reason, actor: customer }, None, &cause).await?;
            products.push(product_id);
        }
        Ok(Self { store, customer, products })
    }

    pub(super) async fn place(&self, n: usize) -> Result<()> {
        let quantity = Quantity::new(1)?;
        let lines =
            chosen(n).map(|product| NewOrderLine { product_id: self.products[product], quantity, agreed_price: None });
        let order = NewOrder::new(self.customer, lines, None)?;
        let claim = Claim { scope: "bench".to_owned(), key: format!("bench-{n}"), fingerprint: [0; 32] };
        let cause = Cause { claim: Some(claim), ..Cause::internal("bench") };
        let orders: &dyn Orders = &self.store;
        orders.buy(order, chrono::Duration::minutes(30), &cause).await?;
        Ok(())
    }
}

fn row(line: &str) -> Result<ImportRow> {
    let [sku, name, category, price, currency] = line.split(',').collect::<Vec<_>>()[..] else {
        anyhow::bail!("not a row: {line}")
    };
    Ok(ImportRow {
        sku: Sku::parse(sku)?,
        name: ProductName::parse(name)?,
        description: None,
        category: CategoryName::parse(category)?,
        price: Money::new(price.parse().context("a price")?, CurrencyCode::parse(currency)?)?,
        weight_grams: None,
    })
}
