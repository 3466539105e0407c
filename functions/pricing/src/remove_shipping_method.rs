//! `DELETE /api/v1/shipping-methods/{code}`: a way to send orders goes. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{MethodCode, RuleKind};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Done, Failure, NoBody, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Remove a shipping method
///
/// Orders keep what they were placed with. Once it is gone, doing so again changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/shipping-methods/{code}",
    tag = "pricing",
    security(("token" = [])),
    params(("code" = MethodCode, Path), CommandHeaders),
    responses(
        (status = 200, description = "It is gone", body = Done),
        (status = 400, description = "`invalid_pricing`, `invalid_query`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn remove_shipping_method(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<MethodCode>,
    NoBody(cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    Ok(Reply::committed(shop.pricing.remove_rule(RuleKind::ShippingMethod, code.as_str(), &cause).await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(remove_shipping_method)
}
