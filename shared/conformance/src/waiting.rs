//! Orders that wait: to be paid, or for a payment provider's answer.

use crate::sales::{WINDOW, in_future, seen};
use crate::shop::{Shop, cause, limit, order, pieces, reason};
use chrono::Duration;
use souk_domain::ports::{Store, Sweep};
use souk_domain::{
    CaptureMode, Cause, Order, OrderId, Payment, ProductId, ProviderPayment, ProviderRefund, ProviderState,
    RefundState, RefundWish, from_micros,
};
use std::sync::Arc;

const MOMENT: Duration = Duration::microseconds(1);

/// A shop with a product, and so many orders of it, placed a minute after each other, oldest first.
async fn with_orders(store: Arc<dyn Store>, number: i64) -> (Shop, ProductId, Vec<Order>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 1000).await.id, shop.customer("buyer").await);
    let mut placed = Vec::new();
    for n in 0..number {
        let cause = Cause { at: from_micros(1_700_000_000_123_457) + Duration::minutes(n), ..cause() };
        placed.push(shop.buy(order(buyer, [pieces(product, 1)]), &cause).await.expect("an order").value);
    }
    (shop, product, placed)
}

fn ids(orders: &[Order]) -> Vec<OrderId> {
    orders.iter().map(|order| order.id).collect()
}

fn at(moment: souk_domain::DateTime) -> Cause {
    Cause { at: moment, ..cause() }
}

/// An order waits to be paid from the end of its time on, to the microsecond; those that wait come oldest first, page by page.
pub async fn an_unpaid_order_waits_from_the_end_of_its_time_on(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_orders(store, 8).await;
    for (n, order) in placed.iter().enumerate() {
        let due = order.payment_due_at.expect("a time to pay");
        assert_eq!(due, order.placed_at + WINDOW);
        assert_eq!(shop.waiting(Sweep::Unpaid, due - MOMENT).await, ids(&placed[..n]));
        assert_eq!(shop.waiting(Sweep::Unpaid, due).await, ids(&placed[..=n]));
    }
    assert!(shop.waiting(Sweep::Unsettled, in_future(WINDOW).at).await.is_empty());
}

/// An order that was paid, cancelled or has expired waits to be paid no longer.
pub async fn an_order_that_was_paid_or_ended_waits_no_longer(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_orders(store, 4).await;
    let far = in_future(WINDOW * 3);
    shop.pay(placed[0].id).await;
    shop.cancel(placed[1].id).await.expect("a cancellation");
    shop.step(placed[2].id, &far, |order, cause| order.expire(cause)).await.expect("the end");
    assert_eq!(shop.waiting(Sweep::Unpaid, far.at).await, ids(&placed[3..]));
    let started = shop.start_payment(placed[3].id, CaptureMode::Manual, &cause()).await;
    shop.assert_waits(&started).await;
    let held = shop.observe(started.id, ProviderState::Authorised).await;
    shop.assert_waits(&held).await;
    assert!(shop.waiting(Sweep::Unpaid, far.at).await.is_empty());
}

/// An order whose money may be on its way waits ten minutes longer, and is not ended before.
pub async fn an_order_waits_longer_for_money_that_may_be_on_its_way(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_orders(store, 3).await;
    let due = placed[2].payment_due_at.expect("a time to pay");
    let (started, patient) = (due - Duration::minutes(1), due + Payment::PATIENCE - Duration::minutes(1));
    for order in &placed[1..] {
        shop.start_payment(order.id, CaptureMode::Automatic, &at(started)).await;
    }
    let declined = |order: &Order, cause: &Cause| {
        order.observe(&seen(order, ProviderState::Declined { code: "no".to_owned() }), cause)
    };
    shop.step(placed[1].id, &at(started), declined).await.expect("a decline");
    assert_eq!(shop.waiting(Sweep::Unpaid, due).await, ids(&placed[..2]));
    let early = shop.step(placed[2].id, &at(patient - MOMENT), |order, cause| order.expire(cause)).await;
    assert_eq!(early.expect("it waits").ended, None);
    assert_eq!(shop.waiting(Sweep::Unpaid, patient - MOMENT).await, ids(&placed[..2]));
    assert_eq!(shop.waiting(Sweep::Unpaid, patient).await, ids(&placed));
    let late = shop.step(placed[2].id, &at(patient), |order, cause| order.expire(cause)).await;
    assert!(late.expect("the end").ended.is_some());
    assert_eq!(shop.waiting(Sweep::Unpaid, patient).await, ids(&placed[..2]));
}

