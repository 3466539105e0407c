//! `GET /api/v1/coupons`: the shop's coupons. For staff.

use crate::Pricing;
use axum::extract::State;
use serde::Serialize;
use souk_domain::{Coupon, CouponCode, PricingRule, RuleKind};
use souk_lambda::{ApiError, Envelope, QueryFailures, Reply, Staff, StaffFailures, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A coupon.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedCoupon {
    /// Its name in requests.
    code: CouponCode,
    /// What it says.
    #[serde(flatten)]
    #[schema(schema_with = crate::open_schema::<Coupon>)]
    rule: Coupon,
    /// How many orders use it.
    #[schema(example = 17)]
    uses: i64,
}

/// List coupons
///
/// All of them, by name.
#[utoipa::path(
    get,
    path = "/api/v1/coupons",
    tag = "pricing",
    security(("token" = [])),
    responses(
        (status = 200, description = "All of them", body = Envelope<Vec<ListedCoupon>>),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_coupons(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
) -> Result<Reply<Vec<ListedCoupon>>, ApiError> {
    let rules = shop.pricing.rules(RuleKind::Coupon).await?;
    let listed = rules.into_iter().filter_map(|rule| match rule {
        (PricingRule::Coupon { code, rule }, uses) => Some(ListedCoupon { code, rule, uses }),
        _ => None,
    });
    Ok(Reply::ok(listed.collect()))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(list_coupons)
}
