//! `place_order` on SQL Server against a batch that somebody wrote by hand for the same work and sends through the bare driver.

use super::orders::{Direct, timed};
use super::{LINES, Options, PRODUCTS, chosen, median};
use crate::report::Latencies;
use anyhow::{Context, Result, ensure};
use chrono::Duration;
use futures::future::try_join_all;
use serde_json::json;
use souk_conformance::sqlserver::{TEST_URL, empty_database};
use souk_domain::ports::{Orders, Outbox, Products};
use souk_domain::{
    Cause, Claim, CustomerId, Event, NewOrder, NewOrderLine, Placement, Product, Quantity, Quote, StockLevel, Terms,
};
use souk_sqlserver::{Settings, SqlServerStore};
use std::collections::{HashMap, VecDeque};
use tiberius::{Client, ToSql};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use uuid::Uuid;

/// Orders a round, unless the options say.
const ORDERS: usize = 1000;

/// The statements of `place_order` for an order that meets no obstacle: no refusals, no replays, no retries, no pool.
const BY_HAND: &str = r#"
SET NOCOUNT ON; SET XACT_ABORT ON;
DECLARE @at DATETIME2(6) = @P1, @order_key BIGINT, @number NVARCHAR(30), @result NVARCHAR(MAX);
BEGIN TRANSACTION;
INSERT INTO idempotency (claim, fingerprint, request_id, expires_at) VALUES (@P2, @P2, N'bench', @P3);
INSERT INTO sales_order (id, customer_key, status, currency, total_minor, version, placed_at, updated_at, expires_at, document)
SELECT @P4, customer_key, N'pending_payment', N'GBP', @P5, 1, @at, @at, @P6, @P7 FROM customer WHERE id = @P8;
SET @order_key = SCOPE_IDENTITY();
INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
SELECT @order_key, wish.line, p.product_key, p.sku, wish.name, wish.quantity, p.price_minor, p.currency
FROM OPENJSON(@P9) WITH (line INT, product UNIQUEIDENTIFIER, name NVARCHAR(400), quantity BIGINT, price BIGINT) AS wish
JOIN product AS p ON p.id = wish.product
WHERE p.status = N'active' AND p.price_minor = wish.price AND p.currency = N'GBP';
UPDATE stock SET reserved = stock.reserved + line.quantity, version = stock.version + 1, updated_at = @at
FROM order_line AS line
WHERE line.order_key = @order_key AND line.product_key = stock.product_key AND stock.on_hand - stock.reserved >= line.quantity;
IF @@ROWCOUNT < @P10 ROLLBACK TRANSACTION;
SET @number = CONCAT(N'S-', YEAR(@at), N'-', REPLICATE(N'0', 6 - LEN(@order_key)), @order_key);
SET @result = JSON_MODIFY(@P7, N'$.number', @number);
UPDATE sales_order SET document = @result WHERE order_key = @order_key;
INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
SELECT line.product_key, s.version, N'placed', 0, line.quantity, @P4, @at
FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key WHERE line.order_key = @order_key;
INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
    inserted.data, inserted.created_at
SELECT N'souk.OrderPlaced', @P4, 1, N'bench', JSON_MODIFY(@P11, N'$.number', @number), @at
UNION ALL
SELECT N'souk.InventoryChanged', e.id, e.version, N'bench', e.data, @at
FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key WHERE line.order_key = @order_key;
UPDATE idempotency SET result = @result WHERE claim = @P2;
COMMIT TRANSACTION;
SELECT @result AS result;
"#;

pub(super) async fn measure(options: &Options) -> Result<()> {
    let _turn = empty_database().await;
    let settings = settings(options)?;
    let connections = settings.connections();
    let by_store = ByStore::open(&settings).await?;
    let by_hand = ByHand::open(&settings).await?;
    let quotes = by_store.fill().await?;
    let orders = options.orders.unwrap_or(ORDERS);
    // Plans and caches are a connection's own: each places an order, one after the other, so that no cold one is measured.
    for n in 0..connections {
        by_store.place(quotes.placement(n)?, n).await?;
        by_hand.place(&quotes.placement(n)?).await?;
    }

    let (mut store_rates, mut hand_rates) = (Vec::new(), Vec::new());
    let (mut store_latencies, mut hand_latencies) = (Latencies::default(), Latencies::default());
    for round in 0..options.rounds {
        let first = connections + round * orders;
        let numbers = first..first + orders;
        let store = |n| {
            let placement = quotes.placement(n);
            let by_store = &by_store;
            async move { by_store.place(placement?, n).await }
        };
        store_rates.push(timed(options, numbers.clone(), &mut store_latencies, store).await?);
        let hand = |n| {
            let placement = quotes.placement(n);
            let by_hand = &by_hand;
            async move { by_hand.place(&placement?).await }
        };
        hand_rates.push(timed(options, numbers, &mut hand_latencies, hand).await?);
    }
    let (store, hand) = (median(store_rates), median(hand_rates));
    println!(
        "SQL Server  {LINES} lines each, {} buyers at once on {connections} connections, {PRODUCTS} products",
        options.concurrency
    );
    println!("  store     {store:.0} orders/s, {}", store_latencies.summary());
    println!("  by hand   {hand:.0} orders/s, {}", hand_latencies.summary());
    println!("  ratio     {:.2} (at least 0.80 wanted)", store / hand);
    Ok(())
}

