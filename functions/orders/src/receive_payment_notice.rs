//! `POST /api/v1/payment-notices`: a payment provider tells that something became of a payment. For the provider, whose signature says so.

use crate::Payments;
use axum::extract::State;
use axum::http::HeaderMap;
use souk_domain::{Cause, Error};
use souk_lambda::{ApiError, Done, Failure, QueryFailures, Raw, Reply, RequestContext, router};
use utoipa_axum::router::OpenApiRouter;

/// Receive a notice of a payment provider
///
/// Whatever a notice says, the provider is asked how the payment is now, so notices may come late, twice and in any order. 503 asks the
/// provider to send it again.
#[utoipa::path(
    post,
    path = "/api/v1/payment-notices",
    tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`: when, and HMAC-SHA256 of that moment and the body")),
    request_body(
        content = Object, content_type = "application/json", description = "An event of the provider",
        example = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": { "id": "pi_3OaB2c" } } }),
    ),
    responses(
        (status = 200, description = "Taken", body = Done),
        (status = 400, description = "`invalid_signature`", body = Failure),
        QueryFailures,
    ),
)]
async fn receive_payment_notice(
    State(shop): State<Payments>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Reply<()>, ApiError> {
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = souk_domain::now();
    let notice = shop.settlement.provider().notice(signature, &body, now);
    let notice = notice.map_err(|error| match error {
        Error::Invalid(violation) => ApiError::of_query(violation),
        error => error.into(),
    })?;
    let Some(reference) = notice else { return Ok(Reply::ok(())) };
    let RequestContext { request_id, correlation_id } = RequestContext::current();
    let cause = Cause { at: now, request_id, correlation_id, claim: None };
    let Some(seen) = shop.settlement.provider().payment_by_reference(&reference).await? else {
        return Ok(Reply::ok(()));
    };
    let order = seen.order_id;
    match shop.settlement.observe(seen, &cause).await {
        Ok(order) => shop.settlement.settle(order, &cause).await.map(|_| Reply::ok(())).map_err(ApiError::from),
        // Of another shop that shares the provider's account: sending it again would not help.
        Err(Error::NotFound(what)) => {
            tracing::warn!(%order, what, "a notice about a payment that is not the shop's");
            Ok(Reply::ok(()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(receive_payment_notice)
}
