use crate::{CountryCode, CurrencyCode, Money, ProductName, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a shipping method is called in requests, such as `standard`: 1 to 40 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9-]{1,40}$", example = "standard")]
pub struct MethodCode(String);
text_value!(MethodCode);

impl MethodCode {
    /// Checks the code.
    ///
    /// # Errors
    /// `invalid_pricing`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match (1..=40).contains(&text.len()) && text.bytes().all(is_fine) {
            true => Ok(Self(text.to_owned())),
            false => Err(Violation::new("invalid_pricing", "a method's code is 1 to 40 of a-z, 0-9 and -")),
        }
    }
}

/// What the price of shipping goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShippingBasis {
    /// Nothing: one price for every order.
    Flat,
    /// The weight of the order, in grams.
    Weight,
    /// The price of the goods after discounts, in minor units.
    Price,
}

/// A step of a price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingTier {
    /// From this weight or price on; the first step begins at 0.
    #[schema(minimum = 0, example = 0)]
    pub from: i64,
    /// Minor units.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 395)]
    pub price_minor: i64,
}

/// A way to send an order, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingMethod {
    /// For the buyer.
    pub name: ProductName,
    /// Where it goes; everywhere when empty.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub countries: Vec<CountryCode>,
    /// Of its prices; it is for orders in this currency.
    pub currency: CurrencyCode,
    /// What its price goes by.
    pub basis: ShippingBasis,
    /// The price list, rising.
    #[schema(min_items = 1, max_items = 50)]
    pub tiers: Vec<ShippingTier>,
}

impl ShippingMethod {
    /// Checks the price list.
    ///
    /// # Errors
    /// `invalid_pricing`
    pub fn check(&self) -> Result<(), Violation> {
        let rises = self.tiers.windows(2).all(|pair| pair[0].from < pair[1].from);
        let begins = self.tiers.first().is_some_and(|tier| tier.from == 0);
        let fits = self.tiers.iter().all(|tier| (0..=Money::MAX_MINOR).contains(&tier.price_minor));
        let is_flat = self.basis != ShippingBasis::Flat || self.tiers.len() == 1;
        match begins && rises && fits && is_flat && self.tiers.len() <= 50 && self.countries.len() <= 300 {
            true => Ok(()),
            false => {
                let text = "a price list has 1 to 50 tiers that rise from 0, a flat one has one";
                Err(Violation::new("invalid_pricing", text))
            }
        }
    }

    /// Whether an order in `currency` can go to `country` this way.
    pub fn goes_to(&self, country: &CountryCode, currency: &CurrencyCode) -> bool {
        self.currency == *currency && (self.countries.is_empty() || self.countries.contains(country))
    }

    /// Minor units, for goods of this weight in grams and price in minor units.
    pub(crate) fn price(&self, grams: i64, price_minor: i64) -> i64 {
        let measure = match self.basis {
            ShippingBasis::Flat => 0,
            ShippingBasis::Weight => grams,
            ShippingBasis::Price => price_minor,
        };
        self.tiers.iter().rfind(|tier| tier.from <= measure).map_or(0, |tier| tier.price_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(basis: ShippingBasis, tiers: &[(i64, i64)]) -> ShippingMethod {
        ShippingMethod {
            name: ProductName::parse("Post").expect("a name"),
            countries: vec![CountryCode::parse("GB").expect("a country")],
            currency: CurrencyCode::parse("GBP").expect("a currency"),
            basis,
            tiers: tiers
                .iter()
                .map(|(from, price_minor)| ShippingTier { from: *from, price_minor: *price_minor })
                .collect(),
        }
    }

    #[test]
    fn the_price_is_that_of_the_last_step_reached() {
        let by_weight = method(ShippingBasis::Weight, &[(0, 399), (1000, 599), (5000, 999)]);
        assert_eq!(
            [0, 999, 1000, 4999, 5000, 90_000].map(|grams| by_weight.price(grams, 1)),
            [399, 399, 599, 599, 999, 999]
        );
        let free_above = method(ShippingBasis::Price, &[(0, 399), (5000, 0)]);
        assert_eq!([free_above.price(1, 4999), free_above.price(1, 5000)], [399, 0]);
    }

    #[test]
    fn a_price_list_rises_from_nothing() {
        assert!(method(ShippingBasis::Flat, &[(0, 1)]).check().is_ok());
        let lists: [(ShippingBasis, &[(i64, i64)]); 5] = [
            (ShippingBasis::Flat, &[(0, 1), (1, 1)]),
            (ShippingBasis::Weight, &[]),
            (ShippingBasis::Weight, &[(1, 1)]),
            (ShippingBasis::Weight, &[(0, 1), (0, 2)]),
            (ShippingBasis::Price, &[(0, -1)]),
        ];
        for (basis, tiers) in lists {
            assert_eq!(method(basis, tiers).check().expect_err("refused").code, "invalid_pricing");
        }
    }

    #[test]
    fn a_method_is_for_its_countries_and_its_currency() {
        let code = |text| CountryCode::parse(text).expect("a country");
        let (pound, euro) = ("GBP".parse().expect("a currency"), "EUR".parse().expect("a currency"));
        let method = method(ShippingBasis::Flat, &[(0, 1)]);
        assert!(method.goes_to(&code("GB"), &pound));
        assert!(!method.goes_to(&code("FR"), &pound) && !method.goes_to(&code("GB"), &euro));
        assert!(ShippingMethod { countries: Vec::new(), ..method }.goes_to(&code("FR"), &pound));
    }
}
