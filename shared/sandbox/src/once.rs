//! Idempotency: the first answer under a key is the answer.

use crate::failure::Failure;
use crate::form::Form;
use crate::tables::Tables;
use aws_lc_rs::digest;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

/// What was done.
pub(crate) struct Done {
    pub(crate) body: Value,
    /// True if the client is to wait for it in vain.
    pub(crate) is_held: bool,
}

impl Done {
    pub(crate) fn at_once(body: Value) -> Self {
        Self { body, is_held: false }
    }
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// True if it was answered before.
    pub(crate) is_replayed: bool,
    pub(crate) is_held: bool,
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let (status, is_held) = (failure.status, failure.is_held);
        Self { status, body: failure.body().to_string(), is_replayed: false, is_held }
    }
}

/// What a wish is recognised by.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The `Idempotency-Key`.
    pub(crate) key: String,
    fingerprint: Vec<u8>,
}

impl Claim {
    pub(crate) fn new(key: String, path: &str, form: &Form) -> Self {
        let digest = digest::digest(&digest::SHA256, format!("{path}?{}", form.canonical()).as_bytes());
        Self { key, fingerprint: digest.as_ref().to_vec() }
    }
}

/// Carries out a wish, or answers as before. A defect is not an answer: it undoes everything.
pub(crate) fn once(
    tables: &Tables<'_>,
    claim: Option<&Claim>,
    effect: impl FnOnce() -> Result<Done, Failure>,
) -> Result<Answer, Failure> {
    if let Some(earlier) = claim.map(|claim| earlier(tables, claim)).transpose()?.flatten() {
        return Ok(earlier);
    }
    let (answer, is_kept) = match effect() {
        Ok(Done { body, is_held }) => {
            (Answer { status: 200, body: body.to_string(), is_replayed: false, is_held }, true)
        }
        Err(defect) if defect.status >= 500 => return Err(defect),
        Err(failure) => {
            let is_kept = failure.is_kept;
            (failure.into(), is_kept)
        }
    };
    if let Some(claim) = claim.filter(|_| is_kept) {
        let sql = "INSERT INTO answer (key, fingerprint, status, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![claim.key, claim.fingerprint, answer.status, answer.body, tables.now];
        tables.connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(answer)
}

fn earlier(tables: &Tables<'_>, claim: &Claim) -> Result<Option<Answer>, Failure> {
    let sql = "SELECT fingerprint, status, body FROM answer WHERE key = ?1";
    let mut statement = tables.connection.prepare_cached(sql)?;
    let found = statement.query_row([&claim.key], |row| {
        let answer = Answer { status: row.get(1)?, body: row.get(2)?, is_replayed: true, is_held: false };
        Ok((row.get::<_, Vec<u8>>(0)?, answer))
    });
    match found.optional()? {
        Some((fingerprint, _)) if fingerprint != claim.fingerprint => Err(Failure::key_reused()),
        found => Ok(found.map(|(_, answer)| answer)),
    }
}
