//! Columns as values of the domain.

use crate::failure::Failure;
use serde::de::DeserializeOwned;
use souk_domain::{Error, Result};
use std::fmt::Display;
use tiberius::{FromSql, Row};

/// A column that may be NULL.
pub(crate) fn maybe<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<Option<T>> {
    row.try_get(column).map_err(|error| Failure::from(error).into())
}

/// A column that holds a value.
pub(crate) fn column<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    maybe(row, column)?.ok_or_else(|| unreadable(column, "NULL"))
}

/// A column that holds a JSON document.
pub(crate) fn document<T: DeserializeOwned>(row: &Row, name: &str) -> Result<T> {
    parse(column(row, name)?)
}

/// A JSON document.
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| unreadable("document", error))
}

/// The rows of the only result.
pub(crate) fn only(results: Vec<Vec<Row>>) -> Vec<Row> {
    results.into_iter().next().unwrap_or_default()
}

/// The one row that the query finds; `NotFound(what)` when it finds none.
pub(crate) fn one(results: Vec<Vec<Row>>, what: &'static str) -> Result<Row> {
    only(results).into_iter().next().ok_or(Error::NotFound(what))
}

/// Somebody wrote past the domain, or a statement is wrong.
pub(crate) fn unreadable(what: &str, error: impl Display) -> Error {
    Failure::Unreadable(format!("{what}: {error}")).into()
}
