//! The outbox: events of committed commands, for relays.

use crate::shop::{Shop, at_once, category, cause, claimed, order, outbox, pieces, row, shelf, sku};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{Change, DateTime, Event, EventId, now};
use std::collections::HashSet;
use std::sync::Arc;

/// Long enough that no slow machine gets there within a test.
pub(crate) fn much_later() -> DateTime {
    now() + Duration::minutes(10)
}

pub(crate) async fn claim(store: &Arc<dyn Store>, limit: usize, until: DateTime) -> Vec<Event> {
    store.claim_unpublished(limit, much_later(), until).await.expect("events").events
}

pub(crate) fn ids(events: &[Event]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

/// A shop with so many events, oldest first.
pub(crate) async fn with_events(store: Arc<dyn Store>, number: usize) -> (Shop, Vec<Event>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    for n in 1..number as i64 {
        shop.adjust(id, Change::By(n)).await.expect("stock");
    }
    let events = outbox(&shop.store).await;
    assert_eq!(events.len(), number);
    (shop, events)
}

/// Marks events and waits up to two seconds until the mark has arrived and `left` events are left.
pub(crate) async fn publish(store: &Arc<dyn Store>, published: &[EventId], left: usize) {
    store.mark_published(published).await.expect("a mark");
    for _ in 0..40 {
        if outbox(store).await.len() == left {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(outbox(store).await.len(), left, "published events are still there after two seconds");
}

/// The store answers.
pub async fn the_store_answers(store: Arc<dyn Store>) {
    store.ping().await.expect("an answer");
}

/// What commands answered to have told is what relays get: whole, in the order of the commits.
pub async fn committed_events_are_claimed_in_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut told: Vec<Vec<Event>> = Vec::new();
    let made = shop.store.create_product(sku("A1"), shop.fields("Crème 😀", 1), &cause()).await.expect("a product");
    told.push(made.events);
    let id = made.value.id;
    told.push(shop.adjust(id, Change::To(9)).await.expect("stock").events);
    told.push(shop.store.update_product(id, None, shop.fields("灯", 2), &cause()).await.expect("a change").events);
    let placed = shop.place(order(shop.customer("buyer").await, [pieces(id, 2)])).await.expect("an order");
    told.push(placed.events);
    let rows = vec![row("A1", "New", "Things", 1), row("B1", "New", "Things", 1)];
    told.push(shop.store.import_products(rows, &cause()).await.expect("an import").events);
    told.push(shop.cancel(placed.value.id).await.expect("a cancellation").events);
    told.push(shop.store.discontinue_product(id, &cause()).await.expect("a discontinuation").events);
    assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2, 1]);
    let mut claimed = claim(&shop.store, 100, much_later()).await.into_iter();
    for mut expected in told {
        let mut found: Vec<_> = claimed.by_ref().take(expected.len()).collect();
        found.sort_by_key(|event| event.id);
        expected.sort_by_key(|event| event.id);
        assert_eq!(found, expected);
    }
    assert_eq!(claimed.count(), 0);
}

/// A claimed event goes to nobody else while the claim lasts.
pub async fn an_event_is_claimed_once(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 5).await;
    assert_eq!(claim(&shop.store, 100, much_later()).await, events);
    assert!(claim(&shop.store, 100, much_later()).await.is_empty());
    assert!(outbox(&shop.store).await.is_empty());
}

/// A relay gets at most as many events as it asks for, the oldest.
pub async fn the_oldest_events_are_claimed_first(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 7).await;
    for part in events.chunks(3) {
        assert_eq!(claim(&shop.store, 3, much_later()).await, part);
    }
}

/// Events that were not committed before the moment asked for are left alone.
pub async fn young_events_are_left_alone(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 2).await;
    let early = now() - Duration::hours(1);
    assert!(shop.store.claim_unpublished(100, early, much_later()).await.expect("events").events.is_empty());
    assert_eq!(outbox(&shop.store).await, events);
}

