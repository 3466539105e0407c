//! Called by whoever operates the system: one consumer function gets the events since a moment again, out of the outbox and its
//! archive. For a function that was wrong, or that is new and has a past to catch up with.

use crate::Consumers;
use crate::delivery::{REPORTED, deliver, deliver_one};
use serde::{Deserialize, Serialize};
use souk_domain::ports::{Invoker, Outbox, PastEvents, StreamEntry};
use souk_domain::{Aggregate, DateTime, Error, Event};
use std::time::{Duration, Instant};

/// Events that are read at once.
const PAGE: usize = 500;
/// Time kept for what is in progress when the reading stops: the longest invocation of a consumer.
const ROOM: Duration = Duration::from_secs(60);

/// What to replay.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// The consumer function.
    pub function: String,
    /// Events that were committed since then.
    pub since: DateTime,
    /// Only those behind this place in the outbox: where an earlier call stopped.
    pub after: Option<i64>,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Events that the function handled.
    pub replayed: usize,
    /// Where to go on: call again with it. Absent when everything was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// What stopped the replay, unless the time was up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

/// An event that the function could not handle.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its place in the outbox; a call that goes on after it leaves it out.
    pub place: i64,
    /// Why.
    pub error: String,
}

/// Invokes the function with batch after batch, in the order of the outbox, until nothing is left, an event fails or shortly before
/// `deadline`. A batch may hold events of several of the function's streams. Consumers skip what they have seen, as ever.
///
/// # Errors
/// `NotFound` for a function that consumes nothing; when the store is away.
pub async fn handle(
    call: Call,
    store: &dyn Outbox,
    invoker: &dyn Invoker,
    consumers: &Consumers,
    deadline: Instant,
) -> Result<Replayed, Error> {
    let Call { function, since, after } = call;
    let sources = consumers.sources_of(&function)?;
    let streams: Vec<Aggregate> = sources.iter().map(|source| source.stream).collect();
    let batch = sources.iter().map(|source| source.batch).min().unwrap_or(1).max(1);
    let until = deadline.checked_sub(ROOM).unwrap_or(deadline);
    let mut done = Replayed { after, ..Replayed::default() };
    loop {
        let PastEvents { events, unreadable, last } = store.events_since(since, done.after, PAGE).await?;
        let Some(last) = last else {
            done.after = None;
            break;
        };
        if !unreadable.is_empty() {
            tracing::error!(places = ?unreadable, "events in the outbox cannot be read, and are left out");
        }
        let wanted: Vec<_> = events.iter().filter(|(_, event)| streams.contains(&event.data.aggregate())).collect();
        if !replay(&function, invoker, &wanted, batch, until, &mut done).await {
            break;
        }
        done.after = Some(last);
        // A page may have nothing for the function: then nobody looked at the clock.
        if Instant::now() >= until {
            break;
        }
    }
    tracing::info!(function, ?done, "events were replayed");
    Ok(done)
}

/// Replays a page; whether all of it was.
async fn replay(
    function: &str,
    invoker: &dyn Invoker,
    events: &[&(i64, Event)],
    batch: usize,
    until: Instant,
    done: &mut Replayed,
) -> bool {
    for events in events.chunks(batch) {
        if Instant::now() >= until {
            return false;
        }
        let entries: Vec<StreamEntry> = events.iter().map(|(place, event)| entry(*place, event)).collect();
        if let Some((handled, error)) = first_failure(function, invoker, &entries).await {
            done.replayed += handled;
            let place = events.get(handled).map_or(0, |(place, _)| *place);
            done.after = Some(place - 1);
            done.failed = Some(Failed { place, error });
            return false;
        }
        done.replayed += events.len();
        done.after = events.last().map(|(place, _)| *place);
    }
    true
}

fn entry(place: i64, event: &Event) -> StreamEntry {
    StreamEntry { id: place.to_string(), deliveries: 1, event: event.to_json() }
}

