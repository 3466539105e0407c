use crate::errors::{failed, internal};
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use souk_domain::ports::Outbox;
use souk_domain::{DateTime, Event, EventId, Result, from_micros};

/// Writes events that tell of the transaction that is open.
pub(crate) fn append(connection: &Connection, events: &[Event], at: DateTime) -> Result<()> {
    for event in events {
        let values = params![event.id.uuid(), event.to_json(), at.timestamp_micros()];
        rows::execute(connection, "INSERT INTO outbox (event_id, event, created_at) VALUES (?1, ?2, ?3)", values)
            .map_err(failed)?;
    }
    Ok(())
}

fn claim(connection: &Connection, limit: usize, before: DateTime, until: DateTime) -> Result<Vec<Event>> {
    let now = souk_domain::now().timestamp_micros();
    let mut claimed = rows::all(
        connection,
        "UPDATE outbox SET claimed_until = ?3
         WHERE sequence IN (
             SELECT sequence FROM outbox
             WHERE published_at IS NULL AND created_at < ?2 AND coalesce(claimed_until, 0) <= ?4
             ORDER BY sequence LIMIT ?1)
         RETURNING sequence, event",
        params![limit as i64, before.timestamp_micros(), until.timestamp_micros(), now],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    // RETURNING promises no order.
    claimed.sort_by_key(|(sequence, _)| *sequence);
    claimed.iter().map(|(_, event)| Event::from_json(event).map_err(internal)).collect()
}

fn mark(connection: &Connection, ids: &[EventId]) -> Result<()> {
    let now = souk_domain::now().timestamp_micros();
    for id in ids {
        rows::execute(connection, "UPDATE outbox SET published_at = ?2 WHERE event_id = ?1", params![id.uuid(), now])
            .map_err(failed)?;
    }
    Ok(())
}

fn release(connection: &Connection, ids: &[EventId]) -> Result<()> {
    for id in ids {
        rows::execute(connection, "UPDATE outbox SET claimed_until = NULL WHERE event_id = ?1", [id.uuid()])
            .map_err(failed)?;
    }
    Ok(())
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim_unpublished(&self, limit: usize, before: DateTime, until: DateTime) -> Result<Vec<Event>> {
        self.writer.write(move |connection| claim(connection, limit, before, until)).await
    }

    async fn release_claims(&self, ids: &[EventId]) -> Result<()> {
        let ids = ids.to_vec();
        self.writer.write(move |connection| release(connection, &ids)).await
    }

    /// Does not wait: the mark joins the next group of commands and costs no flush of its own.
    async fn mark_published(&self, ids: &[EventId]) -> Result<()> {
        let ids = ids.to_vec();
        self.writer.write_later(move |connection| mark(connection, &ids));
        Ok(())
    }

    async fn last_published(&self) -> Result<Option<DateTime>> {
        // Events are published in nearly their order, so the latest rows know.
        let sql = "SELECT max(published_at) FROM (SELECT published_at FROM outbox ORDER BY sequence DESC LIMIT 1000)";
        let latest =
            self.read(move |connection| rows::one(connection, "row", sql, [], |row| row.get::<_, Option<i64>>(0)));
        Ok(latest.await?.map(from_micros))
    }

    async fn republish(&self, since: DateTime) -> Result<usize> {
        let sql = "UPDATE outbox SET published_at = NULL, claimed_until = NULL WHERE published_at > ?1";
        let since = since.timestamp_micros();
        self.writer.write(move |connection| rows::execute(connection, sql, [since]).map_err(failed)).await
    }

    async fn expire_idempotency_keys(&self, now: DateTime) -> Result<usize> {
        let sql = "DELETE FROM idempotency WHERE expires_at <= ?1";
        self.writer
            .write(move |connection| rows::execute(connection, sql, [now.timestamp_micros()]).map_err(failed))
            .await
    }

    async fn ping(&self) -> Result<()> {
        self.read(|connection| rows::one(connection, "answer", "SELECT 1", [], |_| Ok(()))).await
    }
}
