//! Whole lives of orders, checked after every step.

use crate::sales::{Decision, WINDOW, parcel, seen, sent, to};
use crate::shop::{Shop, address, at_once, cause, code, gbp, order, pieces, reason, seed};
use chrono::Duration;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use souk_domain::ports::Store;
use souk_domain::{
    CaptureMode, Cause, CustomerId, DateTime, Fulfilment, MovementKind, Order, OrderId, OrderStatus, PaymentId,
    ProductId, ProviderState, ReceivedGoods, RefundState, RefundWish, ReturnReason, now,
};
use std::sync::Arc;

/// Paid, sent in two parcels, arrived, partly sent back and refunded: everything is kept, and the ledger tells all of it.
pub async fn an_order_lives_from_payment_to_refund(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (a, b) = (shop.stocked("A1", 10).await.id, shop.stocked("B1", 5).await.id);
    let (staff, buyer) = (shop.staff, shop.customer("buyer").await);
    let new = to(order(buyer, [pieces(a, 3), pieces(b, 1)]), address("王 𠮷野", true));
    let id = shop.place(new).await.expect("an order").value.id;
    let payment = PaymentId::new();
    let start = move |order: &Order, cause: &Cause| {
        order.start_payment(payment, "sandbox", CaptureMode::Automatic, buyer, cause)
    };
    let observe = |order: &Order, cause: &Cause| order.observe(&seen(order, ProviderState::Captured), cause);
    shop.step(id, &cause(), start).await.expect("a payment");
    let paid = shop.step(id, &cause(), observe).await.expect("money");
    assert_eq!((paid.status, &paid.totals.paid), (OrderStatus::Paid, &gbp(400)));
    let levels = async || {
        let (a, b) = (shop.stock(a).await, shop.stock(b).await);
        [(a.on_hand, a.reserved), (b.on_hand, b.reserved)]
    };
    let first = parcel("P1", [sent(a, 2)]);
    let part = shop.step(id, &cause(), move |order, cause| order.ship(&first, staff, cause)).await.expect("a parcel");
    assert_eq!((part.status, levels().await), (OrderStatus::PartiallyShipped, [(8, 1), (5, 1)]));
    let rest = parcel("P2", [sent(a, 1), sent(b, 1)]);
    let whole = shop.step(id, &cause(), move |order, cause| order.ship(&rest, staff, cause)).await.expect("a parcel");
    assert_eq!((whole.status, levels().await), (OrderStatus::Shipped, [(7, 0), (4, 0)]));
    let arrived = shop.step(id, &cause(), move |order, cause| order.deliver(None, staff, cause)).await.expect("it");
    assert_eq!((arrived.status, arrived.fulfilment), (OrderStatus::Delivered, Fulfilment::Delivered));
    let back = move |order: &Order, cause: &Cause| {
        order.request_return(&[sent(a, 2), sent(b, 1)], ReturnReason::Damaged, buyer, cause)
    };
    let goods = shop.step(id, &cause(), back).await.expect("a return").returns[0].id;
    shop.step(id, &cause(), move |order, cause| order.approve_return(goods, staff, cause)).await.expect("an answer");
    let receive =
        move |order: &Order, cause: &Cause| order.receive_return(goods, ReceivedGoods::Restock, false, staff, cause);
    let received = shop.step(id, &cause(), receive).await.expect("the goods");
    assert_eq!((received.returns[0].received, levels().await), (Some(ReceivedGoods::Restock), [(9, 0), (5, 0)]));
    let refunded = shop.step(id, &cause(), observe).await.expect("a refund");
    assert_eq!((refunded.status, &refunded.totals.refunded), (OrderStatus::PartiallyRefunded, &gbp(300)));
    let again = shop.step(id, &cause(), receive).await.expect("nothing");
    assert_eq!(again, refunded);
    let kinds: Vec<_> = shop.ledger(a).await.iter().map(|movement| (movement.kind, movement.order_id)).collect();
    let of_order = |kind| (kind, Some(id));
    let (shipped, placed) = (of_order(MovementKind::Shipped), of_order(MovementKind::Placed));
    assert_eq!(kinds, [of_order(MovementKind::Returned), shipped, shipped, placed, (MovementKind::Adjusted, None)]);
    let versions: Vec<_> = refunded.history.iter().map(|entry| entry.version).collect();
    assert!(versions.is_sorted() && versions.last() == Some(&refunded.version));
}

