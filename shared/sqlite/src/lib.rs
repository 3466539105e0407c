//! The store on SQLite: the system of record of one machine.
//!
//! All writes go through one thread that commits them in groups (see [`writer`]); reads have connections of their own and
//! never wait for a write (WAL).

mod audit;
mod categories;
mod claim;
mod credentials;
mod customers;
mod errors;
mod inventory;
mod mails;
mod migrations;
mod order_list;
mod orders;
mod outbox;
mod people;
mod placing;
mod pricing;
mod product_list;
mod products;
mod rows;
mod webhook_deliveries;
mod webhooks;
mod writer;

use errors::{internal, unavailable};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use serde::{Serialize, de::DeserializeOwned};
use souk_domain::{Cause, Committed, Error, Event, Result, Version};
use std::path::Path;
use std::time::Duration;
use tracing::Instrument;

/// Read connections: enough to keep the cores busy, few enough to stay small in memory.
const READERS: u32 = 4;
/// How long a statement waits for another process that has the file locked.
const BUSY: Duration = Duration::from_secs(5);

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    writer: writer::Writer,
    readers: r2d2::Pool<SqliteConnectionManager>,
}

impl SqliteStore {
    /// Opens the file, makes it when it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened, `Internal` when an old migration was changed.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = Connection::open(path).map_err(unavailable)?;
        prepare(&connection).map_err(unavailable)?;
        // WAL with FULL: a commit that was answered survives a power cut. Group commit pays for it.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000;")
            .map_err(unavailable)?;
        migrations::apply(&mut connection)?;
        let manager = SqliteConnectionManager::file(path).with_init(|connection| {
            prepare(connection)?;
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2000;")
        });
        // One at the start, the others when they are needed.
        let readers = r2d2::Pool::builder().max_size(READERS).min_idle(Some(1)).connection_timeout(BUSY);
        let readers = readers.build(manager).map_err(unavailable)?;
        Ok(Self { writer: writer::Writer::start(connection)?, readers })
    }

    /// Runs a query on a read connection.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.readers.clone();
        let work = move || query(&*readers.get().map_err(unavailable)?);
        tokio::task::spawn_blocking(work).instrument(span("read")).await.map_err(internal)?
    }

    /// Runs a command that honours the claim of its cause, in one transaction with the events it makes.
    pub(crate) async fn command<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        cause: &Cause,
        work: impl FnOnce(&Connection, &Cause) -> Result<(T, Vec<Event>)> + Send + 'static,
    ) -> Result<Committed<T>> {
        let cause = cause.clone();
        let written = self.writer.write(move |connection| claim::once(connection, &cause, work));
        written.instrument(span("command")).await
    }
}

/// A read or a command, in traces; a command's time is also that of those it shares its transaction with.
fn span(what: &'static str) -> tracing::Span {
    tracing::debug_span!("sql", otel.name = what, otel.kind = "client", db.system.name = "sqlite")
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
}

/// Refuses a change that was made on the ground of another version than the present one.
pub(crate) fn check_version(expected: Option<Version>, current: Version) -> Result<()> {
    match expected {
        Some(expected) if expected != current => Err(Error::Stale { current }),
        _ => Ok(()),
    }
}