/// As many connections as buyers, unless the URL says how many.
fn settings(options: &Options) -> Result<Settings> {
    let mut url = std::env::var(TEST_URL).with_context(|| format!("{TEST_URL} is not set"))?;
    if !url.contains("connections=") {
        let sign = if url.contains('?') { '&' } else { '?' };
        url.push_str(&format!("{sign}connections={}", options.concurrency));
    }
    Ok(Settings::parse(&url)?)
}

/// What the catalog's products cost: the shop is asked once, so that what is measured is the placing alone.
struct Quotes {
    customer: CustomerId,
    offers: Vec<(Product, StockLevel)>,
}

impl Quotes {
    /// The n-th order, about to be kept.
    fn placement(&self, n: usize) -> Result<Placement> {
        let terms =
            Terms { products: chosen(n).map(|place| self.offers[place].clone()).collect(), ..Default::default() };
        let quantity = Quantity::new(1)?;
        let line = |(product, _): &(Product, StockLevel)| NewOrderLine {
            product_id: product.id,
            quantity,
            agreed_price: None,
        };
        let new = NewOrder::new(self.customer, terms.products.iter().map(line), None)?;
        let now = souk_domain::now();
        Ok(Placement::new(Quote::new(new, &terms, now)?, now, Duration::minutes(30)))
    }
}

struct ByStore {
    store: SqlServerStore,
}

impl ByStore {
    /// Opens every connection of the store: with one call more at a time than before, one more is opened each time.
    async fn open(settings: &Settings) -> Result<Self> {
        let store = SqlServerStore::new(settings.clone())?;
        for at_once in 1..=settings.connections() {
            try_join_all((0..at_once).map(|_| store.ping())).await?;
        }
        Ok(Self { store })
    }

    async fn fill(&self) -> Result<Quotes> {
        let Direct { customer, products, .. } = Direct::open(self.store.clone()).await?;
        let found = self.store.products_by_id(&products).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|offer| (offer.0.id, offer)).collect();
        let offers = products.iter().map(|id| found.remove(id).context("no product")).collect::<Result<_>>()?;
        Ok(Quotes { customer, offers })
    }

    async fn place(&self, placement: Placement, n: usize) -> Result<()> {
        let claim = Claim { scope: "bench".to_owned(), key: format!("bench-{n}"), fingerprint: [0; 32] };
        let cause = Cause { claim: Some(claim), ..Cause::internal("bench") };
        self.store.place_order(placement, &cause).await?;
        Ok(())
    }
}

type Bare = Client<Compat<TcpStream>>;

/// As many bare connections as the store has, used in turn as the store uses its own.
struct ByHand {
    turns: Semaphore,
    clients: Mutex<VecDeque<Bare>>,
}

impl ByHand {
    async fn open(settings: &Settings) -> Result<Self> {
        let mut clients = VecDeque::new();
        for _ in 0..settings.connections() {
            let config = settings.config();
            let stream = TcpStream::connect(config.get_addr()).await?;
            stream.set_nodelay(true)?;
            clients.push_back(Box::pin(Client::connect(config, stream.compat_write())).await?);
        }
        Ok(Self { turns: Semaphore::new(clients.len()), clients: Mutex::new(clients) })
    }

    async fn place(&self, placement: &Placement) -> Result<()> {
        let _turn = self.turns.acquire().await?;
        let mut client = self.clients.lock().await.pop_front().context("no connection")?;
        let placed = Box::pin(place_on(&mut client, placement)).await;
        self.clients.lock().await.push_back(client);
        placed
    }
}

async fn place_on(client: &mut Bare, placement: &Placement) -> Result<()> {
    let order = &placement.order;
    let line = |(number, line): (usize, &souk_domain::OrderLine)| {
        let (quantity, price) = (line.quantity, line.unit_price.amount_minor());
        json!({ "line": number, "product": line.product_id, "name": line.name, "quantity": quantity, "price": price })
    };
    let lines = serde_json::Value::from_iter((1..).zip(&order.lines).map(line)).to_string();
    let document = serde_json::to_string(order)?;
    let event = Event::order_changed(order, Placement::STEP, &Cause::internal("bench")).data.content().to_string();
    let time = |at: souk_domain::DateTime| at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let (at, forgotten) = (time(order.placed_at), time(order.placed_at + Claim::KEPT));
    let expires = time(order.expires_at().context("an order to pay")?);
    let claim = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    let (id, customer, total) = (order.id.uuid(), order.customer_id.uuid(), order.totals.grand_total.amount_minor());
    let wanted = i64::try_from(order.lines.len())?;
    let values: [&dyn ToSql; 11] =
        [&at, &claim, &forgotten, &id, &total, &expires, &document, &customer, &lines, &wanted, &event];
    let results = client.query(BY_HAND, &values).await?.into_results().await?;
    let last = results.last().and_then(|rows| rows.first()).context("no result")?;
    ensure!(last.try_get::<&str, _>("result")?.is_some(), "the order was not placed");
    Ok(())
}
