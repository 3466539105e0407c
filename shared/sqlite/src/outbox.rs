use crate::errors::failed;
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use souk_domain::ports::{ClaimedEvents, Outbox, PastEvents};
use souk_domain::{DateTime, Event, EventId, Result, from_micros};

/// Events that are archived in one transaction: other commands wait for it.
const ARCHIVED_AT_ONCE: usize = 2_000;

/// Writes events that tell of the transaction that is open.
pub(crate) fn append(connection: &Connection, events: &[Event], at: DateTime) -> Result<()> {
    for event in events {
        let values = params![event.id.uuid(), event.to_json(), at.timestamp_micros()];
        rows::execute(connection, "INSERT INTO outbox (event_id, event, created_at) VALUES (?1, ?2, ?3)", values)
            .map_err(failed)?;
    }
    Ok(())
}

fn claim(connection: &Connection, limit: usize, before: DateTime, until: DateTime) -> Result<ClaimedEvents> {
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
    let events = claimed.into_iter().map(|(sequence, event)| (sequence, Event::from_json(&event)));
    Ok(PastEvents::of(events).claimed())
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

/// The place of the last event of those that are archived next, when there is any.
fn last_to_archive(connection: &Connection, before: i64) -> Result<Option<i64>> {
    let sql = "SELECT max(sequence) FROM (
        SELECT sequence FROM outbox WHERE published_at < ?1 ORDER BY sequence LIMIT ?2)";
    rows::one(connection, "row", sql, params![before, ARCHIVED_AT_ONCE as i64], |row| row.get(0))
}

/// Moves the events up to a place; the number moved.
fn move_to_archive(connection: &Connection, before: i64, last: i64) -> Result<usize> {
    rows::execute(
        connection,
        "INSERT INTO outbox_archive (sequence, event_id, event, created_at, published_at)
         SELECT sequence, event_id, event, created_at, published_at FROM outbox WHERE published_at < ?1 AND sequence <= ?2",
        [before, last],
    )
    .and_then(|_| {
        rows::execute(connection, "DELETE FROM outbox WHERE published_at < ?1 AND sequence <= ?2", [before, last])
    })
    .map_err(failed)
}

fn since(connection: &Connection, since: i64, after: i64, limit: usize) -> Result<PastEvents> {
    let found = rows::all(
        connection,
        "SELECT sequence, event FROM outbox_archive WHERE sequence > ?1 AND created_at >= ?2
         UNION ALL
         SELECT sequence, event FROM outbox WHERE sequence > ?1 AND created_at >= ?2
         ORDER BY sequence LIMIT ?3",
        params![after, since, limit as i64],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    Ok(PastEvents::of(found.into_iter().map(|(sequence, event)| (sequence, Event::from_json(&event)))))
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim_unpublished(&self, limit: usize, before: DateTime, until: DateTime) -> Result<ClaimedEvents> {
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

    /// Looks for what is old outside of the writer, where nobody waits for it.
    async fn archive(&self, before: DateTime) -> Result<usize> {
        let (before, mut all) = (before.timestamp_micros(), 0);
        while let Some(last) = self.read(move |connection| last_to_archive(connection, before)).await? {
            let moved = self.writer.write(move |connection| move_to_archive(connection, before, last)).await?;
            all += moved;
            if moved < ARCHIVED_AT_ONCE {
                break;
            }
        }
        Ok(all)
    }

    async fn events_since(&self, at: DateTime, after: Option<i64>, limit: usize) -> Result<PastEvents> {
        let (at, after) = (at.timestamp_micros(), after.unwrap_or_default());
        self.read(move |connection| since(connection, at, after, limit)).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Cause, MailId, MailKind};

    #[test]
    fn an_event_that_cannot_be_read_stays_and_keeps_no_other_from_being_claimed() {
        let mut connection = Connection::open_in_memory().expect("a database");
        crate::migrations::apply(&mut connection).expect("tables");
        let cause = Cause::internal("test");
        let [first, last] = [(); 2].map(|()| Event::mail_requested(MailId::new(), MailKind::PasswordChanged, &cause));
        append(&connection, std::slice::from_ref(&first), cause.at).expect("an event");
        let later =
            "INSERT INTO outbox (event_id, event, created_at) VALUES (randomblob(16), '{\"type\":\"souk.Later\"}', 1)";
        connection.execute_batch(later).expect("an event of a later version");
        append(&connection, std::slice::from_ref(&last), cause.at).expect("an event");
        let soon = cause.at + std::time::Duration::from_secs(1);
        let claimed = claim(&connection, 10, soon, soon).expect("a claim");
        assert_eq!(claimed.events.iter().map(|event| event.id).collect::<Vec<_>>(), [first.id, last.id]);
        assert_eq!(claimed.unreadable, 1);
        let left: i64 = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).expect("a count");
        assert_eq!(left, 3);
    }

    #[test]
    fn the_archive_takes_so_many_events_a_transaction_and_no_unpublished_one() {
        let mut connection = Connection::open_in_memory().expect("a database");
        crate::migrations::apply(&mut connection).expect("tables");
        // Every ninth is not published; those that are have their place as moment.
        let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4500)
            INSERT INTO outbox (sequence, event_id, event, created_at, published_at)
            SELECT n, randomblob(16), '{}', n, CASE WHEN n % 9 > 0 THEN n END FROM n";
        connection.execute_batch(fill).expect("events");
        let mut moved = Vec::new();
        while let Some(last) = last_to_archive(&connection, 4501).expect("a place") {
            moved.push(move_to_archive(&connection, 4501, last).expect("a number"));
        }
        assert_eq!(moved, [2000, 2000]);
        let left: (i64, i64) = connection
            .query_row("SELECT count(*), count(published_at) FROM outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("counts");
        assert_eq!(left, (500, 0));
    }
}
