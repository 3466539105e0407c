//! Webhooks: delivered until somebody takes them.

use crate::Sandbox;
use crate::failure::Failure;
use crate::objects::millis;
use crate::tables::Tables;
use aws_lc_rs::hmac;
use axum::http::{Request, header};
use futures::{StreamExt, stream};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rusqlite::params;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Webhooks that are under way at once.
const AT_ONCE: usize = 8;
/// Webhooks that are looked at together.
const BATCH: usize = 32;
/// How long the shop may take to answer one.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait before a webhook is sent again, and before the tables are looked at without a reason.
const LONGEST: Duration = Duration::from_secs(60);
/// How long an idempotency key is remembered, as at Stripe.
const KEYS: Duration = Duration::from_secs(24 * 3600);
/// When a webhook is given up, as at Stripe.
const WEBHOOKS: Duration = Duration::from_secs(3 * 24 * 3600);

type Http = Client<HttpConnector, String>;

/// A webhook that is due.
struct Due {
    seq: i64,
    body: String,
    attempts: u32,
}

/// What is due, or how long nothing will be.
enum Agenda {
    Deliver(Vec<Due>),
    Wait(Duration),
}

/// The header `Stripe-Signature` of a webhook: `t=…,v1=…`, HMAC-SHA256 over `{seconds}.{body}`.
pub fn signature(secret: &SecretString, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", hex::encode(tag))
}

impl Sandbox {
    /// Delivers webhooks, and decides what decides itself, until `stop`. For one task: a second one would deliver the same.
    pub async fn deliver_webhooks(&self, stop: CancellationToken) {
        stop.run_until_cancelled(self.deliver_forever()).await;
    }

    async fn deliver_forever(&self) {
        let http: Http = Client::builder(TokioExecutor::new()).build_http();
        loop {
            match self.work(agenda).await {
                Ok(Agenda::Deliver(due)) => self.deliver(&http, due).await,
                // Cut short by a request that changes something.
                Ok(Agenda::Wait(wait)) => drop(tokio::time::timeout(wait, self.changed().notified()).await),
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    async fn deliver(&self, http: &Http, due: Vec<Due>) {
        let sent = stream::iter(due).map(|due| async move { (self.is_taken(http, &due).await, due) });
        let outcomes: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
        let recorded =
            self.work(move |tables| outcomes.iter().try_for_each(|(is_taken, due)| tables.record(due, *is_taken)));
        if recorded.await.is_err() {
            // They are delivered again, at least once being what is promised; not at once, though.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Signed when it is sent: an old signature is refused.
    async fn is_taken(&self, http: &Http, due: &Due) -> bool {
        let settings = self.settings();
        let signature = signature(&settings.webhook_secret, chrono::Utc::now().timestamp(), &due.body);
        let request = Request::post(&settings.webhook_url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("stripe-signature", signature)
            .body(due.body.clone());
        let Ok(request) = request else { return false };
        let status = match tokio::time::timeout(PATIENCE, http.request(request)).await {
            Ok(Ok(response)) => Some(response.status()),
            _ => None,
        };
        let is_taken = status.is_some_and(|status| status.is_success());
        if !is_taken {
            let status = status.map(|status| status.as_u16());
            tracing::debug!(status, attempts = due.attempts, "a webhook of the sandbox was not taken");
        }
        is_taken
    }
}

fn agenda(tables: &Tables<'_>) -> Result<Agenda, Failure> {
    tables.forget_what_is_old()?;
    let sql = "SELECT seq, body, attempts FROM webhook WHERE due_at <= ?1 ORDER BY due_at, seq LIMIT ?2";
    let mut statement = tables.connection.prepare_cached(sql)?;
    let due = statement.query_map(params![tables.now, BATCH], |row| {
        Ok(Due { seq: row.get(0)?, body: row.get(1)?, attempts: row.get(2)? })
    })?;
    let due = due.collect::<Result<Vec<_>, _>>()?;
    if !due.is_empty() {
        return Ok(Agenda::Deliver(due));
    }
    let wait = tables.next_due()?.map(|next| next - tables.now).and_then(|wait| u64::try_from(wait).ok());
    Ok(Agenda::Wait(wait.map_or(LONGEST, Duration::from_millis).min(LONGEST)))
}

impl Tables<'_> {
    /// A webhook that was taken is forgotten, another one comes again.
    fn record(&self, due: &Due, is_taken: bool) -> Result<(), Failure> {
        if is_taken {
            self.connection.prepare_cached("DELETE FROM webhook WHERE seq = ?1")?.execute([due.seq])?;
            return Ok(());
        }
        let wait = self.settings.retry.saturating_mul(2_u32.saturating_pow(due.attempts)).min(LONGEST);
        let sql = "UPDATE webhook SET attempts = attempts + 1, due_at = ?2 WHERE seq = ?1";
        self.connection.prepare_cached(sql)?.execute(params![due.seq, self.now + millis(wait)])?;
        Ok(())
    }

    fn forget_what_is_old(&self) -> Result<(), Failure> {
        let (keys, webhooks) = (self.now - millis(KEYS), self.now - millis(WEBHOOKS));
        self.connection.prepare_cached("DELETE FROM answer WHERE created_at < ?1")?.execute([keys])?;
        self.connection.prepare_cached("DELETE FROM webhook WHERE created_at < ?1")?.execute([webhooks])?;
        Ok(())
    }
}
