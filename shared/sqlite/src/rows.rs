//! Columns as values of the domain.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;
use souk_domain::{DateTime, Error, Grams, Money, Result, from_micros};
use std::fmt::Display;
use std::str::FromStr;
use uuid::Uuid;

use crate::errors::failed;

/// A column that holds an id.
pub(crate) fn id<T: From<Uuid>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    row.get::<_, Uuid>(column).map(T::from)
}

/// A column that may hold an id.
pub(crate) fn optional_id<T: From<Uuid>>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    Ok(row.get::<_, Option<Uuid>>(column)?.map(T::from))
}

/// A column that holds a moment.
pub(crate) fn at(row: &Row<'_>, column: &str) -> rusqlite::Result<DateTime> {
    row.get(column).map(from_micros)
}

/// A column that holds the text of a value object.
pub(crate) fn text<T: FromStr<Err: Display>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error: T::Err| corrupt(column, error))
}

/// A column that holds a value as JSON.
pub(crate) fn document<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| corrupt(column, error))
}

/// A column that holds one of the words that `read` knows.
pub(crate) fn word<T>(row: &Row<'_>, column: &str, read: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    read(text).ok_or_else(|| corrupt(column, "an unknown word"))
}

/// Two columns that hold an amount and its currency.
pub(crate) fn money(row: &Row<'_>, amount: &str, currency: &str) -> rusqlite::Result<Money> {
    Money::new(row.get(amount)?, text(row, currency)?).map_err(|error| corrupt(amount, error))
}

/// A column that holds a weight.
pub(crate) fn grams(row: &Row<'_>, column: &str) -> rusqlite::Result<Grams> {
    Grams::try_from(row.get::<_, i64>(column)?).map_err(|error| corrupt(column, error))
}

/// A value that the domain refuses: somebody wrote past it.
pub(crate) fn corrupt(column: &str, error: impl Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("{column}: {error}").into())
}

/// The one row that the query finds; `NotFound(what)` when it finds none.
pub(crate) fn one<T>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<T> {
    maybe(connection, sql, params, read)?.ok_or(Error::NotFound(what))
}

/// The one row that the query may find.
pub(crate) fn maybe<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.query_row(params, read).optional().map_err(failed)
}

/// All rows that the query finds.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let rows = statement.query_map(params, read).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Runs a statement; the number of rows that it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params)
}