/// How many entries were handled before the first that was not, and why it was not. A function that crashes on several does not say
/// on which: it gets them again one by one.
async fn first_failure(function: &str, invoker: &dyn Invoker, entries: &[StreamEntry]) -> Option<(usize, String)> {
    match deliver(invoker, function, entries).await {
        Ok(failed) => {
            let first = entries.iter().position(|entry| failed.contains(&entry.id))?;
            Some((first, REPORTED.to_owned()))
        }
        Err(error) if entries.len() == 1 => Some((0, error.to_string())),
        Err(_) => {
            for (handled, entry) in entries.iter().enumerate() {
                if let Err(error) = deliver_one(invoker, function, entry).await {
                    return Some((handled, error.to_string()));
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragile::Fragile;
    use async_trait::async_trait;
    use souk_domain::ports::ClaimedEvents;
    use souk_domain::{Cause, EventId, MailId, MailKind, ProductId, Result, StockLevel};
    use souk_template::Template;

    /// An outbox that can only be read.
    struct Past(Vec<(i64, Event)>);

    #[async_trait]
    impl Outbox for Past {
        async fn claim_unpublished(&self, _: usize, _: DateTime, _: DateTime) -> Result<ClaimedEvents> {
            Ok(ClaimedEvents::default())
        }
        async fn release_claims(&self, _: &[EventId]) -> Result<()> {
            Ok(())
        }
        async fn last_published(&self) -> Result<Option<DateTime>> {
            Ok(None)
        }
        async fn mark_published(&self, _: &[EventId]) -> Result<()> {
            Ok(())
        }
        async fn republish(&self, _: DateTime) -> Result<usize> {
            Ok(0)
        }
        async fn archive(&self, _: DateTime) -> Result<usize> {
            Ok(0)
        }
        async fn events_since(&self, since: DateTime, after: Option<i64>, limit: usize) -> Result<PastEvents> {
            let found = self.0.iter().filter(|(place, event)| Some(*place) > after && event.time >= since);
            Ok(PastEvents::of(found.take(limit).cloned().map(|(place, event)| (place, Ok::<_, Error>(event)))))
        }
        async fn expire_idempotency_keys(&self, _: DateTime) -> Result<usize> {
            Ok(0)
        }
        async fn ping(&self) -> Result<()> {
            Ok(())
        }
    }

    /// So many events, a minute apart, of mails at even places and of products' stock at odd ones.
    fn past(number: i64) -> Past {
        let event = |place: i64| {
            let cause = Cause { at: at(place), ..Cause::internal("test") };
            let mail = Event::mail_requested(MailId::new(), MailKind::PasswordChanged, &cause);
            if place % 2 == 0 { mail } else { stock(&cause) }
        };
        Past((1..=number).map(|place| (place, event(place))).collect())
    }

    fn at(place: i64) -> DateTime {
        souk_domain::from_micros(place * 60_000_000)
    }

    fn stock(cause: &Cause) -> Event {
        let (product_id, sku, updated_at) = (ProductId::new(), "A".parse().expect("a SKU"), cause.at);
        let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version: 1, updated_at };
        Event::inventory_changed(&stock, cause)
    }

    /// Replays mails, which come ten a batch.
    async fn replay_mails(outbox: &Past, invoker: &Fragile, since: DateTime, after: Option<i64>) -> Replayed {
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("consumers");
        let call = Call { function: "send-mail".to_owned(), since, after };
        let deadline = Instant::now() + Duration::from_secs(3600);
        handle(call, outbox, invoker, &consumers, deadline).await.expect("a replay")
    }

    fn places(places: impl IntoIterator<Item = i64>) -> Vec<String> {
        places.into_iter().map(|place| place.to_string()).collect()
    }

    #[tokio::test]
    async fn a_function_gets_the_events_of_its_streams_in_order_and_no_others() {
        let (outbox, invoker) = (past(1200), Fragile::on(&[]));
        let done = replay_mails(&outbox, &invoker, at(101), None).await;
        assert_eq!(done, Replayed { replayed: 550, ..Replayed::default() });
        assert_eq!(invoker.told().concat(), places((102..=1200).step_by(2)));
        assert!(invoker.batches().iter().all(|entries| *entries <= 10));
    }

    #[tokio::test]
    async fn a_replay_stops_at_the_first_event_that_is_reported_and_says_where_to_go_on() {
        let outbox = past(60);
        let mut invoker = Fragile::on(&[]);
        invoker.reported = places([26, 30]);
        let done = replay_mails(&outbox, &invoker, at(1), None).await;
        let failed = Some(Failed { place: 26, error: REPORTED.to_owned() });
        assert_eq!(done, Replayed { replayed: 12, after: Some(25), failed });
        let done = replay_mails(&outbox, &Fragile::on(&[]), at(1), done.after).await;
        assert_eq!(done, Replayed { replayed: 18, ..Replayed::default() });
    }

    #[tokio::test]
    async fn a_replay_finds_the_event_that_a_function_crashes_on_and_can_leave_it_out() {
        let (outbox, invoker) = (past(60), Fragile::on(&["26"]));
        let done = replay_mails(&outbox, &invoker, at(1), None).await;
        let failed = done.failed.expect("a failure");
        assert_eq!((done.replayed, done.after, failed.place), (12, Some(25), 26));
        assert!(failed.error.contains("choked on 26"), "{}", failed.error);
        let done = replay_mails(&outbox, &invoker, at(1), Some(failed.place)).await;
        assert_eq!(done, Replayed { replayed: 17, ..Replayed::default() });
    }

    #[tokio::test]
    async fn a_replay_that_has_no_time_says_where_to_go_on() {
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("consumers");
        let call = Call { function: "send-mail".to_owned(), since: at(1), after: Some(7) };
        let done = handle(call, &past(60), &Fragile::on(&[]), &consumers, Instant::now()).await.expect("an answer");
        assert_eq!(done, Replayed { after: Some(7), ..Replayed::default() });
    }

    #[tokio::test]
    async fn a_replay_that_finds_nothing_for_its_function_looks_at_the_clock_as_well() {
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("consumers");
        let others = past(1200).0.into_iter().filter(|(place, _)| place % 2 == 1).collect();
        let call = Call { function: "send-mail".to_owned(), since: at(1), after: None };
        let done = handle(call, &Past(others), &Fragile::on(&[]), &consumers, Instant::now()).await.expect("an answer");
        assert_eq!(done, Replayed { after: Some(2 * PAGE as i64 - 1), ..Replayed::default() });
    }

    #[tokio::test]
    async fn what_consumes_nothing_is_not_replayed() {
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("consumers");
        let call = Call { function: "place-order".to_owned(), since: at(1), after: None };
        let refused = handle(call, &past(6), &Fragile::on(&[]), &consumers, Instant::now()).await;
        assert!(matches!(refused, Err(Error::NotFound("consumer"))));
    }
}
