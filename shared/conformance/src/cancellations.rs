//! Cancelled orders.

use crate::sales::{parcel, sent, to};
use crate::shop::{Shop, address, assert_refused, at_once, cause, gbp, order, outbox, pieces};
use souk_domain::ports::Store;
use souk_domain::{Cause, Ending, Money, Order, OrderStatus, OrderStep, ProviderState, from_micros};
use std::sync::Arc;

/// A cancellation gives the pieces back, makes the next version and keeps everything else of the order.
pub async fn a_cancellation_gives_the_stock_back(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 5).await, shop.stocked("B1", 5).await);
    let buyer = shop.customer("buyer").await;
    let new = to(order(buyer, [pieces(a.id, 5), pieces(b.id, 1)]), address("Ada", true));
    let placed = shop.place(new).await.expect("an order").value;
    // The price of the moment and the end of the product are no concern of a cancellation.
    shop.store.update_product(a.id, None, shop.fields("Dear", Money::MAX_MINOR), &cause()).await.expect("a change");
    shop.store.discontinue_product(b.id, &cause()).await.expect("a discontinuation");
    let later = Cause { at: from_micros(4_000_000_000_123_457), ..cause() };
    let staff = shop.staff;
    let cancel = move |order: &Order, cause: &Cause| order.cancel(staff, cause);
    let cancelled = shop.change_as(placed.id, None, &later, cancel).await.expect("a cancellation").value;
    assert_eq!((cancelled.status, cancelled.ended), (OrderStatus::Cancelled, Some(Ending::Cancelled)));
    assert_eq!((cancelled.version, cancelled.updated_at, cancelled.payment_due_at), (2, later.at, None));
    let steps: Vec<_> = cancelled.history.iter().map(|entry| (entry.version, entry.step)).collect();
    assert_eq!(steps, [(1, OrderStep::Placed), (2, OrderStep::Cancelled)]);
    assert!(cancelled.lines.iter().all(|line| line.cancelled == line.quantity.get()));
    let (mut expected, mut found) = (placed, cancelled.clone());
    for order in [&mut expected, &mut found] {
        order.lines.iter_mut().for_each(|line| line.cancelled = 0);
    }
    let Order { status, ended, payment_due_at, history, version, updated_at, .. } = found.clone();
    expected = Order { status, ended, payment_due_at, history, version, updated_at, ..expected };
    assert_eq!(found, expected);
    assert_eq!(shop.store.order(cancelled.id, None).await.expect("an order"), cancelled);
    for id in [a.id, b.id] {
        assert_eq!((shop.stock(id).await.reserved, shop.stock(id).await.available), (0, 5));
        shop.assert_ledger_balances(id).await;
    }
    let again = shop.place(order(buyer, [pieces(a.id, 1)])).await;
    assert_eq!(again.expect("there is stock again").value.totals.grand_total, gbp(Money::MAX_MINOR));
}

/// A second cancellation answers the same, releases nothing and tells nothing.
pub async fn a_second_cancellation_changes_nothing(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let buyer = shop.customer("buyer").await;
    let placed = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value;
    shop.place(order(buyer, [pieces(product, 2)])).await.expect("another order");
    let first = shop.cancel(placed.id).await.expect("a cancellation").value;
    let (stock, events) = (shop.stock(product).await, outbox(&shop.store).await.len());
    let second = shop.cancel(placed.id).await.expect("a repetition");
    assert_eq!(second.value, first);
    assert!(second.events.is_empty());
    assert_eq!((shop.stock(product).await, outbox(&shop.store).await.len()), (stock, events));
    assert_eq!(shop.stock(product).await.reserved, 2);
}

/// Cancellations of one order at once release its stock once and all answer the same.
pub async fn cancellations_at_once_release_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let buyer = shop.customer("buyer").await;
    let id = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value.id;
    shop.place(order(buyer, [pieces(product, 3)])).await.expect("another order");
    let cancel = |_| {
        let shop = shop.clone();
        async move { shop.cancel(id).await.expect("a cancellation") }
    };
    let results = at_once((0..16).map(cancel)).await;
    let kept = shop.store.order(id, None).await.expect("an order");
    assert!(results.iter().all(|result| result.value == kept));
    assert_eq!(results.iter().filter(|result| !result.events.is_empty()).count(), 1);
    assert_eq!((shop.stock(product).await.reserved, shop.ledger(product).await.len()), (3, 4));
}

/// An order that was paid asks for its money back when it is cancelled, once.
pub async fn a_cancelled_order_asks_for_its_money_back(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let id = shop.place(order(shop.customer("buyer").await, [pieces(product, 2)])).await.expect("an order").value.id;
    shop.pay(id).await;
    for _ in 0..2 {
        let staff = shop.staff;
        let order = shop.step(id, &cause(), move |order, cause| order.cancel(staff, cause)).await.expect("an order");
        let [refund] = order.payments[0].operations.as_slice() else { panic!("one refund: {:?}", order.payments) };
        assert_eq!((&refund.amount, refund.is_pending()), (&gbp(200), true));
    }
    let back = shop.observe(id, ProviderState::Captured).await;
    assert_eq!((back.status, &back.totals.refunded), (OrderStatus::Cancelled, &gbp(200)));
    assert_eq!(shop.stock(product).await.reserved, 0);
}

/// An order of which something was sent is not cancelled: that is refused, and leaves nothing.
pub async fn an_order_that_was_sent_is_not_cancelled(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let id = shop.place(order(shop.customer("buyer").await, [pieces(product, 2)])).await.expect("an order").value.id;
    shop.pay(id).await;
    let staff = shop.staff;
    let wish = parcel("P1", [sent(product, 1)]);
    shop.step(id, &cause(), move |order, cause| order.ship(&wish, staff, cause)).await.expect("a parcel");
    let refused = shop.step(id, &cause(), move |order, cause| order.cancel(staff, cause)).await;
    assert_refused(refused, "order_status");
    assert_eq!((shop.stock(product).await.on_hand, shop.stock(product).await.reserved), (4, 1));
}
