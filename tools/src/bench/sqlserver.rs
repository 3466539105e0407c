//! `place_order` on SQL Server against a batch that somebody wrote by hand for the same work and sends through the bare driver.

use super::orders::{Direct, timed};
use super::{LINES, Options, PRODUCTS, chosen, median};
use crate::report::Latencies;
use anyhow::{Context, Result, ensure};
use chrono::Duration;
use souk_conformance::sqlserver::{empty_database, settings};
use souk_domain::{CustomerId, OrderId, ProductId};
use souk_sqlserver::{Settings, SqlServerStore};
use tiberius::Client;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use uuid::Uuid;

/// Orders a round, unless the options say.
const ORDERS: usize = 1000;

/// The statements of `place_order` for an order that meets no obstacle: no refusals, no replays, no retries, no pool.
const BY_HAND: &str = r#"
SET NOCOUNT ON; SET XACT_ABORT ON;
DECLARE @at DATETIME2(6) = @P1, @order_key BIGINT, @result NVARCHAR(MAX);
BEGIN TRANSACTION;
INSERT INTO idempotency (claim, fingerprint, request_id, expires_at) VALUES (@P2, @P2, N'bench', @P3);
INSERT INTO sales_order (id, customer_key, status, currency, total_minor, version, placed_at, updated_at)
SELECT @P4, customer_key, N'placed', N'XXX', 0, 1, @at, @at FROM customer WHERE id = @P5;
SET @order_key = SCOPE_IDENTITY();
INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
SELECT @order_key, wish.line, p.product_key, p.sku, p.name, wish.quantity, p.price_minor, p.currency
FROM OPENJSON(@P6) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT) AS wish JOIN product AS p ON p.id = wish.product
WHERE p.status = N'active';
UPDATE stock SET reserved = stock.reserved + line.quantity, version = stock.version + 1, updated_at = @at
FROM order_line AS line
WHERE line.order_key = @order_key AND line.product_key = stock.product_key AND stock.on_hand - stock.reserved >= line.quantity;
IF @@ROWCOUNT < @P7 ROLLBACK TRANSACTION;
UPDATE sales_order SET currency = t.currency, total_minor = t.total
FROM (SELECT MAX(currency) AS currency, SUM(unit_price_minor * quantity) AS total FROM order_line WHERE order_key = @order_key) AS t
WHERE order_key = @order_key;
INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
SELECT line.product_key, s.version, N'placed', 0, line.quantity, @P4, @at
FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key WHERE line.order_key = @order_key;
INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
    inserted.data, inserted.created_at
SELECT N'souk.OrderPlaced', id, version, N'bench', data, @at FROM order_event WHERE order_key = @order_key
UNION ALL
SELECT N'souk.InventoryChanged', e.id, e.version, N'bench', e.data, @at
FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key WHERE line.order_key = @order_key;
SELECT @result = document FROM order_document WHERE order_key = @order_key;
UPDATE idempotency SET result = @result WHERE claim = @P2;
COMMIT TRANSACTION;
SELECT @result AS result;
"#;

pub(super) async fn measure(options: &Options) -> Result<()> {
    let _turn = empty_database().await;
    let settings = settings();
    let direct = Direct::open(SqlServerStore::new(settings.clone())?).await?;
    let by_hand = ByHand::open(&settings, &direct).await?;
    let orders = options.orders.unwrap_or(ORDERS);
    // Plans, caches and connections: not what is measured.
    let mut warming = Latencies::default();
    timed(options, 0..100, &mut warming, |n| direct.place(n)).await?;
    timed(options, 0..100, &mut warming, |n| by_hand.place(n)).await?;

    let (mut store_rates, mut hand_rates) = (Vec::new(), Vec::new());
    let (mut store_latencies, mut hand_latencies) = (Latencies::default(), Latencies::default());
    for round in 0..options.rounds {
        let first = 100 + round * orders;
        let numbers = first..first + orders;
        store_rates.push(timed(options, numbers.clone(), &mut store_latencies, |n| direct.place(n)).await?);
        hand_rates.push(timed(options, numbers, &mut hand_latencies, |n| by_hand.place(n)).await?);
    }
    let (store, hand) = (median(store_rates), median(hand_rates));
    let connections = by_hand.clients.len();
    println!(
        "SQL Server  {LINES} lines each, {} buyers at once on {connections} connections, {PRODUCTS} products",
        options.concurrency
    );
    println!("  store     {store:.0} orders/s, {}", store_latencies.summary());
    println!("  by hand   {hand:.0} orders/s, {}", hand_latencies.summary());
    println!("  ratio     {:.2} (at least 0.80 wanted)", store / hand);
    Ok(())
}

/// As many bare connections as the store has.
struct ByHand {
    clients: Vec<Mutex<Client<Compat<TcpStream>>>>,
    customer: CustomerId,
    products: Vec<ProductId>,
}

impl ByHand {
    async fn open(settings: &Settings, direct: &Direct<SqlServerStore>) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..settings.connections() {
            let config = settings.config();
            let stream = TcpStream::connect(config.get_addr()).await?;
            stream.set_nodelay(true)?;
            clients.push(Mutex::new(Box::pin(Client::connect(config, stream.compat_write())).await?));
        }
        Ok(Self { clients, customer: direct.customer, products: direct.products.clone() })
    }

    async fn place(&self, n: usize) -> Result<()> {
        let row = |(line, product): (usize, usize)| {
            let id = self.products[product].uuid();
            format!(r#"{{"line":{},"product":"{id}","quantity":1}}"#, line + 1)
        };
        let lines = format!("[{}]", chosen(n).enumerate().map(row).collect::<Vec<_>>().join(","));
        let now = souk_domain::now();
        let time = |at: souk_domain::DateTime| at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
        let (at, expires) = (time(now), time(now + Duration::hours(24)));
        let (order, customer) = (OrderId::new().uuid(), self.customer.uuid());
        let claim = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let wanted = i64::try_from(LINES)?;
        let mut client = self.free_client(n).await;
        let placed = Box::pin(async {
            let stream = client.query(BY_HAND, &[&at, &claim, &expires, &order, &customer, &lines, &wanted]).await?;
            stream.into_results().await
        });
        let results = placed.await?;
        let last = results.last().and_then(|rows| rows.first()).context("no result")?;
        ensure!(last.try_get::<&str, _>("result")?.is_some(), "the order was not placed");
        Ok(())
    }

    /// The first connection that nobody uses; when there is none, wait for one.
    async fn free_client(&self, n: usize) -> tokio::sync::MutexGuard<'_, Client<Compat<TcpStream>>> {
        for client in &self.clients {
            if let Ok(free) = client.try_lock() {
                return free;
            }
        }
        self.clients[n % self.clients.len()].lock().await
    }
}
