//! Events on their way to webhooks.

use crate::errors::failed;
use crate::{rows, webhooks};
use rusqlite::{Connection, OptionalExtension, Row, params};
use souk_domain::{
    Aggregate, ClaimedDelivery, DateTime, DeliveryId, DeliveryStatus, Event, Limit, Page, Result, Told, Webhook,
    WebhookAttempt, WebhookDelivery, from_micros,
};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// An event that a webhook wants to hear of: the webhook's row number, and what the delivery keeps.
struct Wanted {
    webhook_key: i64,
    event_id: Uuid,
    event_type: String,
    version: i64,
    event: String,
}

/// Puts what was told, and what came before it, on its way; the number of new deliveries.
pub(crate) fn enqueue(connection: &Connection, aggregate: Aggregate, told: &[Told], oldest: DateTime) -> Result<usize> {
    let at = souk_domain::now().timestamp_micros();
    let mut added = 0;
    for Told { subject, version } in told {
        let subject = subject.to_string();
        for wanted in wanted(connection, aggregate, &subject, *version, oldest)? {
            added += rows::execute(
                connection,
                "INSERT INTO webhook_delivery (id, webhook_key, event_id, kind, type, subject, version, event,
                    next_attempt_at, enqueued_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) ON CONFLICT (webhook_key, event_id) DO NOTHING",
                params![
                    DeliveryId::new().uuid(),
                    wanted.webhook_key,
                    wanted.event_id,
                    aggregate.as_str(),
                    wanted.event_type,
                    subject,
                    wanted.version,
                    wanted.event,
                    at,
                ],
            )
            .map_err(failed)?;
        }
    }
    Ok(added)
}

/// The events of an aggregate up to a version, archived or not, for each webhook that wants to hear of them and was not told yet, oldest
/// first.
fn wanted(
    connection: &Connection,
    aggregate: Aggregate,
    subject: &str,
    version: i64,
    oldest: DateTime,
) -> Result<Vec<Wanted>> {
    let values = params![subject, version, aggregate.as_str(), oldest.timestamp_micros()];
    rows::all(connection, &wanted_sql(), values, |row| {
        Ok(Wanted {
            webhook_key: row.get(0)?,
            event_id: row.get(1)?,
            event_type: row.get(2)?,
            version: row.get(3)?,
            event: row.get(4)?,
        })
    })
}

/// Whatever is on its way brought along what came before it of its type, so only what is newer is looked at. Cross joins: the few
/// subscriptions come first. The plus makes of the column a value, which the index on an expression can be asked for.
fn wanted_sql() -> String {
    let of = |table: &str| {
        format!(
            "SELECT w.webhook_key, o.event_id, w.type, json_extract(o.event, '$.aggregateversion') AS version, o.event
             FROM wish w CROSS JOIN {table} o
             WHERE json_extract(o.event, '$.subject') = ?1 AND json_extract(o.event, '$.type') = w.type
                AND json_extract(o.event, '$.aggregateversion') > w.told AND json_extract(o.event, '$.aggregateversion') <= ?2
                AND o.created_at >= w.since AND o.created_at >= ?4"
        )
    };
    format!(
        "WITH wish AS (
            SELECT s.webhook_key, +s.type AS type, s.since, coalesce((
                SELECT max(d.version) FROM webhook_delivery d
                WHERE d.webhook_key = s.webhook_key AND d.subject = ?1 AND d.type = s.type), 0) AS told
            FROM webhook_subscription s WHERE s.kind = ?3)
         {} UNION ALL {} ORDER BY version",
        of("outbox"),
        of("outbox_archive")
    )
}

/// Whether it is worth to ask for what is due.
pub(crate) fn is_any_due(connection: &Connection, now: DateTime) -> Result<bool> {
    let sql = "SELECT 1 FROM webhook w CROSS JOIN webhook_delivery d USING (webhook_key)
        WHERE w.is_active = 1 AND d.finished_at IS NULL AND d.next_attempt_at <= ?1 AND coalesce(d.claimed_until, 0) <= ?1
        LIMIT 1";
    Ok(rows::maybe(connection, sql, [now.timestamp_micros()], |_| Ok(()))?.is_some())
}

