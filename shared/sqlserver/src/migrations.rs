//! Brings the tables up to date: numbered files, each applied once, forward only.

use crate::failure::Failure;
use crate::pool::{Connection, Limits};
use crate::rows;
use crate::{Settings, SqlServerStore};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use souk_domain::ports::Schema;
use souk_domain::{Error, Result};
use tiberius::ToSql;

/// Every file of `migrations/sqlserver`, in order.
const MIGRATIONS: [(&str, &str); 8] = [
    ("0001_initial", include_str!("../../../migrations/sqlserver/0001_initial.sql")),
    ("0002_accounts", include_str!("../../../migrations/sqlserver/0002_accounts.sql")),
    ("0003_orders_and_payments", include_str!("../../../migrations/sqlserver/0003_orders_and_payments.sql")),
    ("0004_outbox_archive", include_str!("../../../migrations/sqlserver/0004_outbox_archive.sql")),
    ("0005_webhooks", include_str!("../../../migrations/sqlserver/0005_webhooks.sql")),
    ("0006_offers", include_str!("../../../migrations/sqlserver/0006_offers.sql")),
    ("0007_webhook_progress", include_str!("../../../migrations/sqlserver/0007_webhook_progress.sql")),
    ("0008_order_mails", include_str!("../../../migrations/sqlserver/0008_order_mails.sql")),
];

/// Held by the connection that migrates. Others wait up to a minute: a starter that comes second finds nothing to do.
const LOCK: &str = "DECLARE @granted INT;
    EXEC @granted = sp_getapplock @Resource = N'souk-migrations', @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 60000;
    SELECT @granted AS granted";
/// Closing the connection would release the lock as well, a moment later.
const UNLOCK: &str = "EXEC sp_releaseapplock @Resource = N'souk-migrations', @LockOwner = N'Session'";
const LEDGER: &str = "IF OBJECT_ID(N'schema_migration') IS NULL
    CREATE TABLE schema_migration (
        name NVARCHAR(100) NOT NULL CONSTRAINT schema_migration_pk PRIMARY KEY,
        checksum VARBINARY(32) NOT NULL,
        applied_at DATETIME2(6) NOT NULL
    )";
const APPLIED: &str = "SELECT name, checksum FROM schema_migration";
const NOTE: &str = "INSERT INTO schema_migration (name, checksum, applied_at) VALUES (@P1, @P2, SYSUTCDATETIME())";

#[async_trait]
impl Schema for SqlServerStore {
    async fn migrate(&self) -> Result<Vec<String>> {
        let manager = self.runner.pool.manager();
        migrate(&manager.settings, manager.limits, &MIGRATIONS).await
    }
}

/// On a connection of its own, since a migration takes the time that it takes.
async fn migrate(settings: &Settings, limits: Limits, migrations: &[(&str, &str)]) -> Result<Vec<String>> {
    let mut connection = Connection::open(settings, limits).await?;
    let granted = rows::one(connection.run(LOCK).await?, "lock")?;
    if rows::column::<i32>(&granted, "granted")? < 0 {
        return Err(Error::Unavailable("another starter is migrating the database".to_owned()));
    }
    let result = apply(&mut connection, migrations).await;
    // After a failure the connection may be of no use; the lock then goes with it.
    let unlocked = connection.run(UNLOCK).await;
    let applied = result?;
    unlocked?;
    Ok(applied)
}

async fn apply(connection: &mut Connection, migrations: &[(&str, &str)]) -> Result<Vec<String>> {
    connection.run("SET XACT_ABORT ON").await?;
    connection.run(LEDGER).await?;
    let found = rows::only(connection.run(APPLIED).await?);
    let read =
        |row| Ok((rows::column::<&str>(row, "name")?.to_owned(), rows::column::<&[u8]>(row, "checksum")?.to_vec()));
    let known: Vec<(String, Vec<u8>)> = found.iter().map(read).collect::<Result<_>>()?;
    let mut applied = Vec::new();
    for (name, text) in migrations {
        let checksum = Sha256::digest(text).to_vec();
        match known.iter().find(|(known, _)| known == name) {
            Some((_, known)) if *known == checksum => {}
            Some(_) => return Err(Error::Internal(format!("migration {name} was changed after it had been applied"))),
            None => {
                apply_one(connection, name, text, &checksum).await.map_err(|failure| match failure {
                    Failure::Server { text, .. } => Error::Internal(format!("migration {name}: {text}")),
                    other => other.into(),
                })?;
                applied.push((*name).to_owned());
            }
        }
    }
    Ok(applied)
}

/// The whole file and the note of it, in one transaction.
async fn apply_one(
    connection: &mut Connection,
    name: &str,
    text: &str,
    checksum: &[u8],
) -> std::result::Result<(), Failure> {
    connection.run("BEGIN TRANSACTION").await?;
    for batch in batches(text) {
        connection.run(&batch).await?;
    }
    connection.query(NOTE, &[&name as &dyn ToSql, &checksum]).await?;
    connection.run("COMMIT TRANSACTION").await.map(drop)
}

/// The batches of a file: `GO` alone on a line parts them, as it does for every tool of SQL Server. `CREATE VIEW`, for one,
/// must begin its batch.
pub(crate) fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        if line.trim() == "GO" {
            batches.push(String::new());
        } else if let Some(batch) = batches.last_mut() {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::tests::assert_sql;

    #[test]
    fn every_file_of_the_folder_is_listed_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlserver");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, MIGRATIONS.map(|(name, _)| name));
    }

    #[test]
    fn every_batch_is_t_sql() {
        for (name, text) in MIGRATIONS {
            for batch in batches(text) {
                assert_sql(name, &batch);
            }
        }
        for sql in [LEDGER, APPLIED, NOTE] {
            assert_sql("the ledger", sql);
        }
    }

    #[test]
    fn go_parts_batches_and_nothing_else_does() {
        let text = "SELECT 1 -- GO\nGO\n\nGO\nSELECT N'GO'\n  GO  \n";
        assert_eq!(batches(text), ["SELECT 1 -- GO\n", "SELECT N'GO'\n"]);
    }
}
