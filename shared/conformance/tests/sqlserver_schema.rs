//! The tables on SQL Server: how they come about, what they refuse, what a page of a long list costs.

use souk_conformance::sqlserver::{Turn, empty_database, empty_store, settings};
use souk_domain::ports::{Products, Schema};
use souk_domain::{Error, ProductQuery, ProductSort};
use souk_sqlserver::SqlServerStore;
use std::time::Duration;

fn store() -> SqlServerStore {
    SqlServerStore::new(settings()).expect("a store")
}

/// A database without any of the tables.
async fn bare_database() -> Turn {
    let mut turn = empty_database().await;
    for view in [
        "webhook_delivery_document",
        "mail_event",
        "audit_entry_document",
        "customer_document",
        "movement_document",
        "stock_event",
        "stock_document",
        "product_event",
        "product_document",
        "category_document",
        "offer",
    ] {
        turn.run(&format!("DROP VIEW {view}")).await;
    }
    for table in [
        "webhook_subscription",
        "webhook_delivery",
        "webhook",
        "idempotency",
        "outbox",
        "outbox_archive",
        "outbox_archiving",
        "stock_movement",
        "order_line",
        "sales_order",
        "coupon_use",
        "pricing_rule",
        "audit_entry",
        "mail",
        "order_mail",
        "customer_term",
        "recovery_code",
        "customer",
        "stock",
        "product_term",
        "product",
        "category_tree",
        "category",
        "schema_migration",
    ] {
        turn.run(&format!("DROP TABLE {table}")).await;
    }
    turn
}

#[tokio::test]
#[cfg_attr(not(sqlserver), ignore = "SOUK_TEST_SQLSERVER_URL is not set")]
async fn several_migrations_at_once_apply_each_file_once() {
    let _turn = bare_database().await;
    let starters = (0..4).map(|_| tokio::spawn(async { store().migrate().await }));
    let mut applied = Vec::new();
    for starter in starters.collect::<Vec<_>>() {
        applied.extend(starter.await.expect("a task").expect("a migration"));
    }
    assert_eq!(
        applied,
        [
            "0001_initial",
            "0002_accounts",
            "0003_orders_and_payments",
            "0004_outbox_archive",
            "0005_webhooks",
            "0006_offers",
            "0007_webhook_progress",
            "0008_order_mails"
        ]
    );
    assert!(store().migrate().await.expect("nothing to do").is_empty());
}

#[tokio::test]
#[cfg_attr(not(sqlserver), ignore = "SOUK_TEST_SQLSERVER_URL is not set")]
async fn a_changed_migration_is_refused() {
    let mut turn = empty_database().await;
    let known = "SELECT checksum FROM schema_migration WHERE name = N'0001_initial'";
    let before: Vec<u8> =
        turn.run(known).await[0].try_get::<&[u8], _>("checksum").expect("bytes").expect("a value").to_vec();
    turn.run("UPDATE schema_migration SET checksum = 0x00 WHERE name = N'0001_initial'").await;
    let refused = store().migrate().await;
    let hex: String = before.iter().map(|byte| format!("{byte:02X}")).collect();
    turn.run(&format!("UPDATE schema_migration SET checksum = 0x{hex} WHERE name = N'0001_initial'")).await;
    assert!(matches!(&refused, Err(Error::Internal(text)) if text.contains("0001_initial")), "{refused:?}");
    store().migrate().await.expect("the old file again");
}

