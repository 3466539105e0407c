//! The file: payments, refunds, first answers and webhooks to deliver. Times are milliseconds since the Unix epoch.

use crate::SandboxSettings;
use crate::failure::Failure;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::Value;
use souk_domain::Error;
use std::path::Path;

/// The version of the tables, in SQLite's `user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE intent (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, is_manual INTEGER NOT NULL,
    method TEXT NOT NULL, -- as it was named
    script TEXT NOT NULL, -- the method whose behaviour it has
    description TEXT, metadata TEXT NOT NULL, return_url TEXT NOT NULL, page_url TEXT NOT NULL,
    status TEXT NOT NULL, captured INTEGER NOT NULL, failure TEXT,
    settles_at INTEGER -- when it stops being processing
) STRICT;
CREATE INDEX intent_by_payment ON intent (metadata ->> '$.payment_id');
CREATE INDEX intent_by_settling ON intent (settles_at) WHERE settles_at IS NOT NULL;
CREATE TABLE refund (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, intent TEXT NOT NULL REFERENCES intent (id), created_at INTEGER NOT NULL,
    amount INTEGER NOT NULL, metadata TEXT NOT NULL, status TEXT NOT NULL,
    settles_at INTEGER -- when it stops being pending
) STRICT;
CREATE INDEX refund_by_intent ON refund (intent, seq);
CREATE INDEX refund_by_settling ON refund (settles_at) WHERE settles_at IS NOT NULL;
CREATE TABLE answer (
    key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX answer_by_age ON answer (created_at);
CREATE TABLE webhook (
    seq INTEGER PRIMARY KEY, body TEXT NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_by_due ON webhook (due_at);
PRAGMA user_version = 1;
";

/// Opens the file, makes it when it is missing.
///
/// # Errors
/// `Unavailable` when the file cannot be used, `Internal` when another version of the sandbox made it.
pub(crate) fn open(path: &Path) -> souk_domain::Result<Connection> {
    let unusable = |error: rusqlite::Error| Error::Unavailable(format!("the sandbox's file: {error}"));
    let mut connection = Connection::open(path).map_err(unusable)?;
    // FULL: what was answered survives a power cut.
    let pragmas =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -4000;";
    connection.execute_batch(pragmas).map_err(unusable)?;
    connection.set_prepared_statement_cache_capacity(32);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(unusable)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(unusable)? {
        0 => transaction.execute_batch(TABLES).map_err(unusable)?,
        VERSION => {}
        _ => return Err(Error::Internal("the sandbox's file is of another version".to_owned())),
    }
    transaction.commit().map_err(unusable)?;
    Ok(connection)
}

/// The tables in one transaction.
pub(crate) struct Tables<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) settings: &'a SandboxSettings,
    pub(crate) now: i64,
}

/// A PaymentIntent.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) created_at: i64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) is_manual: bool,
    pub(crate) method: String,
    pub(crate) script: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) return_url: String,
    pub(crate) page_url: String,
    pub(crate) status: String,
    pub(crate) captured: i64,
    pub(crate) failure: Option<Value>,
    pub(crate) settles_at: Option<i64>,
}

/// A Refund.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) created_at: i64,
    pub(crate) amount: i64,
    pub(crate) metadata: Value,
    pub(crate) status: String,
    pub(crate) settles_at: Option<i64>,
}

impl Intent {
    /// What is held, in minor units.
    pub(crate) fn held(&self) -> i64 {
        if self.status == "requires_capture" { self.amount } else { 0 }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            created_at: row.get("created_at")?,
            amount: row.get("amount")?,
            currency: row.get("currency")?,
            is_manual: row.get("is_manual")?,
            method: row.get("method")?,
            script: row.get("script")?,
            description: row.get("description")?,
            metadata: json(&row.get::<_, String>("metadata")?),
            return_url: row.get("return_url")?,
            page_url: row.get("page_url")?,
            status: row.get("status")?,
            captured: row.get("captured")?,
            failure: row.get::<_, Option<String>>("failure")?.as_deref().map(json),
            settles_at: row.get("settles_at")?,
        })
    }
}

impl Refund {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            intent: row.get("intent")?,
            created_at: row.get("created_at")?,
            amount: row.get("amount")?,
            metadata: json(&row.get::<_, String>("metadata")?),
            status: row.get("status")?,
            settles_at: row.get("settles_at")?,
        })
    }
}

/// Reads what this file wrote.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A name that cannot be guessed, in Stripe's form.
pub(crate) fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}

