//! Scheduled: publishes committed events that their commands could not publish.

use serde::Serialize;
use souk_domain::ports::{ClaimedEvents, EventPublisher, Outbox};
use souk_domain::{Error, EventId};
use souk_lambda::metrics;

/// Commands publish their own events right after the commit; only what is older than this has been missed.
const GRACE: chrono::Duration = chrono::Duration::seconds(2);
/// How long other relays leave claimed events alone.
const LEASE: chrono::Duration = chrono::Duration::seconds(30);
/// Events in one publication.
const BATCH: usize = 500;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Relayed {
    /// Events published.
    pub published: usize,
}

/// Publishes batch after batch until nothing is left.
///
/// # Errors
/// When the store or the streams are away; the next tick goes on.
pub async fn handle(store: &dyn Outbox, publisher: &dyn EventPublisher) -> Result<Relayed, Error> {
    let mut published = 0;
    loop {
        let now = souk_domain::now();
        let ClaimedEvents { events, unreadable } = store.claim_unpublished(BATCH, now - GRACE, now + LEASE).await?;
        if unreadable > 0 {
            tracing::error!(unreadable, "events in the outbox cannot be read");
            metrics::measure(metrics::STUCK_OUTBOX_ROWS, unreadable as f64);
        }
        if events.is_empty() {
            // A whole batch of what cannot be read may stand before what can.
            if unreadable == BATCH {
                continue;
            }
            break;
        }
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        if let Err(error) = publisher.publish(&events).await {
            let oldest_ms = events.first().map(|event| (now - event.time).num_milliseconds());
            tracing::error!(stuck = events.len(), oldest_ms, %error, "events are stuck in the outbox");
            metrics::measure(metrics::STUCK_OUTBOX_ROWS, events.len() as f64);
            // So that the next tick has them, not the one after the lease.
            store.release_claims(&ids).await?;
            return Err(error);
        }
        store.mark_published(&ids).await?;
        published += events.len();
    }
    if published > 0 {
        tracing::warn!(published, "events had to be relayed");
    }
    Ok(Relayed { published })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measuring::Measuring;
    use async_trait::async_trait;
    use souk_domain::ports::PastEvents;
    use souk_domain::{Cause, DateTime, Event, MailId, MailKind, Result};
    use std::collections::VecDeque;
    use std::sync::Mutex;

    /// An outbox with these events, none of them published.
    #[derive(Default)]
    struct Waiting {
        claims: Mutex<VecDeque<ClaimedEvents>>,
        released: Mutex<Vec<EventId>>,
        published: Mutex<Vec<EventId>>,
    }

    impl Waiting {
        /// With these claims to come.
        fn with(claims: impl IntoIterator<Item = ClaimedEvents>) -> Self {
            Self { claims: Mutex::new(claims.into_iter().collect()), ..Self::default() }
        }
    }

    fn events(number: usize) -> Vec<Event> {
        let cause = Cause::internal("test");
        (0..number).map(|_| Event::mail_requested(MailId::new(), MailKind::PasswordChanged, &cause)).collect()
    }

    #[async_trait]
    impl Outbox for Waiting {
        async fn claim_unpublished(&self, _: usize, _: DateTime, _: DateTime) -> Result<ClaimedEvents> {
            Ok(self.claims.lock().expect("a lock").pop_front().unwrap_or_default())
        }
        async fn release_claims(&self, ids: &[EventId]) -> Result<()> {
            self.released.lock().expect("a lock").extend(ids);
            Ok(())
        }
        async fn last_published(&self) -> Result<Option<DateTime>> {
            unreachable!("not asked for")
        }
        async fn mark_published(&self, ids: &[EventId]) -> Result<()> {
            self.published.lock().expect("a lock").extend(ids);
            Ok(())
        }
        async fn republish(&self, _: DateTime) -> Result<usize> {
            unreachable!("not asked for")
        }
        async fn archive(&self, _: DateTime) -> Result<usize> {
            unreachable!("not asked for")
        }
        async fn events_since(&self, _: DateTime, _: Option<i64>, _: usize) -> Result<PastEvents> {
            unreachable!("not asked for")
        }
        async fn expire_idempotency_keys(&self, _: DateTime) -> Result<usize> {
            unreachable!("not asked for")
        }
        async fn ping(&self) -> Result<()> {
            unreachable!("not asked for")
        }
    }

    /// Streams that do not answer.
    struct Away;

    #[async_trait]
    impl EventPublisher for Away {
        async fn publish(&self, _: &[Event]) -> Result<()> {
            Err(Error::Unavailable("no streams".to_owned()))
        }
    }

    #[tokio::test]
    async fn stuck_events_are_given_back_and_counted() {
        let measuring = Measuring::start();
        let outbox = Waiting::with([ClaimedEvents { events: events(3), unreadable: 0 }]);
        assert!(handle(&outbox, &Away).await.is_err());
        assert_eq!(outbox.released.lock().expect("a lock").len(), 3);
        assert_eq!(measuring.end().of(metrics::STUCK_OUTBOX_ROWS, None), [3.0]);
    }

    /// Streams that take everything.
    struct There;

    #[async_trait]
    impl EventPublisher for There {
        async fn publish(&self, events: &[Event]) -> Result<()> {
            assert!(!events.is_empty(), "nothing is published");
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_keeps_nothing_else_from_being_published_and_is_counted() {
        let measuring = Measuring::start();
        let outbox = Waiting::with([
            ClaimedEvents { events: Vec::new(), unreadable: BATCH },
            ClaimedEvents { events: events(3), unreadable: 1 },
        ]);
        assert_eq!(handle(&outbox, &There).await.expect("a relay"), Relayed { published: 3 });
        assert_eq!(outbox.published.lock().expect("a lock").len(), 3);
        assert_eq!(measuring.end().of(metrics::STUCK_OUTBOX_ROWS, None), [BATCH as f64, 1.0]);
    }
}
