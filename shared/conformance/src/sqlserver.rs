//! A database on SQL Server for one test at a time.

use souk_domain::ports::Schema;
use souk_sqlserver::{Settings, SqlServerStore};
use tiberius::{Client, Row};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// Names the database that tests may empty: `sqlserver://user:password@host:port/database?…`.
pub const TEST_URL: &str = "SOUK_TEST_SQLSERVER_URL";

/// Waits its turn: tests in other threads and processes use the same database.
const LOCK: &str = "DECLARE @granted INT;
    EXEC @granted = sp_getapplock @Resource = N'souk-tests', @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 1800000;
    SELECT @granted AS granted";
const WHOSE: &str = "SELECT CASE WHEN OBJECT_ID(N'schema_migration') IS NULL THEN 0 ELSE 1 END AS shop,
    CASE WHEN OBJECT_ID(N'souk_test_database') IS NULL THEN 0 ELSE 1 END AS test";
const MARK: &str = "IF OBJECT_ID(N'souk_test_database') IS NULL CREATE TABLE souk_test_database (nothing INT NULL)";
/// Rows that are named come after those that name them.
const EMPTY: &str = "DELETE FROM webhook_subscription; DELETE FROM webhook_delivery; DELETE FROM webhook;
    DELETE FROM idempotency; DELETE FROM outbox; DELETE FROM outbox_archive; DELETE FROM stock_movement; DELETE FROM order_line;
    DELETE FROM sales_order; DELETE FROM coupon_use; DELETE FROM pricing_rule; DELETE FROM audit_entry; DELETE FROM mail; DELETE FROM order_mail;
    DELETE FROM customer_term; DELETE FROM recovery_code; DELETE FROM customer; DELETE FROM stock; DELETE FROM product_term; DELETE FROM product; DELETE FROM category";

/// The database of [`TEST_URL`] is one's own until this is dropped.
pub struct Turn {
    client: Client<Compat<TcpStream>>,
}

impl Turn {
    /// Runs statements past the store.
    pub async fn run(&mut self, sql: &str) -> Vec<Row> {
        // On the heap, as in the store: the driver's futures are large.
        let rows = Box::pin(async { self.client.simple_query(sql).await?.into_first_result().await });
        rows.await.expect("the statement runs")
    }

    /// Why the server refuses a statement.
    pub async fn refused(&mut self, sql: &str) -> String {
        let rows = Box::pin(async { self.client.simple_query(sql).await?.into_first_result().await });
        rows.await.expect_err(sql).to_string()
    }
}

/// The settings of [`TEST_URL`].
pub fn settings() -> Settings {
    let url = std::env::var(TEST_URL).unwrap_or_else(|_| panic!("{TEST_URL} is not set"));
    Settings::parse(&url).expect(TEST_URL)
}

/// An empty store with all its tables, and the turn on it.
///
/// Refuses a database that holds a shop which no test made: it would be lost.
pub async fn empty_store() -> (SqlServerStore, Turn) {
    let turn = empty_database().await;
    (SqlServerStore::new(settings()).expect("a store"), turn)
}

/// An empty database with all its tables.
pub async fn empty_database() -> Turn {
    let mut turn = take_turn().await;
    SqlServerStore::new(settings()).expect("a store").migrate().await.expect("tables");
    turn.run(EMPTY).await;
    turn
}

async fn take_turn() -> Turn {
    let config = settings().config();
    let stream = TcpStream::connect(config.get_addr()).await.expect("the server");
    stream.set_nodelay(true).expect("a socket");
    let mut turn = Turn { client: Box::pin(Client::connect(config, stream.compat_write())).await.expect("a log-in") };
    let granted: Option<i32> = turn.run(LOCK).await[0].try_get("granted").expect("a number");
    assert!(granted >= Some(0), "other tests hold the database: {granted:?}");
    let whose = turn.run(WHOSE).await;
    let is = |column: &str| whose[0].try_get::<i32, _>(column).expect("a number") == Some(1);
    assert!(
        is("test") || !is("shop"),
        "the database of {TEST_URL} holds a shop that no test made; it would be emptied"
    );
    turn.run(MARK).await;
    turn
}