/// Relays at once get disjoint sets that together are all.
pub async fn relays_at_once_share_all_events(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 60).await;
    let relay = |_| {
        let store = shop.store.clone();
        async move {
            let mut mine = Vec::new();
            loop {
                let part = claim(&store, 7, much_later()).await;
                if part.is_empty() {
                    return mine;
                }
                mine.extend(ids(&part));
                assert!(mine.len() <= 60, "the same events come again and again");
            }
        }
    };
    let shared: Vec<_> = at_once((0..4).map(relay)).await.into_iter().flatten().collect();
    let distinct: HashSet<_> = shared.iter().copied().collect();
    assert_eq!(shared.len(), distinct.len(), "two relays got the same event");
    assert_eq!(distinct, ids(&events).into_iter().collect());
}

/// Two relays that ask for everything at the same time do not both get an event.
pub async fn two_relays_at_once_do_not_meet(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 20).await;
    let relay = |_| {
        let store = shop.store.clone();
        async move { claim(&store, 100, much_later()).await }
    };
    let mut shared = at_once((0..2).map(relay)).await.concat();
    shared.extend(claim(&shop.store, 100, much_later()).await);
    assert_eq!(shared.len(), 20);
    assert_eq!(ids(&shared).into_iter().collect::<HashSet<_>>(), ids(&events).into_iter().collect());
}

/// Events of commands that commit while relays run are all claimed, each once.
pub async fn no_event_is_missed_while_commands_run(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let adjust = |_| {
        let shop = shop.clone();
        async move { ids(&shop.adjust(id, Change::By(1)).await.expect("stock").events) }
    };
    let commands: Vec<_> = (0..40).map(|n| tokio::spawn(adjust(n))).collect();
    let mut claimed = Vec::new();
    for _ in 0..20 {
        claimed.extend(ids(&claim(&shop.store, 5, much_later()).await));
    }
    let mut told = HashSet::new();
    for command in commands {
        told.extend(command.await.expect("a command"));
    }
    claimed.extend(ids(&claim(&shop.store, 100, much_later()).await));
    let distinct: HashSet<_> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (41, 41));
    assert!(told.is_subset(&distinct));
}

/// A claim that was not followed by a mark ends: others get the events after its end, and not before.
pub async fn an_unmarked_claim_ends(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 3).await;
    let until = now() + Duration::seconds(2);
    assert_eq!(claim(&shop.store, 2, until).await, events[..2]);
    let others = claim(&shop.store, 100, until).await;
    if now() < until {
        assert_eq!(others, events[2..]);
    }
    let rest = (until - now()).to_std().unwrap_or_default();
    tokio::time::sleep(rest).await;
    // The store may have a clock of its own.
    for _ in 0..40 {
        let again = claim(&shop.store, 100, much_later()).await;
        if !again.is_empty() {
            assert_eq!(again, events);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the claim does not end");
}

/// Claimed events that were given back are claimed again at once; others stay claimed.
pub async fn released_events_are_claimed_again(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 3).await;
    assert_eq!(claim(&shop.store, 100, much_later()).await, events);
    shop.store.release_claims(&ids(&events[1..])).await.expect("a release");
    assert_eq!(claim(&shop.store, 100, much_later()).await, events[1..]);
    assert!(claim(&shop.store, 100, much_later()).await.is_empty());
}

/// Events that are known to be published are not claimed any more.
pub async fn published_events_are_gone(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 5).await;
    let published = ids(&[events[0].clone(), events[3].clone()]);
    publish(&shop.store, &published, 3).await;
    let left = claim(&shop.store, 100, much_later()).await;
    assert_eq!(ids(&left), ids(&[events[1].clone(), events[2].clone(), events[4].clone()]));
}

/// A mark also ends the events of a claim: they do not come back when it ends.
pub async fn a_marked_claim_does_not_come_back(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 3).await;
    let until = now() + Duration::seconds(1);
    assert_eq!(claim(&shop.store, 100, until).await, events);
    publish(&shop.store, &ids(&events), 0).await;
    let rest = (until - now()).to_std().unwrap_or_default();
    tokio::time::sleep(rest + std::time::Duration::from_millis(50)).await;
    assert!(claim(&shop.store, 100, much_later()).await.is_empty());
}

