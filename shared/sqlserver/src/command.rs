//! Commands: one batch each, which honours the claim, has the effect, keeps the result and writes the events.

use crate::run::Repeat;
use crate::statements::{self, Command, Statement};
use crate::value::Value;
use crate::{SqlServerStore, placing, refusal, rows};
use chrono::NaiveDateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use souk_domain::ports::{ClaimedEvents, PastEvents};
use souk_domain::{Cause, Claim, Committed, Error, Event, EventData, Result};
use std::ops::RangeInclusive;
use tiberius::Row;
use uuid::Uuid;

/// How often a command is run because a race made it void, before the caller is told to come back.
pub(crate) const RACES: usize = 50;

/// The constraint that a second run with a claim meets while the first is on its way.
const CLAIM_TAKEN: &str = "idempotency_pk";

/// What became of a batch.
pub(crate) enum Answer<T> {
    Done(Committed<T>),
    Refused(Error),
    /// What it had read was no longer so; it changed nothing.
    Overtaken,
}

/// A command's batch with all that it is sent with.
pub(crate) struct Batch<'a> {
    statement: Statement<'a>,
    values: Vec<Value>,
    cause: &'a Cause,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(command: &'a Command, cause: &'a Cause, values: impl IntoIterator<Item = Value>) -> Self {
        Self { statement: command.statement(), values: frame(cause).into_iter().chain(values).collect(), cause }
    }
}

impl SqlServerStore {
    /// Runs a command. `broken` says what a broken constraint means.
    pub(crate) async fn command<T: DeserializeOwned>(
        &self,
        command: &Command,
        cause: &Cause,
        values: impl IntoIterator<Item = Value>,
        broken: fn(&str) -> Option<Error>,
    ) -> Result<Committed<T>> {
        self.send(&Batch::new(command, cause, values), broken).await
    }

    /// Runs a command's batch until no race makes it void.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        batch: &Batch<'_>,
        broken: fn(&str) -> Option<Error>,
    ) -> Result<Committed<T>> {
        for _ in 0..RACES {
            match self.attempt(batch, broken, &[]).await? {
                Answer::Done(committed) => return Ok(committed),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(too_many_races())
    }

    /// Runs a command's batch once, or finds what the first run with its claim made. `broken` says what a broken constraint means;
    /// it counts as overtaken when it breaks one of `races`.
    pub(crate) async fn attempt<T: DeserializeOwned>(
        &self,
        batch: &Batch<'_>,
        broken: fn(&str) -> Option<Error>,
        races: &[&str],
    ) -> Result<Answer<T>> {
        // With a claim, a second run finds the first one's result.
        let repeat = if batch.cause.claim.is_some() { Repeat::Harmless } else { Repeat::Harmful };
        let failure = match self.runner.run(batch.statement, &batch.values, repeat).await {
            Ok(results) => return answer(&results),
            Err(failure) => failure,
        };
        match failure.constraint() {
            Some(CLAIM_TAKEN) => Ok(self.first_result(batch.cause).await?.map_or(Answer::Overtaken, Answer::Done)),
            Some(name) if races.contains(&name) => Ok(Answer::Overtaken),
            name => Err(name.and_then(broken).unwrap_or_else(|| failure.into())),
        }
    }

    /// What the first run with the claim made. It has committed, or this one would still wait. `None` when the claim has
    /// expired, or the sweep was faster.
    async fn first_result<T: DeserializeOwned>(&self, cause: &Cause) -> Result<Option<Committed<T>>> {
        if cause.claim.is_none() {
            return Ok(None);
        }
        let found = rows::only(self.query(statements::FIRST_RESULT, claimed(cause)).await?);
        made(&found)
    }
}

/// Claim or nothing, fingerprint, now: what a query of the first result begins with.
pub(crate) fn claimed(cause: &Cause) -> [Value; 3] {
    let (claim, fingerprint) = identified(cause);
    [claim.into(), fingerprint.into(), cause.at.into()]
}

/// What the first run with a claim made, when it is found.
pub(crate) fn made<T: DeserializeOwned>(found: &[Row]) -> Result<Option<Committed<T>>> {
    let Some(row) = found.first() else { return Ok(None) };
    if rows::column::<i32>(row, "same")? == 0 {
        return Err(Error::KeyReused);
    }
    let value = rows::parse(rows::maybe(row, "result")?.unwrap_or("null"))?;
    let request_id: &str = rows::column(row, "request_id")?;
    Ok(Some(Committed { value, events: Vec::new(), replayed: Some(request_id.to_owned()) }))
}

/// Everybody was faster than this one, [`RACES`] times.
pub(crate) fn too_many_races() -> Error {
    Error::Unavailable("others were faster again and again".to_owned())
}

/// The parameters that all commands begin with.
fn frame(cause: &Cause) -> Vec<Value> {
    let (claim, fingerprint) = identified(cause);
    vec![
        claim.into(),
        fingerprint.into(),
        cause.request_id.as_str().into(),
        cause.at.into(),
        (cause.at + Claim::KEPT).into(),
        cause.correlation_id.as_str().into(),
    ]
}

/// The claim and what it was sent with, both empty without one.
fn identified(cause: &Cause) -> (Vec<u8>, Vec<u8>) {
    cause.claim.as_ref().map(|claim| (digest(claim), claim.fingerprint.to_vec())).unwrap_or_default()
}

/// Caller and key as one value of fixed length, each by half a SHA-256.
fn digest(claim: &Claim) -> Vec<u8> {
    [half(&claim.scope), half(&claim.key)].concat()
}

/// All that [`digest`] makes of a caller's claims: they begin alike, so that those of somebody forgotten are found without their keys.
pub(crate) fn claims_of(scope: &str) -> RangeInclusive<Vec<u8>> {
    let with = |key: u8| [half(scope), [key; HALF]].concat();
    with(0x00)..=with(0xFF)
}

const HALF: usize = 16;

fn half(text: &str) -> [u8; HALF] {
    let digest = Sha256::digest(text);
    std::array::from_fn(|index| digest[index])
}

fn answer<T: DeserializeOwned>(results: &[Vec<Row>]) -> Result<Answer<T>> {
    let (last, before) = results.split_last().ok_or_else(|| rows::unreadable("command", "no outcome"))?;
    let last = last.first().ok_or_else(|| rows::unreadable("command", "no outcome"))?;
    let (outcome, detail): (&str, Option<&str>) = (rows::column(last, "outcome")?, rows::maybe(last, "result")?);
    let value = || rows::parse(detail.unwrap_or("null"));
    match outcome {
        "done" => Ok(Answer::Done(Committed::first(value()?, events(before.iter().flatten())?))),
        "overtaken" => Ok(Answer::Overtaken),
        "refused_lines" => Ok(placing::refusal(detail.unwrap_or_default())?.map_or(Answer::Overtaken, Answer::Refused)),
        _ => Ok(Answer::Refused(refusal::error(outcome, detail))),
    }
}

/// Rows of the outbox as events, in their order.
fn events<'a>(found: impl Iterator<Item = &'a Row>) -> Result<Vec<Event>> {
    numbered(found)?.into_iter().map(|(_, row)| event(row)).collect()
}