/// A cross join, since SQLite would else walk all that is on its way, due or not, to have it in the order of webhooks.
const CLAIM: &str = "UPDATE webhook_delivery SET claimed_until = ?4 WHERE delivery_key IN (
            SELECT due.delivery_key FROM (
                SELECT d.delivery_key, d.webhook_key, d.next_attempt_at, row_number() OVER (
                    PARTITION BY d.webhook_key ORDER BY d.next_attempt_at, d.delivery_key) AS place
                FROM webhook w CROSS JOIN webhook_delivery d USING (webhook_key)
                WHERE w.is_active = 1 AND d.finished_at IS NULL AND d.next_attempt_at <= ?3
                    AND coalesce(d.claimed_until, 0) <= ?3
                    AND NOT EXISTS (
                        SELECT 1 FROM webhook_delivery e
                        WHERE e.webhook_key = d.webhook_key AND e.kind = d.kind AND e.subject = d.subject
                            AND e.version < d.version AND e.finished_at IS NULL)
            ) AS due
            WHERE due.place + (
                SELECT count(*) FROM webhook_delivery f WHERE f.webhook_key = due.webhook_key AND f.claimed_until > ?3
            ) <= ?2
            ORDER BY due.next_attempt_at, due.delivery_key LIMIT ?1)
         RETURNING delivery_key, webhook_key, id, event, attempts";

/// A claimed row: its number, its webhook's, and the rest of the claim.
type ClaimedRow = (i64, i64, DeliveryId, String, u32);

pub(crate) fn claim(
    connection: &Connection,
    limit: usize,
    of_each: usize,
    now: DateTime,
    until: DateTime,
) -> Result<Vec<ClaimedDelivery>> {
    let mut claimed: Vec<ClaimedRow> = rows::all(
        connection,
        CLAIM,
        params![limit as i64, of_each as i64, now.timestamp_micros(), until.timestamp_micros()],
        |row| Ok((row.get(0)?, row.get(1)?, rows::id(row, "id")?, row.get(3)?, row.get(4)?)),
    )?;
    // RETURNING promises no order.
    claimed.sort_by_key(|(key, ..)| *key);
    let mut known: HashMap<i64, Arc<Webhook>> = HashMap::new();
    let mut deliveries = Vec::with_capacity(claimed.len());
    for (_, webhook_key, id, event, attempts) in claimed {
        let webhook = match known.get(&webhook_key) {
            Some(webhook) => webhook.clone(),
            None => known.entry(webhook_key).or_insert(Arc::new(by_key(connection, webhook_key)?)).clone(),
        };
        let event = Event::from_json(&event).ok();
        deliveries.push(ClaimedDelivery { id, webhook, event, attempts, claimed_until: until });
    }
    Ok(deliveries)
}

fn by_key(connection: &Connection, key: i64) -> Result<Webhook> {
    let sql = "SELECT webhook_key, document FROM webhook WHERE webhook_key = ?1";
    rows::one(connection, "webhook", sql, [key], webhooks::read).map(|(_, webhook)| webhook)
}

pub(crate) fn delivered(connection: &Connection, id: DeliveryId, attempt: &WebhookAttempt, at: DateTime) -> Result<()> {
    let sql =
        "UPDATE webhook_delivery SET status = 'delivered', attempts = attempts + 1, status_code = ?2, error = NULL,
            duration_ms = ?3, claimed_until = NULL, finished_at = ?4
        WHERE id = ?1 AND finished_at IS NULL";
    rows::execute(connection, sql, params![id.uuid(), attempt.status_code, attempt.duration_ms, at.timestamp_micros()])
        .map_err(failed)?;
    let sql = "UPDATE webhook SET failures = 0
        WHERE failures > 0 AND webhook_key = (SELECT webhook_key FROM webhook_delivery WHERE id = ?1)";
    rows::execute(connection, sql, [id.uuid()]).map(drop).map_err(failed)
}

/// How many attempts at the webhook have failed in a row; 0 when the claim is somebody else's.
pub(crate) fn attempt_failed(
    connection: &Connection,
    (id, claim): (DeliveryId, DateTime),
    attempt: &WebhookAttempt,
    at: DateTime,
    next: Option<DateTime>,
) -> Result<u32> {
    let next = next.map(|next| next.timestamp_micros());
    let sql = "UPDATE webhook_delivery SET status = iif(?7 IS NULL, 'failed', 'pending'), attempts = attempts + 1,
            status_code = ?3, error = ?4, duration_ms = ?5, claimed_until = NULL,
            next_attempt_at = coalesce(?7, next_attempt_at), finished_at = iif(?7 IS NULL, ?6, NULL)
        WHERE id = ?1 AND claimed_until = ?2 AND finished_at IS NULL
        RETURNING webhook_key, kind, subject";
    let values = params![
        id.uuid(),
        claim.timestamp_micros(),
        attempt.status_code,
        attempt.error,
        attempt.duration_ms,
        at.timestamp_micros(),
        next,
    ];
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
    let failing = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(values, read).optional())
        .map_err(failed)?;
    let Some((key, kind, subject)) = failing else { return Ok(0) };
    // Nobody looks at what waits behind it before it is tried again.
    let sql = "UPDATE webhook_delivery SET next_attempt_at = ?4
        WHERE webhook_key = ?1 AND kind = ?2 AND subject = ?3 AND finished_at IS NULL AND next_attempt_at < ?4";
    rows::execute(connection, sql, params![key, kind, subject, next]).map_err(failed)?;
    let sql = "UPDATE webhook SET failures = failures + 1 WHERE webhook_key = ?1 RETURNING failures";
    rows::one(connection, "webhook", sql, [key], |row| row.get(0))
}

