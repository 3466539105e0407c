//! `POST /api/v1/orders/{id}/payments`: a buyer pays. For the order's owner.

use crate::Payments;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use souk_domain::{CaptureMode, Order, OrderId, PaymentId, PaymentMethod, PaymentStatus};
use souk_lambda::{
    ApiError, Caller, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId, QueryFailures, Reply,
    SecuredFailures,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayRequest {
    /// The provider's name for a way to pay.
    payment_method: PaymentMethod,
    /// Whether the money moves now.
    #[serde(default)]
    capture: CaptureMode,
}

/// Pay an order
///
/// 200 once the money moved, or is held. 202 when that is not known yet: the buyer must open `payments[].actionUrl` (status
/// `action_required`), or the provider has not answered; what comes of it is told on the order's topics. 402 `payment_declined` when the
/// provider will not take it; another method may be tried. An order that is paid answers the same again, whoever paid it in which tab;
/// `payment_in_progress` while another payment may bring the money.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/payments",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(content = PayRequest, example = json!({ "paymentMethod": "pm_card_visa" })),
    responses(
        (status = 200, description = "The order is paid", body = Envelope<Order>),
        (status = 202, description = "It is not known yet", body = Envelope<Order>),
        (status = 402, description = "`payment_declined`, with the provider's word for why in `details`", body = Failure),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, SecuredFailures,
    ),
)]
async fn pay_order(
    State(shop): State<Payments>,
    Caller(caller): Caller,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<PayRequest>,
) -> Result<Reply<Order>, ApiError> {
    let PayRequest { payment_method, capture } = request;
    let (new, provider) = (PaymentId::new(), shop.settlement.provider().name());
    let started = shop.settlement.change(id, Some(caller.id), &cause, move |order, cause| {
        order.start_payment(new, provider, capture, caller.id, cause)
    });
    let mut committed = started.await?;
    // A repetition goes on with the payment that the first run began, whether or not the provider has heard of it.
    if let Some(payment) = committed.value.payments.last().map(|payment| payment.id) {
        committed.value = shop.settlement.charge(committed.value, payment, payment_method, &cause).await?;
    }
    let declined = committed.value.payments.last().filter(|payment| payment.status == PaymentStatus::Failed);
    match declined {
        Some(payment) if !committed.value.is_paid() => {
            let code = payment.failure.clone().unwrap_or_default();
            Err(ApiError::payment_declined(&code))
        }
        _ if committed.value.is_paid() => Ok(crate::reply(caller, committed)),
        _ => Ok(crate::reply(caller, committed).status(StatusCode::ACCEPTED)),
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    OpenApiRouter::new().routes(routes!(pay_order))
}
