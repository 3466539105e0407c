//! Queries that are put together from the parts that are asked for.

use crate::statements::Statement;
use crate::value::{Value, key};
use souk_domain::SearchQuery;

/// SQL text with its positional parameters.
#[derive(Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    /// To be sent, under a name.
    pub(crate) fn named(&self, name: &'static str) -> Statement<'_> {
        Statement { name, text: &self.text }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter and its place.
    pub(crate) fn with(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let place = format!("@P{}", self.values.len());
        self.push(&place)
    }

    /// The keys, of a table with an index of words, that hold every word and a word with the prefix.
    pub(crate) fn push_hits(&mut self, search: &SearchQuery, table: &str, column: &str) {
        self.push("(");
        for word in &search.words {
            self.push(&format!("SELECT {column} FROM {table} WHERE term = ")).with(key(word)).push(" INTERSECT ");
        }
        self.push(&format!("SELECT DISTINCT {column} FROM {table} WHERE term >= ")).with(key(&search.prefix));
        self.push(" AND term < ").with(key(&search.prefix_end())).push(")");
    }
}
