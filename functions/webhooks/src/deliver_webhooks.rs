//! Scheduled: posts to webhooks what is due, until nothing is or the invocation's time is nearly up. Invocations may overlap; they share
//! the work.

use crate::Poster;
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;
use souk_domain::ports::Webhooks;
use souk_domain::{
    Cause, ClaimedDelivery, DecideWebhook, DisabledReason, Error, RetryPauses, WebhookAttempt, WebhookId,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Posts at once.
const AT_ONCE: usize = 16;
/// Posts at once to one webhook: one that is slow leaves room for others.
const OF_EACH: usize = 4;
/// How long other senders leave a delivery alone: longer than an attempt takes, with the note of it.
const LEASE: chrono::Duration = chrono::Duration::seconds(15);
/// Time kept for what is under way when no more is taken.
const ROOM: Duration = Duration::from_secs(15);
/// How long a delivery waits that this program cannot read: another version of Souk wrote it, before it was taken back.
const SET_ASIDE: chrono::Duration = chrono::Duration::hours(1);
/// While posts are under way, others may become due.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Events that arrived.
    pub delivered: usize,
    /// Attempts that failed.
    pub failed: usize,
}

impl Delivered {
    fn count(&mut self, is_delivered: bool) {
        match is_delivered {
            true => self.delivered += 1,
            false => self.failed += 1,
        }
    }
}

/// Posts until nothing is due, or shortly before `deadline`.
///
/// # Errors
/// When the store is away; what was under way is sent again after its lease.
pub async fn handle(
    webhooks: &dyn Webhooks,
    poster: &Poster,
    pauses: RetryPauses,
    deadline: Instant,
) -> Result<Delivered, Error> {
    let (mut done, mut under_way) = (Delivered::default(), FuturesUnordered::new());
    loop {
        if under_way.len() < AT_ONCE && Instant::now() + ROOM < deadline {
            let (now, free) = (souk_domain::now(), AT_ONCE - under_way.len());
            let mut claim = webhooks.claim_webhook_deliveries(free, OF_EACH, now, now + LEASE);
            let due = loop {
                tokio::select! {
                    due = &mut claim => break due?,
                    // What is under way goes on meanwhile: it may hold the connection to the store that the claim waits for.
                    Some(is_delivered) = under_way.next() => done.count(is_delivered?),
                }
            };
            under_way.extend(due.into_iter().map(|delivery| deliver(webhooks, poster, pauses, delivery)));
        }
        if under_way.is_empty() {
            return Ok(done);
        }
        let first = tokio::time::timeout(LOOK_AGAIN, under_way.next()).await.unwrap_or_default();
        // With it, all that are there by now: a look at what is due for each would be one too many.
        let others = std::iter::from_fn(|| under_way.next().now_or_never().flatten());
        for is_delivered in first.into_iter().chain(others) {
            done.count(is_delivered?);
        }
    }
}

/// Whether it arrived.
async fn deliver(
    webhooks: &dyn Webhooks,
    poster: &Poster,
    pauses: RetryPauses,
    delivery: ClaimedDelivery,
) -> Result<bool, Error> {
    let webhook = &delivery.webhook;
    let Some(event) = &delivery.event else { return set_aside(webhooks, &delivery).await };
    let attempt = poster.post(webhook, event.id.to_string(), event.to_json(), souk_domain::now()).await;
    if attempt.is_delivered() {
        webhooks.webhook_delivered(&delivery, &attempt, souk_domain::now()).await?;
        return Ok(true);
    }
    let at = souk_domain::now();
    let pause = pauses.after(delivery.attempts + 1, rand::random());
    let next = pause.and_then(|pause| Some(at + chrono::Duration::from_std(pause).ok()?));
    let failures = webhooks.webhook_failed(&delivery, &attempt, at, next).await?;
    let (id, status) = (webhook.id, attempt.status_code);
    tracing::info!(webhook = %id, event = %event.id, status, is_last = next.is_none(), "a delivery failed");
    if let Some(reason) = gives_up(&attempt, failures, next.is_none()) {
        disable(webhooks, id, reason).await?;
    }
    Ok(false)
}

/// Lets others go first: so many can be claimed at once, and this one would be the oldest again and again.
async fn set_aside(webhooks: &dyn Webhooks, delivery: &ClaimedDelivery) -> Result<bool, Error> {
    tracing::error!(webhook = %delivery.webhook.id, delivery = %delivery.id, "the event of a delivery cannot be read");
    let error = "this version of the shop cannot read the event".to_owned();
    let attempt = WebhookAttempt { status_code: None, error: Some(error), duration_ms: 0 };
    let at = souk_domain::now();
    webhooks.webhook_failed(delivery, &attempt, at, Some(at + SET_ASIDE)).await?;
    Ok(false)
}

/// Why the shop tells a webhook nothing more: it said so, or a delivery used up its attempts and as many in a row have failed, so that nothing
/// else has arrived since that one's first.
fn gives_up(attempt: &WebhookAttempt, failures: u32, is_last: bool) -> Option<DisabledReason> {
    match () {
        // The claim was another sender's by now.
        () if failures == 0 => None,
        () if attempt.is_gone() => Some(DisabledReason::Gone),
        () if is_last && failures >= RetryPauses::ATTEMPTS => Some(DisabledReason::Failing),
        () => None,
    }
}

async fn disable(webhooks: &dyn Webhooks, id: WebhookId, reason: DisabledReason) -> Result<(), Error> {
    let cause = Cause::internal("deliver-webhooks");
    let at = cause.at;
    let decide: DecideWebhook = Arc::new(move |webhook| Ok(webhook.disabled(reason, at)));
    match webhooks.change_webhook(id, decide, None, &cause).await {
        Ok(_) => {
            tracing::warn!(webhook = %id, ?reason, "a webhook was disabled");
            Ok(())
        }
        // An admin was faster.
        Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_given_up_when_it_is_gone_or_all_attempts_of_one_delivery_failed_and_none_of_others_arrived() {
        let answered =
            |status| WebhookAttempt { status_code: Some(status), error: Some(String::new()), duration_ms: 0 };
        let (gone, failing) = (answered(410), answered(500));
        assert_eq!(gives_up(&gone, 1, false), Some(DisabledReason::Gone));
        assert_eq!(gives_up(&gone, 0, false), None);
        assert_eq!(gives_up(&failing, 9, true), Some(DisabledReason::Failing));
        assert_eq!(gives_up(&failing, 100, false), None);
        assert_eq!(gives_up(&failing, 8, true), None);
        assert_eq!(gives_up(&failing, 0, true), None);
    }
}
