//! Brings the tables up to date: numbered files, each applied once, forward only. Opening the store does it.

use crate::SqliteStore;
use crate::errors::{failed, internal};
use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use souk_domain::Result;
use souk_domain::ports::Schema;

/// Every file of `migrations/sqlite`, in order.
const MIGRATIONS: [(&str, &str); 3] = [
    ("0001_initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    ("0002_accounts", include_str!("../../../migrations/sqlite/0002_accounts.sql")),
    ("0003_orders_and_payments", include_str!("../../../migrations/sqlite/0003_orders_and_payments.sql")),
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
}
