//! Coupons: how many orders may use them, whatever happens at once and afterwards.

use crate::rules::{tenth, with};
use crate::sales::{WINDOW, in_future};
use crate::shop::{Shop, assert_refused, at_once, cause, claimed, gbp, order, outbox, pieces, winners};
use souk_domain::ports::Store;
use souk_domain::{CaptureMode, Change, CustomerId, NewOrder, OrderStatus, ProductId, RuleKind};
use std::sync::Arc;

/// A wish with the coupon that all tests here use.
fn wish(buyer: CustomerId, product: ProductId) -> NewOrder {
    with(order(buyer, [pieces(product, 1)]), "SPRING")
}

/// A shop with a product, and a coupon that so many orders may use, of everybody and of one customer.
async fn with_coupon(store: Arc<dyn Store>, max_uses: Option<u32>, of_one: Option<u32>) -> (Shop, ProductId) {
    let shop = Shop::open(store).await;
    shop.save(tenth("SPRING", max_uses, of_one)).await;
    let product = shop.stocked("A1", 1000).await.id;
    (shop, product)
}

async fn customers(shop: &Shop, number: usize) -> Vec<CustomerId> {
    let mut customers = Vec::new();
    for n in 0..number {
        customers.push(shop.customer(&format!("buyer{n}")).await);
    }
    customers
}

/// Of twenty buyers at once, as many get the discount as may; the others have no order and hold no stock.
pub async fn as_many_orders_use_a_coupon_as_may(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(5), None).await;
    let buyers = customers(&shop, 20).await;
    let buy = |buyer: &CustomerId| {
        let (shop, buyer) = (shop.clone(), *buyer);
        async move { shop.place(wish(buyer, product)).await }
    };
    let results = at_once(buyers.iter().map(buy)).await;
    assert_eq!(winners(&results, "coupon_used_up"), 5);
    assert_eq!((shop.uses("SPRING").await, shop.stock(product).await.reserved), (5, 5));
    for (buyer, result) in buyers.into_iter().zip(results) {
        let orders: Vec<_> = result.into_iter().map(|placed| placed.value).collect();
        assert!(orders.iter().all(|order| order.totals.discount == gbp(10)));
        assert_eq!(shop.orders(buyer).await, orders);
    }
}

/// Of ten orders of one customer at once, as many use a coupon as one customer's may; others may use it still.
pub async fn as_many_orders_of_one_customer_use_a_coupon_as_may(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(20), Some(1)).await;
    let (buyer, other) = (shop.customer("buyer").await, shop.customer("other").await);
    let buy = |_| {
        let shop = shop.clone();
        async move { shop.place(wish(buyer, product)).await }
    };
    assert_eq!(winners(&at_once((0..10).map(buy)).await, "coupon_used_up"), 1);
    assert_eq!((shop.uses("SPRING").await, shop.orders(buyer).await.len()), (1, 1));
    shop.place(wish(other, product)).await.expect("their first");
    assert_refused(shop.place(wish(other, product)).await, "coupon_used_up");
    assert_eq!((shop.uses("SPRING").await, shop.stock(product).await.reserved), (2, 2));
}

/// Both limits hold at once, in the store too, for quotes that were all made while the coupon was new.
pub async fn quotes_made_before_meet_the_limits_when_they_are_placed(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(3), Some(2)).await;
    let buyers = customers(&shop, 3).await;
    let mut placements = Vec::new();
    for buyer in &buyers {
        for _ in 0..4 {
            placements.push(shop.quoted(wish(*buyer, product), &cause()).await);
        }
    }
    let events = outbox(&shop.store).await.len();
    let place = |placement| {
        let store = shop.store.clone();
        async move { store.place_order(placement, &cause()).await }
    };
    assert_eq!(winners(&at_once(placements.into_iter().map(place)).await, "coupon_used_up"), 3);
    assert_eq!((shop.uses("SPRING").await, shop.stock(product).await.reserved), (3, 3));
    assert_eq!(outbox(&shop.store).await.len(), events + 6);
    for buyer in buyers {
        assert!(shop.orders(buyer).await.len() <= 2);
    }
    shop.assert_ledger_balances(product).await;
}

/// A coupon that was removed since the quote is invalid, and one whose limit fell is used up; nothing is left of the order.
pub async fn a_coupon_that_changed_since_the_quote_is_not_used(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, None, None).await;
    let (buyer, other) = (shop.customer("buyer").await, shop.customer("other").await);
    let gone = shop.quoted(wish(buyer, product), &cause()).await;
    let fewer = gone.clone();
    let fewer_of_one = shop.quoted(wish(other, product), &cause()).await;
    shop.place(wish(other, product)).await.expect("an order");
    let events = outbox(&shop.store).await.len();
    shop.save(tenth("SPRING", Some(1), None)).await;
    assert_refused(shop.store.place_order(fewer, &cause()).await, "coupon_used_up");
    shop.save(tenth("SPRING", None, Some(1))).await;
    assert_refused(shop.store.place_order(fewer_of_one, &cause()).await, "coupon_used_up");
    assert_eq!(shop.uses("SPRING").await, 1);
    shop.remove(RuleKind::Coupon, "SPRING").await;
    assert_refused(shop.store.place_order(gone, &cause()).await, "coupon_invalid");
    assert_eq!((shop.stock(product).await.reserved, outbox(&shop.store).await.len()), (1, events));
    assert!(shop.orders(buyer).await.is_empty());
}

