//! Commands that run once: the first result is kept beside the effect.

use crate::errors::{failed, internal};
use crate::outbox;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};
use souk_domain::{Cause, Claim, Committed, DateTime, Error, Event, Result};

/// Runs `work` unless the claim of `cause` was honoured before; then its first result comes back. Appends the events to
/// the outbox.
pub(crate) fn once<T: Serialize + DeserializeOwned>(
    connection: &Connection,
    cause: &Cause,
    work: impl FnOnce(&Connection, &Cause) -> Result<(T, Vec<Event>)>,
) -> Result<Committed<T>> {
    if let Some(made) = made_before(connection, cause)? {
        return Ok(made);
    }
    let (value, events) = work(connection, cause)?;
    outbox::append(connection, &events, cause.at)?;
    if let Some(claim) = &cause.claim {
        keep(connection, claim, cause, &serde_json::to_string(&value).map_err(internal)?)?;
    }
    Ok(Committed::first(value, events))
}

/// What the first run with the claim of `cause` made, when there was one.
pub(crate) fn made_before<T: DeserializeOwned>(connection: &Connection, cause: &Cause) -> Result<Option<Committed<T>>> {
    let Some(claim) = &cause.claim else { return Ok(None) };
    let Some((result, request_id)) = first_result(connection, claim, cause.at)? else { return Ok(None) };
    let value = serde_json::from_str(&result).map_err(internal)?;
    Ok(Some(Committed { value, events: Vec::new(), replayed: Some(request_id) }))
}

fn first_result(connection: &Connection, claim: &Claim, now: DateTime) -> Result<Option<(String, String)>> {
    let found = connection
        .prepare_cached(
            "SELECT fingerprint, result, request_id FROM idempotency WHERE scope = ?1 AND key = ?2 AND expires_at > ?3",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![claim.scope, claim.key, now.timestamp_micros()], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })
        .map_err(failed)?;
    match found {
        Some((fingerprint, ..)) if fingerprint != claim.fingerprint => Err(Error::KeyReused),
        Some((_, result, request_id)) => Ok(Some((result, request_id))),
        None => Ok(None),
    }
}

fn keep(connection: &Connection, claim: &Claim, cause: &Cause, result: &str) -> Result<()> {
    let expires = (cause.at + Claim::KEPT).timestamp_micros();
    // OR REPLACE: an expired row may still be there.
    connection
        .prepare_cached("INSERT OR REPLACE INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut statement| {
            statement.execute(params![claim.scope, claim.key, claim.fingerprint, cause.request_id, result, expires])
        })
        .map(drop)
        .map_err(failed)
}