/// Rows of the outbox that a relay has claimed, in their order; one that cannot be read keeps no other from being published.
pub(crate) fn claimed_events(found: &[Row]) -> Result<ClaimedEvents> {
    let events = numbered(found.iter())?.into_iter().map(|(sequence, row)| (sequence, event(row)));
    Ok(PastEvents::of(events).claimed())
}

/// Rows of the outbox with their places, in their order: OUTPUT promises none.
pub(crate) fn numbered<'a>(found: impl Iterator<Item = &'a Row>) -> Result<Vec<(i64, &'a Row)>> {
    let mut found = found.map(|row| Ok((rows::column(row, "sequence")?, row))).collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|(sequence, _): &(i64, &Row)| *sequence);
    Ok(found)
}

/// A row of the outbox, or one that holds the same, as an event.
pub(crate) fn event(row: &Row) -> Result<Event> {
    let content = serde_json::json!({
        "type": rows::column::<&str>(row, "type")?,
        "data": rows::document::<serde_json::Value>(row, "data")?,
    });
    let data = EventData::deserialize(content).map_err(|error| rows::unreadable("event", error))?;
    Ok(Event::stored(
        rows::column::<Uuid>(row, "event_id")?.into(),
        data,
        rows::column::<Uuid>(row, "subject")?.to_string(),
        rows::column(row, "version")?,
        rows::column::<NaiveDateTime>(row, "created_at")?.and_utc(),
        rows::column::<&str>(row, "correlation_id")?.to_owned(),
    ))
}

/// For commands that break no constraint, whatever they are sent with.
pub(crate) fn none(_: &str) -> Option<Error> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_of_a_caller_are_a_range_of_their_own() {
        let claim = |scope: &str, key: &str| {
            digest(&Claim { scope: scope.to_owned(), key: key.to_owned(), fingerprint: [0; 32] })
        };
        let range = claims_of("ada");
        for key in ["", "a", "key", "😀"] {
            assert!(range.contains(&claim("ada", key)));
            assert!(!range.contains(&claim("eve", key)) && !range.contains(&claim("", key)));
        }
        assert_ne!(claim("ada", "a"), claim("ada", "b"));
        assert!([range.start(), range.end()].iter().all(|claim| claim.len() == 32));
    }
}
