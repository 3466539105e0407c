use super::rounding::share;
use crate::text::trimmed;
use crate::{DateTime, Error, Money, Result, Violation, violation::text_value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a buyer types: 3 to 40 letters, digits and `-`, in capitals.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 3, max_length = 40, pattern = r"^\s*[A-Za-z0-9-]+\s*$", example = "SPRING-10")]
pub struct CouponCode(String);
text_value!(CouponCode);

impl CouponCode {
    /// Trims the code and makes it capitals.
    ///
    /// # Errors
    /// `invalid_pricing`
    pub fn parse(text: &str) -> std::result::Result<Self, Violation> {
        let is_code = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match trimmed(text, 3..=40).filter(is_code) {
            Some(text) => Ok(Self(text.to_ascii_uppercase())),
            None => Err(Violation::new("invalid_pricing", "a coupon's code is 3 to 40 letters, digits and -")),
        }
    }
}

/// What a coupon takes off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Discount {
    /// A share of the price of the goods.
    Percent {
        /// Hundredths of a percent: 1000 is 10 %.
        // By name: the OpenAPI document does not know of `rename_all_fields`.
        #[serde(rename = "basisPoints")]
        #[schema(minimum = 1, maximum = 10_000, example = 1000)]
        basis_points: u32,
    },
    /// An amount, at most the price of the goods.
    Amount {
        /// How much; for orders in its currency.
        amount: Money,
    },
    /// The price of shipping.
    FreeShipping,
}

/// A promise to take something off an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coupon {
    /// What.
    pub discount: Discount,
    /// For orders whose goods cost at least this much, in its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_order: Option<Money>,
    /// From when on, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime>,
    /// Until when, UTC; not at that moment any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime>,
    /// How many orders may use it; one that was cancelled or expired does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 100)]
    pub max_uses: Option<u32>,
    /// How many orders of one customer may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 1)]
    pub max_uses_per_customer: Option<u32>,
}

/// How often a coupon was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CouponUse {
    /// By everybody.
    pub total: i64,
    /// By the customer in question.
    pub by_customer: i64,
}

impl Coupon {
    /// Checks the promise.
    ///
    /// # Errors
    /// `invalid_pricing`
    pub fn check(&self) -> std::result::Result<(), Violation> {
        let is_share =
            !matches!(self.discount, Discount::Percent { basis_points } if !(1..=10_000).contains(&basis_points));
        let is_amount = !matches!(&self.discount, Discount::Amount { amount } if amount.amount_minor() == 0);
        let lasts = self.valid_from.zip(self.valid_until).is_none_or(|(from, until)| from < until);
        let is_usable = self.max_uses != Some(0) && self.max_uses_per_customer != Some(0);
        match is_share && is_amount && lasts && is_usable {
            true => Ok(()),
            false => Err(Violation::new(
                "invalid_pricing",
                "a coupon takes off 1 to 10000 basis points or a positive amount, ends after it begins and may be used at least once",
            )),
        }
    }

    /// Whether an order of goods at this price may use the coupon now.
    pub(crate) fn allows(&self, goods: &Money, used: CouponUse, now: DateTime) -> Result<()> {
        let has_begun = self.valid_from.is_none_or(|from| from <= now);
        let has_ended = self.valid_until.is_some_and(|until| until <= now);
        let is_for_currency =
            !matches!(&self.discount, Discount::Amount { amount } if amount.currency() != goods.currency());
        if !has_begun || has_ended || !is_for_currency {
            return Err(Error::COUPON_INVALID);
        }
        let reaches =
            |minimum: &Money| minimum.currency() == goods.currency() && minimum.amount_minor() <= goods.amount_minor();
        if !self.minimum_order.as_ref().is_none_or(reaches) {
            return Err(Error::COUPON_MINIMUM);
        }
        let is_left = |limit: Option<u32>, used: i64| limit.is_none_or(|limit| used < i64::from(limit));
        if !is_left(self.max_uses, used.total) || !is_left(self.max_uses_per_customer, used.by_customer) {
            return Err(Error::COUPON_USED_UP);
        }
        Ok(())
    }

    /// What it takes off goods at this price, in minor units.
    pub(crate) fn off_goods(&self, goods: i64) -> i64 {
        match &self.discount {
            Discount::Percent { basis_points } => share(goods, *basis_points, 10_000),
            Discount::Amount { amount } => amount.amount_minor().min(goods),
            Discount::FreeShipping => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, "GBP".parse().expect("a currency")).expect("an amount")
    }

    fn coupon(discount: Discount) -> Coupon {
        Coupon {
            discount,
            minimum_order: None,
            valid_from: None,
            valid_until: None,
            max_uses: None,
            max_uses_per_customer: None,
        }
    }

    fn code(result: Result<()>) -> &'static str {
        match result {
            Err(Error::Conflict { code, .. }) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_coupon_takes_off_a_share_or_an_amount_but_never_more_than_there_is() {
        assert_eq!(coupon(Discount::Percent { basis_points: 1250 }).off_goods(999), 125);
        assert_eq!(coupon(Discount::Amount { amount: gbp(500) }).off_goods(499), 499);
        assert_eq!(coupon(Discount::FreeShipping).off_goods(499), 0);
    }

    #[test]
    fn a_coupon_has_its_time_its_minimum_and_its_limits() {
        let now = crate::now();
        let plain = coupon(Discount::Percent { basis_points: 1000 });
        let none = CouponUse::default();
        assert!(plain.allows(&gbp(1), none, now).is_ok());
        let early = Coupon { valid_from: Some(now + Duration::seconds(1)), ..plain.clone() };
        let late = Coupon { valid_until: Some(now), ..plain.clone() };
        let other =
            coupon(Discount::Amount { amount: Money::new(1, "EUR".parse().expect("a currency")).expect("one") });
        for coupon in [early, late, other] {
            assert_eq!(code(coupon.allows(&gbp(1), none, now)), "coupon_invalid");
        }
        let minimum = Coupon { minimum_order: Some(gbp(100)), ..plain.clone() };
        assert_eq!(code(minimum.allows(&gbp(99), none, now)), "coupon_minimum");
        assert!(minimum.allows(&gbp(100), none, now).is_ok());
        let limited = Coupon { max_uses: Some(5), max_uses_per_customer: Some(1), ..plain };
        assert!(limited.allows(&gbp(1), CouponUse { total: 4, by_customer: 0 }, now).is_ok());
        for used in [CouponUse { total: 5, by_customer: 0 }, CouponUse { total: 1, by_customer: 1 }] {
            assert_eq!(code(limited.allows(&gbp(1), used, now)), "coupon_used_up");
        }
    }
}
