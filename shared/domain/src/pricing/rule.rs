use super::{Coupon, CouponCode, MethodCode, ShippingMethod, TaxRate, TaxRegion};
use serde::{Deserialize, Serialize};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// [`TaxRate`] by [`TaxRegion`].
    TaxRate,
    /// [`ShippingMethod`] by [`MethodCode`].
    ShippingMethod,
    /// [`Coupon`] by [`CouponCode`].
    Coupon,
}

impl RuleKind {
    /// The word that stands for the kind in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleKind::TaxRate => "tax_rate",
            RuleKind::ShippingMethod => "shipping_method",
            RuleKind::Coupon => "coupon",
        }
    }
}

/// One of the shop's rules of what an order costs, under its name. A store keeps it as the JSON document that this makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PricingRule {
    /// The tax of a region.
    TaxRate {
        /// Where.
        code: TaxRegion,
        /// How much.
        rule: TaxRate,
    },
    /// A way to send an order.
    ShippingMethod {
        /// Its name in requests.
        code: MethodCode,
        /// Where to and for how much.
        rule: ShippingMethod,
    },
    /// A coupon.
    Coupon {
        /// What a buyer types.
        code: CouponCode,
        /// What it takes off, and when.
        rule: Coupon,
    },
}

impl PricingRule {
    /// What it is about.
    pub fn kind(&self) -> RuleKind {
        match self {
            PricingRule::TaxRate { .. } => RuleKind::TaxRate,
            PricingRule::ShippingMethod { .. } => RuleKind::ShippingMethod,
            PricingRule::Coupon { .. } => RuleKind::Coupon,
        }
    }

    /// Its name among those of its kind.
    pub fn code(&self) -> String {
        match self {
            PricingRule::TaxRate { code, .. } => code.to_string(),
            PricingRule::ShippingMethod { code, .. } => code.to_string(),
            PricingRule::Coupon { code, .. } => code.to_string(),
        }
    }

    /// How many orders may use it, of everybody and of one customer; for coupons.
    pub fn limits(&self) -> (Option<u32>, Option<u32>) {
        match self {
            PricingRule::Coupon { rule, .. } => (rule.max_uses, rule.max_uses_per_customer),
            _ => (None, None),
        }
    }
}
