//! Calls of Stripe's API: form encoded, with a key under which a wish is taken once, within a time.

use crate::client::{Client, Failed};
use crate::settings::Settings;
use crate::wire::{Complaint, Failure};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use souk_domain::{Error, Result};
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use url::form_urlencoded;

/// The version of the API that this adapter was written for. Since this one, what a capture leaves and what a cancellation lets
/// go are no longer listed as refunds, which nobody asked for.
const VERSION: &str = "2025-03-31.basil";
/// How long to wait before a wish is sent once more.
const PAUSE: Duration = Duration::from_millis(150);

/// A way to the provider. Debug text has no secrets: the header that holds one is marked as sensitive.
#[derive(Debug)]
pub(crate) struct Api {
    client: Client,
    base: String,
    headers: HeaderMap,
    patience: Duration,
}

impl Api {
    /// Remembers the provider; the first call connects.
    ///
    /// # Errors
    /// `Internal` when nobody can be trusted.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let bearer = format!("Bearer {}", settings.secret_key.expose_secret());
        let mut authorization =
            HeaderValue::try_from(bearer).map_err(|_| Error::configuration("a secret key that fits in no header"))?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (header::AUTHORIZATION, authorization),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (header::HeaderName::from_static("stripe-version"), HeaderValue::from_static(VERSION)),
        ]);
        let (base, patience) = (settings.base.clone(), settings.patience);
        Ok(Self { client: Client::new(base.starts_with("https://"), patience)?, base, headers, patience })
    }

    /// Begins to count the time of a wish.
    pub(crate) fn begin(&self) -> Wish<'_> {
        Wish { api: self, deadline: Instant::now() + self.patience }
    }
}

/// One call. Without debug text: its parameters name what somebody pays with.
pub(crate) struct Call {
    method: Method,
    /// The path as logs show it, without names of payments.
    shape: &'static str,
    path: String,
    parameters: String,
    key: Option<String>,
}

impl Call {
    /// Asks for something.
    pub(crate) fn get(shape: &'static str, parameters: &[(&str, &str)]) -> Self {
        Self { method: Method::GET, shape, path: shape.to_owned(), parameters: encoded(parameters), key: None }
    }

    /// Wants something done, once under `key`.
    pub(crate) fn post(shape: &'static str, parameters: &[(&str, &str)], key: impl ToString) -> Self {
        Self { method: Method::POST, key: Some(key.to_string()), ..Self::get(shape, parameters) }
    }

    /// Puts the payment's name into the path, where the shape has `{id}`.
    ///
    /// # Errors
    /// `Internal` for what cannot be a name that the provider gave; it could lead to another path.
    pub(crate) fn of(mut self, reference: &str) -> Result<Self> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if reference.is_empty() || !reference.bytes().all(is_name) {
            return Err(Error::Internal("that is not a provider's name of a payment".to_owned()));
        }
        self.path = self.shape.replace("{id}", reference);
        Ok(self)
    }
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// What the provider says to a call.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    /// True if this is what it said to an earlier call with the same key, so it may be out of date.
    pub(crate) is_old: bool,
    /// What it did, or why it will not do it.
    pub(crate) verdict: std::result::Result<T, Refusal>,
}

/// Why the provider will not do something, however often it is asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) complaint: Complaint,
}

/// A call that came to nothing.
#[derive(Debug)]
struct Trouble {
    error: Error,
    may_pass: bool,
}

impl Trouble {
    fn passing(what: impl Into<String>) -> Self {
        Self { error: Error::Unavailable(format!("the payment provider {}", what.into())), may_pass: true }
    }

    fn defect(what: &str) -> Self {
        Self { error: Error::Internal(what.to_owned()), may_pass: false }
    }
}

/// A wish, which may need some calls, and its time.
pub(crate) struct Wish<'a> {
    api: &'a Api,
    deadline: Instant,
}

