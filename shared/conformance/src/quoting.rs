//! Wishes that are quoted anew, because the shop moved between a quote and its order.

use crate::rules::{tenth, with};
use crate::sales::WINDOW;
use crate::shop::{AnyStore, Shop, agreed, assert_refused, cause, gbp, order, outbox, pieces};
use async_trait::async_trait;
use souk_domain::ports::{Offer, Orders, Store, Sweep};
use souk_domain::{
    Cause, Change, Committed, CustomerId, DateTime, Decide, Email, Error, Limit, NewOrder, Order, OrderId, OrderNumber,
    OrderSearch, Page, Placement, ProductId, Result, RuleKind,
};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A store in whose shop something happens after each look at the terms.
struct Restless<F> {
    store: AnyStore,
    looks: AtomicI64,
    happens: F,
}

#[async_trait]
impl<F, H> Orders for Restless<F>
where
    F: Fn(i64) -> H + Send + Sync,
    H: Future<Output = ()> + Send,
{
    async fn terms(&self, new: &NewOrder, cause: &Cause) -> Result<Offer> {
        let offer = self.store.terms(new, cause).await;
        (self.happens)(self.looks.fetch_add(1, Ordering::SeqCst) + 1).await;
        offer
    }

    async fn place_order(&self, placement: Placement, cause: &Cause) -> Result<Committed<Order>> {
        self.store.place_order(placement, cause).await
    }

    async fn change_order(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        decide: Decide,
        cause: &Cause,
    ) -> Result<Committed<Order>> {
        self.store.change_order(id, owner, decide, cause).await
    }

    async fn order(&self, id: OrderId, owner: Option<CustomerId>) -> Result<Order> {
        self.store.order(id, owner).await
    }

    async fn order_by_number(&self, number: OrderNumber, email: &Email) -> Result<Order> {
        self.store.order_by_number(number, email).await
    }

    async fn orders(&self, customer: CustomerId, limit: Limit, after: Option<i64>) -> Result<Page<Order, i64>> {
        self.store.orders(customer, limit, after).await
    }

    async fn search_orders(&self, search: OrderSearch) -> Result<Page<Order, i64>> {
        self.store.search_orders(search).await
    }

    async fn waiting_orders(
        &self,
        sweep: Sweep,
        before: DateTime,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<OrderId, i64>> {
        self.store.waiting_orders(sweep, before, limit, after).await
    }
}

/// Buys while something happens in the shop after each look at the terms.
async fn buy<F, H>(shop: &Shop, new: NewOrder, happens: F) -> Result<Order>
where
    F: Fn(Shop, i64) -> H + Send + Sync + 'static,
    H: Future<Output = ()> + Send,
{
    let happens = {
        let shop = shop.clone();
        move |look| happens(shop.clone(), look)
    };
    let restless = Restless { store: shop.store.clone(), looks: AtomicI64::new(0), happens };
    let orders: &dyn Orders = &restless;
    orders.buy(new, WINDOW, &cause()).await.map(|placed| placed.value)
}

async fn reprice(shop: &Shop, id: ProductId, minor: i64) {
    shop.store.update_product(id, None, shop.fields("Moved", minor), &cause()).await.map(drop).expect("a change");
}

/// A price that moves between quote and order is quoted anew when the buyer agreed to none: the order is placed at it.
pub async fn a_price_that_moves_in_between_is_quoted_anew(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 5).await.id, shop.customer("buyer").await);
    let moves = move |shop: Shop, look| async move {
        if look == 1 {
            reprice(&shop, product, 250).await;
        }
    };
    let placed = buy(&shop, order(buyer, [pieces(product, 2)]), moves).await.expect("an order");
    assert_eq!((&placed.totals.grand_total, &placed.lines[0].unit_price), (&gbp(500), &gbp(250)));
    assert_eq!(shop.orders(buyer).await, [placed]);
    assert_eq!((shop.stock(product).await.reserved, shop.ledger(product).await.len()), (2, 2));
}

/// A price that the buyer agreed to and that moves in between is told, and nothing is placed.
pub async fn an_agreed_price_that_moves_in_between_is_told(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 5).await.id, shop.customer("buyer").await);
    let moves = move |shop: Shop, _| async move { reprice(&shop, product, 250).await };
    let refused = buy(&shop, order(buyer, [agreed(product, 2, gbp(100))]), moves).await;
    let Err(Error::OfferChanged { price_changes, shortages }) = refused else { panic!("{refused:?}") };
    let [change] = price_changes.as_slice() else { panic!("one change: {price_changes:?}") };
    assert_eq!((&change.agreed, &change.price, shortages.len()), (&gbp(100), &gbp(250), 0));
    assert_eq!((shop.stock(product).await.reserved, shop.orders(buyer).await.len()), (0, 0));
}

/// A price that moves after every look is told at last, and nothing is placed.
pub async fn a_price_that_moves_all_the_time_is_told_at_last(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 5).await.id, shop.customer("buyer").await);
    let moves = move |shop: Shop, look| async move { reprice(&shop, product, 250 + look).await };
    let refused = buy(&shop, order(buyer, [pieces(product, 2)]), moves).await;
    assert_refused(refused, "offer_changed");
    assert_eq!((shop.stock(product).await.reserved, shop.orders(buyer).await.len()), (0, 0));
}

/// Stock, a product or a coupon that is gone between quote and order is told for what it is, and nothing is placed.
pub async fn what_is_gone_in_between_is_told(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, other) = (shop.stocked("A1", 5).await.id, shop.stocked("B1", 5).await.id);
    let (buyer, rival) = (shop.customer("buyer").await, shop.customer("rival").await);
    shop.save(tenth("ONCE", Some(1), None)).await;
    shop.save(tenth("GONE", None, None)).await;
    let wish = move |buyer, code| with(order(buyer, [pieces(product, 2)]), code);
    let goes = move |round: usize| {
        move |shop: Shop, look| async move {
            match (round, look) {
                (0, 1) => shop.place(wish(rival, "ONCE")).await.map(drop).expect("an order"),
                (1, 1) => shop.remove(RuleKind::Coupon, "GONE").await,
                (2, 1) => shop.adjust(product, Change::To(3)).await.map(drop).expect("stock"),
                (3, 1) => shop.store.discontinue_product(product, &cause()).await.map(drop).expect("a discontinuation"),
                _ => {}
            }
        }
    };
    let rounds = [
        (wish(buyer, "ONCE"), "coupon_used_up"),
        (wish(buyer, "GONE"), "coupon_invalid"),
        (order(buyer, [pieces(product, 2), pieces(other, 1)]), "offer_changed"),
        (order(buyer, [pieces(product, 1), pieces(other, 1)]), "discontinued_products"),
    ];
    for (round, (wish, refusal)) in rounds.into_iter().enumerate() {
        let before = outbox(&shop.store).await.len();
        assert_refused(buy(&shop, wish, goes(round)).await, refusal);
        // The rival's order; the correction; the end of the product.
        assert_eq!(outbox(&shop.store).await.len() - before, [2, 0, 1, 1][round]);
    }
    assert_eq!((shop.stock(product).await.reserved, shop.stock(other).await.reserved), (2, 0));
    assert!(shop.orders(buyer).await.is_empty());
}
