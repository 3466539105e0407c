//! `POST /api/v1/orders/quote`: what an order would cost. For everybody.

use crate::Orders;
use crate::wish::OrderRequest;
use axum::extract::State;
use serde::Serialize;
use souk_domain::Cause;
use souk_domain::ports::Offer;
use souk_domain::{ChosenShipping, CustomerId, Error, OrderLine, OrderTotals, Quote, TaxRate};
use souk_lambda::{
    ApiError, Command, CommandFailures, Envelope, Failure, MaybeCaller, MaybeCallerFailures, QueryFailures, Reply,
    router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What an order would cost at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderQuote {
    /// One for each product.
    lines: Vec<OrderLine>,
    /// The sums; send `grandTotal` back as `agreedTotal`.
    totals: OrderTotals,
    /// The tax that is in them.
    tax: TaxRate,
    /// How it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<ChosenShipping>,
}

/// Quote an order
///
/// Answers and refuses as placing the order would, and reserves nothing.
#[utoipa::path(
    post,
    path = "/api/v1/orders/quote",
    tag = "orders",
    security((), ("token" = [])),
    request_body(
        content = OrderRequest,
        example = json!({
            "lines": [{ "productId": "018b070d-6400-76c2-b5e0-9d17f48a32c6", "quantity": 2 }],
            "shippingAddress": { "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postalCode": "SW1Y 4JH", "country": "GB" },
            "shippingMethod": "standard",
            "coupon": "SPRING-10",
        }),
    ),
    responses(
        (status = 200, description = "What it costs", body = Envelope<OrderQuote>),
        (status = 409, description = "`coupon_invalid`, `coupon_minimum`, `coupon_used_up`, `insufficient_stock`, \
            `product_discontinued`, `shipping_method_required`, `shipping_method_unavailable`, `total_changed`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_address`, `invalid_country`, `invalid_currency`, \
            `invalid_id`, `invalid_money`, `invalid_name`, `invalid_pricing`, `invalid_quantity`, `unknown_product`", body = Failure),
        CommandFailures, QueryFailures, MaybeCallerFailures,
    ),
)]
async fn quote_order(
    State(shop): State<Orders>,
    caller: MaybeCaller,
    Command(request, cause): Command<OrderRequest>,
) -> Result<Reply<OrderQuote>, ApiError> {
    // Somebody new has used no coupon.
    let new = request.of(caller.id().unwrap_or_else(CustomerId::new))?;
    let cause = Cause { claim: None, ..cause };
    let terms = match shop.orders.terms(&new, &cause).await? {
        Offer::Terms(terms) => terms,
        Offer::Made(_) => return Err(Error::Internal("a quote was kept".to_owned()).into()),
    };
    let Quote { lines, totals, tax, shipping, .. } = Quote::new(new, &terms, cause.at)?;
    let lines = lines.into_iter().map(|line| line.line).collect();
    Ok(Reply::ok(OrderQuote { lines, totals, tax, shipping }))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(quote_order)
}
