//! `PUT /api/v1/tax-rates/{region}`: makes or replaces the tax of a region. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{PricingRule, TaxRate, TaxRegion};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Save a tax rate
///
/// Makes it, or replaces the one that is there. Orders keep what they were placed with. `invalid_pricing` says what is wrong with it.
#[utoipa::path(
    put,
    path = "/api/v1/tax-rates/{region}",
    tag = "pricing",
    security(("token" = [])),
    params(("region" = TaxRegion, Path), CommandHeaders),
    request_body(content = TaxRate, example = json!({ "basisPoints": 2000, "isIncluded": true })),
    responses(
        (status = 200, description = "As it is now", body = Envelope<TaxRate>),
        (status = 400, description = "`invalid_country`, `invalid_query`", body = Failure),
        (status = 422, description = "`invalid_pricing`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn save_tax_rate(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<TaxRegion>,
    Command(rule, cause): Command<TaxRate>,
) -> Result<Reply<TaxRate>, ApiError> {
    rule.check()?;
    let saved = shop.pricing.save_rule(PricingRule::TaxRate { code, rule: rule.clone() }, &cause).await?;
    Ok(Reply::committed(saved.map(|_| rule)))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(save_tax_rate)
}
