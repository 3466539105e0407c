//! `GET /api/v1/shipping-methods`: the shop's shipping methods. For everybody.

use crate::Pricing;
use axum::extract::State;
use serde::Serialize;
use souk_domain::{MethodCode, PricingRule, RuleKind, ShippingMethod};
use souk_lambda::{ApiError, Envelope, MaybeCaller, MaybeCallerFailures, QueryFailures, Reply, router};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A way to send orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedShippingMethod {
    /// Its name in requests.
    code: MethodCode,
    /// What it says.
    #[serde(flatten)]
    #[schema(schema_with = crate::open_schema::<ShippingMethod>)]
    rule: ShippingMethod,
}

/// List shipping methods
///
/// All of them, by name.
#[utoipa::path(
    get,
    path = "/api/v1/shipping-methods",
    tag = "pricing",
    security((), ("token" = [])),
    responses(
        (status = 200, description = "All of them", body = Envelope<Vec<ListedShippingMethod>>),
        QueryFailures, MaybeCallerFailures,
    ),
)]
async fn list_shipping_methods(
    State(shop): State<Pricing>,
    _caller: MaybeCaller,
) -> Result<Reply<Vec<ListedShippingMethod>>, ApiError> {
    let rules = shop.pricing.rules(RuleKind::ShippingMethod).await?;
    let listed = rules.into_iter().filter_map(|rule| match rule {
        (PricingRule::ShippingMethod { code, rule }, _) => Some(ListedShippingMethod { code, rule }),
        _ => None,
    });
    Ok(Reply::ok(listed.collect()))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(list_shipping_methods)
}
