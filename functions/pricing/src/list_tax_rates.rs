//! `GET /api/v1/tax-rates`: the shop's tax rates. For staff.

use crate::Pricing;
use axum::extract::State;
use serde::Serialize;
use souk_domain::{PricingRule, RuleKind, TaxRate, TaxRegion};
use souk_lambda::{ApiError, Envelope, QueryFailures, Reply, Staff, StaffFailures, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The tax of a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedTaxRate {
    /// Its name in requests.
    code: TaxRegion,
    /// What it says.
    #[serde(flatten)]
    #[schema(schema_with = crate::open_schema::<TaxRate>)]
    rule: TaxRate,
}

/// List tax rates
///
/// All of them, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tax-rates",
    tag = "pricing",
    security(("token" = [])),
    responses(
        (status = 200, description = "All of them", body = Envelope<Vec<ListedTaxRate>>),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_tax_rates(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
) -> Result<Reply<Vec<ListedTaxRate>>, ApiError> {
    let rules = shop.pricing.rules(RuleKind::TaxRate).await?;
    let listed = rules.into_iter().filter_map(|rule| match rule {
        (PricingRule::TaxRate { code, rule }, _) => Some(ListedTaxRate { code, rule }),
        _ => None,
    });
    Ok(Reply::ok(listed.collect()))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(list_tax_rates)
}
