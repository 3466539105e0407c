//! What batches are sent with.

use serde::Serialize;
use souk_domain::{DateTime, Error, Result, TokenHash};
use std::borrow::Cow;
use tiberius::{ColumnData, ToSql};
use uuid::Uuid;

/// A parameter. None of them is NULL: the driver sends that without a type, and not every engine takes it. Where a value may
/// be absent, the batch reads an empty text, a zero or the nil UUID as NULL.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Id(Uuid),
    Bytes(Vec<u8>),
}

impl ToSql for Value {
    fn to_sql(&self) -> ColumnData<'_> {
        match self {
            Value::Text(text) => ColumnData::String(Some(Cow::Borrowed(text))),
            Value::Integer(number) => ColumnData::I64(Some(*number)),
            Value::Id(id) => ColumnData::Guid(Some(*id)),
            Value::Bytes(bytes) => ColumnData::Binary(Some(Cow::Borrowed(bytes))),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Value::Id(id)
    }
}

impl From<Option<Uuid>> for Value {
    fn from(id: Option<Uuid>) -> Self {
        Value::Id(id.unwrap_or_default())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Value::Bytes(bytes)
    }
}

impl From<TokenHash> for Value {
    fn from(TokenHash(hash): TokenHash) -> Self {
        Value::Bytes(hash.to_vec())
    }
}

/// A time as T-SQL reads it whatever the session's language: ISO 8601, to the microsecond, without its Z.
impl From<DateTime> for Value {
    fn from(at: DateTime) -> Self {
        Value::Text(at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string())
    }
}

/// A time that may be absent: an empty text then.
impl From<Option<DateTime>> for Value {
    fn from(at: Option<DateTime>) -> Self {
        at.map_or_else(|| Value::from(""), Value::from)
    }
}

/// A value of the domain as a `document` column keeps it.
pub(crate) fn document(value: &impl Serialize) -> Result<Value> {
    serde_json::to_string(value).map(Value::Text).map_err(|error| Error::Internal(error.to_string()))
}

/// A folded text as a `…_key` column keeps it.
pub(crate) fn key(folded: &str) -> Value {
    Value::Bytes(folded.as_bytes().to_vec())
}

/// Folded texts and hashes that rows of a JSON document refer to. JSON has no bytes, and engines differ in how they decode them;
/// so they travel behind each other in one parameter, and a row says where its own are.
#[derive(Default)]
pub(crate) struct Keys(Vec<u8>);

impl Keys {
    /// Adds bytes and gives `row` their place, counted from 1 as `SUBSTRING` does.
    pub(crate) fn add(&mut self, bytes: impl AsRef<[u8]>, mut row: serde_json::Value) -> serde_json::Value {
        let bytes = bytes.as_ref();
        row["start"] = (self.0.len() + 1).into();
        row["length"] = bytes.len().into();
        self.0.extend_from_slice(bytes);
        row
    }
}

impl From<Keys> for Value {
    fn from(Keys(bytes): Keys) -> Self {
        Value::Bytes(bytes)
    }
}

/// Rows for `OPENJSON`.
pub(crate) fn json(rows: Vec<serde_json::Value>) -> Value {
    Value::Text(serde_json::Value::Array(rows).to_string())
}