/// Marking nothing, or events that nobody knows, or events again, does no harm.
pub async fn marks_do_no_harm(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 2).await;
    shop.store.mark_published(&[]).await.expect("nothing to do");
    shop.store.mark_published(&[EventId::new()]).await.expect("nothing to do");
    publish(&shop.store, &[events[0].id, EventId::new()], 1).await;
    publish(&shop.store, &[events[0].id], 1).await;
    assert_eq!(outbox(&shop.store).await, events[1..]);
}

/// The moment of the latest publication is known once there is one.
pub async fn the_latest_publication_is_known(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 2).await;
    assert_eq!(shop.store.last_published().await.expect("an answer"), None);
    publish(&shop.store, &[events[0].id], 1).await;
    let first = shop.store.last_published().await.expect("an answer").expect("a moment");
    // The store may have a clock of its own.
    assert!((now() - first).abs() < Duration::minutes(5), "{first}");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    publish(&shop.store, &[events[1].id], 0).await;
    let second = shop.store.last_published().await.expect("an answer").expect("a moment");
    assert!(second > first, "{second} {first}");
}

/// Forgetting makes published events claimable again, those that were published after the moment given, and tells how many.
pub async fn republished_events_are_claimed_again(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 5).await;
    publish(&shop.store, &ids(&events[..2]), 3).await;
    let between = shop.store.last_published().await.expect("an answer").expect("a moment");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    publish(&shop.store, &ids(&events[2..]), 0).await;
    assert_eq!(shop.store.republish(much_later()).await.expect("a number"), 0);
    assert_eq!(shop.store.republish(between).await.expect("a number"), 3);
    assert_eq!(claim(&shop.store, 100, much_later()).await, events[2..]);
    publish(&shop.store, &ids(&events), 0).await;
    assert_eq!(shop.store.republish(between - Duration::hours(1)).await.expect("a number"), 5);
    assert_eq!(claim(&shop.store, 100, much_later()).await, events);
}

/// What relays have forgotten about can be claimed at once, although the claim of its first publication still lasts.
pub async fn republishing_ends_old_claims(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 3).await;
    assert_eq!(claim(&shop.store, 100, much_later()).await, events);
    shop.store.mark_published(&ids(&events)).await.expect("a mark");
    let mut again = 0;
    for _ in 0..40 {
        again += shop.store.republish(now() - Duration::hours(1)).await.expect("a number");
        if again == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(claim(&shop.store, 100, much_later()).await, events);
}

/// A command that fails leaves no event, nor does a repetition.
pub async fn failures_and_repetitions_leave_no_event(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1).await.id;
    let buyer = shop.customer("buyer").await;
    let events = outbox(&shop.store).await.len();
    assert!(shop.place(order(buyer, [pieces(product, 2)])).await.is_err());
    assert!(shop.adjust(product, Change::By(-2)).await.is_err());
    assert!(shop.store.create_product(sku("A1"), shop.fields("B", 1), &cause()).await.is_err());
    assert_eq!(outbox(&shop.store).await.len(), events);
    for added in [1, 1] {
        let cause = claimed("scope", "key", 1);
        shop.store.adjust_stock(shop.adjustment(product, Change::By(1)), None, &cause).await.expect("stock");
        assert_eq!(outbox(&shop.store).await.len(), events + added);
    }
}

/// Events carry the moment and the correlation of the command that made them.
pub async fn events_carry_their_cause(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut cause = cause();
    cause.correlation_id = "wish-1 é😀".to_owned();
    cause.at = souk_domain::from_micros(1_700_000_000_123_457);
    shop.store.create_product(sku("A1"), shop.fields("B", 1), &cause).await.expect("a product");
    let [event] = outbox(&shop.store).await.try_into().expect("one event");
    assert_eq!((event.time, event.correlation_id), (cause.at, cause.correlation_id));
}

/// Categories and customers are told in no event.
pub async fn categories_and_customers_make_no_event(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = category(&shop.store, "A", None).await;
    shop.store.update_category(id, None, shelf("B", None), &cause()).await.expect("a change");
    shop.store.delete_category(id, &cause()).await.expect("a removal");
    shop.customer("buyer").await;
    assert!(outbox(&shop.store).await.is_empty());
}
