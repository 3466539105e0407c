//! Rules of what an order costs, to test with.

use crate::sales::country;
use crate::shop::{Shop, cause, product_name};
use souk_domain::{
    Coupon, CouponCode, CurrencyCode, Discount, NewOrder, PricingRule, RuleKind, ShippingBasis, ShippingMethod,
    ShippingTier, TaxRate,
};

impl Shop {
    pub(crate) async fn save(&self, rule: PricingRule) {
        let saved = self.store.save_rule(rule.clone(), &cause()).await.expect("a rule");
        assert_eq!((saved.value, saved.replayed), (rule, None));
        assert!(saved.events.is_empty());
    }

    pub(crate) async fn remove(&self, kind: RuleKind, code: &str) {
        let removed = self.store.remove_rule(kind, code, &cause()).await.expect("a removal");
        assert!(removed.events.is_empty() && removed.replayed.is_none());
    }

    /// How many orders use a coupon.
    pub(crate) async fn uses(&self, code: &str) -> i64 {
        let rules = self.store.rules(RuleKind::Coupon).await.expect("coupons");
        rules.into_iter().find(|(rule, _)| rule.code() == code).expect("a coupon").1
    }
}

pub(crate) fn tax(region: &str, basis_points: u32, is_included: bool) -> PricingRule {
    PricingRule::TaxRate { code: region.parse().expect("a region"), rule: TaxRate { basis_points, is_included } }
}

/// A way to send orders in pounds.
pub(crate) fn method(code: &str, basis: ShippingBasis, countries: &[&str], tiers: &[(i64, i64)]) -> PricingRule {
    let tier = |(from, price_minor): &(i64, i64)| ShippingTier { from: *from, price_minor: *price_minor };
    let rule = ShippingMethod {
        name: product_name(&format!("Pošta {code} 𠮷😀")),
        countries: countries.iter().map(|code| country(code)).collect(),
        currency: CurrencyCode::parse("GBP").expect("a currency"),
        basis,
        tiers: tiers.iter().map(tier).collect(),
    };
    PricingRule::ShippingMethod { code: code.parse().expect("a code"), rule }
}

/// A coupon with limits of its use, by everybody and by one customer.
pub(crate) fn coupon(code: &str, discount: Discount, max_uses: Option<u32>, of_one: Option<u32>) -> PricingRule {
    let rule = Coupon {
        discount,
        minimum_order: None,
        valid_from: None,
        valid_until: None,
        max_uses,
        max_uses_per_customer: of_one,
    };
    PricingRule::Coupon { code: code.parse().expect("a code"), rule }
}

/// Ten percent off.
pub(crate) fn tenth(code: &str, max_uses: Option<u32>, of_one: Option<u32>) -> PricingRule {
    coupon(code, Discount::Percent { basis_points: 1000 }, max_uses, of_one)
}

/// The same wish with a coupon.
pub(crate) fn with(mut new: NewOrder, code: &str) -> NewOrder {
    new.coupon = Some(CouponCode::parse(code).expect("a code"));
    new
}

/// The same wish, sent that way.
pub(crate) fn by(mut new: NewOrder, method: &str) -> NewOrder {
    new.shipping_method = Some(method.parse().expect("a code"));
    new
}
