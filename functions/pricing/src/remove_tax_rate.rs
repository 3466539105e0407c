//! `DELETE /api/v1/tax-rates/{region}`: the tax of a region goes. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{RuleKind, TaxRegion};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Done, Failure, NoBody, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Remove a tax rate
///
/// Orders keep what they were placed with. Once it is gone, doing so again changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/tax-rates/{region}",
    tag = "pricing",
    security(("token" = [])),
    params(("region" = TaxRegion, Path), CommandHeaders),
    responses(
        (status = 200, description = "It is gone", body = Done),
        (status = 400, description = "`invalid_country`, `invalid_query`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn remove_tax_rate(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<TaxRegion>,
    NoBody(cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    Ok(Reply::committed(shop.pricing.remove_rule(RuleKind::TaxRate, code.as_str(), &cause).await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(remove_tax_rate)
}
