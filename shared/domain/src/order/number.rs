use crate::Violation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An order's name for people, such as `S-2026-000123`: the year it was placed in and a number that no other order has. Numbers rise;
/// some are never used, because a store counts on when an order fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^S-[0-9]{4}-[0-9]{6,}$", example = "S-2026-000123")]
pub struct OrderNumber(Parts);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Parts {
    year: i32,
    serial: i64,
}

impl OrderNumber {
    /// The number of the order that a store counts as `serial`.
    pub fn new(placed_at: crate::DateTime, serial: i64) -> Self {
        Self(Parts { year: chrono::Datelike::year(&placed_at), serial })
    }

    /// The store's count.
    pub fn serial(self) -> i64 {
        self.0.serial
    }

    /// Reads a number, as people write it.
    ///
    /// # Errors
    /// `invalid_order_number`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let upper = text.trim().to_ascii_uppercase();
        let parts = upper.strip_prefix("S-").and_then(|rest| rest.split_once('-'));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = parts.filter(|(year, serial)| {
            year.len() == 4 && digits(year) && (6..=18).contains(&serial.len()) && digits(serial)
        });
        number
            .and_then(|(year, serial)| Some(Self(Parts { year: year.parse().ok()?, serial: serial.parse().ok()? })))
            // Another spelling of the same number is no number: it would be shown differently.
            .filter(|number| number.to_string() == upper)
            .ok_or_else(|| Violation::new("invalid_order_number", "an order number looks like S-2026-000123"))
    }
}

impl std::fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S-{:04}-{:06}", self.0.year, self.0.serial)
    }
}

impl std::str::FromStr for OrderNumber {
    type Err = Violation;
    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OrderNumber {
    type Error = Violation;
    fn try_from(text: String) -> Result<Self, Violation> {
        Self::parse(&text)
    }
}

impl From<OrderNumber> for String {
    fn from(number: OrderNumber) -> String {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_whatever_its_case() {
        let number = OrderNumber::new(crate::from_micros(1_790_000_000_000_000), 123);
        assert_eq!(number.to_string(), "S-2026-000123");
        assert_eq!(" s-2026-000123 ".parse(), Ok(number));
        assert_eq!("S-2026-1234567".parse::<OrderNumber>().expect("a number").serial(), 1_234_567);
        for text in [
            "",
            "S-2026-123",
            "S-26-000123",
            "2026-000123",
            "S-2026-0000123",
            "S-2026-00012a",
            "S-2026-9999999999999999999",
        ] {
            assert_eq!(OrderNumber::parse(text).expect_err(text).code, "invalid_order_number");
        }
    }
}
