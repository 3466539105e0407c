//! The store on SQL Server: the system of record.
//!
//! A command is one batch and a query is one query; each is one round trip. What a batch does stands in `sql/`, what the
//! tables hold in `migrations/sqlserver`. Results come back as JSON documents in the shape that the domain reads.

mod audit;
mod categories;
mod changing;
mod command;
mod composed;
mod customers;
mod failure;
#[cfg(test)]
mod faults;
mod inventory;
mod mails;
mod migrations;
#[cfg(test)]
mod one_of_everything;
mod order_lists;
mod orders;
mod outbox;
mod people;
mod placing;
mod pool;
mod pricing;
mod product_list;
mod products;
mod refusal;
#[cfg(test)]
mod round_trips;
mod rows;
mod run;
mod settings;
mod statements;
#[cfg(test)]
mod stub;
mod value;
mod webhooks;

pub use settings::Settings;

use composed::Sql;
use pool::Limits;
use run::{Repeat, Runner};
use souk_domain::Result;
use statements::Statement;
use tiberius::Row;
use value::Value;

/// A database on a server. Cheap to clone.
#[derive(Clone)]
pub struct SqlServerStore {
    runner: Runner,
}

impl SqlServerStore {
    /// Remembers where the database is; the first call connects. Needs a Tokio runtime.
    ///
    /// # Errors
    /// `Internal` when the pool refuses its size.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::with_limits(settings, Limits::default())
    }

    pub(crate) fn with_limits(settings: Settings, limits: Limits) -> Result<Self> {
        Ok(Self { runner: Runner::new(pool::pool(settings, limits)?) })
    }

    /// Connects and logs in, once, so that the first call need not.
    ///
    /// # Errors
    /// `Unavailable` when the server does not let this process in.
    pub async fn connect(&self) -> Result<()> {
        // It goes back to the pool.
        Ok(pool::take(&self.runner.pool).await.map(drop)?)
    }

    /// Runs a query, or a statement that may run twice.
    pub(crate) async fn query(
        &self,
        statement: Statement<'_>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Vec<Row>>> {
        let values: Vec<Value> = values.into_iter().collect();
        Ok(self.runner.run(statement, &values, Repeat::Harmless).await?)
    }

    /// Runs a query that was put together; its name is for traces.
    pub(crate) async fn ask(&self, name: &'static str, sql: &Sql) -> Result<Vec<Vec<Row>>> {
        Ok(self.runner.run(sql.named(name), &sql.values, Repeat::Harmless).await?)
    }
}
