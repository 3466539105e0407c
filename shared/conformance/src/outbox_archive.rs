//! The archive of the outbox: what was published long ago, and how all events are read again.

use crate::outbox::{claim, ids, much_later, publish, with_events};
use crate::shop::{at_once, outbox};
use chrono::Duration;
use souk_domain::ports::{PastEvents, Store};
use souk_domain::{DateTime, Event, now};
use std::sync::Arc;

/// Before everything.
fn long_ago() -> DateTime {
    now() - Duration::days(10_000)
}

/// Every event since a moment, so many a page.
async fn walk(store: &Arc<dyn Store>, since: DateTime, limit: usize) -> Vec<Event> {
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let page = store.events_since(since, after, limit).await.expect("events");
        let PastEvents { events, last, .. } = page;
        assert!(events.len() <= limit && events.iter().all(|(place, _)| Some(*place) > after));
        assert_eq!(last, events.last().map(|(place, _)| *place));
        after = last;
        walked.extend(events.into_iter().map(|(_, event)| event));
        if after.is_none() {
            return walked;
        }
    }
}

/// All events are read in the order of their commits, page by page, whether they were published or not.
pub async fn events_are_walked_in_the_order_of_their_commits(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 7).await;
    publish(&shop.store, &ids(&events[..3]), 4).await;
    for limit in [1, 3, 7, 100] {
        assert_eq!(walk(&shop.store, long_ago(), limit).await, events);
    }
}

/// Only what was committed since the moment given is read.
pub async fn events_are_read_since_a_moment(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 5).await;
    let since = events[2].time;
    let expected: Vec<Event> = events.into_iter().filter(|event| event.time >= since).collect();
    assert_eq!(walk(&shop.store, since, 100).await, expected);
    assert!(walk(&shop.store, much_later(), 100).await.is_empty());
}

/// What was published before the moment given is archived, nothing else; the number is told.
pub async fn what_was_published_is_archived(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 6).await;
    publish(&shop.store, &ids(&events[..4]), 2).await;
    assert_eq!(shop.store.archive(long_ago()).await.expect("a number"), 0);
    assert_eq!(shop.store.archive(much_later()).await.expect("a number"), 4);
    assert_eq!(shop.store.archive(much_later()).await.expect("a number"), 0);
    assert_eq!(outbox(&shop.store).await, events[4..]);
}

/// Archived events are read with the others, in their order.
pub async fn archived_events_keep_their_places(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 6).await;
    let published = ids(&[events[0].clone(), events[2].clone(), events[5].clone()]);
    publish(&shop.store, &published, 3).await;
    let before = shop.store.events_since(long_ago(), None, 100).await.expect("events");
    assert_eq!(shop.store.archive(much_later()).await.expect("a number"), 3);
    assert_eq!(shop.store.events_since(long_ago(), None, 100).await.expect("events"), before);
    for limit in [1, 4] {
        assert_eq!(walk(&shop.store, long_ago(), limit).await, events);
    }
}

/// Archived events are published no more: no relay gets them, and forgetting their publication does not reach them.
pub async fn archived_events_are_not_published_again(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 3).await;
    publish(&shop.store, &ids(&events), 0).await;
    assert_eq!(shop.store.archive(much_later()).await.expect("a number"), 3);
    assert_eq!(shop.store.republish(long_ago()).await.expect("a number"), 0);
    assert!(claim(&shop.store, 100, much_later()).await.is_empty());
}

/// Archivers at once move each event once.
pub async fn archivers_at_once_move_each_event_once(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 40).await;
    publish(&shop.store, &ids(&events), 0).await;
    let archive = |_| {
        let store = shop.store.clone();
        async move { store.archive(much_later()).await.expect("a number") }
    };
    let moved = at_once((0..4).map(archive)).await;
    assert_eq!(moved.iter().sum::<usize>(), 40);
    assert_eq!(walk(&shop.store, long_ago(), 100).await, events);
}

/// Events that are archived while somebody reads are read all the same.
pub async fn no_event_is_missed_while_events_are_archived(store: Arc<dyn Store>) {
    let (shop, events) = with_events(store, 30).await;
    publish(&shop.store, &ids(&events), 0).await;
    let archiving = {
        let store = shop.store.clone();
        tokio::spawn(async move { store.archive(much_later()).await })
    };
    while !archiving.is_finished() {
        assert_eq!(walk(&shop.store, long_ago(), 7).await, events);
    }
    assert_eq!(archiving.await.expect("a task").expect("a number"), 30);
    assert_eq!(walk(&shop.store, long_ago(), 7).await, events);
}