/// What the domain never asks for is refused by a constraint with a name, whoever asks.
#[tokio::test]
#[cfg_attr(not(sqlserver), ignore = "SOUK_TEST_SQLSERVER_URL is not set")]
async fn constraints_stand_behind_the_rules_of_the_domain() {
    let mut turn = empty_database().await;
    fill(&mut turn, 1).await;
    let at = "'2026-01-01T00:00:00'";
    let order = |status: &str, [total, paid, refunded]: [i64; 3], document: &str| {
        format!(
            "INSERT INTO sales_order (id, customer_key, status, currency, total_minor, paid_minor, refunded_minor, version,
                placed_at, updated_at, document)
             SELECT NEWID(), MAX(customer_key), N'{status}', N'GBP', {total}, {paid}, {refunded}, 1, {at}, {at}, N'{document}'
             FROM customer"
        )
    };
    let rule = |kind: &str, code: &str, document: &str, [uses, max, of_one]: [i64; 3]| {
        format!(
            "INSERT INTO pricing_rule (kind, code, document, uses, max_uses, max_uses_per_customer, created_at, updated_at)
             VALUES (N'{kind}', N'{code}', N'{document}', {uses}, {max}, {of_one}, {at}, {at})"
        )
    };
    let line = |number: i64, quantity: i64| {
        format!(
            "INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
             SELECT MAX(order_key), {number}, (SELECT MAX(product_key) FROM product), N'A', N'A', {quantity}, 1, N'GBP'
             FROM sales_order"
        )
    };
    let movement = |kind: &str, on_hand: i64, reserved: i64| {
        format!(
            "INSERT INTO stock_movement (product_key, version, id, kind, on_hand_change, reserved_change, at)
             SELECT MAX(product_key), 9, NEWID(), N'{kind}', {on_hand}, {reserved}, {at} FROM product"
        )
    };
    let event = format!(
        "INSERT INTO outbox (event_id, type, subject, version, correlation_id, data, created_at)
         VALUES (NEWID(), N'x', NEWID(), 1, N'x', N'no', {at})"
    );
    let archived = format!(
        "INSERT INTO outbox_archive (sequence, event_id, type, subject, version, correlation_id, data, created_at, published_at)
         VALUES (1, NEWID(), N'x', NEWID(), 1, N'x', N'no', {at}, {at})"
    );
    let claim =
        format!("INSERT INTO idempotency (claim, fingerprint, request_id, expires_at) VALUES (0x01, 0x01, N'x', {at})");
    let mail = |kind: &str, name: &str, places: &str, token: &str, expires: &str| {
        format!(
            "INSERT INTO mail (id, kind, email, name, term_places, token_hash, created_at, expires_at)
             VALUES (NEWID(), N'{kind}', N'a@example.com', {name}, {places}, {token}, {at}, {expires})"
        )
    };
    let token = format!("0x{}", "00".repeat(32));
    let later = "'2026-01-02T00:00:00'";
    let undated = format!(
        "INSERT INTO customer (id, email, name, role, password_hash, created_at)
         VALUES (NEWID(), N'b@example.com', N'Bob', N'customer', N'x', {at})"
    );
    let entry = format!("INSERT INTO audit_entry (at, action, request_id) VALUES ({at}, N'', N'x')");
    let delivery = |status: &str, data: &str, finished_at: &str| {
        format!(
            "INSERT INTO webhook_delivery (webhook_key, kind, event_id, type, subject, version, correlation_id, data,
                created_at, status, next_attempt_at, enqueued_at, finished_at)
             SELECT webhook_key, N'order', NEWID(), N'x', NEWID(), 1, N'x', N'{data}', {at}, N'{status}', {at}, {at}, {finished_at}
             FROM webhook"
        )
    };
    let subscription = format!(
        "INSERT INTO webhook_subscription (type, webhook_key, kind, since) SELECT N'x', webhook_key, N'mail', {at} FROM webhook"
    );
    turn.run("INSERT INTO webhook (id, is_active, version, document) VALUES (NEWID(), 1, 1, N'{}')").await;
    turn.run(&order("pending_payment", [1, 0, 0], "{}")).await;
    let cases = [
        ("stock_never_oversold", "UPDATE stock SET reserved = on_hand + 1"),
        ("stock_reserved_not_negative", "UPDATE stock SET reserved = -1"),
        ("stock_on_hand_range", "UPDATE stock SET on_hand = 1000000001"),
        ("product_price_range", "UPDATE product SET price_minor = -1"),
        ("product_price_range", "UPDATE product SET price_minor = 9007199254740992"),
        ("product_currency_code", "UPDATE product SET currency = N'GB'"),
        ("product_status_known", "UPDATE product SET status = N'lost'"),
        ("product_version_positive", "UPDATE product SET version = 0"),
        ("product_sku_capital", "UPDATE product SET sku = N'abc'"),
        ("product_name_filled", "UPDATE product SET name = N''"),
        ("product_updated_later", "UPDATE product SET updated_at = '2000-01-01T00:00:00'"),
        ("category_not_its_parent", "UPDATE category SET parent_key = category_key, sibling_key = category_key"),
        ("category_sibling_is_parent", "UPDATE category SET sibling_key = 7"),
        ("category_tree_single", "INSERT INTO category_tree (only_row, moves) VALUES (2, 0)"),
        ("customer_role_known", "UPDATE customer SET role = N'king'"),
        ("customer_status_known", "UPDATE customer SET status = N'lost'"),
        ("customer_addresses_json", "UPDATE customer SET addresses = N'no'"),
        ("customer_version_positive", "UPDATE customer SET version = 0"),
        ("customer_updated_later", &undated),
        ("customer_second_factor_has_secret", "UPDATE customer SET second_factor = 1"),
        ("customer_session_kept_has_start", "UPDATE customer SET session_kept = NEWID()"),
        ("customer_erased_keeps_nothing", "UPDATE customer SET status = N'erased'"),
        (
            "recovery_code_hash_length",
            "INSERT INTO recovery_code (customer_key, code_hash) SELECT customer_key, 0x01 FROM customer",
        ),
        ("mail_kind_known", &mail("spam", "NULL", "NULL", "NULL", later)),
        ("mail_term_places_json", &mail("registration", "NULL", "N'no'", "NULL", later)),
        ("mail_token_length", &mail("registration", "NULL", "NULL", "0x01", later)),
        ("mail_token_fits_kind", &mail("password_changed", "NULL", "NULL", &token, later)),
        ("mail_name_of_registration", &mail("password_reset", "N'Ada'", "NULL", "NULL", later)),
        ("mail_expires_later", &mail("registration", "NULL", "NULL", "NULL", at)),
        ("audit_entry_action_filled", &entry),
        ("product_weight_range", "UPDATE product SET weight_grams = -1"),
        ("product_weight_range", "UPDATE product SET weight_grams = 1000001"),
        ("sales_order_status_known", &order("placed", [1, 0, 0], "{}")),
        ("sales_order_total_range", &order("paid", [-1, 0, 0], "{}")),
        ("sales_order_total_range", &order("paid", [9_007_199_254_740_992, 0, 0], "{}")),
        ("sales_order_paid_range", &order("paid", [1, 9_007_199_254_740_992, 0], "{}")),
        ("sales_order_refunded_not_negative", &order("paid", [1, 1, -1], "{}")),
        ("sales_order_refunds_what_was_paid", &order("paid", [2, 1, 2], "{}")),
        ("sales_order_document_json", &order("paid", [1, 0, 0], "no")),
        ("pricing_rule_kind_known", &rule("wish", "A", "{}", [0, 1, 1])),
        ("pricing_rule_code_filled", &rule("coupon", "", "{}", [0, 1, 1])),
        ("pricing_rule_document_json", &rule("coupon", "A", "no", [0, 1, 1])),
        ("pricing_rule_uses_not_negative", &rule("coupon", "A", "{}", [-1, 1, 1])),
        ("pricing_rule_max_positive", &rule("coupon", "A", "{}", [0, 0, 1])),
        ("pricing_rule_max_per_customer_positive", &rule("coupon", "A", "{}", [0, 1, 0])),
        ("pricing_rule_limits_coupons", &rule("tax_rate", "GB", "{}", [0, 1, 1])),
        (
            "coupon_use_not_negative",
            "INSERT INTO coupon_use (code, customer_key, uses) SELECT N'A', MAX(customer_key), -1 FROM customer",
        ),
        ("order_line_quantity_range", &line(1, 0)),
        ("order_line_number_positive", &line(0, 1)),
        ("stock_movement_fits_kind", &movement("placed", 0, -1)),
        ("stock_movement_fits_kind", &movement("shipped", 0, -1)),
        ("stock_movement_fits_kind", &movement("returned", 1, 1)),
        ("stock_movement_fits_kind", &movement("adjusted", 1, 0)),
        ("outbox_data_json", &event),
        ("outbox_archive_data_json", &archived),
        ("outbox_archiving_single", "INSERT INTO outbox_archiving (only_row, runs) VALUES (2, 0)"),
        ("idempotency_claim_length", &claim),
        ("webhook_failures_not_negative", "UPDATE webhook SET failures = -1"),
        ("webhook_version_positive", "UPDATE webhook SET version = 0"),
        ("webhook_document_json", "UPDATE webhook SET document = N'no'"),
        ("webhook_subscription_kind_known", &subscription),
        ("webhook_delivery_status_known", &delivery("lost", "{}", at)),
        ("webhook_delivery_ends", &delivery("pending", "{}", at)),
        ("webhook_delivery_ends", &delivery("failed", "{}", "NULL")),
        ("webhook_delivery_data_json", &delivery("pending", "no", "NULL")),
    ];
    for (name, sql) in cases {
        let refused = turn.refused(sql).await;
        assert!(refused.contains(name), "{name}: {refused}");
    }
}