/// Money that is held is let go when the order is cancelled, and moved when it is to be sent.
pub async fn money_that_is_held_is_let_go_or_moved(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let (staff, buyer) = (shop.staff, shop.customer("buyer").await);
    for is_sent in [false, true] {
        let id = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value.id;
        shop.start_payment(id, CaptureMode::Manual, &cause()).await;
        let says = async |state: ProviderState| {
            let says = move |order: &Order, cause: &Cause| order.observe(&seen(order, state.clone()), cause);
            shop.step(id, &cause(), says).await.expect("an order")
        };
        assert_eq!(says(ProviderState::Authorised).await.status, OrderStatus::Paid);
        let asked = move |order: &Order, cause: &Cause| {
            if is_sent { order.capture(staff, cause) } else { order.cancel(staff, cause) }
        };
        assert!(shop.step(id, &cause(), asked).await.expect("an order").unsettled_since().is_some());
        let done = says(if is_sent { ProviderState::Captured } else { ProviderState::Voided }).await;
        assert_eq!((done.unsettled_since(), done.payments[0].operations.len()), (None, 1));
        if is_sent {
            let wish = parcel("P1", [sent(product, 2)]);
            shop.step(id, &cause(), move |order, cause| order.ship(&wish, staff, cause)).await.expect("a parcel");
        }
    }
    let stock = shop.stock(product).await;
    assert_eq!((stock.on_hand, stock.reserved), (8, 0));
}

/// Money that comes when the order is over goes back, and brings no stock with it.
pub async fn money_that_comes_too_late_goes_back(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let id = shop.place(order(shop.customer("buyer").await, [pieces(product, 2)])).await.expect("an order").value.id;
    shop.start_payment(id, CaptureMode::Automatic, &cause()).await;
    let late = Cause { at: now() + WINDOW * 2, ..cause() };
    let expired = shop.step(id, &late, |order, cause| order.expire(cause)).await.expect("the end");
    assert_eq!((expired.status, shop.stock(product).await.reserved), (OrderStatus::Expired, 0));
    for refunded in [0, 200] {
        let says = |order: &Order, cause: &Cause| order.observe(&seen(order, ProviderState::Captured), cause);
        let order = shop.step(id, &late, says).await.expect("an order");
        assert_eq!((order.status, &order.payments[0].refunded), (OrderStatus::Expired, &gbp(refunded)));
    }
}

/// Something that somebody does with an order; most of it is refused at most times.
fn anything(
    random: &mut StdRng,
    products: &[ProductId],
    actor: CustomerId,
) -> impl Fn(&Order, &Cause) -> Decision + use<> {
    let (dice, number, payment) = (random.random_range(0..19), random.random_range(1..4), PaymentId::new());
    let (flag, product) = (random.random::<bool>(), products[random.random_range(0..products.len())]);
    let state = match random.random_range(0..8) {
        0 => ProviderState::ActionRequired { url: "https://bank.example/".to_owned() },
        1 => ProviderState::Processing,
        2 => ProviderState::Declined { code: "insufficient_funds".to_owned() },
        3 => ProviderState::Voided,
        4 => ProviderState::Authorised,
        _ => ProviderState::Captured,
    };
    let refund = [RefundState::Pending, RefundState::Succeeded, RefundState::Failed][random.random_range(0..3)];
    let capture = if flag { CaptureMode::Manual } else { CaptureMode::Automatic };
    move |order: &Order, cause: &Cause| {
        let last_payment = order.payments.last().map_or(payment, |payment| payment.id);
        let goods = order.returns.last().map_or_else(souk_domain::ReturnId::new, |goods| goods.id);
        let pieces = [sent(product, number)];
        match dice {
            0..3 => order.start_payment(payment, "sandbox", capture, actor, cause),
            3..7 if order.payments.is_empty() => Ok(None),
            3..7 => {
                let mut seen = seen(order, state.clone());
                let mut left = order.payments.last().map_or(0, |payment| payment.captured.amount_minor());
                for other in &mut seen.refunds {
                    // A provider gives no more back than it moved.
                    other.state = if other.amount_minor > left { RefundState::Failed } else { refund };
                    left -= if other.state == RefundState::Failed { 0 } else { other.amount_minor };
                }
                order.observe(&seen, cause)
            }
            7 => order.capture(actor, cause),
            8 => order.void(last_payment, actor, cause),
            9 => order.charge_refused(last_payment, "no", cause),
            10 if flag => order.cancel(actor, cause),
            10 => order.expire(cause),
            11 | 12 => order.ship(&parcel(&format!("P{number}{flag}"), pieces), actor, cause),
            13 => order.deliver(None, actor, cause),
            14 => order.request_return(&pieces, ReturnReason::Other, actor, cause),
            15 if flag => order.reject_return(goods, &reason("no"), actor, cause),
            15 => order.approve_return(goods, actor, cause),
            16 if flag => order.receive_return(goods, ReceivedGoods::Restock, false, actor, cause),
            16 => order.receive_return(goods, ReceivedGoods::WriteOff, true, actor, cause),
            17 => match number {
                1 => order.refund(None, &RefundWish::All, &reason("all"), actor, cause),
                2 => order.refund(None, &RefundWish::Amount(gbp(7)), &reason("some"), actor, cause),
                _ => order.refund(None, &RefundWish::Lines(vec![pieces[0]]), &reason("those"), actor, cause),
            },
            _ => order.settle_review(&reason("looked"), actor, cause),
        }
    }
}

