//! Webhooks: a document each, which the domain changes, and the columns that the store looks for.

use crate::errors::{failed, internal};
use crate::{SqliteStore, audit, rows, webhook_deliveries};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Webhooks;
use souk_domain::{
    Aggregate, AuditAction, Cause, ClaimedDelivery, Committed, CustomerId, DateTime, DecideWebhook, DeliveryId, Error,
    Limit, Page, Result, Told, Webhook, WebhookAttempt, WebhookChange, WebhookDelivery, WebhookId,
};

/// A webhook and its row number.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Webhook)> {
    Ok((row.get("webhook_key")?, rows::document(row, "document")?))
}

pub(crate) fn find(connection: &Connection, id: WebhookId) -> Result<(i64, Webhook)> {
    let sql = "SELECT webhook_key, document FROM webhook WHERE id = ?1";
    rows::one(connection, "webhook", sql, [id.uuid()], read)
}

fn create(connection: &Connection, webhook: &Webhook, by: CustomerId, cause: &Cause) -> Result<()> {
    let document = serde_json::to_string(webhook).map_err(internal)?;
    let values = params![webhook.id.uuid(), webhook.is_active(), webhook.version, document];
    rows::execute(connection, "INSERT INTO webhook (id, is_active, version, document) VALUES (?1, ?2, ?3, ?4)", values)
        .map_err(failed)?;
    subscribe(connection, connection.last_insert_rowid(), webhook)?;
    record(connection, AuditAction::WebhookCreated, Some(by), webhook.id, cause)
}

fn change(
    connection: &Connection,
    id: WebhookId,
    decide: &DecideWebhook,
    by: Option<CustomerId>,
    cause: &Cause,
) -> Result<Webhook> {
    let (key, before) = find(connection, id)?;
    let Some(WebhookChange { webhook, action }) = decide(&before)? else { return Ok(before) };
    let document = serde_json::to_string(&webhook).map_err(internal)?;
    let sql = "UPDATE webhook SET is_active = ?2, version = ?3, document = ?4 WHERE webhook_key = ?1";
    rows::execute(connection, sql, params![key, webhook.is_active(), webhook.version, document]).map_err(failed)?;
    subscribe(connection, key, &webhook)?;
    if webhook.is_active() && !before.is_active() {
        let sql = "UPDATE webhook SET failures = 0 WHERE webhook_key = ?1";
        rows::execute(connection, sql, [key]).map_err(failed)?;
        webhook_deliveries::go_on(connection, key, cause.at)?;
    }
    record(connection, action, by, id, cause)?;
    Ok(webhook)
}

/// Replaces what a webhook hears of.
fn subscribe(connection: &Connection, key: i64, webhook: &Webhook) -> Result<()> {
    rows::execute(connection, "DELETE FROM webhook_subscription WHERE webhook_key = ?1", [key]).map_err(failed)?;
    for subscription in webhook.subscriptions.iter().filter(|_| webhook.is_active()) {
        let (event_type, since) = (subscription.event_type, subscription.since.timestamp_micros());
        let sql = "INSERT INTO webhook_subscription (type, webhook_key, kind, since) VALUES (?1, ?2, ?3, ?4)";
        rows::execute(connection, sql, params![event_type.as_str(), key, event_type.aggregate().as_str(), since])
            .map_err(failed)?;
    }
    Ok(())
}

fn remove(connection: &Connection, id: WebhookId, by: CustomerId, cause: &Cause) -> Result<()> {
    let (key, _) = find(connection, id)?;
    for sql in [
        "DELETE FROM webhook_subscription WHERE webhook_key = ?1",
        "DELETE FROM webhook_delivery WHERE webhook_key = ?1",
        "DELETE FROM webhook WHERE webhook_key = ?1",
    ] {
        rows::execute(connection, sql, [key]).map_err(failed)?;
    }
    record(connection, AuditAction::WebhookRemoved, Some(by), id, cause)
}

/// The audit log knows things by their ids, whatever they are.
fn record(
    connection: &Connection,
    action: AuditAction,
    by: Option<CustomerId>,
    id: WebhookId,
    cause: &Cause,
) -> Result<()> {
    audit::record(connection, action, by, Some(id.uuid().into()), cause)
}