/// A hundred thousand products: a page costs what its items cost, in every sort, from its start and from the middle.
#[tokio::test]
#[cfg_attr(not(sqlserver), ignore = "SOUK_TEST_SQLSERVER_URL is not set")]
async fn a_page_of_a_long_list_reads_little() {
    const PRODUCTS: usize = 100_000;
    // What one page may read: pages of 8 KB where the engine counts those, rows where it counts rows.
    const BOUND: i64 = 3_000;
    let (store, mut turn) = empty_store().await;
    fill(&mut turn, PRODUCTS).await;
    // What a server does by itself after a while.
    turn.run("EXEC sp_updatestats").await;
    let sorts = [
        ProductSort::Name,
        ProductSort::NameDescending,
        ProductSort::Price,
        ProductSort::PriceDescending,
        ProductSort::Newest,
    ];
    for query in sorts.map(|sort| ProductQuery { sort, ..Default::default() }) {
        let first = store.products(query.clone()).await.expect("a page").page;
        let before = reads(&mut turn).await;
        store.products(query.clone()).await.expect("a page");
        let after_first = reads(&mut turn).await;
        store.products(ProductQuery { after: first.next, ..query.clone() }).await.expect("the next page");
        let after_second = reads(&mut turn).await;
        let (one, two) = (after_first - before, after_second - after_first);
        println!("{:?}: {one} and {two}", query.sort);
        assert!(one > 0 && one < BOUND && two < BOUND, "{query:?}: {one} and {two} of {PRODUCTS}");
    }
}

