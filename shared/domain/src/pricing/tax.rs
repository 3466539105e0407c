use super::rounding::share;
use crate::{CountryCode, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a tax rate holds: a country, or `*` for everywhere that has none of its own, and orders that are not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^([A-Z]{2}|\\*)$", example = "GB")]
pub struct TaxRegion(String);
text_value!(TaxRegion);

impl TaxRegion {
    /// The code of everywhere else.
    pub const ELSEWHERE: &str = "*";

    /// Reads a country's code or a star.
    ///
    /// # Errors
    /// `invalid_country`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text != Self::ELSEWHERE {
            CountryCode::parse(text)?;
        }
        Ok(Self(text.to_owned()))
    }
}

/// The tax on orders that go to a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxRate {
    /// Hundredths of a percent: 2000 is 20 %.
    #[schema(minimum = 0, maximum = 10_000, example = 2000)]
    pub basis_points: u32,
    /// Whether the catalog's prices hold the tax already; otherwise it is added to them.
    pub is_included: bool,
}

impl TaxRate {
    /// No tax.
    pub const NONE: TaxRate = TaxRate { basis_points: 0, is_included: false };

    /// Checks the rate.
    ///
    /// # Errors
    /// `invalid_pricing` above 100 %.
    pub fn check(&self) -> Result<(), Violation> {
        match self.basis_points {
            0..=10_000 => Ok(()),
            _ => Err(Violation::new("invalid_pricing", "a tax rate is 0 to 10000 basis points")),
        }
    }

    /// The tax on (or in, when prices hold it) an amount in minor units; rounded once, on the whole.
    pub(crate) fn of(&self, amount: i64) -> i64 {
        let whole = if self.is_included { 10_000 + self.basis_points } else { 10_000 };
        share(amount, self.basis_points, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_is_on_the_price_or_in_it() {
        assert_eq!(TaxRate { basis_points: 2000, is_included: false }.of(1000), 200);
        assert_eq!(TaxRate { basis_points: 2000, is_included: true }.of(1200), 200);
        assert_eq!(TaxRate { basis_points: 1900, is_included: true }.of(999), 160);
        assert_eq!(TaxRate::NONE.of(1_000_000), 0);
    }

    #[test]
    fn a_region_is_a_country_or_a_star() {
        for text in ["GB", "*"] {
            assert_eq!(text.parse::<TaxRegion>().expect("a region").to_string(), text);
        }
        assert!("gb".parse::<TaxRegion>().is_err() && "".parse::<TaxRegion>().is_err());
        assert!(TaxRate { basis_points: 10_001, is_included: true }.check().is_err());
    }
}
