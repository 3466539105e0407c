//! Events on their way to webhooks: to whom, in which order, by whose hands.

use crate::hooks::{PRODUCT, STOCK, events_of, failure, rotation, success};
use crate::outbox::{ids, much_later, publish};
use crate::shop::{ENDLESS, Shop, at_once, cause, limit};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{Aggregate, Change, ClaimedDelivery, DeliveryStatus, Event, Told, now};
use std::collections::HashSet;
use std::sync::Arc;

/// Takes and delivers whatever is due until nothing is; the events in the order in which they went out.
async fn deliver_all(shop: &Shop) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let due = shop.due().await;
        for delivery in &due {
            shop.arrives(delivery).await;
        }
        if due.is_empty() {
            return events;
        }
        events.extend(events_of(&due));
        assert!(events.len() <= ENDLESS, "deliveries have no end");
    }
}

/// An event goes to every webhook that wants to hear of its type, whole, and to no other.
pub async fn an_event_goes_to_those_who_want_to_hear_of_it(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (stock, both) = (shop.hears(&[STOCK]).await.id, shop.hears(&[STOCK, PRODUCT]).await.id);
    let other = shop.hears(&["souk.OrderPlaced"]).await.id;
    let event = shop.stock_events("A1", 1).await.remove(0);
    assert_eq!(shop.tells(&event).await, 2);
    let due = shop.due().await;
    assert_eq!(events_of(&due), [event.clone(), event.clone()]);
    let told: HashSet<_> = due.iter().map(|delivery| delivery.webhook.id).collect();
    assert_eq!(told, HashSet::from([stock, both]));
    assert!(shop.log_of(other).await.is_empty());
    let line = shop.log_of(stock).await.remove(0);
    assert_eq!((line.event_id, line.event_type.as_str(), line.subject_version), (event.id, STOCK, event.version));
    assert_eq!((line.subject.to_string(), line.status), (event.subject, DeliveryStatus::Pending));
    assert_eq!((line.attempts, line.status_code, line.error, line.finished_at), (0, None, None, None));
}

/// However often an event is told, it is on its way once, also when several tell it at once.
pub async fn an_event_is_put_on_its_way_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.hears(&[STOCK]).await;
    let events = shop.stock_events("A1", 3).await;
    let tell = |n: usize| {
        let (shop, event) = (shop.clone(), events[n % 3].clone());
        async move { shop.tells(&event).await }
    };
    let added = at_once((0..9).map(tell)).await;
    assert_eq!(added.iter().sum::<usize>(), 3);
    assert_eq!(deliver_all(&shop).await, events);
    assert_eq!(shop.tells(&events[2]).await, 0);
    assert!(shop.due().await.is_empty());
}

/// A later event brings along what was not told before it, wherever that is kept by now; so all go out in the order of their versions.
pub async fn a_gap_is_filled_before_what_came_after_it(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    let events = shop.stock_events("A1", 5).await;
    let product = shop.store.events_since(webhook.created_at, None, 1).await.expect("events").events.remove(0).1;
    publish(&shop.store, &ids(&[product, events[0].clone(), events[1].clone()]), 3).await;
    assert_eq!(shop.store.archive(much_later()).await.expect("a number"), 3);
    assert_eq!(shop.tells(&events[1]).await, 2);
    assert_eq!(shop.tells(&events[3]).await, 2);
    assert_eq!(shop.tells(&events[2]).await, 0);
    assert_eq!(shop.tells(&events[4]).await, 1);
    assert_eq!(deliver_all(&shop).await, events);
}

/// Several aggregates are told at once, each up to its version.
pub async fn several_aggregates_are_told_at_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.hears(&[STOCK]).await;
    let (a, b) = (shop.stock_events("A1", 3).await, shop.stock_events("B1", 2).await);
    let told: Vec<Told> = [&a[1], &b[0], &a[0], &b[1]].into_iter().map(|event| Told::by(event).expect("one")).collect();
    let oldest = now() - Duration::days(1);
    let enqueue = async |told: &[Told]| shop.store.enqueue_webhooks(Aggregate::Inventory, told, oldest).await;
    assert_eq!(enqueue(&told).await.expect("a number"), 4);
    assert_eq!(enqueue(&[]).await.expect("a number"), 0);
    // The same subjects, as another kind of aggregate, have no such events.
    let others = shop.store.enqueue_webhooks(Aggregate::Product, &told, oldest).await.expect("a number");
    assert_eq!(others, 0);
    let sent: HashSet<_> = ids(&deliver_all(&shop).await).into_iter().collect();
    assert_eq!(sent, ids(&[a[0].clone(), a[1].clone(), b[0].clone(), b[1].clone()]).into_iter().collect());
}

