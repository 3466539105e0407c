//! The orders of people who asked to be forgotten.

use crate::sales::{note, parcel, sent, to};
use crate::shop::{Shop, address, at_once, cause, claimed, order, outbox, pieces};
use souk_domain::ports::Store;
use souk_domain::{CaptureMode, Cause, CustomerId, NewOrder, Order, OrderSearch, ProductId, ProviderState};
use std::sync::Arc;

/// An order that goes to an address.
fn addressed(buyer: CustomerId, product: ProductId) -> NewOrder {
    to(order(buyer, [pieces(product, 2)]), address("Ada Lovelace", true))
}

/// An order as it is when its buyer was forgotten: without address and notes, in the next version, and otherwise the same.
fn forgotten(before: &Order, found: &Order) -> Order {
    let (version, updated_at) = (before.version + 1, found.updated_at);
    Order { shipping_address: None, notes: Vec::new(), version, updated_at, ..before.clone() }
}

/// Whatever became of an order, it loses its address and notes with its buyer, and nothing else; those of others stay.
pub async fn an_order_loses_its_address_and_notes_with_its_buyer(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let (ada, bob, staff) = (shop.customer("ada").await, shop.customer("bob").await, shop.staff);
    let mut orders = Vec::new();
    for (n, buyer) in [ada, bob, ada, ada, ada, ada].into_iter().enumerate() {
        let id = shop.place(addressed(buyer, product)).await.expect("an order").value.id;
        for is_public in [true, false] {
            let text = note("Ada lives in 12 St James's Square 😀");
            shop.change(id, move |order, cause| order.add_note(&text, is_public, buyer, cause)).await.expect("a note");
        }
        match n {
            2 => shop.cancel(id).await.map(drop).expect("a cancellation"),
            3 => drop(shop.start_payment(id, CaptureMode::Manual, &cause()).await),
            4 | 5 => drop(shop.pay(id).await),
            _ => {}
        }
        if n == 5 {
            let wish = parcel("P1", [sent(product, 1)]);
            shop.change(id, move |order, cause| order.ship(&wish, staff, cause)).await.expect("a parcel");
        }
        orders.push(shop.store.order(id, None).await.expect("an order"));
    }
    let (stock, events) = (shop.stock(product).await, outbox(&shop.store).await);
    shop.store.erase_customer(ada, &cause()).await.expect("an erasure");
    assert_eq!((shop.stock(product).await, outbox(&shop.store).await), (stock, events));
    for before in &orders {
        let found = shop.store.order(before.id, Some(before.customer_id)).await.expect("an order");
        let expected = if before.customer_id == ada { forgotten(before, &found) } else { before.clone() };
        assert_eq!(found, expected);
        shop.assert_waits(&found).await;
    }
    let search = OrderSearch { customer: Some(ada), ..Default::default() };
    let found = shop.search(search).await;
    assert!(found.len() == 5 && found.iter().all(|order| order.shipping_address.is_none() && order.notes.is_empty()));
}

/// The order of somebody who was forgotten goes on: it is paid, sent and cancelled like any other.
pub async fn the_order_of_somebody_forgotten_goes_on(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let (ada, staff) = (shop.customer("ada").await, shop.staff);
    let id = shop.place(addressed(ada, product)).await.expect("an order").value.id;
    let other = shop.place(addressed(ada, product)).await.expect("an order").value.id;
    shop.start_payment(id, CaptureMode::Automatic, &cause()).await;
    shop.store.erase_customer(ada, &cause()).await.expect("an erasure");
    shop.observe(id, ProviderState::Captured).await;
    let wish = parcel("P1", [sent(product, 2)]);
    let done = shop.step(id, &cause(), move |order, cause| order.ship(&wish, staff, cause)).await.expect("a parcel");
    assert_eq!((done.version, &done.shipping_address), (5, &None));
    let ended = shop.step(other, &cause(), move |order, cause| order.cancel(staff, cause)).await.expect("the end");
    assert_eq!((ended.version, shop.stock(product).await.reserved), (3, 0));
}

/// What others' commands on an order are answered with again does not bring the address back; what is kept of other orders stays.
pub async fn the_kept_answers_of_staff_lose_the_address_too(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let (ada, bob, staff) = (shop.customer("ada").await, shop.customer("bob").await, shop.staff);
    let write = |order: &Order, cause: &Cause, staff| order.add_note(&note("rang them"), false, staff, cause);
    let mut answered = Vec::new();
    for buyer in [ada, bob] {
        let id = shop.place(addressed(buyer, product)).await.expect("an order").value.id;
        let claim = claimed("staff", &id.to_string(), 1);
        shop.change_as(id, None, &claim, move |order, cause| write(order, cause, staff)).await.expect("a note");
        answered.push(id);
    }
    shop.store.erase_customer(ada, &cause()).await.expect("an erasure");
    let mut replayed = Vec::new();
    for id in answered {
        let claim = claimed("staff", &id.to_string(), 1);
        let again = shop.change_as(id, None, &claim, |_, _| Ok(None)).await.expect("an answer");
        replayed.push((again.replayed.is_some(), again.value.shipping_address.is_some()));
    }
    assert_eq!(replayed, [(false, false), (true, true)]);
}

/// What is decided about an order while its buyer is being forgotten does not bring the address back, whichever comes first.
pub async fn a_change_during_an_erasure_brings_no_address_back(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    for round in 0..12 {
        let ada = shop.customer(&format!("ada{round}")).await;
        let id = shop.place(addressed(ada, product)).await.expect("an order").value.id;
        let staff = shop.staff;
        let run = |n: usize| {
            let shop = shop.clone();
            async move {
                if n == round % 6 {
                    shop.store.erase_customer(ada, &cause()).await.map(drop).expect("an erasure");
                    return;
                }
                let text = note(&format!("note {n}"));
                let decide = move |order: &Order, cause: &Cause| match n {
                    1 => order.cancel(staff, cause),
                    _ => order.add_note(&text, true, staff, cause),
                };
                let done = shop.change_as(id, None, &claimed("scope", &format!("{round}-{n}"), 1), decide).await;
                done.map(drop).expect("a change");
            }
        };
        at_once((0..6).map(run)).await;
        let kept = shop.store.order(id, None).await.expect("an order");
        assert_eq!((&kept.shipping_address, kept.version), (&None, 7));
        // Of the changes, those that came afterwards have left their notes.
        let steps = kept.history.iter().filter(|entry| entry.step == souk_domain::OrderStep::NoteAdded).count();
        assert!(kept.notes.len() <= steps && kept.history.len() == 6, "{kept:?}");
    }
    shop.assert_ledger_balances(product).await;
}
