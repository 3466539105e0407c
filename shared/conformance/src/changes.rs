//! What becomes of an order: kept whole, decided anew when somebody was faster, once for each claim.

use crate::sales::{note, parcel, sent};
use crate::shop::{
    Shop, assert_not_found, assert_refused, at_once, cause, claimed, code, order, outbox, pieces, reason, winners,
};
use souk_domain::ports::Store;
use souk_domain::{
    CaptureMode, Cause, Committed, Error, MovementKind, Order, OrderChange, OrderId, OrderStep, PaymentId, ProductId,
    RefundWish, StockMove, from_micros,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shop with a product and an order of four pieces of it.
async fn with_order(store: Arc<dyn Store>) -> (Shop, ProductId, Order) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let placed = shop.place(order(shop.customer("buyer").await, [pieces(product, 4)])).await.expect("an order").value;
    (shop, product, placed)
}

/// A change is kept as the order said it: document, stock, ledger and events, with the moment and correlation of its cause.
pub async fn a_change_is_kept_as_the_order_said_it(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let (id, staff) = (placed.id, shop.staff);
    let mut cause = cause();
    cause.correlation_id = "wish-1 é😀".to_owned();
    cause.at = from_micros(4_000_000_000_123_457);
    let text = note(&"𠮷 \"quoted\" \\ 😀\n".repeat(90));
    let noted = shop.step(id, &cause, move |order, cause| order.add_note(&text, true, staff, cause)).await;
    let noted = noted.expect("a note");
    assert_eq!((noted.version, noted.updated_at, noted.notes.len()), (2, cause.at, 1));
    assert_eq!(shop.store.order(id, Some(placed.customer_id)).await.expect("an order"), noted);
    shop.pay(id).await;
    let wish = parcel("P1", [sent(product, 1)]);
    let shipped = shop.step(id, &cause, move |order, cause| order.ship(&wish, staff, cause)).await.expect("a parcel");
    assert_eq!((shipped.version, shipped.lines[0].shipped), (5, 1));
    let stock = shop.stock(product).await;
    assert_eq!((stock.on_hand, stock.reserved, stock.updated_at), (9, 3, cause.at));
}

/// Pieces of one product may move in several ways in one change; each is a movement of its own.
pub async fn pieces_move_in_several_ways_at_once(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let other = shop.stocked("B1", 3).await.id;
    let moves = move |order: &Order, cause: &Cause| {
        let to = |product_id, kind, pieces| StockMove { product_id, kind, pieces };
        let moves = vec![
            to(product, MovementKind::Released, 1),
            to(product, MovementKind::Shipped, 2),
            to(other, MovementKind::Returned, 5),
        ];
        let order = Order { version: order.version + 1, updated_at: cause.at, ..order.clone() };
        Ok(Some(OrderChange { order, step: OrderStep::Shipped, moves, frees_coupon: false }))
    };
    shop.step(placed.id, &cause(), moves).await.expect("a change");
    let (stock, came) = (shop.stock(product).await, shop.stock(other).await);
    assert_eq!((stock.on_hand, stock.reserved, came.on_hand, came.reserved), (8, 1, 8, 0));
    shop.assert_ledger_balances(other).await;
    // Even what an order cannot say: stock that is not there does not move, and nothing else of the change is kept.
    let too_many = move |order: &Order, _: &Cause| {
        let moves = [(other, MovementKind::Returned, 1), (product, MovementKind::Shipped, 2)];
        let moves = moves.map(|(product_id, kind, pieces)| StockMove { product_id, kind, pieces }).into();
        let order = Order { version: order.version + 1, ..order.clone() };
        Ok(Some(OrderChange { order, step: OrderStep::Shipped, moves, frees_coupon: false }))
    };
    let refused = shop.step(placed.id, &cause(), too_many).await.expect_err("stock that is not there");
    assert_ne!(code(&refused), "unavailable", "{refused:?}");
    assert_eq!((shop.stock(product).await, shop.stock(other).await), (stock, came));
}

/// A product that a wish names twice is released as often, and its stock is what is left.
pub async fn pieces_that_are_named_twice_are_released_together(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let staff = shop.staff;
    shop.pay(placed.id).await;
    let twice = [1, 2].map(|number| sent(product, number)).to_vec();
    let wish = RefundWish::Lines(twice);
    let refund = move |order: &Order, cause: &Cause| order.refund(None, &wish, &reason("sorry"), staff, cause);
    let refunded = shop.step(placed.id, &cause(), refund).await.expect("a refund");
    assert_eq!((refunded.lines[0].cancelled, shop.stock(product).await.reserved), (3, 1));
}

/// What happened before changes nothing: no version, no event, no stock.
pub async fn what_happened_before_changes_nothing(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let stock = shop.stock(product).await;
    let nothing = shop.step(placed.id, &cause(), |_, _| Ok(None)).await.expect("an order");
    assert_eq!((nothing, shop.stock(product).await), (placed, stock));
}

