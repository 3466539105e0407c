//! `PUT /api/v1/shipping-methods/{code}`: makes or replaces a way to send orders. For staff.

use crate::Pricing;
use axum::extract::State;
use souk_domain::{MethodCode, PricingRule, ShippingMethod};
use souk_lambda::{
    ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathValue, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Save a shipping method
///
/// Makes it, or replaces the one that is there. Orders keep what they were placed with. `invalid_pricing` says what is wrong with it.
#[utoipa::path(
    put,
    path = "/api/v1/shipping-methods/{code}",
    tag = "pricing",
    security(("token" = [])),
    params(("code" = MethodCode, Path), CommandHeaders),
    request_body(
        content = ShippingMethod,
        example = json!({
            "name": "Standard post",
            "countries": ["GB"],
            "currency": "GBP",
            "basis": "weight",
            "tiers": [{ "from": 0, "priceMinor": 399 }, { "from": 2000, "priceMinor": 699 }],
        }),
    ),
    responses(
        (status = 200, description = "As it is now", body = Envelope<ShippingMethod>),
        (status = 400, description = "`invalid_pricing`, `invalid_query`", body = Failure),
        (status = 422, description = "`invalid_country`, `invalid_currency`, `invalid_name`, `invalid_pricing`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn save_shipping_method(
    State(shop): State<Pricing>,
    Staff(_caller): Staff,
    PathValue(code): PathValue<MethodCode>,
    Command(rule, cause): Command<ShippingMethod>,
) -> Result<Reply<ShippingMethod>, ApiError> {
    rule.check()?;
    let saved = shop.pricing.save_rule(PricingRule::ShippingMethod { code, rule: rule.clone() }, &cause).await?;
    Ok(Reply::committed(saved.map(|_| rule)))
}

/// The function.
pub fn router() -> OpenApiRouter<Pricing> {
    router!(save_shipping_method)
}