impl Wish<'_> {
    /// Calls, and once more when the trouble may have passed and enough time is left for an answer.
    ///
    /// # Errors
    /// `Unavailable` when it is not known what became of the call, `KeyReused` when its key came with other parameters before.
    pub(crate) async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<Reply<T>> {
        match self.attempt(&call).await {
            Err(trouble) if trouble.may_pass && self.remaining() > PAUSE + self.api.patience / 4 => {
                tokio::time::sleep(PAUSE).await;
                self.attempt(&call).await.map_err(|trouble| trouble.error)
            }
            outcome => outcome.map_err(|trouble| trouble.error),
        }
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    async fn attempt<T: DeserializeOwned>(&self, call: &Call) -> std::result::Result<Reply<T>, Trouble> {
        let start = Instant::now();
        let span = tracing::debug_span!("payment provider", otel.name = call.shape, otel.kind = "client");
        let outcome = match self.send(call).instrument(span).await {
            Ok(response) => read(&response),
            Err(trouble) => Err((trouble, None)),
        };
        let (method, path, ms) = (&call.method, call.shape, start.elapsed().as_millis());
        match outcome {
            Ok((reply, status)) => {
                let refused = reply.verdict.as_ref().err().map(|refusal: &Refusal| refusal.complaint.word());
                let (status, is_old) = (status.as_u16(), reply.is_old);
                tracing::debug!(%method, path, status, ms, is_old, refused, "the payment provider answered");
                Ok(reply)
            }
            Err((trouble, status)) => {
                let status = status.map(|status: StatusCode| status.as_u16());
                tracing::warn!(%method, path, status, ms, error = %trouble.error, "the payment provider did not do it");
                Err(trouble)
            }
        }
    }

    async fn send(&self, call: &Call) -> std::result::Result<Response<Vec<u8>>, Trouble> {
        let (base, path, parameters) = (&self.api.base, &call.path, &call.parameters);
        let (uri, body) = match call.method {
            Method::POST => (format!("{base}{path}"), parameters.clone()),
            _ => (format!("{base}{path}?{parameters}"), String::new()),
        };
        let request = Request::builder().method(&call.method).uri(uri).body(body);
        let mut request = request.map_err(|_| Trouble::defect("a call that is none"))?;
        request.headers_mut().clone_from(&self.api.headers);
        if let Some(key) = &call.key {
            let key = HeaderValue::try_from(key).map_err(|_| Trouble::defect("a key that fits in no header"))?;
            request.headers_mut().insert("idempotency-key", key);
        }
        self.api.client.send(request, self.remaining()).await.map_err(|failed| {
            Trouble::passing(match failed {
                Failed::Unreachable => "cannot be reached",
                Failed::Late => "did not answer in time",
                Failed::Broken => "hung up",
            })
        })
    }
}

type Read<T> = std::result::Result<(Reply<T>, StatusCode), (Trouble, Option<StatusCode>)>;

fn read<T: DeserializeOwned>(response: &Response<Vec<u8>>) -> Read<T> {
    let status = response.status();
    let has = |name: &str, value: &str| response.headers().get(name).is_some_and(|found| found == value);
    let (is_old, says_never) = (has("idempotent-replayed", "true"), has("stripe-should-retry", "false"));
    match judge(status, response.body()) {
        Ok(verdict) => Ok((Reply { is_old, verdict }, status)),
        Err(trouble) => Err((Trouble { may_pass: trouble.may_pass && !says_never, ..trouble }, Some(status))),
    }
}

/// Tells what was done and what never will be from what is not known. Only what Stripe itself says counts as said: a page of
/// something in between does not.
fn judge<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
) -> std::result::Result<std::result::Result<T, Refusal>, Trouble> {
    if status.is_success() {
        return serde_json::from_slice(body).map(Ok).map_err(|_| Trouble::passing("said what cannot be read"));
    }
    let complaint = serde_json::from_slice::<Failure>(body).map(|failure| failure.error);
    match (status, complaint) {
        // The key to the account is wrong: no wish is at fault, and all may be repeated once it is right.
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            Err(Trouble { may_pass: false, ..Trouble::passing("does not take the secret key") })
        }
        (StatusCode::CONFLICT, _) => Err(Trouble::passing("is still busy with the same wish")),
        (StatusCode::TOO_MANY_REQUESTS, _) => Err(Trouble::passing("is asked too often")),
        (_, Ok(complaint)) if status.is_client_error() && complaint.kind == "idempotency_error" => {
            Err(Trouble { error: Error::KeyReused, may_pass: false })
        }
        (_, Ok(complaint)) if status.is_client_error() => Ok(Err(Refusal { status, complaint })),
        _ => Err(Trouble::passing(format!("failed with {}", status.as_u16()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(
        status: u16,
        body: &str,
    ) -> std::result::Result<std::result::Result<serde_json::Value, Refusal>, Trouble> {
        judge(StatusCode::from_u16(status).expect("a status"), body.as_bytes())
    }

    #[test]
    fn only_what_stripe_says_is_a_refusal() {
        let never = r#"{"error": {"type": "invalid_request_error", "code": "resource_missing"}}"#;
        for status in [400, 402, 404] {
            let refusal = judged(status, never).expect("known").expect_err("refused");
            assert_eq!(refusal.complaint.word(), "resource_missing");
        }
        for (status, body) in
            [(401, never), (403, never), (409, never), (429, never), (500, never), (404, "<html>"), (302, "")]
        {
            let trouble = judged(status, body).expect_err("trouble");
            assert!(matches!(trouble.error, Error::Unavailable(_)), "{status}");
            assert_eq!(trouble.may_pass, !matches!(status, 401 | 403), "{status}");
        }
    }

    #[test]
    fn a_key_that_came_with_another_wish_is_told_from_a_refusal() {
        let trouble = judged(400, r#"{"error": {"type": "idempotency_error"}}"#).expect_err("trouble");
        assert!(matches!(trouble.error, Error::KeyReused) && !trouble.may_pass);
    }

    #[test]
    fn a_name_that_could_lead_to_another_path_is_refused() {
        for name in ["", "..", "pi_1/cancel", "pi_1?expand", "pi 1"] {
            assert!(Call::get("/v1/payment_intents/{id}", &[]).of(name).is_err(), "{name}");
        }
        let Ok(call) = Call::get("/v1/payment_intents/{id}", &[]).of("pi_1") else { panic!("refused a name") };
        assert_eq!((call.path.as_str(), call.shape), ("/v1/payment_intents/pi_1", "/v1/payment_intents/{id}"));
    }
}