/// Products past the store, each with stock. A customer.
async fn fill(turn: &mut Turn, products: usize) {
    turn.run(
        "INSERT INTO category (id, sibling_key, name, name_key, version, created_at, updated_at)
         VALUES (NEWID(), 0, N'Things', 0x01, 1, '2026-01-01T00:00:00', '2026-01-01T00:00:00')",
    )
    .await;
    turn.run(
        "INSERT INTO customer (id, email, name, role, password_hash, created_at, updated_at)
         VALUES (NEWID(), N'a@example.com', N'Ada', N'customer', N'x', '2026-01-01T00:00:00', '2026-01-01T00:00:00')",
    )
    .await;
    let rows = format!(
        "WITH digit AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
            UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9),
         number AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
            FROM digit AS a CROSS JOIN digit AS b CROSS JOIN digit AS c CROSS JOIN digit AS e CROSS JOIN digit AS f)
         INSERT INTO product (id, sku, name, name_key, description, category_key, price_minor, currency, status, version,
            created_at, updated_at)
         SELECT NEWID(), CONCAT(N'P', n), CONCAT(N'product ', n),
            CAST(CAST(CONCAT('product ', n) AS VARCHAR(40)) AS VARBINARY(800)), N'', (SELECT MAX(category_key) FROM category),
            (n * 7919) % 100003, N'GBP', N'active', 1, '2026-01-01T00:00:00', '2026-01-01T00:00:00'
         FROM number WHERE n < {products}"
    );
    turn.run(&rows).await;
    turn.run(
        "INSERT INTO stock (product_key, on_hand, reserved, version, updated_at)
         SELECT product_key, 5, 0, 1, '2026-01-01T00:00:00' FROM product",
    )
    .await;
}

/// What the store's sessions have read so far: pages on SQL Server; rows on Babelfish, which does not count a session's pages.
async fn reads(turn: &mut Turn) -> i64 {
    let version = turn.run("SELECT @@VERSION AS version").await;
    let babelfish =
        version[0].try_get::<&str, _>("version").expect("a text").is_some_and(|text| text.contains("Babelfish"));
    let sql = if babelfish {
        // Its counters arrive up to a second after the query.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        "SELECT CAST(SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) AS BIGINT) AS reads FROM pg_stat_user_tables"
    } else {
        "SELECT CAST(SUM(logical_reads) AS BIGINT) AS reads FROM sys.dm_exec_sessions WHERE program_name = N'souk' AND session_id <> @@SPID"
    };
    turn.run(sql).await[0].try_get("reads").expect("a number").unwrap_or_default()
}