/// What is on its way to a webhook is due now, with all its attempts.
pub(crate) fn go_on(connection: &Connection, webhook_key: i64, at: DateTime) -> Result<()> {
    let sql = "UPDATE webhook_delivery SET attempts = 0, next_attempt_at = ?2
        WHERE webhook_key = ?1 AND finished_at IS NULL";
    rows::execute(connection, sql, params![webhook_key, at.timestamp_micros()]).map(drop).map_err(failed)
}

pub(crate) fn send_again(
    connection: &Connection,
    webhook_key: i64,
    id: DeliveryId,
    at: DateTime,
) -> Result<WebhookDelivery> {
    let sql = "UPDATE webhook_delivery SET status = 'pending', attempts = 0, next_attempt_at = ?3, finished_at = NULL
        WHERE webhook_key = ?1 AND id = ?2";
    rows::execute(connection, sql, params![webhook_key, id.uuid(), at.timestamp_micros()]).map_err(failed)?;
    let sql = "SELECT * FROM webhook_delivery WHERE webhook_key = ?1 AND id = ?2";
    rows::one(connection, "delivery", sql, params![webhook_key, id.uuid()], read).map(|(_, delivery)| delivery)
}

pub(crate) fn log(
    connection: &Connection,
    webhook_key: i64,
    limit: Limit,
    after: Option<i64>,
) -> Result<Page<WebhookDelivery, i64>> {
    let sql = "SELECT * FROM webhook_delivery WHERE webhook_key = ?1 AND delivery_key < ?2
        ORDER BY delivery_key DESC LIMIT ?3";
    let values = [webhook_key, after.unwrap_or(i64::MAX), limit.get() as i64 + 1];
    let Page { items, next } = Page::cut(rows::all(connection, sql, values, read)?, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, delivery)| delivery).collect(), next })
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, WebhookDelivery)> {
    let status = rows::word(row, "status", DeliveryStatus::from_word)?;
    let delivery = WebhookDelivery {
        id: rows::id(row, "id")?,
        event_id: rows::id(row, "event_id")?,
        event_type: row.get("type")?,
        subject: rows::text(row, "subject")?,
        subject_version: row.get("version")?,
        status,
        attempts: row.get("attempts")?,
        status_code: row.get("status_code")?,
        error: row.get("error")?,
        duration_ms: row.get("duration_ms")?,
        next_attempt_at: match status {
            DeliveryStatus::Pending => Some(rows::at(row, "next_attempt_at")?),
            _ => None,
        },
        created_at: rows::at(row, "enqueued_at")?,
        finished_at: row.get::<_, Option<i64>>("finished_at")?.map(from_micros),
    };
    Ok((row.get("delivery_key")?, delivery))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite goes about a statement.
    fn plan(connection: &Connection, sql: &str, parameters: usize) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("SQL");
        let values = rusqlite::params_from_iter(std::iter::repeat_n(1, parameters));
        let steps = statement.query_map(values, |row| row.get::<_, String>("detail")).expect("a plan");
        steps.collect::<rusqlite::Result<Vec<_>>>().expect("steps").join("\n")
    }

    #[test]
    fn what_is_told_and_what_is_due_is_found_by_indexes() {
        let mut connection = Connection::open_in_memory().expect("a database");
        crate::migrations::apply(&mut connection).expect("tables");
        let told = plan(&connection, &wanted_sql(), 4);
        for index in [
            "webhook_delivery_told (webhook_key=? AND subject=? AND type=?)",
            "outbox_by_subject (<expr>=? AND <expr>=? AND <expr>>? AND <expr><?)",
            "outbox_archive_by_subject (<expr>=? AND <expr>=? AND <expr>>? AND <expr><?)",
        ] {
            assert!(told.contains(index), "{index} in {told}");
        }
        let due = plan(&connection, CLAIM, 4);
        for index in [
            "webhook_delivery_due (webhook_key=? AND next_attempt_at<?)",
            "webhook_delivery_in_order",
            "webhook_delivery_claimed",
        ] {
            assert!(due.contains(index), "{index} in {due}");
        }
        assert!(!told.contains("SCAN o") && !due.contains("SCAN d "), "{told}\n{due}");
    }
}