/// What happened before is remembered under its claim, too: a repetition decides nothing, although something has happened since.
pub async fn a_claim_that_changed_nothing_is_remembered(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let claim = claimed("scope", "key", 1);
    let first = shop.change_as(placed.id, None, &claim, |_, _| Ok(None)).await.expect("an order");
    assert_eq!((&first.value, &first.replayed), (&placed, &None));
    shop.cancel(placed.id).await.expect("a cancellation");
    let again = shop.change_as(placed.id, None, &claimed("scope", "key", 1), |_, _| panic!("it was decided")).await;
    let again = again.expect("a repetition");
    assert_eq!((again.value, again.replayed), (placed, Some(claim.request_id)));
}

/// A claimed change happens once: a repetition gets the first result and decides nothing; another body is refused.
pub async fn a_claimed_change_is_decided_once(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let (claim, staff) = (claimed("scope", "key", 1), shop.staff);
    let cancel = move |order: &Order, cause: &Cause| order.cancel(staff, cause);
    let first = shop.change_as(placed.id, None, &claim, cancel).await.expect("a cancellation");
    assert_eq!((first.events.len(), &first.replayed), (2, &None));
    shop.note(placed.id, "later").await.expect("a note");
    let (events, stock) = (outbox(&shop.store).await.len(), shop.stock(product).await);
    let again = shop.change_as(placed.id, None, &claimed("scope", "key", 1), |_, _| panic!("it was decided")).await;
    let again = again.expect("a repetition");
    assert_eq!((again.value, again.replayed), (first.value, Some(claim.request_id)));
    assert!(again.events.is_empty());
    let reused = shop.change_as(placed.id, None, &claimed("scope", "key", 2), |_, _| panic!("it is refused")).await;
    assert_refused(reused, "key_reused");
    assert_eq!((outbox(&shop.store).await.len(), shop.stock(product).await), (events, stock));
}

/// Claimed changes of both kinds, sent twenty times at once, happen once.
pub async fn a_claimed_change_happens_once_of_twenty_at_once(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let (id, staff) = (placed.id, shop.staff);
    let write = |_| {
        let shop = shop.clone();
        async move {
            let write = move |order: &Order, cause: &Cause| order.add_note(&note("once"), true, staff, cause);
            shop.change_as(id, None, &claimed("scope", "key", 1), write).await.expect("a note")
        }
    };
    let results: Vec<Committed<Order>> = at_once((0..20).map(write)).await;
    let kept = shop.store.order(id, None).await.expect("an order");
    assert_eq!((kept.version, kept.notes.len()), (2, 1));
    assert!(results.iter().all(|result| result.value == kept));
    assert_eq!(results.iter().filter(|result| result.replayed.is_none()).count(), 1);
    assert_eq!(results.iter().map(|result| result.events.len()).sum::<usize>(), 1);
}

/// Changes at once all happen: what was decided of an order that somebody else changed meanwhile is decided anew.
pub async fn changes_at_once_all_happen(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let (id, staff) = (placed.id, shop.staff);
    let events = outbox(&shop.store).await.len();
    let write = |n: i32| {
        let shop = shop.clone();
        async move {
            let text = note(&format!("note {n}"));
            let write = move |order: &Order, cause: &Cause| order.add_note(&text, false, staff, cause);
            let done = shop.change_as(id, None, &cause(), write).await.expect("a note");
            let [event] = done.events.as_slice() else { panic!("one event: {:?}", done.events) };
            assert_eq!(event.version, done.value.version);
            (done.value.version, format!("note {n}"), done.value)
        }
    };
    let mut written = at_once((0..16).map(write)).await;
    written.sort_by_key(|(version, ..)| *version);
    let kept = shop.store.order(id, None).await.expect("an order");
    assert_eq!(written.iter().map(|(version, ..)| *version).collect::<Vec<_>>(), (2..18).collect::<Vec<_>>());
    let texts: Vec<_> = kept.notes.iter().map(|note| note.text.to_string()).collect();
    assert_eq!(texts, written.iter().map(|(_, text, _)| text.clone()).collect::<Vec<_>>());
    assert_eq!(kept.history.iter().map(|entry| entry.version).collect::<Vec<_>>(), (1..18).collect::<Vec<_>>());
    assert_eq!(kept, written[15].2);
    assert_eq!(outbox(&shop.store).await.len(), events + 16);
}