/// What happened before a webhook was made, while it was silent, or longer ago than asked for, is not sent.
pub async fn events_from_before_are_not_sent(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("A1").await.id;
    let change = async || shop.adjust(product, Change::By(1)).await.expect("stock").events.remove(0);
    let before = change().await;
    let webhook = shop.hears(&[STOCK]).await;
    assert_eq!(shop.tells(&before).await, 0);
    let first = change().await;
    shop.tells(&first).await;
    shop.gives_up(webhook.id).await;
    let silent = change().await;
    assert_eq!(shop.tells(&silent).await, 0);
    shop.enables(&webhook).await;
    let last = change().await;
    assert_eq!(shop.tells(&last).await, 1);
    assert_eq!(deliver_all(&shop).await, [first, last]);
    let old = change().await;
    let told = [Told::by(&old).expect("one")];
    let later = old.time + Duration::microseconds(1);
    let left_out = shop.store.enqueue_webhooks(Aggregate::Inventory, &told, later).await.expect("a number");
    assert_eq!(left_out, 0);
}

/// A delivery waits while an older one about the same aggregate is on its way to the same webhook; other aggregates and webhooks do not.
pub async fn one_aggregate_goes_out_one_after_the_other(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhooks = [shop.hears(&[STOCK, PRODUCT]).await.id, shop.hears(&[STOCK]).await.id];
    let (a, b) = (shop.stock_events("A1", 2).await, shop.stock_events("B1", 1).await);
    let of_a = shop.store.events_since(now() - Duration::days(1), None, 1).await.expect("events").events.remove(0).1;
    for event in [&a[1], &b[0], &of_a] {
        shop.tells(event).await;
    }
    let due = shop.due().await;
    let to = |place: usize| {
        let mine = due.iter().filter(move |delivery| delivery.webhook.id == webhooks[place]);
        mine.filter_map(|delivery| delivery.event.as_ref()).map(|event| event.id).collect::<HashSet<_>>()
    };
    // The product and its stock have the same id and are two things.
    assert_eq!(to(0), HashSet::from([a[0].id, b[0].id, of_a.id]));
    assert_eq!(to(1), HashSet::from([a[0].id, b[0].id]));
    assert!(shop.due().await.is_empty());
    let head = |place: usize| {
        due.iter()
            .find(|delivery| delivery.webhook.id == webhooks[place] && delivery.event.as_ref() == Some(&a[0]))
            .expect("a head")
    };
    shop.arrives(head(1)).await;
    let next = shop.due().await;
    assert_eq!((events_of(&next), next[0].webhook.id), (vec![a[1].clone()], webhooks[1]));
}

/// An attempt that failed is made again when its time has come, before what waits behind it; when it is given up, that goes on.
pub async fn a_failed_attempt_comes_again_in_its_place(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    let events = shop.stock_events("A1", 2).await;
    shop.tells(&events[1]).await;
    let first = shop.due().await.remove(0);
    assert_eq!(shop.fails(&first, Some(much_later())).await, 1);
    assert!(shop.due().await.is_empty());
    let line = shop.log_of(webhook.id).await.remove(1);
    assert_eq!((line.status, line.attempts, line.status_code), (DeliveryStatus::Pending, 1, Some(503)));
    assert_eq!((line.error, line.duration_ms, line.finished_at), (failure().error, Some(12), None));
    assert!(line.next_attempt_at > Some(now()));

    let later = much_later() + Duration::minutes(1);
    let claim = async || {
        let until = later + Duration::minutes(1);
        shop.store.claim_webhook_deliveries(100, 100, later, until).await.expect("deliveries")
    };
    let again = claim().await;
    assert_eq!((events_of(&again), again[0].attempts), (vec![events[0].clone()], 1));
    assert_eq!(shop.fails(&again[0], None).await, 2);
    let line = shop.log_of(webhook.id).await.remove(1);
    assert_eq!((line.status, line.attempts, line.next_attempt_at), (DeliveryStatus::Failed, 2, None));
    assert!(line.finished_at.is_some());
    assert_eq!(events_of(&claim().await), [events[1].clone()]);
}

