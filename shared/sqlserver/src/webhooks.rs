use crate::command::{self, Answer, Batch, RACES, none, too_many_races};
use crate::run::Repeat;
use crate::value::{Value, document, json};
use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use serde_json::json as row;
use souk_domain::ports::Webhooks;
use souk_domain::{
    Aggregate, Cause, ClaimedDelivery, Committed, CustomerId, DateTime, DecideWebhook, DeliveryId, Error, Limit, Page,
    Result, Told, Webhook, WebhookAttempt, WebhookChange, WebhookDelivery, WebhookId,
};
use std::collections::HashMap;
use std::sync::Arc;
use tiberius::Row;
use uuid::Uuid;

/// What two meet in who put the same event on its way, and who puts one on its way to a webhook that somebody removes.
const RACING: [&str; 3] = ["webhook_delivery_once", "webhook_delivery_webhook", "webhook_subscription_webhook"];

/// A webhook that is to be changed, or what the change's claim made before.
enum ToChange {
    Made(Committed<Webhook>),
    Read { webhook_key: i64, webhook: Webhook },
}

/// What a webhook hears of, as rows.
fn subscriptions(webhook: &Webhook) -> Value {
    let heard = webhook.subscriptions.iter().filter(|_| webhook.is_active());
    let rows = heard.map(|subscription| {
        let event_type = subscription.event_type;
        let since = subscription.since.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
        row!({ "type": event_type.as_str(), "kind": event_type.aggregate().as_str(), "since": since })
    });
    json(rows.collect())
}

/// Keeps what becomes of a webhook that was read.
fn batch<'a>(
    webhook_key: i64,
    before: &Webhook,
    WebhookChange { webhook, action }: &WebhookChange,
    by: Option<CustomerId>,
    cause: &'a Cause,
) -> Result<Batch<'a>> {
    let goes_on = webhook.is_active() && !before.is_active();
    let values: [Value; 10] = [
        webhook_key.into(),
        webhook.id.uuid().into(),
        before.version.into(),
        webhook.version.into(),
        document(webhook)?,
        i64::from(webhook.is_active()).into(),
        subscriptions(webhook),
        i64::from(goes_on).into(),
        action.as_str().into(),
        by.map(CustomerId::uuid).into(),
    ];
    Ok(Batch::new(&statements::KEEP_WEBHOOK, cause, values))
}

/// Of each aggregate the latest version, so that no event is found twice.
fn latest(told: &[Told]) -> Value {
    let mut latest: HashMap<Uuid, i64> = HashMap::new();
    for Told { subject, version } in told {
        let known = latest.entry(*subject).or_default();
        *known = (*known).max(*version);
    }
    json(latest.into_iter().map(|(subject, version)| row!({ "subject": subject, "version": version })).collect())
}

fn claimed(row: &Row, webhooks: &HashMap<i64, Arc<Webhook>>, until: DateTime) -> Result<(i64, ClaimedDelivery)> {
    let webhook_key: i64 = rows::column(row, "webhook_key")?;
    let webhook = webhooks.get(&webhook_key).ok_or_else(|| rows::unreadable("webhook", "is gone"))?.clone();
    let delivery = ClaimedDelivery {
        id: rows::column::<Uuid>(row, "id")?.into(),
        webhook,
        event: command::event(row).ok(),
        attempts: attempts(rows::column(row, "attempts")?),
        claimed_until: until,
    };
    Ok((rows::column(row, "delivery_key")?, delivery))
}

fn attempts(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn status_code(attempt: &WebhookAttempt) -> Value {
    i64::from(attempt.status_code.unwrap_or_default()).into()
}

/// Documents with the numbers of their rows, as a page.
fn page<T: serde::de::DeserializeOwned>(found: &[Row], key: &str, limit: Limit) -> Result<Page<T, i64>> {
    let read = |row| Ok((rows::column::<i64>(row, key)?, rows::document(row, "document")?));
    let Page { items, next } = Page::cut(found.iter().map(read).collect::<Result<_>>()?, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, item)| item).collect(), next })
}

/// What a page of a list is asked with.
fn paged(limit: Limit, after: Option<i64>) -> [Value; 2] {
    [after.unwrap_or(i64::MAX).into(), (limit.get() + 1).into()]
}

impl SqlServerStore {
    async fn webhook_to_change(&self, id: WebhookId, cause: &Cause) -> Result<ToChange> {
        let values = command::claimed(cause).into_iter().chain([id.uuid().into()]);
        let results = self.query(statements::WEBHOOK_TO_CHANGE, values).await?;
        let [found, first] = results.as_slice() else { return Err(rows::unreadable("webhook", "not two results")) };
        if let Some(made) = command::made(first)? {
            return Ok(ToChange::Made(made));
        }
        let row = found.first().ok_or(Error::NotFound("webhook"))?;
        let webhook = rows::document(row, "document")?;
        Ok(ToChange::Read { webhook_key: rows::column(row, "webhook_key")?, webhook })
    }
}