/// Three orders of two products each.
async fn some_orders(shop: &Shop, products: &[ProductId]) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for n in 0..3 {
        let buyer = shop.customer(&format!("buyer{n}")).await;
        let lines = [pieces(products[n % 3], 4), pieces(products[(n + 1) % 3], 3)];
        orders.push(shop.place(order(buyer, lines)).await.expect("an order").value.id);
    }
    orders
}

async fn some_products(shop: &Shop) -> Vec<ProductId> {
    let mut products = Vec::new();
    for n in 0..3 {
        products.push(shop.stocked(&format!("R{n}"), 20).await.id);
    }
    products
}

/// Checks that the stock that is reserved is what orders still have to send.
async fn assert_reserved(shop: &Shop, products: &[ProductId], orders: &[OrderId]) {
    for product in products {
        let mut unsent = 0;
        for id in orders {
            let order = shop.store.order(*id, None).await.expect("an order");
            let lines = order.lines.iter().filter(|line| line.product_id == *product);
            unsent += lines.map(|line| i64::from(line.unshipped())).sum::<i64>();
        }
        assert_eq!(shop.stock(*product).await.reserved, unsent);
        shop.assert_ledger_balances(*product).await;
    }
}

/// Whatever is done with orders in any order, each step is kept whole or refused, and the stock is what the orders say.
pub async fn whatever_happens_is_kept_whole_or_refused(store: Arc<dyn Store>) {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let shop = Shop::open(store).await;
    let products = some_products(&shop).await;
    let orders = some_orders(&shop, &products).await;
    let mut at: DateTime = now();
    for _ in 0..80 {
        at += Duration::minutes(random.random_range(0..9));
        let id = orders[random.random_range(0..orders.len())];
        let decide = anything(&mut random, &products, shop.staff);
        if let Err(error) = shop.step(id, &Cause { at, ..cause() }, decide).await {
            assert!(!matches!(code(&error), "internal" | "unavailable"), "SOUK_SEED={seed}: {error:?}");
        }
    }
    assert_reserved(&shop, &products, &orders).await;
}

/// Whatever many do with the same orders at once, no version is missing or made twice, and the stock is what the orders say.
pub async fn whatever_happens_at_once_leaves_whole_orders(store: Arc<dyn Store>) {
    let seed = seed();
    let shop = Shop::open(store).await;
    let products = some_products(&shop).await;
    let orders = some_orders(&shop, &products).await;
    let run = |n: u64| {
        let (shop, products, orders) = (shop.clone(), products.clone(), orders.clone());
        async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(n));
            for _ in 0..25 {
                let id = orders[random.random_range(0..orders.len())];
                let decide = anything(&mut random, &products, shop.staff);
                if let Err(error) = shop.change(id, decide).await {
                    assert!(!matches!(code(&error), "internal" | "unavailable"), "SOUK_SEED={seed}: {error:?}");
                }
            }
        }
    };
    at_once((0..6).map(run)).await;
    for id in &orders {
        let order = shop.store.order(*id, None).await.expect("an order");
        let mut versions: Vec<_> = order.history.iter().map(|entry| entry.version).collect();
        versions.dedup();
        assert_eq!(versions, (1..=order.version).collect::<Vec<_>>(), "SOUK_SEED={seed}");
        shop.assert_waits(&order).await;
    }
    assert_reserved(&shop, &products, &orders).await;
}