/// What arrives ends the row of failures of its webhook, and of no other.
pub async fn failures_are_counted_in_a_row(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (one, _) = (shop.hears(&[STOCK]).await.id, shop.hears(&[STOCK]).await.id);
    for code in ["A1", "B1", "C1"] {
        shop.tells(&shop.stock_events(code, 1).await[0]).await;
    }
    let (of_one, of_two): (Vec<_>, Vec<_>) = shop.due().await.into_iter().partition(|due| due.webhook.id == one);
    assert_eq!(shop.fails(&of_one[0], None).await, 1);
    assert_eq!(shop.fails(&of_one[1], None).await, 2);
    assert_eq!(shop.fails(&of_two[0], None).await, 1);
    shop.arrives(&of_two[1]).await;
    assert_eq!(shop.fails(&of_one[2], None).await, 3);
    assert_eq!(shop.fails(&of_two[2], None).await, 1);
    let line = shop.log_of(of_two[1].webhook.id).await.remove(1);
    assert_eq!((line.status, line.status_code, line.error), (DeliveryStatus::Delivered, Some(204), None));
    assert_eq!((line.attempts, line.duration_ms, line.next_attempt_at), (1, Some(success().duration_ms), None));
}

/// Senders at once share what is due: each delivery goes to one.
pub async fn senders_at_once_share_what_is_due(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    shop.hears(&[STOCK]).await;
    for n in 0..20 {
        shop.tells(&shop.stock_events(&format!("A{n}"), 2).await[1]).await;
    }
    let sender = |_| {
        let shop = shop.clone();
        async move {
            let mut mine = Vec::new();
            loop {
                let claimed = shop.store.claim_webhook_deliveries(3, 100, now(), much_later()).await.expect("some");
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(
                    claimed.into_iter().map(|delivery| (delivery.id, delivery.event.expect("an event").version)),
                );
                assert!(mine.len() <= 40, "the same deliveries come again and again");
            }
        }
    };
    let taken: Vec<_> = at_once((0..4).map(sender)).await.into_iter().flatten().collect();
    let distinct: HashSet<_> = taken.iter().map(|(id, _)| *id).collect();
    assert_eq!((taken.len(), distinct.len()), (20, 20));
    // The second event of each waits for the first.
    assert_eq!(taken.iter().map(|(_, version)| version).collect::<HashSet<_>>().len(), 1);
}

/// A webhook has at most so many deliveries in senders' hands, and takes no place from others.
pub async fn a_webhook_takes_no_more_than_its_share(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let busy = shop.hears(&[STOCK]).await.id;
    for n in 0..6 {
        shop.tells(&shop.stock_events(&format!("A{n}"), 1).await[0]).await;
    }
    let quiet = shop.hears(&[STOCK]).await.id;
    shop.tells(&shop.stock_events("B1", 1).await[0]).await;
    let count = |due: &[ClaimedDelivery], id| due.iter().filter(|delivery| delivery.webhook.id == id).count();
    let due = shop.due_of_each(4).await;
    assert_eq!((count(&due, busy), count(&due, quiet)), (4, 1));
    assert!(shop.due_of_each(4).await.is_empty());
    let done: Vec<_> = due.iter().filter(|delivery| delivery.webhook.id == busy).take(2).collect();
    shop.arrives(done[0]).await;
    shop.fails(done[1], Some(much_later())).await;
    assert_eq!(count(&shop.due_of_each(4).await, busy), 2);
    // So many in all.
    let few = shop.store.claim_webhook_deliveries(1, 100, now(), much_later()).await.expect("deliveries");
    assert_eq!(few.len(), 1);
}

