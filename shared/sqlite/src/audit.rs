use crate::errors::failed;
use crate::rows;
use rusqlite::{Connection, params};
use souk_domain::{AuditAction, AuditEntry, AuditQuery, Cause, CustomerId, Page, Result};

/// Writes a line that belongs to the open transaction.
pub(crate) fn record(
    connection: &Connection,
    action: AuditAction,
    actor: Option<CustomerId>,
    subject: Option<CustomerId>,
    cause: &Cause,
) -> Result<()> {
    let (actor, subject) = (actor.map(CustomerId::uuid), subject.map(CustomerId::uuid));
    rows::execute(
        connection,
        "INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![cause.at.timestamp_micros(), action.as_str(), actor, subject, cause.request_id],
    )
    .map(drop)
    .map_err(failed)
}

pub(crate) fn page(connection: &Connection, query: AuditQuery) -> Result<Page<AuditEntry, i64>> {
    let AuditQuery { actor, subject, limit, after } = query;
    let mut sql = "SELECT * FROM audit_entry WHERE entry_key < ?1".to_owned();
    // Written only where they are asked for, so that each choice walks an index of its own.
    for (asked, condition) in [(actor.is_some(), " AND actor_id = ?3"), (subject.is_some(), " AND subject_id = ?4")] {
        if asked {
            sql += condition;
        }
    }
    sql += " ORDER BY entry_key DESC LIMIT ?2";
    let (after, most) = (after.unwrap_or(i64::MAX), limit.get() as i64 + 1);
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut values: Vec<Box<dyn rusqlite::ToSql>> = vec![Box::new(after), Box::new(most)];
    values.push(Box::new(actor.map(CustomerId::uuid)));
    values.push(Box::new(subject.map(CustomerId::uuid)));
    values.truncate(statement.parameter_count());
    let found = statement
        .query_map(rusqlite::params_from_iter(values), |row| {
            Ok((
                row.get::<_, i64>("entry_key")?,
                AuditEntry {
                    at: rows::at(row, "at")?,
                    action: rows::word(row, "action", AuditAction::from_word)?,
                    actor_id: rows::optional_id(row, "actor_id")?,
                    subject_id: rows::optional_id(row, "subject_id")?,
                    request_id: row.get("request_id")?,
                },
            ))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    let Page { items, next } = Page::cut(found, limit, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, entry)| entry).collect(), next })
}
