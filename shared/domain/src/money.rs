use crate::{Quantity, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ISO 4217 currency code, such as `GBP`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "GBP")]
pub struct CurrencyCode(String);
text_value!(CurrencyCode);

impl CurrencyCode {
    /// Reads a code as ISO 4217 lists it: three capital letters.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        iso_currency::Currency::from_code(text)
            .map(|currency| Self(currency.code().to_owned()))
            .ok_or_else(|| Violation::new("invalid_currency", "a currency is an ISO 4217 code such as GBP"))
    }

    /// Decimals of an amount as people write it: 2 for pounds, 0 for yen.
    pub fn decimals(&self) -> u32 {
        let currency = iso_currency::Currency::from_code(&self.0);
        currency.and_then(|currency| currency.exponent()).map_or(0, u32::from)
    }
}

/// A sum of money that is not negative, in minor units (pence, cents) of its currency. Never a fraction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "RawMoney", rename_all = "camelCase")]
pub struct Money {
    /// Minor units: 1299 is GBP 12.99.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 1299)]
    amount_minor: i64,
    currency: CurrencyCode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawMoney {
    amount_minor: i64,
    currency: CurrencyCode,
}

impl TryFrom<RawMoney> for Money {
    type Error = Violation;
    fn try_from(raw: RawMoney) -> Result<Self, Violation> {
        Self::new(raw.amount_minor, raw.currency)
    }
}

impl Money {
    /// The largest sum: 2^53 − 1, the largest integer that every JSON reader keeps exactly (RFC 8259, section 6).
    pub const MAX_MINOR: i64 = (1 << 53) - 1;

    /// `amount_minor` minor units of `currency`.
    ///
    /// # Errors
    /// `invalid_money` for a negative sum, `amount_too_large` above [`Money::MAX_MINOR`].
    pub fn new(amount_minor: i64, currency: CurrencyCode) -> Result<Self, Violation> {
        match amount_minor {
            ..0 => Err(Violation::new("invalid_money", "an amount is not negative")),
            0..=Self::MAX_MINOR => Ok(Self { amount_minor, currency }),
            _ => Err(Self::too_large()),
        }
    }

    /// Minor units.
    pub fn amount_minor(&self) -> i64 {
        self.amount_minor
    }

    /// The currency of the minor units.
    pub fn currency(&self) -> &CurrencyCode {
        &self.currency
    }

    /// The price of `quantity` pieces.
    ///
    /// # Errors
    /// `amount_too_large` when the product does not fit.
    pub fn times(&self, quantity: Quantity) -> Result<Self, Violation> {
        let amount = self.amount_minor.checked_mul(i64::from(quantity.get())).ok_or_else(Self::too_large)?;
        Self::new(amount, self.currency.clone())
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// `amount_too_large` when the sum does not fit, `invalid_currency` when the currencies differ.
    pub fn plus(&self, other: &Money) -> Result<Self, Violation> {
        if self.currency != other.currency {
            return Err(Self::two_currencies());
        }
        Self::new(self.amount_minor + other.amount_minor, self.currency.clone())
    }

    /// What is left when `other` is taken away.
    ///
    /// # Errors
    /// `invalid_money` when nothing would be left and more was taken, `invalid_currency` when the currencies differ.
    pub fn minus(&self, other: &Money) -> Result<Self, Violation> {
        if self.currency != other.currency {
            return Err(Self::two_currencies());
        }
        Self::new(self.amount_minor - other.amount_minor, self.currency.clone())
    }

    /// Nothing, in the same currency.
    pub fn zero(&self) -> Self {
        Self { amount_minor: 0, currency: self.currency.clone() }
    }

    /// The sum of amounts of one currency, at least one.
    ///
    /// # Errors
    /// `amount_too_large`, `invalid_currency`; `invalid_quantity` for none.
    pub fn sum<'a>(amounts: impl IntoIterator<Item = &'a Money>) -> Result<Self, Violation> {
        let mut amounts = amounts.into_iter();
        let first = amounts.next().ok_or_else(|| Violation::new("invalid_quantity", "an order has a line"))?;
        amounts.try_fold(first.clone(), |sum, amount| sum.plus(amount))
    }

    /// The refusal `amount_too_large`, for stores that calculate themselves.
    pub fn too_large() -> Violation {
        Violation::new("amount_too_large", format!("an amount is at most {} minor units", Self::MAX_MINOR))
    }

    /// The refusal `invalid_currency` of amounts that do not go together, for stores that calculate themselves.
    pub fn two_currencies() -> Violation {
        Violation::new("invalid_currency", "amounts of two currencies cannot be added")
    }
}

impl std::fmt::Display for Money {
    /// `GBP 12.99`, with as many decimals as the currency has.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = self.currency.decimals();
        let whole = 10_i64.pow(decimals);
        write!(f, "{} {}", self.currency, self.amount_minor / whole)?;
        match decimals {
            0 => Ok(()),
            _ => write!(f, ".{:0width$}", self.amount_minor % whole, width = decimals as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, CurrencyCode::parse("GBP").expect("a currency")).expect("an amount")
    }

    #[test]
    fn amounts_are_never_negative_nor_beyond_what_json_keeps() {
        let currency = CurrencyCode::parse("GBP").expect("a currency");
        assert_eq!(Money::new(-1, currency.clone()).expect_err("negative").code, "invalid_money");
        assert!(Money::new(Money::MAX_MINOR, currency.clone()).is_ok());
        assert_eq!(Money::new(Money::MAX_MINOR + 1, currency).expect_err("large").code, "amount_too_large");
    }

    #[test]
    fn currencies_are_those_of_iso_4217() {
        for text in ["gbp", "XXY", "", "POUND"] {
            assert_eq!(CurrencyCode::parse(text).expect_err(text).code, "invalid_currency");
        }
    }

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let of =
            |minor, currency| Money::new(minor, CurrencyCode::parse(currency).expect("a currency")).expect("an amount");
        assert_eq!(
            [of(1299, "GBP"), of(5, "EUR"), of(1299, "JPY"), of(1299, "BHD")].map(|money| money.to_string()),
            ["GBP 12.99", "EUR 0.05", "JPY 1299", "BHD 1.299"]
        );
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Money::new(1, CurrencyCode::parse("EUR").expect("a currency")).expect("an amount");
        assert_eq!(gbp(1).plus(&euro).expect_err("mixed").code, "invalid_currency");
    }

    proptest! {
        #[test]
        fn arithmetic_is_exact_or_refused(a in 0..=Money::MAX_MINOR, b in 0..=Money::MAX_MINOR, n in 1..=Quantity::MAX) {
            let exact = i128::from(a) * i128::from(n);
            match gbp(a).times(Quantity::new(n).expect("in range")) {
                Ok(product) => prop_assert_eq!(i128::from(product.amount_minor()), exact),
                Err(violation) => {
                    prop_assert_eq!(violation.code, "amount_too_large");
                    prop_assert!(exact > i128::from(Money::MAX_MINOR));
                }
            }
            match gbp(a).plus(&gbp(b)) {
                Ok(sum) => prop_assert_eq!(sum.amount_minor(), a + b),
                Err(_) => prop_assert!(a + b > Money::MAX_MINOR),
            }
        }
    }
}