/// What a sender that died had taken is another's when its time is over; what the first one says then counts where it knows more.
pub async fn a_claim_that_ended_is_taken_over(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    for code in ["A1", "B1"] {
        shop.tells(&shop.stock_events(code, 1).await[0]).await;
    }
    let soon = now() + Duration::minutes(1);
    let first = shop.store.claim_webhook_deliveries(100, 100, now(), soon).await.expect("deliveries");
    let (later, end) = (soon + Duration::minutes(1), soon + Duration::minutes(2));
    let second = shop.store.claim_webhook_deliveries(100, 100, later, end).await.expect("deliveries");
    assert_eq!((events_of(&second), second.len()), (events_of(&first), 2));
    // It failed there, and may arrive here yet.
    assert_eq!(shop.fails(&first[0], None).await, 0);
    assert_eq!(shop.fails(&second[0], None).await, 1);
    // It arrived there, whatever happens here.
    shop.arrives(&first[1]).await;
    assert_eq!(shop.fails(&second[1], None).await, 0);
    let mut statuses: Vec<_> = shop.log_of(webhook.id).await.into_iter().map(|line| line.status).collect();
    statuses.reverse();
    assert_eq!(statuses, [DeliveryStatus::Failed, DeliveryStatus::Delivered]);
}

/// What is on its way to a webhook that was given up waits, and goes on at once when staff enables it, with all its attempts.
pub async fn a_silent_webhook_goes_on_where_it_was(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    let events = shop.stock_events("A1", 2).await;
    shop.tells(&events[1]).await;
    let first = shop.due().await.remove(0);
    assert_eq!(shop.fails(&first, Some(much_later())).await, 1);
    shop.gives_up(webhook.id).await;
    let much = much_later() + Duration::hours(1);
    assert!(shop.store.claim_webhook_deliveries(9, 9, much, much).await.expect("deliveries").is_empty());
    shop.enables(&webhook).await;
    let again = shop.due().await;
    assert_eq!((events_of(&again), again[0].attempts), (vec![events[0].clone()], 0));
    assert_eq!(shop.fails(&again[0], None).await, 1, "the failures of before are forgotten");
    assert_eq!(deliver_all(&shop).await, [events[1].clone()]);
}

/// A delivery that is finished can be sent again, as it is now: with the webhook's present secret.
pub async fn a_delivery_is_sent_again(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await;
    let event = shop.stock_events("A1", 1).await.remove(0);
    shop.tells(&event).await;
    let delivery = shop.due().await.remove(0);
    shop.fails(&delivery, None).await;
    let rotated = shop.change_hook(webhook.id, rotation("dHdv")).await.value;
    for _ in 0..2 {
        let sent = shop.store.redeliver_webhook(webhook.id, delivery.id, &cause()).await.expect("a delivery").value;
        assert_eq!((sent.id, sent.status, sent.attempts), (delivery.id, DeliveryStatus::Pending, 0));
        assert_eq!((sent.finished_at, shop.log_of(webhook.id).await), (None, vec![sent.clone()]));
        let again = shop.due().await.remove(0);
        assert_eq!((again.event.as_ref(), &*again.webhook, again.attempts), (Some(&event), &rotated, 0));
        shop.arrives(&again).await;
    }
}

/// The log is walked newest first, each line once, while it grows between the pages.
pub async fn the_delivery_log_is_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await.id;
    let mut events = shop.stock_events("A1", 7).await;
    shop.tells(&events[6]).await;
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let page = shop.store.webhook_deliveries(webhook, limit(3), after).await.expect("a page");
        assert!(page.items.len() == 3 || page.next.is_none());
        walked.extend(page.items.into_iter().map(|line| line.event_id));
        assert!(walked.len() <= ENDLESS, "the pages have no end");
        shop.tells(&shop.stock_events(&format!("B{}", walked.len()), 1).await[0]).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    events.reverse();
    assert_eq!(walked, ids(&events));
}

/// What was finished long ago is forgotten; what is on its way is not.
pub async fn finished_deliveries_are_forgotten(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let webhook = shop.hears(&[STOCK]).await.id;
    let events = shop.stock_events("A1", 3).await;
    shop.tells(&events[2]).await;
    let first = shop.due().await.remove(0);
    shop.arrives(&first).await;
    let second = shop.due().await.remove(0);
    shop.fails(&second, None).await;
    let forget = async |before| shop.store.expire_webhook_deliveries(before).await.expect("a number");
    assert_eq!(forget(now() - Duration::days(1)).await, 0);
    assert_eq!(forget(much_later()).await, 2);
    let left: Vec<_> = shop.log_of(webhook).await.into_iter().map(|line| line.event_id).collect();
    assert_eq!(left, [events[2].id]);
}