fn list(connection: &Connection, limit: Limit, after: Option<i64>) -> Result<Page<Webhook, i64>> {
    let sql = "SELECT webhook_key, document FROM webhook WHERE webhook_key < ?1 ORDER BY webhook_key DESC LIMIT ?2";
    let found = rows::all(connection, sql, [after.unwrap_or(i64::MAX), limit.get() as i64 + 1], read)?;
    let Page { items, next } = Page::cut(found, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, webhook)| webhook).collect(), next })
}

#[async_trait]
impl Webhooks for SqliteStore {
    async fn create_webhook(&self, webhook: Webhook, by: CustomerId, cause: &Cause) -> Result<Committed<Webhook>> {
        let work = move |connection: &Connection, cause: &Cause| {
            create(connection, &webhook, by, cause)?;
            Ok((webhook, Vec::new()))
        };
        self.command(cause, work).await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        decide: DecideWebhook,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Webhook>> {
        self.command(cause, move |connection, cause| Ok((change(connection, id, &decide, by, cause)?, Vec::new())))
            .await
    }

    async fn remove_webhook(&self, id: WebhookId, by: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        self.command(cause, move |connection, cause| Ok((remove(connection, id, by, cause)?, Vec::new()))).await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.read(move |connection| find(connection, id).map(|(_, webhook)| webhook)).await
    }

    async fn webhooks(&self, limit: Limit, after: Option<i64>) -> Result<Page<Webhook, i64>> {
        self.read(move |connection| list(connection, limit, after)).await
    }

    /// Most shops tell nobody: the writer is not asked then.
    async fn enqueue_webhooks(&self, aggregate: Aggregate, told: &[Told], oldest: DateTime) -> Result<usize> {
        let is_wanted = move |connection: &Connection| {
            let sql = "SELECT 1 FROM webhook_subscription WHERE kind = ?1 LIMIT 1";
            rows::maybe(connection, sql, [aggregate.as_str()], |_| Ok(()))
        };
        if self.read(is_wanted).await?.is_none() {
            return Ok(0);
        }
        let told = told.to_vec();
        self.writer.write(move |connection| webhook_deliveries::enqueue(connection, aggregate, &told, oldest)).await
    }

    /// Looks outside of the writer first: most of the time nothing is due.
    async fn claim_webhook_deliveries(
        &self,
        limit: usize,
        of_each: usize,
        now: DateTime,
        until: DateTime,
    ) -> Result<Vec<ClaimedDelivery>> {
        if !self.read(move |connection| webhook_deliveries::is_any_due(connection, now)).await? {
            return Ok(Vec::new());
        }
        self.writer.write(move |connection| webhook_deliveries::claim(connection, limit, of_each, now, until)).await
    }

    async fn webhook_delivered(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
    ) -> Result<()> {
        let (id, attempt) = (delivery.id, attempt.clone());
        self.writer.write(move |connection| webhook_deliveries::delivered(connection, id, &attempt, at)).await
    }

    async fn webhook_failed(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
        next: Option<DateTime>,
    ) -> Result<u32> {
        let (id, claim, attempt) = (delivery.id, delivery.claimed_until, attempt.clone());
        self.writer
            .write(move |connection| webhook_deliveries::attempt_failed(connection, (id, claim), &attempt, at, next))
            .await
    }

    async fn webhook_deliveries(
        &self,
        id: WebhookId,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<WebhookDelivery, i64>> {
        self.read(move |connection| {
            let (key, _) = find(connection, id)?;
            webhook_deliveries::log(connection, key, limit, after)
        })
        .await
    }

    async fn redeliver_webhook(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
        cause: &Cause,
    ) -> Result<Committed<WebhookDelivery>> {
        let work = move |connection: &Connection, cause: &Cause| {
            let again = find(connection, id)
                .and_then(|(key, _)| webhook_deliveries::send_again(connection, key, delivery, cause.at));
            // What the log does not hold is not found, whichever of the two is gone.
            let again = again.map_err(|error| match error {
                Error::NotFound(_) => Error::NotFound("delivery"),
                other => other,
            })?;
            Ok((again, Vec::new()))
        };
        self.command(cause, work).await
    }

    async fn expire_webhook_deliveries(&self, before: DateTime) -> Result<usize> {
        let sql = "DELETE FROM webhook_delivery WHERE finished_at < ?1";
        self.writer
            .write(move |connection| rows::execute(connection, sql, [before.timestamp_micros()]).map_err(failed))
            .await
    }
}