/// Of different changes at once, each finds the order as the ones before left it: what is not possible any more is refused.
pub async fn changes_at_once_see_each_other(store: Arc<dyn Store>) {
    let (shop, product, _) = with_order(store).await;
    let (staff, buyer) = (shop.staff, shop.customer("other").await);
    for round in 0..6 {
        let id = shop.place(order(buyer, [pieces(product, 1)])).await.expect("an order").value.id;
        let run = |n: i32| {
            let shop = shop.clone();
            async move {
                let payment = PaymentId::new();
                let decide = move |order: &Order, cause: &Cause| match n % 2 {
                    0 => order.cancel(staff, cause),
                    _ => order.start_payment(payment, "sandbox", CaptureMode::Automatic, staff, cause),
                };
                (n % 2, shop.change_as(id, None, &cause(), decide).await)
            }
        };
        let results = at_once((0..4).map(run)).await;
        let kept = shop.store.order(id, None).await.expect("an order");
        assert!(kept.ended.is_some() && kept.payments.len() <= 1, "{round}: {kept:?}");
        for (kind, result) in results {
            match (kind, result) {
                (0, result) => assert!(result.expect("a cancellation").value.ended.is_some()),
                (_, Err(error)) => assert!(matches!(code(&error), "order_status" | "payment_in_progress"), "{error:?}"),
                (_, Ok(started)) => assert_eq!(started.value.payments, kept.payments),
            }
        }
        assert_eq!(shop.stock(product).await.reserved, 4);
    }
    shop.assert_ledger_balances(product).await;
}

/// A refusal of the order comes back, and leaves nothing; its claim may be used again, with another body too.
pub async fn a_refusal_comes_back_and_leaves_nothing(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let staff = shop.staff;
    let wish = parcel("P1", []);
    let refused = shop.step(placed.id, &cause(), move |order, cause| order.ship(&wish, staff, cause)).await;
    assert_refused(refused, "order_status");
    for fingerprint in [1, 2] {
        let claim = claimed("scope", "key", fingerprint);
        let missing = |_: &Order, _: &Cause| Err(Error::NotFound("shipment"));
        assert_not_found(shop.step(placed.id, &claim, missing).await, "shipment");
    }
    let late = souk_domain::now() + chrono::Duration::hours(25);
    assert_eq!(shop.store.expire_idempotency_keys(late).await.expect("a sweep"), 0);
    let claim = claimed("scope", "key", 3);
    let write = move |order: &Order, cause: &Cause| order.add_note(&note("now"), true, staff, cause);
    let written = shop.change_as(placed.id, None, &claim, write).await.expect("a note");
    assert_eq!((written.value.version, written.replayed), (2, None));
}

/// A claim of an order that is not there, or is another's, may be used again.
pub async fn a_claim_of_nothing_may_be_used_again(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let other = shop.customer("other").await;
    let claim = claimed("scope", "key", 1);
    for (id, owner) in [(OrderId::new(), None), (placed.id, Some(other))] {
        assert_not_found(shop.change_as(id, owner, &claim, |_, _| panic!("nothing to decide")).await, "order");
    }
    let cancel = |order: &Order, cause: &Cause| order.cancel(order.customer_id, cause);
    let done = shop.change_as(placed.id, Some(placed.customer_id), &claim, cancel).await.expect("a cancellation");
    assert!(done.replayed.is_none() && done.value.ended.is_some());
}

/// An order is decided on as it is, and once when nobody else is there.
pub async fn an_order_is_decided_on_as_it_is(store: Arc<dyn Store>) {
    let (shop, _, placed) = with_order(store).await;
    let staff = shop.staff;
    let mut expected = placed;
    for number in 1..=3 {
        let (asked, present) = (Arc::new(AtomicUsize::new(0)), expected.clone());
        let counts = asked.clone();
        let decide = move |order: &Order, cause: &Cause| {
            counts.fetch_add(1, Ordering::SeqCst);
            assert_eq!(*order, present);
            order.add_note(&note("a note"), false, staff, cause)
        };
        expected = shop.change_as(expected.id, None, &cause(), decide).await.expect("a note").value;
        assert_eq!((asked.load(Ordering::SeqCst), expected.notes.len()), (1, number));
    }
}

/// Parcels at once send each piece once: the last ones are not in the order any more.
pub async fn parcels_at_once_send_each_piece_once(store: Arc<dyn Store>) {
    let (shop, product, placed) = with_order(store).await;
    let (id, staff) = (placed.id, shop.staff);
    shop.pay(id).await;
    let send = |n: i32| {
        let shop = shop.clone();
        async move {
            let wish = parcel(&format!("P{n}"), [sent(product, 1)]);
            shop.change_as(id, None, &cause(), move |order, cause| order.ship(&wish, staff, cause)).await
        }
    };
    assert_eq!(winners(&at_once((0..10).map(send)).await, "not_in_order"), 4);
    let (stock, kept) = (shop.stock(product).await, shop.store.order(id, None).await.expect("an order"));
    assert_eq!((stock.on_hand, stock.reserved, kept.shipments.len()), (6, 0, 4));
    shop.assert_ledger_balances(product).await;
}