/// An order that is refused, for want of stock or otherwise, leaves its coupon to others.
pub async fn a_refused_order_uses_no_coupon(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(1), Some(1)).await;
    let buyer = shop.customer("buyer").await;
    let placement = shop.quoted(wish(buyer, product), &cause()).await;
    shop.adjust(product, Change::To(0)).await.expect("stock");
    assert_refused(shop.store.place_order(placement, &cause()).await, "offer_changed");
    assert_eq!(shop.uses("SPRING").await, 0);
    shop.adjust(product, Change::To(1)).await.expect("stock");
    shop.place(wish(buyer, product)).await.expect("an order");
}

/// A coupon whose order was cancelled or expired may be used again, by everybody and by the same customer: once for each.
pub async fn an_order_that_ends_frees_its_coupon_once(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(2), Some(1)).await;
    let (ada, bob, eve) = (shop.customer("ada").await, shop.customer("bob").await, shop.customer("eve").await);
    let first = shop.place(wish(ada, product)).await.expect("an order").value.id;
    let second = shop.place(wish(bob, product)).await.expect("an order").value.id;
    for buyer in [ada, eve] {
        assert_refused(shop.place(wish(buyer, product)).await, "coupon_used_up");
    }
    let cancel = |_| {
        let shop = shop.clone();
        async move { shop.cancel(first).await.map(drop).expect("a cancellation") }
    };
    at_once((0..8).map(cancel)).await;
    assert_eq!(shop.uses("SPRING").await, 1);
    let late = in_future(WINDOW * 2);
    for _ in 0..2 {
        let expired = shop.step(second, &late, |order, cause| order.expire(cause)).await.expect("an order");
        assert_eq!((expired.status, shop.uses("SPRING").await), (OrderStatus::Expired, 0));
    }
    for buyer in [ada, eve] {
        shop.place(wish(buyer, product)).await.expect("an order");
        assert_refused(shop.place(wish(buyer, product)).await, "coupon_used_up");
    }
    assert_refused(shop.place(wish(bob, product)).await, "coupon_used_up");
    assert_eq!((shop.uses("SPRING").await, shop.stock(product).await.reserved), (2, 2));
}

/// Whatever else becomes of an order, its coupon stays used.
pub async fn an_order_that_goes_on_keeps_its_coupon(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(1), None).await;
    let buyer = shop.customer("buyer").await;
    let id = shop.place(wish(buyer, product)).await.expect("an order").value.id;
    shop.note(id, "a note").await.expect("a note");
    shop.start_payment(id, CaptureMode::Automatic, &cause()).await;
    shop.observe(id, souk_domain::ProviderState::Captured).await;
    shop.store.erase_customer(buyer, &cause()).await.expect("an erasure");
    assert_eq!(shop.uses("SPRING").await, 1);
    assert_refused(shop.place(wish(shop.staff, product)).await, "coupon_used_up");
}

/// An order whose coupon was removed ends all the same; a coupon of that name that came since counts its own orders at least.
pub async fn a_removed_coupon_is_no_hindrance(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(1), None).await;
    let (ada, bob, eve) = (shop.customer("ada").await, shop.customer("bob").await, shop.customer("eve").await);
    let old = shop.place(wish(ada, product)).await.expect("an order").value.id;
    let older = shop.place(order(bob, [pieces(product, 1)])).await.expect("an order").value.id;
    shop.remove(RuleKind::Coupon, "SPRING").await;
    shop.cancel(older).await.expect("a cancellation");
    shop.save(tenth("SPRING", Some(1), None)).await;
    // Whether the order of before counts is the store's choice.
    let new = shop.place(wish(bob, product)).await;
    shop.cancel(old).await.expect("a cancellation");
    let used = i64::from(new.is_ok());
    winners(&[new], "coupon_used_up");
    assert_eq!(shop.uses("SPRING").await, used);
    assert_eq!(winners(&[shop.place(wish(eve, product)).await], "coupon_used_up"), usize::from(used == 0));
    assert_eq!(shop.uses("SPRING").await, 1);
}

/// A claimed order with the last use of a coupon and the last piece, sent twenty times at once, is placed once; none is refused.
pub async fn a_claimed_order_with_the_last_of_everything_is_placed_once(store: Arc<dyn Store>) {
    let (shop, product) = with_coupon(store, Some(1), Some(1)).await;
    shop.adjust(product, Change::To(1)).await.expect("stock");
    let buyer = shop.customer("buyer").await;
    for round in 0..8 {
        let key = format!("key-{round}");
        let buy = |_| {
            let (shop, key) = (shop.clone(), key.clone());
            async move { shop.buy(wish(buyer, product), &claimed("scope", &key, 1)).await.expect("an order") }
        };
        let results = at_once((0..20).map(buy)).await;
        let first = &results[0].value;
        assert!(results.iter().all(|result| result.value == *first));
        assert_eq!(results.iter().filter(|result| result.replayed.is_none()).count(), 1);
        assert_eq!((shop.uses("SPRING").await, shop.stock(product).await.reserved), (1, 1));
        shop.cancel(first.id).await.expect("a cancellation");
    }
}