impl Tables<'_> {
    pub(crate) fn insert_intent(&self, intent: &Intent) -> Result<(), Failure> {
        let sql = "INSERT INTO intent (id, created_at, amount, currency, is_manual, method, script, description, metadata, return_url,
                                       page_url, status, captured, failure, settles_at)
                   VALUES (:id, :created_at, :amount, :currency, :is_manual, :method, :script, :description, :metadata, :return_url,
                           :page_url, :status, :captured, :failure, :settles_at)";
        self.connection.prepare_cached(sql)?.execute(named_params! {
            ":id": intent.id, ":created_at": intent.created_at, ":amount": intent.amount, ":currency": intent.currency,
            ":is_manual": intent.is_manual, ":method": intent.method, ":script": intent.script,
            ":description": intent.description, ":metadata": intent.metadata.to_string(), ":return_url": intent.return_url,
            ":page_url": intent.page_url, ":status": intent.status, ":captured": intent.captured,
            ":failure": intent.failure.as_ref().map(Value::to_string), ":settles_at": intent.settles_at,
        })?;
        Ok(())
    }

    /// Keeps what may change in a payment's life.
    pub(crate) fn update_intent(&self, intent: &Intent) -> Result<(), Failure> {
        let sql = "UPDATE intent SET status = ?2, captured = ?3, failure = ?4, settles_at = ?5 WHERE id = ?1";
        let failure = intent.failure.as_ref().map(Value::to_string);
        let values = params![intent.id, intent.status, intent.captured, failure, intent.settles_at];
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    pub(crate) fn intent(&self, id: &str) -> Result<Option<Intent>, Failure> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM intent WHERE id = ?1")?;
        Ok(statement.query_row([id], Intent::read).optional()?)
    }

    /// Payments whose metadata has this `payment_id`, newest first.
    pub(crate) fn intents_of(&self, payment_id: &str, most: usize) -> Result<Vec<Intent>, Failure> {
        let sql = "SELECT * FROM intent WHERE metadata ->> '$.payment_id' = ?1 ORDER BY seq DESC LIMIT ?2";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_map(params![payment_id, most], Intent::read)?
            .collect::<Result<_, _>>()?)
    }

    pub(crate) fn latest_intents(&self, most: usize) -> Result<Vec<Intent>, Failure> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM intent ORDER BY seq DESC LIMIT ?1")?;
        Ok(statement.query_map([most], Intent::read)?.collect::<Result<_, _>>()?)
    }

    /// Payments that are no longer processing.
    pub(crate) fn settled_intents(&self) -> Result<Vec<Intent>, Failure> {
        let mut statement =
            self.connection.prepare_cached("SELECT * FROM intent WHERE settles_at <= ?1 ORDER BY settles_at")?;
        Ok(statement.query_map([self.now], Intent::read)?.collect::<Result<_, _>>()?)
    }

    pub(crate) fn insert_refund(&self, refund: &Refund) -> Result<(), Failure> {
        let sql = "INSERT INTO refund (id, intent, created_at, amount, metadata, status, settles_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let metadata = refund.metadata.to_string();
        let Refund { id, intent, created_at, amount, status, settles_at, .. } = refund;
        self.connection
            .prepare_cached(sql)?
            .execute(params![id, intent, created_at, amount, metadata, status, settles_at])?;
        Ok(())
    }

    /// Decides a refund.
    pub(crate) fn settle_refund(&self, id: &str, status: &str) -> Result<(), Failure> {
        let sql = "UPDATE refund SET status = ?2, settles_at = NULL WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute([id, status])?;
        Ok(())
    }

    /// Refunds that are no longer pending.
    pub(crate) fn settled_refunds(&self) -> Result<Vec<Refund>, Failure> {
        let mut statement =
            self.connection.prepare_cached("SELECT * FROM refund WHERE settles_at <= ?1 ORDER BY settles_at")?;
        Ok(statement.query_map([self.now], Refund::read)?.collect::<Result<_, _>>()?)
    }

    /// A payment's refunds, newest first, from the one after `after`.
    pub(crate) fn refunds(&self, intent: &str, after: Option<&str>, most: usize) -> Result<Vec<Refund>, Failure> {
        let sql = "SELECT * FROM refund
                   WHERE intent = ?1 AND (?2 IS NULL OR seq < (SELECT seq FROM refund WHERE id = ?2)) ORDER BY seq DESC LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_map(params![intent, after, most], Refund::read)?.collect::<Result<_, _>>()?)
    }

    /// What was given back and what is on its way, in minor units.
    pub(crate) fn refunded(&self, intent: &str) -> Result<i64, Failure> {
        let sql = "SELECT coalesce(sum(amount), 0) FROM refund WHERE intent = ?1 AND status <> 'failed'";
        Ok(self.connection.prepare_cached(sql)?.query_row([intent], |row| row.get(0))?)
    }
}
