//! `POST /api/v1/orders/{id}/payments`: a buyer pays. For the order's owner.

use crate::Payments;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use souk_domain::realtime::Identity;
use souk_domain::{Cause, Committed, Error, Order, OrderId, PaymentMethod, PaymentStatus};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// How to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayRequest {
    /// The provider's name for a way to pay.
    payment_method: PaymentMethod,
}

/// Pay an order
///
/// 200 once the money moved, or is held. 202 when that is not known yet: the buyer must open `payments[].actionUrl` (status
/// `action_required`), or the provider has not answered; what comes of it is told on the order's topics. 402 `payment_declined` when the
/// provider will not take it; another method may be tried. An order that is paid answers the same again, whoever paid it in which tab;
/// `payment_in_progress` while another payment may bring the money: the provider is asked first, so that a buyer who comes back from a
/// challenge may ask here; `too_many_payments` after ten.
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
        (status = 409, description = "`order_status`, `payment_in_progress`, `too_many_payments`", body = Failure),
        (status = 422, description = "`invalid_payment_method`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn pay_order(
    State(shop): State<Payments>,
    Caller(caller): Caller,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<PayRequest>,
) -> Result<Reply<Order>, ApiError> {
    let (mut committed, begun) = match shop.settlement.begin(id, caller.id, &cause).await {
        // The buyer may be back from the very challenge that this waits for.
        Err(Error::Conflict { code: "payment_in_progress", .. }) => {
            return in_progress(&shop, id, caller, &cause).await;
        }
        begun => begun?,
    };
    if let Some(payment) = begun {
        // A repetition goes on with the payment that it began the first time, whether or not the provider has heard of it.
        committed.value = shop.settlement.charge(committed.value, payment, request.payment_method, &cause).await?;
    }
    let order = &committed.value;
    let of_this = order.payments.iter().find(|payment| Some(payment.id) == begun);
    match of_this.filter(|payment| payment.status == PaymentStatus::Failed) {
        _ if order.is_paid() => Ok(crate::reply(caller, committed)),
        Some(payment) => Err(ApiError::payment_declined(payment.failure.as_deref().unwrap_or_default())),
        None if order.ended.is_some() => Err(Error::ORDER_STATUS.into()),
        None => Ok(crate::reply(caller, committed).status(StatusCode::ACCEPTED)),
    }
}

/// Asks the provider about the payment that is under way.
async fn in_progress(shop: &Payments, id: OrderId, caller: Identity, cause: &Cause) -> Result<Reply<Order>, ApiError> {
    let order = shop.orders.order(id, Some(caller.id)).await?;
    let order = shop.settlement.look_at_all(order, cause).await?;
    match order.is_paid() {
        true => Ok(crate::reply(caller, Committed::first(order, Vec::new()))),
        false => Err(Error::PAYMENT_IN_PROGRESS.into()),
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Payments> {
    router!(pay_order)
}
