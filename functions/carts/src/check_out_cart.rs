//! `POST /api/v1/carts/{id}/checkout`: a cart becomes an order. For its owner; a guest's for whoever logs in and knows it.

use crate::Carts;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use souk_domain::{
    Address, Cart, CartId, Cause, Claim, Committed, CouponCode, CustomerId, Error, MethodCode, Money, NewOrder,
    NewOrderLine, Order, ProductId, Quantity,
};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, ErrorItem, Failure, PathId,
    QueryFailures, Reply, router,
};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What the buyer saw and agrees to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckOutRequest {
    /// Every line of the cart as the buyer saw it.
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<SeenLine>,
    /// Absent for goods that are not sent.
    #[serde(default)]
    shipping_address: Option<Address>,
    /// How it goes there; needed where `/api/v1/shipping-methods` lists a way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shipping_method: Option<MethodCode>,
    /// What takes something off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coupon: Option<CouponCode>,
    /// What the buyer agreed to pay for everything; another total refuses the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreed_total: Option<Money>,
}

/// A line as the buyer saw it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeenLine {
    /// Which product.
    product_id: ProductId,
    /// How many.
    quantity: Quantity,
    /// What one piece cost.
    unit_price: Money,
}

/// Check out
///
/// Places the order when the cart, its prices and the stock are as the buyer saw them. What is not is told line by line, and nothing is
/// ordered: `cart_changed` (another tab was faster), `price_changed`, `insufficient_stock`, `product_discontinued`, and what
/// placing an order is refused for. A cart becomes an order
/// once: a repetition of the same request gets the same order, whatever `Idempotency-Key` says, and another one gets `cart_ordered`.
#[utoipa::path(
    post,
    path = "/api/v1/carts/{id}/checkout",
    tag = "carts",
    security(("token" = [])),
    params(("id" = CartId, Path), CommandHeaders),
    request_body = CheckOutRequest,
    responses(
        (status = 201, description = "The order", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`cart_changed`, `cart_ordered`, `coupon_invalid`, `coupon_minimum`, \
            `coupon_used_up`, `insufficient_stock`, `price_changed`, `product_discontinued`, \
            `shipping_method_required`, `shipping_method_unavailable`, `total_changed`", body = Failure),
        (status = 422, description = "`amount_too_large`, `invalid_address`, `invalid_country`, `invalid_currency`, \
            `invalid_id`, `invalid_money`, `invalid_name`, `invalid_pricing`, `invalid_quantity`, `unknown_product`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn check_out_cart(
    State(shop): State<Carts>,
    Caller(caller): Caller,
    PathId(id): PathId<CartId>,
    Command(request, cause): Command<CheckOutRequest>,
) -> Result<Reply<Order>, ApiError> {
    let (cart, _) = shop.carts.cart(id, Some(caller.id)).await?;
    let is_ordered = cart.order_id.is_some();
    // A cart that became an order is empty: the order's own record tells a repetition from another wish.
    if !is_ordered {
        check_seen(&cart, &request.lines)?;
    }
    let cause = Cause { claim: Some(claim(caller.id, id, &request)), ..cause };
    let committed = match is_ordered {
        true => ordered(&shop, &cart, &request, caller.id).await?,
        false => place(&shop, &cart, caller.id, request, &cause).await?,
    };
    shop.announcer.announce(&committed.events).await;
    if let Err(error) = shop.carts.close_cart(id, committed.value.id).await {
        tracing::warn!(%error, "a cart stays open that became an order; checking it out again finds the order");
    }
    let (id, version) = (committed.value.id, committed.value.version);
    // A repetition may find what staff wrote meanwhile.
    Ok(Reply::committed(committed.map(Order::for_buyer)).created(format!("/api/v1/orders/{id}")).version(version))
}

async fn place(
    shop: &Carts,
    cart: &Cart,
    buyer: CustomerId,
    request: CheckOutRequest,
    cause: &Cause,
) -> Result<Committed<Order>, ApiError> {
    let line = |SeenLine { product_id, quantity, unit_price }| NewOrderLine {
        product_id,
        quantity,
        agreed_price: Some(unit_price),
    };
    let new = NewOrder::new(buyer, request.lines.into_iter().map(line), request.shipping_address);
    let mut new = new.map_err(|violation| ApiError::from(violation).field("lines"))?;
    (new.shipping_method, new.coupon, new.agreed_total) =
        (request.shipping_method, request.coupon, request.agreed_total);
    match shop.orders.buy(new, shop.payment_window, cause).await {
        // The cart was ordered with another request: a moment ago, or earlier, and could not be closed. Then nobody else closes it, and
        // its owner would be given it again and again.
        Err(Error::KeyReused) => {
            if let Some(owner) = cart.owner
                && let Err(error) = shop.carts.leave_cart(cart.id, owner).await
            {
                tracing::warn!(%error, "a cart that became an order stays its owner's; the next check-out tries again");
            }
            Err(Error::CART_ORDERED.into())
        }
        placed => Ok(placed?),
    }
}

/// The order that the cart became, for whoever asks for the same once more.
async fn ordered(
    shop: &Carts,
    cart: &Cart,
    request: &CheckOutRequest,
    buyer: CustomerId,
) -> Result<Committed<Order>, ApiError> {
    let id = cart.order_id.ok_or(Error::CART_ORDERED)?;
    let order = match shop.orders.order(id, Some(buyer)).await {
        Err(Error::NotFound(_)) => return Err(Error::CART_ORDERED.into()),
        order => order?,
    };
    let seen: BTreeMap<_, _> =
        request.lines.iter().map(|line| (line.product_id, (line.quantity, &line.unit_price))).collect();
    let placed = order.lines.iter().map(|line| (line.product_id, (line.quantity, &line.unit_price)));
    let way = order.shipping.as_ref().map(|shipping| &shipping.code);
    let is_same = request.shipping_address == order.shipping_address
        && request.shipping_method.as_ref() == way
        && request.coupon == order.coupon
        && request.agreed_total.as_ref().is_none_or(|agreed| *agreed == order.totals.grand_total);
    if seen != placed.collect() || !is_same {
        return Err(Error::CART_ORDERED.into());
    }
    let first_request = souk_lambda::RequestContext::current().request_id;
    Ok(Committed { value: order, events: Vec::new(), replayed: Some(first_request) })
}

/// The claim of a cart to become an order once, whoever of those that know a guest's is the buyer.
fn claim(buyer: CustomerId, cart: CartId, request: &CheckOutRequest) -> Claim {
    let request = serde_json::to_vec(&(buyer, request)).unwrap_or_default();
    Claim { scope: "carts".to_owned(), key: cart.to_string(), fingerprint: Sha256::digest(request).into() }
}

/// Tells every line that is not as the buyer saw it.
fn check_seen(cart: &Cart, seen: &[SeenLine]) -> Result<(), ApiError> {
    let mut quantities: BTreeMap<ProductId, (i64, i64)> = BTreeMap::new();
    for line in &cart.lines {
        quantities.entry(line.product_id).or_default().0 = line.quantity.into();
    }
    for line in seen {
        quantities.entry(line.product_id).or_default().1 += i64::from(line.quantity);
    }
    let differ = quantities.into_iter().filter(|(_, (now, seen))| now != seen);
    let item = |(product_id, (now, seen)): (ProductId, (i64, i64))| ErrorItem {
        code: "cart_changed",
        message: format!("the cart holds {now} pieces, not {seen}"),
        field: Some("lines".to_owned()),
        details: Some(json!({ "productId": product_id, "quantity": now, "seen": seen })),
    };
    let errors: Vec<ErrorItem> = differ.map(item).collect();
    if errors.is_empty() { Ok(()) } else { Err(ApiError::all(axum::http::StatusCode::CONFLICT, errors)) }
}

/// The function.
pub fn router() -> OpenApiRouter<Carts> {
    router!(check_out_cart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::CartLine;

    fn price() -> Money {
        Money::new(100, "GBP".parse().expect("a currency")).expect("an amount")
    }

    fn seen(product_id: ProductId, pieces: u32) -> SeenLine {
        SeenLine { product_id, quantity: Quantity::new(pieces).expect("a quantity"), unit_price: price() }
    }

    #[test]
    fn every_line_that_another_tab_changed_is_told() {
        let [same, fewer, gone, new] = [(); 4].map(|()| ProductId::new());
        let line = |product_id, pieces| CartLine {
            product_id,
            quantity: Quantity::new(pieces).expect("a quantity"),
            price_when_added: price(),
        };
        let lines = vec![line(same, 1), line(fewer, 2), line(new, 4)];
        let cart = Cart { id: CartId::random(), owner: None, version: 1, lines, order_id: None };
        let error = check_seen(&cart, &[seen(same, 1), seen(fewer, 3), seen(gone, 1)]).expect_err("changed");
        let mut told: Vec<_> = error.errors().iter().map(|item| item.details.clone().expect("details")).collect();
        told.sort_by_key(|details| details["seen"].as_i64());
        let expected = [(new, 4, 0), (gone, 0, 1), (fewer, 2, 3)];
        assert_eq!(told, expected.map(|(id, now, seen)| json!({ "productId": id, "quantity": now, "seen": seen })));
        assert!(check_seen(&cart, &[seen(same, 1), seen(fewer, 1), seen(fewer, 1), seen(new, 4)]).is_ok());
    }
}