/// An order whose money was held and is gone waits to be paid again, for half an hour.
pub async fn an_order_whose_money_is_gone_waits_again(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_orders(store, 2).await;
    let late = in_future(WINDOW * 3);
    for (order, state) in placed.iter().zip([ProviderState::Voided, ProviderState::Declined { code: "no".to_owned() }])
    {
        shop.start_payment(order.id, CaptureMode::Manual, &cause()).await;
        shop.observe(order.id, ProviderState::Authorised).await;
        let gone = move |order: &Order, cause: &Cause| order.observe(&seen(order, state.clone()), cause);
        let order = shop.step(order.id, &late, gone).await.expect("an order");
        assert_eq!(order.expires_at(), Some(late.at + Duration::minutes(30)));
    }
    assert!(shop.waiting(Sweep::Unpaid, late.at).await.is_empty());
    assert_eq!(shop.waiting(Sweep::Unpaid, late.at + Duration::minutes(30)).await, ids(&placed));
}

/// An order waits for its provider from the moment on that something was asked of it, until the answer came.
pub async fn an_order_waits_for_what_its_provider_was_asked(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_orders(store, 2).await;
    let (id, begin, staff) = (placed[1].id, from_micros(1_800_000_000_123_457), shop.staff);
    let unsettled = async |before| shop.waiting(Sweep::Unsettled, before).await;
    shop.start_payment(id, CaptureMode::Manual, &at(begin)).await;
    assert!(unsettled(begin - MOMENT).await.is_empty());
    assert_eq!(unsettled(begin).await, [id]);
    let challenge = ProviderState::ActionRequired { url: "https://bank.example/".to_owned() };
    let answers = [(challenge, true), (ProviderState::Authorised, false)];
    let later = |minutes| at(begin + Duration::minutes(minutes));
    for (minutes, (state, waits)) in (1..).zip(answers) {
        let answer = move |order: &Order, cause: &Cause| order.observe(&seen(order, state.clone()), cause);
        shop.step(id, &later(minutes), answer).await.expect("an order");
        assert!(unsettled(later(minutes).at - MOMENT).await.is_empty(), "it counts from the last word");
        assert_eq!(unsettled(later(99).at).await.contains(&id), waits);
    }
    shop.step(id, &later(5), move |order, cause| order.capture(staff, cause)).await.expect("a capture");
    assert_eq!(unsettled(later(5).at).await, [id]);
    shop.observe(id, ProviderState::Captured).await;
    assert!(unsettled(later(99).at).await.is_empty());
    for (minutes, pennies) in [(6, 10), (8, 20)] {
        let wish = RefundWish::Amount(crate::shop::gbp(pennies));
        let refund = move |order: &Order, cause: &Cause| order.refund(None, &wish, &reason("sorry"), staff, cause);
        shop.step(id, &later(minutes), refund).await.expect("a refund");
        assert_eq!(unsettled(later(6).at).await, [id], "the oldest counts");
    }
    // The first is done; the other, which was asked for later, is not.
    let first = |order: &Order, cause: &Cause| {
        let mut refunds = seen(order, ProviderState::Captured).refunds;
        refunds[1].state = RefundState::Pending;
        order.observe(&ProviderPayment { refunds, ..seen(order, ProviderState::Captured) }, cause)
    };
    shop.step(id, &later(9), first).await.expect("a refund");
    assert!(unsettled(later(8).at - MOMENT).await.is_empty());
    assert_eq!(unsettled(later(8).at).await, [id]);
    let failed = |order: &Order, cause: &Cause| {
        let refunds =
            seen(order, ProviderState::Captured).refunds.into_iter().map(|refund| match refund.amount_minor {
                20 => ProviderRefund { state: RefundState::Failed, ..refund },
                _ => refund,
            });
        order.observe(&ProviderPayment { refunds: refunds.collect(), ..seen(order, ProviderState::Captured) }, cause)
    };
    shop.step(id, &later(10), failed).await.expect("a failure");
    assert!(unsettled(later(99).at).await.is_empty());
}

/// A sweep that ends what it finds, page by page, meets every order once, whatever leaves the list meanwhile.
pub async fn a_sweep_that_ends_what_it_finds_meets_every_order(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_orders(store, 11).await;
    shop.start_payment(placed[4].id, CaptureMode::Automatic, &in_future(WINDOW)).await;
    let now = cause();
    let (mut met, mut after) = (Vec::new(), None);
    loop {
        let page = shop.store.waiting_orders(Sweep::Unpaid, now.at, limit(2), after).await.expect("a page");
        for id in page.items {
            met.push(id);
            shop.change_as(id, None, &now, |order, cause| order.expire(cause)).await.expect("the end");
        }
        assert!(met.len() <= 100, "the pages have no end");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected = ids(&placed);
    expected.remove(4);
    assert_eq!(met, expected);
    assert!(shop.waiting(Sweep::Unpaid, now.at).await.is_empty());
    assert_eq!(shop.stock(product).await.reserved, 1);
    shop.assert_ledger_balances(product).await;
}
