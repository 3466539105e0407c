//! Posts to webhooks over HTTP.
//!
//! Where they lead, an admin says; so this is where the shop could be made to knock at doors behind its own walls (SSRF). Every address
//! is looked at when a connection is made to it, after its name was resolved and whatever the name led to before. Redirects are
//! not followed, and no proxy is asked.

mod answer;
mod client;
mod resolver;

use answer::{in_words, of_answer};
use async_trait::async_trait;
use client::Client;
use http::Request;
use http::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use souk_domain::ports::WebhookSender;
use souk_domain::{WebhookAttempt, WebhookPost, WebhookReach};
use std::time::{Duration, Instant};
use tracing::Instrument;

/// How long an attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts with HTTP/1.1, over TLS but for tests.
#[derive(Debug)]
pub struct HttpWebhookSender {
    client: Client,
    reach: WebhookReach,
    patience: Duration,
}

impl HttpWebhookSender {
    /// Sends to where `reach` allows.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(reach: WebhookReach) -> souk_domain::Result<Self> {
        Ok(Self { client: Client::new(reach)?, reach, patience: PATIENCE })
    }

    /// Gives up sooner: for tests.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn attempt(&self, post: &WebhookPost) -> (Option<u16>, Option<String>) {
        // Again, although it was looked at when it was made: the reach may be another one by now. A network address in the
        // URL itself is never resolved.
        if let Err(refused) = self.reach.check(&post.url) {
            return (None, Some(refused.message));
        }
        let request = match request(post) {
            Ok(request) => request,
            Err(error) => return (None, Some(format!("no request could be made: {error}"))),
        };
        let span = tracing::debug_span!("webhook", otel.name = "POST", otel.kind = "client");
        match tokio::time::timeout(self.patience, self.client.send(request)).instrument(span).await {
            Ok(Ok(answer)) => (Some(answer.status.as_u16()), of_answer(&answer)),
            Ok(Err(error)) => (None, Some(in_words(&error))),
            Err(_) => (None, Some(format!("no answer within {} seconds", self.patience.as_secs_f32()))),
        }
    }
}

fn request(post: &WebhookPost) -> http::Result<Request<String>> {
    Request::post(post.url.as_str())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, HeaderValue::from_static("Souk-Webhooks/1"))
        .header("webhook-id", &post.id)
        .header("webhook-timestamp", post.timestamp)
        .header("webhook-signature", &post.signature)
        .body(post.body.clone())
}

#[async_trait]
impl WebhookSender for HttpWebhookSender {
    async fn post(&self, post: &WebhookPost) -> WebhookAttempt {
        let started = Instant::now();
        let (status_code, error) = self.attempt(post).await;
        let error = error.map(|text| text.chars().take(WebhookAttempt::LONGEST_ERROR).collect());
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        WebhookAttempt { status_code, error, duration_ms }
    }
}