#[async_trait]
impl Webhooks for SqlServerStore {
    async fn create_webhook(&self, webhook: Webhook, by: CustomerId, cause: &Cause) -> Result<Committed<Webhook>> {
        let values = [webhook.id.uuid().into(), document(&webhook)?, subscriptions(&webhook), by.uuid().into()];
        self.command(&statements::CREATE_WEBHOOK, cause, values, none).await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        decide: DecideWebhook,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Webhook>> {
        for _ in 0..RACES {
            let (webhook_key, webhook) = match self.webhook_to_change(id, cause).await? {
                ToChange::Made(made) => return Ok(made),
                ToChange::Read { webhook_key, webhook } => (webhook_key, webhook),
            };
            let Some(change) = decide(&webhook)? else { return Ok(Committed::first(webhook, Vec::new())) };
            let batch = batch(webhook_key, &webhook, &change, by, cause)?;
            match self.attempt(&batch, none, &RACING).await? {
                Answer::Done(committed) => return Ok(committed),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(too_many_races())
    }

    async fn remove_webhook(&self, id: WebhookId, by: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        let batch = Batch::new(&statements::REMOVE_WEBHOOK, cause, [id.uuid().into(), by.uuid().into()]);
        for _ in 0..RACES {
            match self.attempt(&batch, none, &RACING).await? {
                Answer::Done(committed) => return Ok(committed),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(too_many_races())
    }

    async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        let found = self.query(statements::WEBHOOK, [id.uuid().into()]).await?;
        rows::document(&rows::one(found, "webhook")?, "document")
    }

    async fn webhooks(&self, limit: Limit, after: Option<i64>) -> Result<Page<Webhook, i64>> {
        page(&rows::only(self.query(statements::WEBHOOKS, paged(limit, after)).await?), "webhook_key", limit)
    }

    async fn enqueue_webhooks(&self, aggregate: Aggregate, told: &[Told], oldest: DateTime) -> Result<usize> {
        let values: [Value; 4] = [aggregate.as_str().into(), latest(told), oldest.into(), souk_domain::now().into()];
        for _ in 0..RACES {
            match self.runner.run(statements::ENQUEUE_WEBHOOKS, &values, Repeat::Harmless).await {
                Ok(found) => {
                    let changed: i32 = rows::column(&rows::one(found, "count")?, "changed")?;
                    return Ok(usize::try_from(changed).unwrap_or_default());
                }
                Err(failure) if failure.constraint().is_some_and(|name| RACING.contains(&name)) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(too_many_races())
    }

    /// A claim whose answer was lost ends by itself, so claiming again does no harm.
    async fn claim_webhook_deliveries(
        &self,
        limit: usize,
        of_each: usize,
        now: DateTime,
        until: DateTime,
    ) -> Result<Vec<ClaimedDelivery>> {
        let values = [limit.into(), of_each.into(), now.into(), until.into()];
        let results = self.query(statements::CLAIM_WEBHOOK_DELIVERIES, values).await?;
        let [found, webhooks] = results.as_slice() else {
            return Err(rows::unreadable("deliveries", "not two results"));
        };
        let read = |row| Ok((rows::column(row, "webhook_key")?, Arc::new(rows::document(row, "document")?)));
        let webhooks: HashMap<i64, Arc<Webhook>> = webhooks.iter().map(read).collect::<Result<_>>()?;
        let mut found = found.iter().map(|row| claimed(row, &webhooks, until)).collect::<Result<Vec<_>>>()?;
        // OUTPUT promises no order.
        found.sort_by_key(|(key, _)| *key);
        Ok(found.into_iter().map(|(_, delivery)| delivery).collect())
    }

    async fn webhook_delivered(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
    ) -> Result<()> {
        let values = [delivery.id.uuid().into(), status_code(attempt), attempt.duration_ms.into(), at.into()];
        self.query(statements::WEBHOOK_DELIVERED, values).await.map(drop)
    }

    async fn webhook_failed(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
        next: Option<DateTime>,
    ) -> Result<u32> {
        let values = [
            delivery.id.uuid().into(),
            delivery.claimed_until.into(),
            status_code(attempt),
            attempt.error.as_deref().unwrap_or_default().into(),
            attempt.duration_ms.into(),
            at.into(),
            next.into(),
        ];
        let row = rows::one(self.query(statements::WEBHOOK_FAILED, values).await?, "count")?;
        rows::column(&row, "failures").map(attempts)
    }

    async fn webhook_deliveries(
        &self,
        id: WebhookId,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<WebhookDelivery, i64>> {
        let values = std::iter::once(id.uuid().into()).chain(paged(limit, after));
        let results = self.query(statements::WEBHOOK_DELIVERIES, values).await?;
        let [webhook, found] = results.as_slice() else {
            return Err(rows::unreadable("deliveries", "not two results"));
        };
        if webhook.is_empty() {
            return Err(Error::NotFound("webhook"));
        }
        page(found, "delivery_key", limit)
    }

    async fn redeliver_webhook(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
        cause: &Cause,
    ) -> Result<Committed<WebhookDelivery>> {
        self.command(&statements::REDELIVER_WEBHOOK, cause, [id.uuid().into(), delivery.uuid().into()], none).await
    }

    async fn expire_webhook_deliveries(&self, before: DateTime) -> Result<usize> {
        self.sweep(statements::EXPIRE_WEBHOOK_DELIVERIES, before).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_aggregate_the_latest_version_is_asked_for() {
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let told = |subject, version| Told { subject, version };
        let Value::Text(rows) = latest(&[told(a, 2), told(b, 7), told(a, 3), told(a, 1)]) else { panic!("a text") };
        let mut rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("JSON");
        rows.sort_by_key(|row| row["version"].as_i64());
        assert_eq!(rows, [row!({ "subject": a, "version": 3 }), row!({ "subject": b, "version": 7 })]);
    }
}
