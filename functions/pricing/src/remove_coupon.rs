//! `DELETE /api/v1/coupons/{code}`: a coupon goes. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{CouponCode, RuleKind};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Done, Failure, NoBody, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Remove a coupon
///
/// Orders keep what they were placed with. Once it is gone, doing so again changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/coupons/{code}",
    tag = "pricing",
    security(("token" = [])),
    params(("code" = CouponCode, Path), CommandHeaders),
    responses(
        (status = 200, description = "It is gone", body = Done),
        (status = 400, description = "`invalid_pricing`, `invalid_query`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn remove_coupon(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<CouponCode>,
    NoBody(cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    Ok(Reply::committed(shop.pricing.remove_rule(RuleKind::Coupon, code.as_str(), &cause).await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(remove_coupon)
}
