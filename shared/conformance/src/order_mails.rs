//! The mails that tell buyers of their orders.

use crate::shop::{Shop, at_once, cause, order, pieces};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{CustomerId, DateTime, Event, EventId, Order, OrderId, OrderToMail, from_micros, now};
use std::sync::Arc;

/// Orders of a customer, and the event of each.
async fn orders(shop: &Shop, buyer: CustomerId, number: usize) -> Vec<(Order, EventId)> {
    let product = shop.stocked("A1", 100).await.id;
    let mut placed = Vec::new();
    for _ in 0..number {
        let order = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order");
        let event = order.events.iter().find(|event: &&Event| event.data.order().is_some()).expect("its event").id;
        placed.push((order.value, event));
    }
    placed
}

async fn to_mail(shop: &Shop, order: OrderId, event: EventId) -> Option<OrderToMail> {
    shop.store.order_to_mail(order, event).await.expect("an answer")
}

async fn note(shop: &Shop, event: EventId, until: DateTime) {
    shop.store.order_mailed(event, until).await.expect("a note");
}

/// An order goes to whoever bought it, as it is and as they are called now, until it is noted that the event was mailed; its other events
/// and other orders are mailed all the same.
pub async fn an_order_is_mailed_once_for_each_event(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let ada = shop.customer("ada").await;
    let [(order, event), (other, second)] = orders(&shop, ada, 2).await.try_into().expect("two");
    let customer = shop.store.customer(ada).await.expect("a customer");
    let paid = shop.pay(order.id).await;
    let found = to_mail(&shop, order.id, event).await.expect("an order");
    assert_eq!((found.order, found.email, found.name), (paid, customer.email, customer.name));
    for _ in 0..2 {
        note(&shop, event, now() + Duration::days(1)).await;
        assert!(to_mail(&shop, order.id, event).await.is_none());
    }
    assert!(to_mail(&shop, order.id, EventId::new()).await.is_some());
    assert_eq!(to_mail(&shop, other.id, second).await.expect("an order").order, other);
    assert!(to_mail(&shop, OrderId::new(), EventId::new()).await.is_none());
}

/// What several note at once is noted.
pub async fn what_several_note_of_a_mailed_order_at_once_is_noted(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let ada = shop.customer("ada").await;
    let [(order, event)] = orders(&shop, ada, 1).await.try_into().expect("one");
    let noted = (0..8).map(|_| {
        let store = shop.store.clone();
        async move { store.order_mailed(event, now() + Duration::days(1)).await }
    });
    for noted in at_once(noted).await {
        noted.expect("a note");
    }
    assert!(to_mail(&shop, order.id, event).await.is_none());
}

/// Nobody is mailed who asked to be forgotten.
pub async fn who_was_forgotten_gets_no_mail_of_orders(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (ada, bob) = (shop.customer("ada").await, shop.customer("bob").await);
    let [(order, event)] = orders(&shop, ada, 1).await.try_into().expect("one");
    shop.store.erase_customer(bob, &cause()).await.expect("an erasure");
    assert!(to_mail(&shop, order.id, event).await.is_some());
    shop.store.erase_customer(ada, &cause()).await.expect("an erasure");
    assert!(to_mail(&shop, order.id, event).await.is_none());
}

/// A sweep forgets what was noted of mailed orders when its time is over, to the microsecond.
pub async fn a_sweep_forgets_which_orders_were_mailed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let ada = shop.customer("ada").await;
    let until = from_micros(4_000_000_000_123_457);
    let moment = Duration::microseconds(1);
    let [(order, event)] = orders(&shop, ada, 1).await.try_into().expect("one");
    note(&shop, event, until).await;
    note(&shop, EventId::new(), until + moment).await;
    for (at, forgotten, is_noted) in [(until - moment, 0, true), (until, 1, false), (until + moment, 1, false)] {
        assert_eq!(shop.store.expire_mails(at).await.expect("a sweep"), forgotten, "{at}");
        assert_eq!(to_mail(&shop, order.id, event).await.is_none(), is_noted, "{at}");
    }
}
