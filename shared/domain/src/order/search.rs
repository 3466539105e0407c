use super::{OrderNumber, OrderStatus};
use crate::{CustomerId, DateTime, Limit, SearchQuery, Violation};

/// What staff typed to find orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderText {
    /// An order's number.
    Number(OrderNumber),
    /// Words of the buyer's name or address.
    Buyer(SearchQuery),
}

impl OrderText {
    /// Reads a number, or else words.
    ///
    /// # Errors
    /// `invalid_search`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        OrderNumber::parse(text).map(Self::Number).or_else(|_| SearchQuery::parse(text).map(Self::Buyer))
    }
}

/// Which orders of everybody's, newest first.
#[derive(Clone, Debug, Default)]
pub struct OrderSearch {
    /// In this status.
    pub status: Option<OrderStatus>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Placed from this moment on, UTC.
    pub from: Option<DateTime>,
    /// Placed before this moment, UTC.
    pub until: Option<DateTime>,
    /// What somebody typed.
    pub text: Option<OrderText>,
    /// How many.
    pub limit: Limit,
    /// The store's row number behind which the page starts.
    pub after: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_number_is_one_and_the_rest_are_words() {
        assert!(matches!(OrderText::parse(" s-2026-000001 "), Ok(OrderText::Number(_))));
        assert!(matches!(OrderText::parse("ada love"), Ok(OrderText::Buyer(_))));
        assert_eq!(OrderText::parse("?!").expect_err("no words").code, "invalid_search");
    }
}
