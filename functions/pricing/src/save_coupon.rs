//! `PUT /api/v1/coupons/{code}`: makes or replaces a coupon. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{Coupon, CouponCode, PricingRule};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Save a coupon
///
/// Makes it, or replaces the one that is there. Orders keep what they were placed with. `invalid_pricing` says what is wrong with it.
#[utoipa::path(
    put,
    path = "/api/v1/coupons/{code}",
    tag = "pricing",
    security(("token" = [])),
    params(("code" = CouponCode, Path), CommandHeaders),
    request_body(
        content = Coupon,
        example = json!({
            "discount": { "kind": "percent", "basisPoints": 1000 },
            "minimumOrder": { "amountMinor": 2000, "currency": "GBP" },
            "maxUses": 100,
            "maxUsesPerCustomer": 1,
        }),
    ),
    responses(
        (status = 200, description = "As it is now", body = Envelope<Coupon>),
        (status = 400, description = "`invalid_pricing`, `invalid_query`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_currency`, `invalid_money`, `invalid_pricing`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn save_coupon(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<CouponCode>,
    Command(rule, cause): Command<Coupon>,
) -> Result<Reply<Coupon>, ApiError> {
    rule.check()?;
    let saved = shop.pricing.save_rule(PricingRule::Coupon { code, rule: rule.clone() }, &cause).await?;
    Ok(Reply::committed(saved.map(|_| rule)))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(save_coupon)
}
