//! Brings the tables up to date: numbered files, each applied once, forward only. Opening the store does it.

use crate::SqliteStore;
use crate::errors::{failed, internal};
use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use souk_domain::Result;
use souk_domain::ports::Schema;

/// Every file of `migrations/sqlite`, in order.
const MIGRATIONS: [(&str, &str); 7] = [
    ("0001_initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    ("0002_accounts", include_str!("../../../migrations/sqlite/0002_accounts.sql")),
    ("0003_orders_and_payments", include_str!("../../../migrations/sqlite/0003_orders_and_payments.sql")),
    ("0004_outbox_archive", include_str!("../../../migrations/sqlite/0004_outbox_archive.sql")),
    ("0005_webhooks", include_str!("../../../migrations/sqlite/0005_webhooks.sql")),
    ("0006_webhook_progress", include_str!("../../../migrations/sqlite/0006_webhook_progress.sql")),
    ("0007_order_mails", include_str!("../../../migrations/sqlite/0007_order_mails.sql")),
];

/// Applies what is missing, in one transaction, under the file's write lock: two starters do not race.
pub(crate) fn apply(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migration (
                name TEXT PRIMARY KEY, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL
            ) STRICT",
        )
        .map_err(failed)?;
    for (name, sql) in MIGRATIONS {
        apply_one(&transaction, name, sql)?;
    }
    transaction.commit().map_err(failed)
}

fn apply_one(connection: &Connection, name: &str, sql: &str) -> Result<()> {
    let checksum: [u8; 32] = Sha256::digest(sql).into();
    let known = connection
        .prepare("SELECT checksum FROM schema_migration WHERE name = ?1")
        .and_then(|mut statement| statement.query_map([name], |row| row.get::<_, Vec<u8>>(0))?.next().transpose())
        .map_err(failed)?;
    match known {
        Some(applied) if applied == checksum => Ok(()),
        Some(_) => Err(internal(format!("migration {name} was changed after it had been applied"))),
        None => {
            connection.execute_batch(sql).map_err(failed)?;
            let at = souk_domain::now().timestamp_micros();
            connection
                .execute("INSERT INTO schema_migration VALUES (?1, ?2, ?3)", params![name, checksum, at])
                .map(drop)
                .map_err(failed)
        }
    }
}

#[async_trait]
impl Schema for SqliteStore {
    /// Nothing is missing: the store was opened.
    async fn migrate(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, MIGRATIONS.map(|(name, _)| name));
    }

    #[test]
    fn migrations_are_applied_once() {
        let mut connection = Connection::open_in_memory().expect("a database");
        apply(&mut connection).expect("the first time");
        apply(&mut connection).expect("the second time");
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let mut connection = Connection::open_in_memory().expect("a database");
        apply(&mut connection).expect("the first time");
        connection.execute("UPDATE schema_migration SET checksum = x'00'", []).expect("a change");
        assert!(apply(&mut connection).is_err());
    }

    /// What an order looked like before 0003, with its event and what its command is answered with again.
    const OLD_ORDERS: &str = r#"
        INSERT INTO category VALUES (1, zeroblob(16), NULL, 'All', 'all', 1, 0, 0);
        INSERT INTO product (id, sku, name, name_key, description, category_key, price_minor, currency, status, version, created_at, updated_at)
        VALUES (x'018b070d640076c2b5e09d17f48a32c6', 'A', 'Lamp', 'lamp', '', 1, 250, 'GBP', 'active', 1, 0, 0);
        INSERT INTO customer (id, email, name, role, password_hash, created_at)
        VALUES (x'018b070d676976c2b5e09d17f48a32c6', 'ada@example.com', 'Ada', 'customer', '', 0);
        INSERT INTO sales_order VALUES
            (1, x'018bcfe5641875e8ac173f60d9b2847e', 1, 'placed', 'GBP', 500, NULL, 1, 1700000000000001, 1700000000000001),
            (2, x'018bcfe5641875e8ac173f60d9b2847f', 1, 'cancelled', 'GBP', 250, '{"recipient":"Ada","line1":"1 Road","city":"London","country":"GB"}', 2, 1700000000000001, 1700000001000000);
        INSERT INTO order_line VALUES (1, 1, 1, 'A', 'Lamp', 2, 250), (2, 1, 1, 'A', 'Lamp', 1, 250);
        INSERT INTO outbox (event_id, event, created_at) VALUES (zeroblob(16), '{"specversion":"1.0",
            "id":"018bcfe5-6418-75e8-ac17-3f60d9b28400","source":"/souk/order","subject":"018bcfe5-6418-75e8-ac17-3f60d9b2847e",
            "time":"2023-11-14T22:13:20Z","aggregateversion":1,"correlationid":"c","type":"souk.OrderPlaced","data":{
            "orderId":"018bcfe5-6418-75e8-ac17-3f60d9b2847e","customerId":"018b070d-6769-76c2-b5e0-9d17f48a32c6","status":"placed",
            "total":{"amountMinor":500,"currency":"GBP"},"lines":[]}}', 0);
        INSERT INTO idempotency VALUES ('ada', 'key', zeroblob(32), 'r', '{"id":"018bcfe5-6418-75e8-ac17-3f60d9b2847e","placedAt":"x"}', 1),
            ('ada', 'other', zeroblob(32), 'r', '{"id":"x"}', 1);
    "#;

    #[test]
    fn orders_from_before_become_documents_with_their_events_and_answers() {
        let connection = Connection::open_in_memory().expect("a database");
        let run = |sql: &str| connection.execute_batch(sql).expect("SQL");
        run("PRAGMA foreign_keys = ON");
        MIGRATIONS[..2].iter().for_each(|(_, sql)| run(sql));
        run(OLD_ORDERS);
        run(MIGRATIONS[2].1);
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).expect("SQL");
            statement.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>().expect("texts")
        };
        let order = |text: &String| serde_json::from_str::<souk_domain::Order>(text).expect("an order");
        let orders: Vec<_> = texts("SELECT document FROM sales_order ORDER BY order_key").iter().map(order).collect();
        assert_eq!(
            orders.iter().map(|order| order.number.to_string()).collect::<Vec<_>>(),
            ["S-2023-000001", "S-2023-000002"]
        );
        assert_eq!((orders[0].status.as_str(), orders[1].status.as_str()), ("pending_payment", "cancelled"));
        assert_eq!(
            (orders[0].expires_at(), orders[0].lines[0].unshipped(), orders[1].lines[0].unshipped()),
            (None, 2, 0)
        );
        assert_eq!((orders[1].history.len(), orders[1].shipping_address.is_some()), (2, true));
        let event = souk_domain::Event::from_json(&texts("SELECT event FROM outbox")[0]).expect("an event");
        let (_, told) = event.data.order().expect("of an order");
        assert_eq!((told.number, told.status), (orders[0].number, orders[0].status));
        let kept = texts("SELECT result FROM idempotency ORDER BY key");
        assert_eq!((order(&kept[0]), kept[1].as_str()), (orders[0].clone(), r#"{"id":"x"}"#));
    }
}
