//! Commands: one batch each, which honours the claim, has the effect, keeps the result and writes the events.

use crate::SqlServerStore;
use crate::rows;
use crate::run::Repeat;
use crate::statements::{self, Command};
use crate::value::Value;
use chrono::NaiveDateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use souk_domain::{
    Cause, Claim, Committed, Error, Event, EventData, Money, ProductId, ProductStatus, Result, Shortage, Sku,
};
use tiberius::Row;
use uuid::Uuid;

/// How often a command is run because a race made it void, before the caller is told to come back.
pub(crate) const RACES: usize = 50;

/// The constraint that a second run with a claim meets while the first is on its way.
const CLAIM_TAKEN: &str = "idempotency_pk";

/// What a batch says when it did not do what was asked.
struct Refusal<'a> {
    outcome: &'a str,
    detail: Option<&'a str>,
}

/// What became of a batch.
pub(crate) enum Answer<T> {
    Done(Committed<T>),
    Refused(Error),
    /// What it had read was no longer so; it changed nothing.
    Overtaken,
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
        let values = frame(cause).into_iter().chain(values).collect::<Vec<_>>();
        // With a claim, a second run finds the first one's result.
        let repeat = if cause.claim.is_some() { Repeat::Harmless } else { Repeat::Harmful };
        for _ in 0..RACES {
            match self.runner.run(command.text(), &values, repeat).await {
                Ok(results) => match answer(&results)? {
                    Answer::Done(committed) => return Ok(committed),
                    Answer::Refused(error) => return Err(error),
                    Answer::Overtaken => {}
                },
                Err(failure) if failure.constraint() == Some(CLAIM_TAKEN) => {
                    if let Some(first) = self.first_result(cause).await? {
                        return Ok(first);
                    }
                }
                Err(failure) => return Err(failure.constraint().and_then(broken).unwrap_or_else(|| failure.into())),
            }
        }
        Err(Error::Unavailable("others were faster again and again".to_owned()))
    }

    /// What the first run with the claim made. It has committed, or this one would still wait. `None` when the claim has
    /// expired, or the sweep was faster.
    async fn first_result<T: DeserializeOwned>(&self, cause: &Cause) -> Result<Option<Committed<T>>> {
        let Some(claim) = &cause.claim else { return Ok(None) };
        let values = [digest(claim).into(), claim.fingerprint.to_vec().into(), cause.at.into()];
        let found = rows::only(self.query(statements::FIRST_RESULT, values).await?);
        let Some(row) = found.first() else { return Ok(None) };
        if rows::column::<i32>(row, "same")? == 0 {
            return Err(Error::KeyReused);
        }
        let value = rows::parse(rows::maybe(row, "result")?.unwrap_or("null"))?;
        let request_id: &str = rows::column(row, "request_id")?;
        Ok(Some(Committed { value, events: Vec::new(), replayed: Some(request_id.to_owned()) }))
    }

    /// Runs a command once. It counts as overtaken when it breaks one of `constraints`.
    pub(crate) async fn attempt<T: DeserializeOwned>(
        &self,
        command: &Command,
        cause: &Cause,
        values: impl IntoIterator<Item = Value>,
        constraints: &[&str],
    ) -> Result<Answer<T>> {
        let values = frame(cause).into_iter().chain(values).collect::<Vec<_>>();
        match self.runner.run(command.text(), &values, Repeat::Harmful).await {
            Ok(results) => answer(&results),
            Err(failure) if failure.constraint().is_some_and(|name| constraints.contains(&name)) => {
                Ok(Answer::Overtaken)
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The parameters that all commands begin with.
fn frame(cause: &Cause) -> Vec<Value> {
    let (claim, fingerprint) = match &cause.claim {
        Some(claim) => (digest(claim), claim.fingerprint.to_vec()),
        None => (Vec::new(), Vec::new()),
    };
    vec![
        claim.into(),
        fingerprint.into(),
        cause.request_id.as_str().into(),
        cause.at.into(),
        (cause.at + Claim::KEPT).into(),
        cause.correlation_id.as_str().into(),
    ]
}

/// Caller and key as one value of fixed length. The zero byte, which neither holds, keeps them apart.
fn digest(claim: &Claim) -> Vec<u8> {
    let hasher = Sha256::new().chain_update(&claim.scope).chain_update([0]).chain_update(&claim.key);
    hasher.finalize().to_vec()
}

fn answer<T: DeserializeOwned>(results: &[Vec<Row>]) -> Result<Answer<T>> {
    let (last, before) = results.split_last().ok_or_else(|| rows::unreadable("command", "no outcome"))?;
    let last = last.first().ok_or_else(|| rows::unreadable("command", "no outcome"))?;
    let (outcome, detail): (&str, Option<&str>) = (rows::column(last, "outcome")?, rows::maybe(last, "result")?);
    let value = || rows::parse(detail.unwrap_or("null"));
    match outcome {
        "done" => Ok(Answer::Done(Committed::first(value()?, events(before.iter().flatten())?))),
        "overtaken" => Ok(Answer::Overtaken),
        _ => Ok(Refusal { outcome, detail }.error()?.map_or(Answer::Overtaken, Answer::Refused)),
    }
}

/// Rows of the outbox as events, in their order.
pub(crate) fn events<'a>(found: impl Iterator<Item = &'a Row>) -> Result<Vec<Event>> {
    let mut found = found.map(|row| Ok((rows::column(row, "sequence")?, event(row)?))).collect::<Result<Vec<_>>>()?;
    // OUTPUT promises no order.
    found.sort_by_key(|(sequence, _): &(i64, Event)| *sequence);
    Ok(found.into_iter().map(|(_, event)| event).collect())
}

fn event(row: &Row) -> Result<Event> {
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

/// What a line of a refused order met.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Met {
    product_id: ProductId,
    requested: i64,
    sku: Option<Sku>,
    status: Option<ProductStatus>,
    available: Option<i64>,
}

/// What refuses the lines, all of it; `None` when nothing does any more.
fn refused_lines(lines: Vec<Met>) -> Option<Error> {
    let that = |wanted: fn(&Met) -> bool| {
        lines.iter().filter(|line| wanted(line)).map(|line| line.product_id).collect::<Vec<_>>()
    };
    let unknown = that(|line| line.sku.is_none());
    let discontinued = that(|line| line.status == Some(ProductStatus::Discontinued));
    if !unknown.is_empty() {
        return Some(Error::UnknownProducts(unknown));
    }
    if !discontinued.is_empty() {
        return Some(Error::DiscontinuedProducts(discontinued));
    }
    let short = lines.into_iter().filter_map(|Met { product_id, requested, sku, available, .. }| {
        let available = available.filter(|available| *available < requested)?;
        Some(Shortage { product_id, sku: sku?, requested, available })
    });
    let short: Vec<_> = short.collect();
    (!short.is_empty()).then_some(Error::InsufficientStock(short))
}

impl Refusal<'_> {
    /// What the refusal means; `None` when it was overtaken by another command.
    fn error(&self) -> Result<Option<Error>> {
        Ok(Some(match self.outcome {
            "unknown_product" => Error::NotFound("product"),
            "unknown_order" => Error::NotFound("order"),
            "unknown_customer" => Error::NotFound("customer"),
            "unknown_category_itself" => Error::NotFound("category"),
            "unknown_category" => Error::UnknownCategory,
            "category_cycle" => Error::CATEGORY_CYCLE,
            "product_discontinued" => Error::PRODUCT_DISCONTINUED,
            "stock_out_of_range" => Error::STOCK_OUT_OF_RANGE,
            "order_status" => Error::ORDER_STATUS,
            "mixed_currencies" => Money::two_currencies().into(),
            "amount_too_large" => Money::too_large().into(),
            "stale" => Error::Stale { current: self.detail()? },
            "refused_lines" => return Ok(refused_lines(self.detail()?)),
            other => return Err(rows::unreadable("outcome", other)),
        }))
    }

    fn detail<T: DeserializeOwned>(&self) -> Result<T> {
        rows::parse(self.detail.unwrap_or_default())
    }
}

/// For commands that break no constraint, whatever they are sent with.
pub(crate) fn none(_: &str) -> Option<Error> {
    None
}
