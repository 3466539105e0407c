//! What an order costs: the shop's rules for tax, shipping and coupons, and how they make a quote of a wish.

mod coupon;
mod quote;
mod rounding;
mod rule;
mod shipping;
mod tax;

pub use coupon::{Coupon, CouponCode, CouponUse, Discount};
pub use quote::{Quote, QuotedLine, Terms};
pub(crate) use rounding::portion;
pub use rule::{PricingRule, RuleKind};
pub use shipping::{MethodCode, ShippingBasis, ShippingMethod, ShippingTier};
pub use tax::{TaxRate, TaxRegion};
